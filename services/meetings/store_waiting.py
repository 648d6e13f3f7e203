"""Results that wait in the database until the app is let into their conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from services.meetings import store_results
from services.meetings.deliveries import WAIT, Kind, NoticeKind, waits
from services.meetings.tables import deliveries, meetings


async def release(connection: AsyncConnection, user: SlackUser, channel_id: str, now: datetime) -> int:
    """Makes what waits for a conversation due, in its order, and returns how many results that are.

    Older meetings go first, and a summary before the recordings of its meeting. Each is shown after the one before it,
    whichever edge does it. Repeating finds nothing more.
    """
    mine = (deliveries.c.team_id == user.team_id, deliveries.c.channel_id == channel_id)
    waiting = await connection.scalars(
        select(deliveries.c.delivery_id)
        .join(meetings, meetings.c.meeting_id == deliveries.c.meeting_id)
        .where(*mine, deliveries.c.wait_expire_time > now)
        .order_by(
            meetings.c.create_time,
            meetings.c.meeting_id,
            case((deliveries.c.kind == Kind.SUMMARY.value, 0), else_=1),
            deliveries.c.command_time,
            deliveries.c.subject,
        )
        .with_for_update(of=deliveries)
    )
    released = waiting.all()
    last = await connection.scalar(
        select(func.max(deliveries.c.queue_position)).where(*mine, deliveries.c.queue_position > 0)
    )
    for position, delivery_id in enumerate(released, (last or 0) + 1):
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.delivery_id == delivery_id)
            .values(
                refused_error="",
                wait_expire_time=None,
                queue_position=position,
                next_attempt_time=now,
                failed_attempts=0,
            )
        )
    return len(released)


async def forget_old(connection: AsyncConnection, now: datetime) -> None:
    """Gives up what has waited too long: it stays refused."""
    await connection.execute(
        update(deliveries).where(deliveries.c.wait_expire_time <= now).values(wait_expire_time=None)
    )


async def wait(connection: AsyncConnection, keys: KeyRing, delivery_id: str, slack_error: str, now: datetime) -> bool:
    """Has a refused delivery wait, and its host told, if letting the app in would help; tells whether it waits.

    To be called in the transaction that records the refusal.
    """
    row = (await connection.execute(select(*deliveries.c).where(deliveries.c.delivery_id == delivery_id))).one_or_none()
    if row is None or not waits(Kind(row.kind), row.recipient_slack_user_id, slack_error):
        return False
    meeting = (
        await connection.execute(select(*meetings.c).where(meetings.c.meeting_id == row.meeting_id))
    ).one_or_none()
    if meeting is None:
        return False
    await connection.execute(
        update(deliveries).where(deliveries.c.delivery_id == delivery_id).values(wait_expire_time=now + WAIT)
    )
    await store_results.notify_host(connection, keys, meeting, NoticeKind.INVITE_APP, now)
    return True


def turn() -> ColumnElement[bool]:
    """Returns the condition for deliveries whose turn it is: nothing that was released before them is left."""
    earlier = deliveries.alias("earlier")
    blocked = exists().where(
        earlier.c.team_id == deliveries.c.team_id,
        earlier.c.channel_id == deliveries.c.channel_id,
        earlier.c.queue_position > 0,
        earlier.c.queue_position < deliveries.c.queue_position,
        earlier.c.delivered_version < earlier.c.desired_version,
        earlier.c.refused_error == "",
    )
    return or_(deliveries.c.queue_position == 0, ~blocked)


DELIVERED: dict[str, Any] = {"queue_position": 0}
"""What a success changes: later changes of the same result wait for nobody."""
