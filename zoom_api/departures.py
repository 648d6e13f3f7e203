"""Who left, from auth: what a service that holds personal data erases, and reports as erased."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

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
_BATCH = 20
_MARGIN = 5.0


class Departures:
    """One service's part in every departure. One per process; replicas may do the same work, which does no harm."""

    def __init__(
        self, auth: AuthServiceAsyncStub, eraser: pb.Eraser, erase: Callable[[Departed], Awaitable[int]]
    ) -> None:
        """`erase` deletes what the service holds and returns how many rows that were, also when it is repeated."""
        self._auth = auth
        self._eraser = eraser
        self._erase = erase

    async def __call__(self) -> None:
        """Waits for departures and works them off. Raises MeshError where auth or the database does not serve."""
        wait = Duration()
        wait.FromTimedelta(WAIT)
        try:
            response = await self._auth.ListDepartures(
                pb.ListDeparturesRequest(eraser=self._eraser, max_departures=_BATCH, wait=wait),
                timeout=WAIT.total_seconds() + _MARGIN,
            )
        except MeshError as error:
            # Auth restarts, or drains while it waits for us: what it has to tell is still there afterwards.
            log.info("auth does not tell who left", extra={"reason": error.reason.value})
            return
        for departure in response.departures:
            await self._work_off(departure)

    async def _work_off(self, departure: pb.Departure) -> None:
        rows = await self._erase(
            Departed(
                departure_id=departure.departure_id,
                enterprise_id=departure.slack_enterprise_id,
                team_id=departure.slack_team_id,
                user_id=departure.slack_user_id,
                depart_time=departure.depart_time.ToDatetime(UTC),
            )
        )
        request = pb.CompleteDepartureRequest(
            eraser=self._eraser, departure_id=departure.departure_id, erased_rows=rows
        )
        try:
            await self._auth.CompleteDeparture(request, timeout=5.0)
        except MeshError as error:
            if error.reason is not Reason.DEPARTURE_NOT_FOUND:
                raise
        log.info("erased", extra={"departure_id": departure.departure_id, "rows": rows})
