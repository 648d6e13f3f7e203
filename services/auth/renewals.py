"""Renewing a pair of tokens that works once: by exactly one, over all replicas, and never lost.

Zoom and Slack give a new refresh token with every refresh and take the old one as dead. Two refreshes at once, or a
pair that was used before it was stored, can therefore cost a person, or a whole workspace, the connection. So of any
number of calls, in all replicas, the one that holds the lease in the pair's row refreshes; it stores the new pair
before anybody sees it; the others wait for the row to change.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, Self, TypeVar

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from services.auth.detached import Detached
from services.auth.saving import save_tokens

log = logging.getLogger(__name__)

LAST_RESORT = timedelta(seconds=10)
"""A token with more than this is still given out while the vendor cannot renew it."""
LEASE = timedelta(seconds=30)
"""Longer than one exchange with a vendor and its commit take, so that a lease runs out only when its holder died."""
POLL = 0.1
"""Seconds between two looks at a row that somebody else is about to change."""
PATIENCE = 45.0
"""Seconds after which a renewal that others keep failing at is given up."""
_WAIT = 20.0
_BUSY_DELAY = timedelta(seconds=2)


class GrantEndedError(Exception):
    """The vendor accepts this refresh token no more; somebody has to consent again. `cause` is its word or code."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Pair(Protocol):
    """A pair as it is stored."""

    @property
    def key(self) -> tuple[str, int]:
        """The consent that the pair came from, and how many pairs came before it."""
        ...

    @property
    def lease_expire_time(self) -> datetime | None:
        """Until when somebody refreshes; None where nobody does."""
        ...

    @property
    def end_time(self) -> datetime | None:
        """When the vendor ended it; its tokens are gone."""
        ...

    @property
    def about(self) -> dict[str, str]:
        """Whose it is, for logs."""
        ...

    def serves(self, rejected_sha256: str, until: datetime) -> bool:
        """Tells whether the access token works `until` then and is not the one that the vendor has just refused."""
        ...

    def same_pair(self, other: Self) -> bool:
        """Tells whether nothing was renewed, granted anew or ended between the two."""
        ...


P = TypeVar("P", bound=Pair)
N = TypeVar("N")
N_contra = TypeVar("N_contra", contravariant=True)


class PairStore(Protocol[P, N_contra]):
    """Where pairs of one kind are kept. Writes are conditional on the pair that the writer knows."""

    async def current(self, pair: P) -> P | None: ...
    async def acquire_lease(self, pair: P, owner: str, duration: timedelta) -> bool: ...
    async def release_lease(self, pair: P, owner: str) -> None: ...
    async def save_pair(self, pair: P, fresh: N_contra) -> bool: ...
    async def end(self, pair: P, cause: str) -> None: ...


@dataclass(frozen=True)
class Terms(Generic[P, N]):
    """What is particular to one vendor's pairs."""

    margin: timedelta
    """A token with less than this is renewed: whoever gets it keeps it for a while."""
    ended: Reason
    """The reason that callers hear when the vendor has ended the grant."""
    unavailable: Reason
    """The reason that callers hear when the vendor did not renew it in time."""
    refresh: Callable[[P], Awaitable[N]]
    """Asks the vendor. Raises GrantEndedError, or MeshError where the pair is as good as before."""
    orphaned: Callable[[N], object]
    """Gets a fresh pair whose row was deleted meanwhile, which nobody else will ever know."""


class Renewals(Generic[P, N]):
    """Gives out pairs whose access token works. One per process and kind of pair."""

    def __init__(self, store: PairStore[P, N], terms: Terms[P, N], clock: Clock, detached: Detached) -> None:
        self._store = store
        self._terms = terms
        self._clock = clock
        self._detached = detached
        self._tasks: dict[tuple[str, int], asyncio.Task[P]] = {}

    async def fresh(self, pair: P, rejected_sha256: str = "") -> P:
        """Returns `pair`, or its successor, with an access token that works and is not the rejected one.

        Raises MeshError: `terms.ended`, and what `terms.refresh` raises, or `terms.unavailable` when a needed refresh
        is not done at the caller's deadline.
        """
        if pair.end_time is not None:
            raise MeshError(self._terms.ended)
        if pair.serves(rejected_sha256, self._clock.now() + self._terms.margin):
            return pair
        try:
            renewed = await self._detached.wait(self._renewal(pair), _WAIT)
        except TimeoutError:
            failure = self._busy()
        except MeshError as error:
            failure = error
        else:
            if renewed.serves(rejected_sha256, self._clock.now()):
                return renewed
            failure = self._busy()
        if failure.reason is not self._terms.ended and pair.serves(rejected_sha256, self._clock.now() + LAST_RESORT):
            log.warning("not renewed, the old access token still works", extra={"reason": failure.reason.value})
            return pair
        raise failure

    def _renewal(self, pair: P) -> asyncio.Task[P]:
        """Returns the one task of this process that renews this pair."""
        task = self._tasks.get(pair.key)
        if task is None:
            task = self._tasks[pair.key] = self._detached.start(self._renew(pair), "renew tokens")
            task.add_done_callback(lambda _: self._tasks.pop(pair.key, None))
        return task

    async def _renew(self, pair: P) -> P:
        """Returns the next pair, refreshed here or by another replica."""
        owner = str(uuid.uuid4())
        give_up = self._clock.monotonic() + PATIENCE
        while self._clock.monotonic() < give_up:
            current = await self._current(pair)
            if not current.same_pair(pair):
                return current
            leased = current.lease_expire_time
            if (leased is None or leased <= self._clock.now()) and await self._store.acquire_lease(pair, owner, LEASE):
                return await self._refresh(pair, owner)
            await self._clock.sleep(POLL)
        raise self._busy()

    async def _refresh(self, pair: P, owner: str) -> P:
        """Refreshes, as the holder of the lease."""
        try:
            fresh = await self._terms.refresh(pair)
        except GrantEndedError as error:
            await self._store.end(pair, error.cause)
            current = await self._current(pair)  # raises, unless a newer consent or pair arrived meanwhile
            log.info("an older refresh token was refused", extra=pair.about)
            return current
        except MeshError as error:
            log.warning("refresh failed", extra={**pair.about, "reason": error.reason.value})
            await self._store.release_lease(pair, owner)
            raise
        if await save_tokens(lambda: self._store.save_pair(pair, fresh), self._clock):
            log.info("tokens renewed", extra=pair.about)
        elif await self._store.current(pair) is None:
            # The row was deleted and the pair it held revoked; this one nobody else knows. Where the row is there, it
            # holds this pair or that of a newer consent, and revoking could end either.
            log.info("deleted during a refresh", extra=pair.about)
            self._terms.orphaned(fresh)
        return await self._current(pair)

    async def _current(self, pair: P) -> P:
        current = await self._store.current(pair)
        if current is None or current.end_time is not None:
            raise MeshError(self._terms.ended)
        return current

    def _busy(self) -> MeshError:
        return MeshError(self._terms.unavailable, retry_delay=_BUSY_DELAY)
