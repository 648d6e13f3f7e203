"""Who left, from auth: what a service that holds personal data erases, and reports as erased."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from mesh.clock import Clock
from mesh.departed import Departed
from mesh.errors import MeshError, Reason
from zoomslack.auth.v1 import auth_service_pb2 as pb

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

log = logging.getLogger(__name__)

WAIT = timedelta(seconds=20)
"""How long auth is asked to wait for a departure: the loop is quiet, and still hears of one within a second."""
PAUSE = 1.0
"""Seconds between two rounds, so that an auth that answers at once (because it drains) is not asked in a tight loop."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0
"""Seconds that a departure waits after it failed once, and at the most."""
MOST_WAITING = 100
"""As many as auth can be asked to leave out."""
_BATCH = 20
_MARGIN = 5.0
_REPORT_TIMEOUT = 5.0


@dataclass(frozen=True)
class Retry:
    """When a departure that failed is tried again. `time` is of the monotonic clock; both are in seconds."""

    pause: float
    time: float


class Departures:
    """One service's part in every departure. One per process; replicas may do the same work, which does no harm."""

    def __init__(
        self,
        auth: AuthServiceAsyncStub,
        eraser: pb.Eraser.ValueType,
        erase: Callable[[Departed], Awaitable[int]],
        clock: Clock,
    ) -> None:
        """`erase` deletes what the service holds and returns how many rows that were, also when it is repeated."""
        self._auth = auth
        self._eraser = eraser
        self._erase = erase
        self._clock = clock
        self._waiting: dict[str, Retry] = {}
        """What failed, by the departure's id; the longest ago first."""
        self._reached: bool | None = None
        """Whether the last round reached auth; None before the first one."""

    async def __call__(self) -> None:
        """Waits up to WAIT for departures and works them off, the oldest first.

        Raises nothing: auth goes on listing what it got no report of, so whatever failed is done in a later round.
        """
        for departure in await self._list():
            about = {"departure_id": departure.departure_id}
            try:
                rows = await self._erase(_departed(departure))
                await self._report(departure.departure_id, rows)
            except MeshError as error:
                log.warning("a departure has to wait", extra={**about, "reason": error.reason.value})
                self._put_off(departure.departure_id)
            except Exception:  # one that hits a defect must not keep the data of all the others
                log.exception("a departure was not worked off", extra=about)
                self._put_off(departure.departure_id)
            else:
                self._waiting.pop(departure.departure_id, None)
                log.info("erased", extra={**about, "rows": rows})

    def _put_off(self, departure_id: str) -> None:
        """Lets a departure that failed wait, longer each time: it must hold up none of the others."""
        before = self._waiting.pop(departure_id, None)
        pause = FIRST_PAUSE if before is None else min(before.pause * 2, LONGEST_PAUSE)
        if len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[departure_id] = Retry(pause, self._clock.monotonic() + pause)

    async def _list(self) -> list[pb.Departure]:
        """Returns departures; none where auth cannot be asked: what it has to tell is still there afterwards."""
        now = self._clock.monotonic()
        request = pb.ListDeparturesRequest(
            eraser=self._eraser,
            max_departures=_BATCH,
            wait=_duration(WAIT),
            except_departure_ids=[name for name, retry in self._waiting.items() if retry.time > now],
        )
        try:
            response = await self._auth.ListDepartures(request, timeout=WAIT.total_seconds() + _MARGIN)
        except MeshError as error:
            if self._reached is not False:  # once, not every second of an outage
                # Services that start together find each other a moment later: nothing is wrong then.
                level = logging.WARNING if self._reached else logging.INFO
                log.log(level, "auth does not tell who left", extra={"reason": error.reason.value})
            self._reached = False
            return []
        self._reached = True
        return list(response.departures)

    async def _report(self, departure_id: str, rows: int) -> None:
        request = pb.CompleteDepartureRequest(eraser=self._eraser, departure_id=departure_id, erased_rows=rows)
        try:
            await self._auth.CompleteDeparture(request, timeout=_REPORT_TIMEOUT)
        except MeshError as error:
            if error.reason is not Reason.DEPARTURE_NOT_FOUND:  # forgotten by auth: nobody waits for the report
                raise


def _departed(departure: pb.Departure) -> Departed:
    return Departed(
        departure_id=departure.departure_id,
        enterprise_id=departure.slack_enterprise_id,
        team_id=departure.slack_team_id,
        user_id=departure.slack_user_id,
        depart_time=departure.depart_time.ToDatetime(UTC),
    )


def _duration(delta: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(delta)
    return duration
