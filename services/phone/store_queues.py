"""What waits in the database, for who measures it."""

from __future__ import annotations

from sqlalchemy import and_, func

from mesh import queues
from mesh.clock import Clock
from mesh.database import Database
from services.phone.tables import calls, deliveries


class QueueStore:
    """The queues of this service."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self) -> None:
        """Measures each of them."""
        now = self._clock.now()
        lags = and_(deliveries.c.delivered_version < deliveries.c.desired_version, deliveries.c.refused_error == "")
        async with self._database.snapshot("measure queues", traced=False) as connection:
            await queues.measure(
                *(connection, "deliveries", lags, func.coalesce(deliveries.c.lag_time, deliveries.c.next_attempt_time)),
                now,
                retrying=deliveries.c.failed_attempts > 0,
            )
            overdue = and_(~calls.c.settled, calls.c.reconcile_time <= now)
            await queues.measure(connection, "reconciling", overdue, calls.c.reconcile_time, now)
