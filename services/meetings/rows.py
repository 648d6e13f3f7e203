"""Rows to types, for the stores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from services.meetings.attendance import Session
from services.meetings.events import Candidate
from services.meetings.meeting import Meeting
from services.meetings.schedules import Schedule
from services.meetings.tables import meetings, participant_sessions


def meeting_from(row: Row[Any], keys: KeyRing) -> Meeting:
    """Returns the meeting in a row of `meetings`."""
    place = (row.team_id, row.meeting_id)
    return Meeting(
        meeting_id=row.meeting_id,
        host=SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
        channel_id=row.channel_id,
        zoom_meeting_id=row.zoom_pmi or row.zoom_meeting_id,
        topic=row.topic,
        join_url=keys.open_text(row.join_url_sealed, "meetings.join_url", *place),
        passcode=keys.open_text(row.passcode_sealed, "meetings.passcode", *place),
        create_time=row.create_time,
        start_time=row.start_time,
        end_time=row.end_time,
        schedule=schedule_from(row),
    )


def schedule_from(row: Row[Any]) -> Schedule | None:
    """Returns when the meeting in a row of `meetings` or `start_requests` is to begin; None for one started at once."""
    if row.scheduled_time is None:
        return None
    return Schedule(row.scheduled_time, timedelta(seconds=row.scheduled_duration_seconds))


def schedule_values(schedule: Schedule | None) -> dict[str, Any]:
    """Returns the same as columns."""
    if schedule is None:
        return {}
    return {
        "scheduled_time": schedule.scheduled_time,
        "scheduled_duration_seconds": int(schedule.scheduled_duration.total_seconds()),
    }


def candidate_from(row: Row[Any]) -> Candidate:
    """Returns the meeting in a row of `meetings` as one that an event may be about."""
    return Candidate(row.zoom_uuid, row.zoom_create_time, in_room=bool(row.zoom_pmi))


def host_key_from(row: Row[Any], keys: KeyRing) -> str:
    """Returns the host key of the meeting in a row of `meetings`; empty where Zoom gave none."""
    sealed = row.host_key_sealed
    return keys.open_text(sealed, "meetings.host_key", row.team_id, row.meeting_id) if sealed else ""


async def read_meeting(connection: AsyncConnection, keys: KeyRing, meeting_id: str) -> Meeting | None:
    """Returns a meeting, or None."""
    row = (await connection.execute(select(*meetings.c).where(meetings.c.meeting_id == meeting_id))).one_or_none()
    return None if row is None else meeting_from(row, keys)


async def sessions_of(connection: AsyncConnection, meeting_id: str) -> list[Session]:
    """Returns every joining that is known of a meeting."""
    return (await sessions_of_all(connection, [meeting_id]))[meeting_id]


async def sessions_of_all(connection: AsyncConnection, meeting_ids: Sequence[str]) -> dict[str, list[Session]]:
    """Returns every joining that is known of each of these meetings."""
    sessions: dict[str, list[Session]] = {meeting_id: [] for meeting_id in meeting_ids}
    rows = await connection.execute(
        select(*participant_sessions.c).where(participant_sessions.c.meeting_id.in_(meeting_ids))
    )
    for row in rows:
        sessions[row.meeting_id].append(
            Session(row.session_id, row.attendee_id, row.display_name, row.join_time, row.leave_time, row.slack_user_id)
        )
    return sessions
