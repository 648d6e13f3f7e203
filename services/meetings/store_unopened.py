"""Meetings that nobody opened, in the database: closed, so that their cards say so. There is nothing to summarize."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.meetings import store_changes, store_deliveries
from services.meetings.changes import ChangeKind
from services.meetings.deliveries import Kind
from services.meetings.events import NO_RUN
from services.meetings.tables import meetings


async def close(
    connection: AsyncConnection, team_id: str, meeting_id: str, now: datetime, *conditions: ColumnElement[bool]
) -> bool:
    """Ends a meeting of which no run is known and for which `conditions` hold; tells whether it went on until now."""
    closed = await connection.execute(
        update(meetings)
        .where(
            meetings.c.team_id == team_id,
            meetings.c.meeting_id == meeting_id,
            meetings.c.end_time.is_(None),
            meetings.c.zoom_uuid == "",
            *conditions,
        )
        .values(end_time=now, zoom_uuid=NO_RUN, settled=True)
    )
    if not closed.rowcount:
        return False
    await store_changes.tell(connection, team_id, meeting_id, ChangeKind.ENDED, now)
    await store_deliveries.raise_version(connection, team_id, Kind.CARD, meeting_id, now)
    return True
