"""Meetings whose host left, in the database: wiped, and kept only until Slack shows their cards as ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Delete, Update, delete, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import UtcDateTime
from mesh.departed import Departed
from mesh.origins import origin
from mesh.slack_user import SlackUser
from services.meetings.deliveries import Kind
from services.meetings.tables import deliveries, meeting_changes, meetings, participant_sessions, recordings

CLOSING = timedelta(days=1)
"""How long Slack gets to show a card as ended. After that the rest of the meeting goes without."""


async def lock_closing(connection: AsyncConnection, user: SlackUser, delivery_id: str) -> str | None:
    """Locks the erased meeting of a delivery and returns its id; None for a delivery of anything else.

    To be called before the delivery itself is locked.
    """
    meeting_id: str | None = await connection.scalar(
        select(meetings.c.meeting_id)
        .where(
            meetings.c.meeting_id
            == select(deliveries.c.meeting_id)
            .where(deliveries.c.team_id == user.team_id, deliveries.c.delivery_id == delivery_id)
            .scalar_subquery(),
            meetings.c.erase_time.is_not(None),
        )
        .with_for_update()
    )
    return meeting_id


async def delete_meetings(connection: AsyncConnection, meeting_ids: Sequence[str]) -> int:
    """Deletes meetings, locked by the caller, with everything that hangs on them. Returns the number of rows."""
    return await count(
        connection,
        *(
            delete(table).where(table.c.meeting_id.in_(meeting_ids))
            for table in (participant_sessions, meeting_changes, recordings, deliveries, meetings)
        ),
    )


async def lock_running_cards(connection: AsyncConnection, meeting_ids: Sequence[str]) -> list[str]:
    """Returns those of the meetings whose card Slack may still show as running."""
    rows = await connection.scalars(
        select(deliveries.c.meeting_id)
        .where(
            deliveries.c.meeting_id.in_(meeting_ids),
            deliveries.c.kind == Kind.CARD.value,
            deliveries.c.slack_call_id != "",
            deliveries.c.shown_ended.is_(False),
            deliveries.c.refused_error == "",
        )
        .with_for_update()
    )
    return [meeting_id for meeting_id in rows if meeting_id is not None]


async def wipe(connection: AsyncConnection, meeting_ids: Sequence[str], departed: Departed, now: datetime) -> int:
    """Keeps of these meetings only what it takes to close their cards. Returns the number of rows."""
    moment = literal(departed.depart_time, UtcDateTime())
    tables = (participant_sessions, meeting_changes, recordings, deliveries)
    about = {table: table.c.meeting_id.in_(meeting_ids) for table in tables}
    return await count(
        connection,
        delete(participant_sessions).where(about[participant_sessions]),
        delete(meeting_changes).where(about[meeting_changes]),
        delete(recordings).where(about[recordings]),
        delete(deliveries).where(about[deliveries], deliveries.c.kind != Kind.CARD.value),
        update(deliveries).where(about[deliveries], deliveries.c.kind == Kind.CARD.value).values(_closing_card(now)),
        update(meetings)
        .where(meetings.c.meeting_id.in_(meeting_ids))
        .values(
            topic="",
            join_url_sealed=b"",
            passcode_sealed=b"",
            host_key_sealed=b"",
            # Without host and number no event finds the meeting any more.
            zoom_account_id="",
            zoom_host_id="",
            zoom_meeting_id="",
            zoom_pmi="",
            zoom_uuid="",
            start_time=func.coalesce(meetings.c.start_time, moment),
            end_time=func.coalesce(meetings.c.end_time, moment),
            erase_time=now,
        ),
    )


def _closing_card(now: datetime) -> dict[str, Any]:
    return {
        "shown_attendees": "[]",
        "response_url_sealed": b"",
        "response_url_expire_time": now,
        # As if the old version had been shown, whether its report came or not: the call is to be ended, not posted.
        "delivered_version": deliveries.c.desired_version,
        "desired_version": deliveries.c.desired_version + 1,
        "lag_time": now,
        "change_origin": origin(),
        "next_attempt_time": now,
        "failed_attempts": 0,
        # No lease has this token: what an edge still reports of the old version, names among it, is refused.
        "lease_token": "",
        "lease_holder": "",
        "lease_expire_time": None,
    }


async def closed(connection: AsyncConnection, limit: int, now: datetime) -> list[str]:
    """Locks and returns erased meetings that wait for no card, or have waited too long."""
    awaited = exists().where(
        deliveries.c.meeting_id == meetings.c.meeting_id,
        deliveries.c.delivered_version < deliveries.c.desired_version,
        deliveries.c.refused_error == "",
    )
    rows = await connection.scalars(
        select(meetings.c.meeting_id)
        .where(meetings.c.erase_time.is_not(None), or_(meetings.c.erase_time < now - CLOSING, ~awaited))
        .limit(limit)
        .with_for_update()
    )
    return list(rows)


async def count(connection: AsyncConnection, *statements: Delete | Update) -> int:
    """Executes each and returns how many rows they changed together."""
    return sum([(await connection.execute(statement)).rowcount for statement in statements])
