"""Whoever left, in the database: their calls go."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert, serialize
from mesh.departed import Departed
from services.phone.tables import calls, erasures

REMEMBER = timedelta(days=365)
"""How long the count of an erasure is kept: as long as auth keeps its receipt."""
_BATCH = 5_000
"""Calls in one transaction: a large workspace has more than a database deletes within a statement's time."""


class DepartureStore:
    """Erasures."""

    def __init__(self, database: Database, clock: Clock, *, batch: int = _BATCH) -> None:
        """`batch` is how many calls one transaction deletes at the most."""
        self._database = database
        self._clock = clock
        self._batch = batch

    async def erase(self, departed: Departed) -> int:
        """Deletes the calls of `departed`; returns how many that were, also when it is repeated.

        Works in batches that are each whole: whoever comes next, here or in another replica, goes on where the last
        one ended, and adds to its count. Raises ValueError where `departed` names no tenant, and
        MeshError(SERVICE_UNAVAILABLE).
        """
        while True:
            async with self._database.transaction("erase departed") as connection:
                await serialize(connection, "erasures")
                rows, done = await _known(connection, departed.departure_id)
                if done:
                    return rows
                some = select(calls.c.call_id).where(_theirs(departed)).limit(self._batch)
                erased = (await connection.execute(delete(calls).where(calls.c.call_id.in_(some)))).rowcount
                await _count(connection, departed, rows + erased, None if erased else self._clock.now())

    async def forget_old(self) -> None:
        """Deletes counts that nobody asks for any more."""
        async with self._database.transaction("forget old erasures") as connection:
            await connection.execute(delete(erasures).where(erasures.c.erase_time < self._clock.now() - REMEMBER))


async def _known(connection: AsyncConnection, departure_id: str) -> tuple[int, bool]:
    """Returns how many rows were erased so far, and whether those are all."""
    await connection.execute(
        insert(connection, erasures).values(departure_id=departure_id, erased_rows=0).on_conflict_do_nothing()
    )
    row = (await connection.execute(select(*erasures.c).where(erasures.c.departure_id == departure_id))).one()
    return row.erased_rows, row.erase_time is not None


async def _count(connection: AsyncConnection, departed: Departed, rows: int, end: datetime | None) -> None:
    await connection.execute(
        update(erasures)
        .where(erasures.c.departure_id == departed.departure_id)
        .values(erased_rows=rows, erase_time=end)
    )


def _theirs(departed: Departed) -> ColumnElement[bool]:
    """Returns the condition for calls of `departed`: the tenant first. Raises ValueError where there is none."""
    if departed.team_id:
        tenant = calls.c.team_id == departed.team_id
    elif departed.enterprise_id:
        # The second half is what the index is limited to.
        in_organisation = calls.c.enterprise_id != literal_column("''")
        tenant = and_(calls.c.enterprise_id == departed.enterprise_id, in_organisation)
    else:
        raise ValueError("a departure from nowhere")
    person = [calls.c.slack_user_id == departed.user_id] if departed.user_id else []
    return and_(tenant, *person, calls.c.create_time <= departed.depart_time)
