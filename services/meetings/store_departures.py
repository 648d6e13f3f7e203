"""Whoever left, in the database: everything that is held of them goes, and the cards that still run are closed.

Locks are taken in one order, as everywhere in this service: start requests, then meetings, then deliveries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Delete,
    Table,
    and_,
    delete,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert, serialize
from mesh.departed import Departed
from services.meetings import store_closings, store_unlinks
from services.meetings.deliveries import Kind
from services.meetings.tables import deliveries, erasures, meetings, start_requests

REMEMBER = timedelta(days=365)
"""How long the count of an erasure is kept: as long as auth keeps its receipt."""
_BATCH = 500
"""Meetings in one transaction: a large workspace has more than a database deletes within a statement's time."""


class DepartureStore:
    """Erasures."""

    def __init__(self, database: Database, clock: Clock, *, batch: int = _BATCH) -> None:
        """`batch` is how many requests, meetings and failures one transaction erases at the most."""
        self._database = database
        self._clock = clock
        self._batch = batch

    async def erase(self, departed: Departed) -> int:
        """Erases what is held of `departed`; returns how many rows were deleted or wiped, also when it is repeated.

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
                now = self._clock.now()
                erased = await _erase_some(connection, departed, self._batch, now)
                await connection.execute(
                    update(erasures)
                    .where(erasures.c.departure_id == departed.departure_id)
                    .values(erased_rows=rows + erased, erase_time=None if erased else now)
                )

    async def forget_old(self) -> None:
        """Deletes counts that nobody asks for any more, and what was kept for cards that are closed or given up."""
        now = self._clock.now()
        async with self._database.transaction("forget old erasures") as connection:
            await connection.execute(delete(erasures).where(erasures.c.erase_time < now - REMEMBER))
            await store_closings.delete_meetings(connection, await store_closings.closed(connection, self._batch, now))


async def _known(connection: AsyncConnection, departure_id: str) -> tuple[int, bool]:
    """Returns how many rows were erased so far, and whether those are all."""
    await connection.execute(
        insert(connection, erasures).values(departure_id=departure_id, erased_rows=0).on_conflict_do_nothing()
    )
    row = (await connection.execute(select(*erasures.c).where(erasures.c.departure_id == departure_id))).one()
    return row.erased_rows, row.erase_time is not None


async def _erase_some(connection: AsyncConnection, departed: Departed, limit: int, now: datetime) -> int:
    """Erases up to `limit` of each kind and returns the number of rows: 0 when nothing is left.

    The bodies in `zoom_events` stay: they are sealed, nothing tells whose they are before they are opened, and
    `EventStore.forget_old` wipes them within the hour.
    """
    requested = await _lock_requests(connection, departed, limit)
    found = await _lock_meetings(connection, departed, limit, requested)
    unlinked = await store_unlinks.unlink(connection, departed, limit, now)
    # Slack lets us close the cards of a person. Where a workspace left its tokens are dead, and nothing can be shown.
    closing = await store_closings.lock_running_cards(connection, found) if departed.user_id else []
    return (
        unlinked
        + await store_closings.delete_meetings(
            connection, [meeting_id for meeting_id in found if meeting_id not in closing]
        )
        + await store_closings.wipe(connection, closing, departed, now)
        + await store_closings.count(
            connection,
            _delete_failures(departed, limit),
            *([_delete_received(departed, limit)] if departed.user_id else []),
            delete(start_requests).where(start_requests.c.meeting_id.in_(requested)),
        )
    )


async def _lock_requests(connection: AsyncConnection, departed: Departed, limit: int) -> list[str]:
    """Returns the meetings that were asked for, made or not. Their workers wait, and then find no request any more."""
    rows = await connection.scalars(
        select(start_requests.c.meeting_id)
        .where(_theirs(start_requests, departed), start_requests.c.reserve_time <= departed.depart_time)
        .order_by(start_requests.c.team_id, start_requests.c.request_id)
        .limit(limit)
        .with_for_update()
    )
    return list(rows)


async def _lock_meetings(
    connection: AsyncConnection, departed: Departed, limit: int, requested: Sequence[str]
) -> list[str]:
    """Returns the meetings that are to be erased, those of `requested` among them.

    A meeting that was asked for before the departure and made a moment after it is no meeting of somebody who came
    back. One that was erased before and only waits for its card is left to that, as long as Slack can be reached.
    """
    # The newest first, as events lock the meetings of one room; and in the order of the index.
    order = (meetings.c.slack_user_id.desc(), meetings.c.create_time.desc())
    query = select(meetings.c.meeting_id).order_by(*order).with_for_update()
    if departed.user_id:
        query = query.where(meetings.c.erase_time.is_(None))
    by_request = query.where(meetings.c.meeting_id.in_(requested))
    by_host = query.where(_theirs(meetings, departed), meetings.c.create_time <= departed.depart_time).limit(limit)
    found = [*await connection.scalars(by_request), *await connection.scalars(by_host)]
    return list(dict.fromkeys(found))


def _delete_failures(departed: Departed, limit: int) -> Delete:
    """Failures hang on no meeting, and have the time of their request. Without one they are from before all this."""
    found = (
        select(deliveries.c.delivery_id)
        .where(
            _theirs(deliveries, departed),
            deliveries.c.kind == Kind.FAILURE.value,
            or_(deliveries.c.command_time.is_(None), deliveries.c.command_time <= departed.depart_time),
        )
        .limit(limit)
    )
    return delete(deliveries).where(deliveries.c.delivery_id.in_(found))


def _delete_received(departed: Departed, limit: int) -> Delete:
    """What she was to be shown of meetings that others started; those of a workspace that left go with the meetings."""
    tenant = (
        deliveries.c.team_id == departed.team_id
        if departed.team_id
        else deliveries.c.enterprise_id == departed.enterprise_id
    )
    found = (
        select(deliveries.c.delivery_id)
        .where(
            tenant,
            deliveries.c.recipient_slack_user_id == departed.user_id,
            # What the index is limited to.
            deliveries.c.recipient_slack_user_id != literal_column("''"),
            or_(deliveries.c.command_time.is_(None), deliveries.c.command_time <= departed.depart_time),
        )
        .limit(limit)
    )
    return delete(deliveries).where(deliveries.c.delivery_id.in_(found))


def _theirs(table: Table, departed: Departed) -> ColumnElement[bool]:
    """Returns the condition for rows of `departed`: the tenant first. Raises ValueError where there is none."""
    if departed.team_id:
        tenant = table.c.team_id == departed.team_id
    elif departed.enterprise_id:
        # The second half is what the index is limited to.
        in_organisation = table.c.enterprise_id != literal_column("''")
        tenant = and_(table.c.enterprise_id == departed.enterprise_id, in_organisation)
    else:
        raise ValueError("a departure from nowhere")
    return and_(tenant, table.c.slack_user_id == departed.user_id) if departed.user_id else tenant
