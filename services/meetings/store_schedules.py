"""The times for which meetings are scheduled, in the database: moved where Zoom tells of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.meetings import store_deliveries
from services.meetings.deliveries import Kind
from services.meetings.events import MeetingMoved
from services.meetings.tables import meetings

_SHOWN = ("scheduled_time", "scheduled_duration_seconds")


async def move(
    connection: AsyncConnection, row: Row[Any], event: MeetingMoved, now: datetime, quiet: timedelta
) -> None:
    """Moves the meeting in `row`, locked by the caller, unless it has begun. It is looked up `quiet` after its time."""
    if row.start_time is not None or row.end_time is not None:
        return
    values: dict[str, Any] = {}
    # Time and length are told apart where they were changed apart: of each the newest counts, whatever comes last.
    if event.scheduled_time is not None and _is_newer(event.time, row.scheduled_time_set_time):
        values |= {
            "scheduled_time": event.scheduled_time,
            "scheduled_time_set_time": event.time,
            "reconcile_time": event.scheduled_time + quiet,
            "reconcile_attempts": 0,
        }
    if event.scheduled_duration is not None and _is_newer(event.time, row.scheduled_duration_set_time):
        values |= {
            "scheduled_duration_seconds": int(event.scheduled_duration.total_seconds()),
            "scheduled_duration_set_time": event.time,
        }
    if not values:
        return
    await connection.execute(update(meetings).where(meetings.c.meeting_id == row.meeting_id).values(values))
    if any(getattr(row, name) != values.get(name, getattr(row, name)) for name in _SHOWN):
        await store_deliveries.raise_version(connection, row.team_id, Kind.CARD, row.meeting_id, now)


def _is_newer(moment: datetime, known: datetime | None) -> bool:
    return known is None or moment > known
