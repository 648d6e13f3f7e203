"""What somebody started in a conversation seconds ago, in the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from services.meetings.requests import RecentMeeting, StartCommand
from services.meetings.tables import meetings, start_requests

_OF_REQUEST = ("enterprise_id", "team_id", "slack_user_id", "topic", "meeting_id")


async def find(
    connection: AsyncConnection, keys: KeyRing, command: StartCommand, since: datetime
) -> RecentMeeting | None:
    """Returns the latest start in the conversation of `command` that is being worked on, or whose meeting runs.

    What was scheduled there is for another time.
    """
    goes_on = and_(
        start_requests.c.state == "completed",
        meetings.c.meeting_id.is_not(None),
        meetings.c.end_time.is_(None),
        meetings.c.erase_time.is_(None),
    )
    row = (
        await connection.execute(
            select(*(start_requests.c[name] for name in _OF_REQUEST), meetings.c.join_url_sealed)
            .select_from(start_requests.outerjoin(meetings, meetings.c.meeting_id == start_requests.c.meeting_id))
            .where(
                start_requests.c.team_id == command.user.team_id,
                start_requests.c.channel_id == command.channel_id,
                start_requests.c.reserve_time > since,
                start_requests.c.scheduled_time.is_(None),
                or_(start_requests.c.state == "reserved", goes_on),
            )
            .order_by(start_requests.c.reserve_time.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return None
    sealed, place = row.join_url_sealed, (row.team_id, row.meeting_id)
    return RecentMeeting(
        SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
        row.topic,
        keys.open_text(sealed, "meetings.join_url", *place) if sealed else "",
    )
