"""What a Zoom user granted the app: a pair of tokens, renewed by exactly one at a time.

Zoom gives a new refresh token with every refresh and takes the old one as dead. Two refreshes at once, or a pair that
was used before it was stored, can therefore cost a person her connection. So of any number of calls, in all replicas,
the one that holds the lease in the grant's row refreshes; it stores the pair before anybody sees it; the others wait
for the row to change.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.detached import Detached
from services.auth.saving import save_tokens

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=5)
"""A token with less than this is renewed: whoever gets it keeps it for a while."""
LAST_RESORT = timedelta(seconds=10)
"""A token with more than this is still given out while Zoom cannot renew it."""
LEASE = timedelta(seconds=30)
"""Longer than one exchange with Zoom and its commit take, so that a lease runs out only when its holder died."""
POLL = 0.1
"""Seconds between two looks at a row that somebody else is about to change."""
PATIENCE = 45.0
"""Seconds after which a renewal that others keep failing at is given up."""
_WAIT = 20.0
_BUSY_DELAY = timedelta(seconds=2)


class ZoomPlan(StrEnum):
    """What Zoom's `type` of a user says."""

    UNKNOWN = "unknown"
    BASIC = "basic"
    LICENSED = "licensed"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class TokenPair:
    """What Zoom's token endpoint gives."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expire_time: datetime
    """When the access token stops working."""
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class ZoomProfile:
    """Whom a grant is for."""

    zoom_user_id: str
    zoom_account_id: str
    plan: ZoomPlan


@dataclass(frozen=True)
class Grant:
    """A grant as it is stored. `grant_id` names the consent, `token_version` counts the pairs since."""

    grant_id: str
    token_version: int
    profile: ZoomProfile
    tokens: TokenPair
    lease_expire_time: datetime | None
    """Until when somebody refreshes; None where nobody does."""
    end_time: datetime | None
    """When Zoom ended the grant; its tokens are gone."""

    def serves(self, rejected_sha256: str, until: datetime) -> bool:
        """Tells whether the access token works `until` then and is not the one that Zoom has just refused."""
        if self.end_time is not None or self.tokens.expire_time <= until:
            return False
        digest = hashlib.sha256(self.tokens.access_token.encode()).hexdigest()
        return not hmac.compare_digest(digest.encode(), rejected_sha256.encode())

    def same_pair(self, other: Grant) -> bool:
        """Tells whether nothing was renewed, granted anew or ended between the two."""
        return (self.grant_id, self.token_version, self.end_time) == (
            other.grant_id,
            other.token_version,
            other.end_time,
        )


class GrantEndedError(Exception):
    """Zoom accepts this refresh token no more; the person has to consent again. `cause` is Zoom's word or code."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class GrantStore(Protocol):
    """Where grants are kept (`services.auth.store_grants`)."""

    async def of_user(self, user: SlackUser) -> Grant | None: ...
    async def get(self, zoom_user_id: str) -> Grant | None: ...
    async def acquire_lease(self, grant: Grant, owner: str, duration: timedelta) -> bool: ...
    async def release_lease(self, grant: Grant, owner: str) -> None: ...
    async def save_pair(self, grant: Grant, tokens: TokenPair) -> bool: ...
    async def end(self, grant: Grant, cause: str) -> None: ...


class Refresher(Protocol):
    """Zoom's token endpoint (`services.auth.zoom_oauth`)."""

    async def refresh(self, refresh_token: str) -> TokenPair: ...


class Revoker(Protocol):
    """Ends pairs that nobody owns (`services.auth.revocation`)."""

    def begin(self, tokens: TokenPair) -> object: ...


class Grants:
    """Gives out access tokens. One per process."""

    def __init__(
        self, *, store: GrantStore, zoom: Refresher, revocations: Revoker, clock: Clock, detached: Detached
    ) -> None:
        self._store = store
        self._zoom = zoom
        self._revocations = revocations
        self._clock = clock
        self._detached = detached
        self._renewals: dict[tuple[str, int], asyncio.Task[Grant]] = {}

    async def issue(self, user: SlackUser, rejected_sha256: str = "") -> Grant:
        """Returns a grant whose access token works, and is another than the rejected one.

        Raises MeshError: ZOOM_NOT_CONNECTED, and ZOOM_UNAVAILABLE, ZOOM_RATE_LIMITED or ZOOM_CLIENT_INVALID when a
        needed refresh failed or is not done at the caller's deadline.
        """
        grant = await self._store.of_user(user)
        if grant is None or grant.end_time is not None:
            raise MeshError(Reason.ZOOM_NOT_CONNECTED)
        if grant.serves(rejected_sha256, self._clock.now() + FRESH):
            return grant
        try:
            renewed = await self._detached.wait(self._renewal(grant), _WAIT)
        except TimeoutError:
            failure = MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY)
        except MeshError as error:
            failure = error
        else:
            if renewed.serves(rejected_sha256, self._clock.now()):
                return renewed
            failure = MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY)
        if failure.reason is not Reason.ZOOM_NOT_CONNECTED and grant.serves(
            rejected_sha256, self._clock.now() + LAST_RESORT
        ):
            log.warning("not renewed, the old access token still works", extra={"reason": failure.reason.value})
            return grant
        raise failure

    def _renewal(self, grant: Grant) -> asyncio.Task[Grant]:
        """Returns the one task of this process that renews this pair."""
        key = (grant.grant_id, grant.token_version)
        task = self._renewals.get(key)
        if task is None:
            task = self._renewals[key] = self._detached.start(self._renew(grant), "renew tokens")
            task.add_done_callback(lambda _: self._renewals.pop(key, None))
        return task

    async def _renew(self, grant: Grant) -> Grant:
        """Returns the grant with the next pair, refreshed here or by another replica."""
        owner = str(uuid.uuid4())
        give_up = self._clock.monotonic() + PATIENCE
        while self._clock.monotonic() < give_up:
            current = await self._current(grant)
            if not current.same_pair(grant):
                return current
            leased = current.lease_expire_time
            if (leased is None or leased <= self._clock.now()) and await self._store.acquire_lease(grant, owner, LEASE):
                return await self._refresh(grant, owner)
            await self._clock.sleep(POLL)
        raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY)

    async def _refresh(self, grant: Grant, owner: str) -> Grant:
        """Refreshes, as the holder of the lease."""
        extra = {"zoom_user_id": grant.profile.zoom_user_id}
        try:
            tokens = await self._zoom.refresh(grant.tokens.refresh_token)
        except GrantEndedError as error:
            await self._store.end(grant, error.cause)
            current = await self._current(grant)  # raises, unless a newer consent or pair arrived meanwhile
            log.info("an older refresh token was refused", extra=extra)
            return current
        except MeshError as error:
            log.warning("refresh failed", extra={**extra, "reason": error.reason.value})
            await self._store.release_lease(grant, owner)
            raise
        if await save_tokens(lambda: self._store.save_pair(grant, tokens), self._clock):
            log.info("tokens renewed", extra=extra)
        elif await self._store.get(grant.profile.zoom_user_id) is None:
            # A logout took the row and revoked the pair it held; this one nobody else knows. Where the row is there,
            # it holds this pair or that of a newer consent, and revoking could end either.
            log.info("signed out during a refresh", extra=extra)
            self._revocations.begin(tokens)
        return await self._current(grant)

    async def _current(self, grant: Grant) -> Grant:
        current = await self._store.get(grant.profile.zoom_user_id)
        if current is None or current.end_time is not None:
            raise MeshError(Reason.ZOOM_NOT_CONNECTED)
        return current
