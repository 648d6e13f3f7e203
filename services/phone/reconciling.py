"""The rules of healing: when Zoom's call history is looked at, and what follows.

Events can be lost for good: Zoom gives up after 85 minutes. So a call that was dialled, perhaps, and of which no end
was heard is looked for in its caller's history, which has calls that are over. What is found becomes the same facts as
events make. Who wants to see all of her calls is looked after every hour: of those nobody knows that they were.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.phone.facts import CallFact
from services.phone.progress import CallState

log = logging.getLogger(__name__)

QUIET = timedelta(minutes=10)
"""How long after the last that was heard of a call Zoom is asked. Zoom's first repetition comes after five minutes."""
LONGEST = timedelta(days=1)
"""How long a call is looked for. One that has not ended by then counts as ended, nobody knows how."""
RAREST = timedelta(hours=1)
"""The longest pause between two looks."""
LEASE = timedelta(minutes=3)
"""How long one look may take before another replica looks, too."""
ROUND = 30
"""Looks in one round at the most."""
_FAILURES = 3
"""Failures in a row after which Zoom counts as down for this round."""

# Asking again would not help: the person, her admin or her plan would have to change first.
_FOR_GOOD = frozenset(
    {
        Reason.ZOOM_SCOPE_MISSING,
        Reason.ZOOM_REFUSED,
        Reason.ZOOM_NOT_FOUND,
        Reason.ZOOM_NOT_CONNECTED,
        Reason.ZOOM_HOST_NOT_ALLOWED,
    }
)
_LIMITS = frozenset({Reason.ZOOM_RATE_LIMITED, Reason.ZOOM_DAILY_LIMIT})


@dataclass(frozen=True)
class Target:
    """Whose history is to be looked at, and why."""

    user: SlackUser
    zoom_user_id: str
    zoom_account_id: str
    since: datetime
    """From when on calls are looked for."""
    call_id: str
    """The call that is looked for; empty for one who wants to see all of her calls."""
    state: CallState
    attempts: int
    """How often it was looked for since something was heard of it."""
    due_time: datetime
    """Tells whether something was heard of it since it was claimed."""


class History(Protocol):
    """Zoom's call history (`services.phone.zoom_phone`)."""

    async def history(
        self, user: SlackUser, zoom_account_id: str, zoom_user_id: str, first: date, last: date
    ) -> tuple[CallFact, ...]: ...


class Store(Protocol):
    """What these rules need of the database. Every method is one transaction."""

    async def claim(self, lease: timedelta) -> Target | None: ...

    async def learn(self, target: Target, facts: Sequence[CallFact]) -> int: ...

    async def plan(self, target: Target, due_time: datetime | None, *, counted: bool = True) -> None: ...

    async def give_up(self, target: Target) -> None: ...

    async def put_off_account(self, zoom_account_id: str, until: datetime) -> None: ...


class CountRepairs(Protocol):
    """Counts calls of which something was found to be missing."""

    def __call__(self, number: int) -> None: ...


class Reconciler:
    """Looks up what was not heard of. Replicas share the work: each look is made by who claimed it."""

    def __init__(
        self, store: Store, zoom: History, clock: Clock, count: CountRepairs, *, quiet: timedelta = QUIET
    ) -> None:
        """`quiet` is how long after the last that was heard of a call Zoom is asked about it."""
        self._store = store
        self._zoom = zoom
        self._clock = clock
        self._count = count
        self._quiet = quiet

    async def __call__(self) -> int:
        """Looks up what is due, up to ROUND looks; returns how many that were. Ends early where Zoom is down."""
        failures = 0
        for number in range(ROUND):
            target = await self._store.claim(LEASE)
            if target is None:
                return number
            try:
                await self._look(target)
                failures = 0
            except MeshError as error:
                await self._put_off(target, error)
                failures += error.reason not in _LIMITS
            except Exception:
                # A defect over one person must not keep everybody else from being looked up.
                log.exception("a look at a call history hit a defect", extra={"call_id": target.call_id})
                await self._put_off(target, MeshError(Reason.INTERNAL))
                failures += 1
            if failures == _FAILURES:
                return number + 1
        return ROUND

    async def _look(self, target: Target) -> None:
        now = self._clock.now()
        day = timedelta(days=1)  # Zoom counts days in its user's time zone, which we do not know
        asked = (target.zoom_account_id, target.zoom_user_id, (target.since - day).date(), (now + day).date())
        try:
            facts = await self._zoom.history(target.user, *asked)
        except MeshError as error:
            if error.reason not in _FOR_GOOD:
                raise
            log.info("zoom does not tell a history", extra={"call_id": target.call_id, "reason": error.reason.value})
            facts = ()
        repaired = await self._store.learn(target, facts)
        if repaired:
            self._count(repaired)
            log.info("repaired calls", extra={"team_id": target.user.team_id, "repaired": repaired})
        if not target.call_id:
            await self._store.plan(target, now + RAREST)
        elif now - target.since < LONGEST:
            await self._store.plan(target, now + min(self._quiet * 2 ** min(target.attempts, 10), RAREST))
        elif target.state is CallState.PREPARED:
            await self._store.plan(target, None)  # its link was opened, and nothing was dialled
        else:
            await self._store.give_up(target)

    async def _put_off(self, target: Target, error: MeshError) -> None:
        """Has it looked up later. Limits count for the account, whoever asks."""
        log.info("zoom cannot be asked now", extra={"call_id": target.call_id, "reason": error.reason.value})
        later = self._clock.now() + max(error.retry_delay or self._quiet, self._quiet)
        if error.reason in _LIMITS:
            await self._store.put_off_account(target.zoom_account_id, later)
        else:
            await self._store.plan(target, later, counted=False)
