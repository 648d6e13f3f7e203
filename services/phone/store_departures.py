"""Whoever left, in the database: their calls go, and what they chose."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, delete, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert, serialize
from mesh.departed import Departed
from services.phone import store_deliveries
from services.phone.progress import CallState
from services.phone.tables import calls, deliveries, erasures, shown_calls

REMEMBER = timedelta(days=365)
"""How long the count of an erasure is kept: as long as auth keeps its receipt."""
_BATCH = 5_000
"""Calls in one transaction: a large workspace has more than a database deletes within a statement's time."""
_AT_ONCE = 500
"""Ids in one statement: databases limit them."""
_MADE = {calls: calls.c.create_time, shown_calls: shown_calls.c.update_time}


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

        async def some(connection: AsyncConnection) -> int | None:
            await serialize(connection, "erasures")
            rows, done = await _known(connection, departed.departure_id)
            if done:
                return rows
            now = self._clock.now()
            erased = await _erase_some(connection, departed, self._batch, now)
            await _count(connection, departed, rows + erased, None if erased else now)
            return None

        while True:
            rows = await self._database.run("erase departed", some)
            if rows is not None:
                return rows

    async def forget_old(self) -> None:
        """Deletes counts that nobody asks for any more."""
        async with self._database.transaction("forget old erasures") as connection:
            await connection.execute(delete(erasures).where(erasures.c.erase_time < self._clock.now() - REMEMBER))


async def delete_calls(connection: AsyncConnection, some: Select[Any]) -> int:
    """Deletes the calls whose ids `some` selects, with what hangs on them; returns how many that were."""
    gone = await connection.execute(delete(calls).where(calls.c.call_id.in_(some)).returning(calls.c.call_id))
    ids = list(gone.scalars())
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        await connection.execute(delete(deliveries).where(deliveries.c.call_id.in_(part)))
    return len(ids)


async def _erase_some(connection: AsyncConnection, departed: Departed, batch: int, now: datetime) -> int:
    """Deletes up to `batch` calls and what hangs on them; returns how many rows of people that were."""
    chosen = await connection.execute(delete(shown_calls).where(_theirs(departed, shown_calls)))
    some = select(calls.c.call_id).where(_theirs(departed, calls)).limit(batch)
    gone = await delete_calls(connection, some)
    await _forget_contact(connection, departed, now)
    return chosen.rowcount + gone


async def _forget_contact(connection: AsyncConnection, departed: Departed, now: datetime) -> None:
    """Takes the name of who left out of the calls of others, who keep the number that they called."""
    if not departed.user_id or not departed.team_id:
        return
    known = update(calls).where(
        calls.c.team_id == departed.team_id,
        calls.c.contact_slack_user_id == departed.user_id,
        # What the index is limited to.
        calls.c.contact_slack_user_id != literal_column("''"),
        calls.c.create_time <= departed.depart_time,
    )
    changed = known.values(contact_name="", contact_slack_user_id="", contact_erased=True).returning(
        calls.c.call_id, calls.c.state
    )
    for row in (await connection.execute(changed)).all():
        if row.state != CallState.PREPARED.value:
            await store_deliveries.raise_version(connection, departed.team_id, row.call_id, now)


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


def _theirs(departed: Departed, table: Table) -> ColumnElement[bool]:
    """Returns the condition for rows of `departed`: the tenant first. Raises ValueError where there is none."""
    if departed.team_id:
        tenant = table.c.team_id == departed.team_id
    elif departed.enterprise_id:
        # The second half is what the index is limited to.
        in_organisation = table.c.enterprise_id != literal_column("''")
        tenant = and_(table.c.enterprise_id == departed.enterprise_id, in_organisation)
    else:
        raise ValueError("a departure from nowhere")
    person = [table.c.slack_user_id == departed.user_id] if departed.user_id else []
    return and_(tenant, *person, _MADE[table] <= departed.depart_time)
