"""What waits in the database, for who measures it."""

from __future__ import annotations

from sqlalchemy import exists

from mesh import queues
from mesh.clock import Clock
from mesh.database import Database
from services.auth.tables import departure_erasures, departures, revocations


class QueueStore:
    """The queues of this service."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self) -> None:
        """Measures each of them."""
        now = self._clock.now()
        unfinished = exists().where(
            departure_erasures.c.departure_id == departures.c.departure_id,
            departure_erasures.c.complete_time.is_(None),
        )
        async with self._database.snapshot("measure queues", traced=False) as connection:
            await queues.measure(connection, "departures", unfinished, departures.c.record_time, now)
            await queues.measure(
                *(connection, "revocations", revocations.c.revocation_id != "", revocations.c.record_time, now),
                retrying=revocations.c.tries > 0,
            )
