"""Whoever left, in the database: their calls go, and what they chose. What Slack shows of a call is finished first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, delete, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert, serialize
from mesh.departed import Departed
from services.phone import store_closings, store_deliveries
from services.phone.progress import CallState
from services.phone.tables import calls, erasures, shown_calls

REMEMBER = timedelta(days=365)
"""How long the count of an erasure is kept: as long as auth keeps its receipt."""
_BATCH = 5_000
"""Calls in one transaction: a large workspace has more than a database deletes within a statement's time."""
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
        """Deletes counts that nobody asks for any more, and what was kept for messages that are done with."""
        async with self._database.transaction("forget old erasures") as connection:
            now = self._clock.now()
            await connection.execute(delete(erasures).where(erasures.c.erase_time < now - REMEMBER))
            await store_closings.delete_closed(connection, None, now)


async def _erase_some(connection: AsyncConnection, departed: Departed, batch: int, now: datetime) -> int:
    """Deletes up to `batch` calls and what hangs on them; returns how many rows of people that were."""
    chosen = await connection.execute(delete(shown_calls).where(_theirs(departed, shown_calls)))
    some = select(calls.c.call_id).where(_theirs(departed, calls)).limit(batch).with_for_update()
    # Where a workspace left its tokens are dead, and nothing can be shown: there nothing is kept.
    if departed.user_id:
        some = some.where(calls.c.erase_time.is_(None))
    found = list(await connection.scalars(some))
    closing = await _finish(connection, found, now) if departed.user_id else set()
    gone = await store_closings.delete_calls(connection, [one for one in found if one not in closing])
    await _forget_contact(connection, departed, now)
    return chosen.rowcount + len(closing) + gone


async def _finish(connection: AsyncConnection, call_ids: Sequence[str], now: datetime) -> set[str]:
    """Wipes those of the calls whose messages are to say that nobody follows them any more; returns which."""
    closing: set[str] = set()
    for start in range(0, len(call_ids), store_closings.AT_ONCE):
        part = await store_closings.unfinished(connection, call_ids[start : start + store_closings.AT_ONCE])
        await store_closings.wipe(connection, part, now)
        closing.update(part)
    return closing


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
