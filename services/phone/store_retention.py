"""Calls that were over long ago, in the database: they go."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, or_, select

from mesh.clock import Clock
from mesh.database import Database
from services.phone.progress import CallState
from services.phone.store_closings import delete_calls
from services.phone.tables import calls

UNDIALLED = timedelta(days=7)
"""How long a call is kept that was prepared and never dialled: much longer than its link works."""
_BATCH = 1_000


class Retention:
    """Deletes calls by age."""

    def __init__(self, database: Database, clock: Clock, keep: timedelta, *, batch: int = _BATCH) -> None:
        """`keep` is how long calls are kept that rang; `batch` how many one transaction deletes at the most."""
        self._database = database
        self._clock = clock
        self._keep = keep
        self._batch = batch

    async def __call__(self) -> None:
        """Deletes what is older."""
        now = self._clock.now()
        undialled = and_(calls.c.state == CallState.PREPARED.value, calls.c.create_time < now - UNDIALLED)
        old = and_(calls.c.settled, or_(calls.c.create_time < now - self._keep, undialled))
        some = (
            select(calls.c.call_id)
            .where(calls.c.create_time < now - UNDIALLED, old)
            .limit(self._batch)
            .with_for_update()
        )
        deleted = self._batch
        while deleted == self._batch:
            async with self._database.transaction("delete old calls") as connection:
                deleted = await delete_calls(connection, list(await connection.scalars(some)))
