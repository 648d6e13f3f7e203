"""Results that wait in the database until the app is let into their conversation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import insert, serialize
from mesh.sealing import KeyRing
from services.meetings import store_results
from services.meetings.deliveries import (
    AGAIN_AFTER,
    AGAIN_FOR,
    LEASE,
    RESULTS,
    WAIT,
    Kind,
    NoticeKind,
    Refusal,
    may_be_shown_later,
    waits,
)
from services.meetings.tables import deliveries, meetings, releases


async def release(connection: AsyncConnection, team_id: str, channel_id: str, now: datetime) -> int:
    """Makes what waits for a conversation due, in its order, and returns how many results that are.

    What was refused and is not reported yet is tried again, too. Repeating finds nothing more.
    """
    await _serialize(connection, team_id, channel_id)
    row = {"team_id": team_id, "channel_id": channel_id, "release_time": now}
    await connection.execute(
        insert(connection, releases)
        .values(row)
        .on_conflict_do_update(index_elements=["team_id", "channel_id"], set_={"release_time": now})
    )
    return await _release_waiting(connection, team_id, channel_id, now)


async def release_beside(connection: AsyncConnection, delivery_id: str, now: datetime) -> int:
    """Makes what waits in the conversation of a result that is shown due: the app is in there, whoever let it in.

    Returns how many results that are; none where the delivery is no result in a conversation.
    """
    place = await _place(connection, delivery_id)
    return 0 if place is None else await _release_waiting(connection, *place, now)


async def lock_place(connection: AsyncConnection, delivery_id: str) -> None:
    """Has invitations and reports of results in one conversation come one after the other.

    To be called before the delivery is locked.
    """
    place = await _place(connection, delivery_id)
    if place is not None:
        await _serialize(connection, *place)


async def hold_places(connection: AsyncConnection, team_ids: Sequence[str], channel_ids: Sequence[str]) -> None:
    """Has invitations and reports of results in these conversations wait for the end of this transaction."""
    for team_id, channel_id in sorted(itertools.product(team_ids, channel_ids)):
        await _serialize(connection, team_id, channel_id)


async def leased_since(connection: AsyncConnection, delivery_id: str, now: datetime) -> datetime:
    """Returns when the lease of a delivery began, at the latest; to be asked before its outcome is recorded."""
    until = await connection.scalar(
        select(deliveries.c.lease_expire_time).where(deliveries.c.delivery_id == delivery_id)
    )
    return now - AGAIN_FOR if until is None else until - LEASE


async def _place(connection: AsyncConnection, delivery_id: str) -> tuple[str, str] | None:
    query = select(deliveries.c.team_id, deliveries.c.channel_id).where(
        deliveries.c.delivery_id == delivery_id,
        deliveries.c.kind.in_(RESULTS),
        deliveries.c.recipient_slack_user_id == "",
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (row.team_id, row.channel_id)


async def _serialize(connection: AsyncConnection, team_id: str, channel_id: str) -> None:
    await serialize(connection, "results in", team_id, channel_id)


async def _release_waiting(connection: AsyncConnection, team_id: str, channel_id: str, now: datetime) -> int:
    """Makes what waits due.

    Older meetings go first, and a summary before the recordings of its meeting. Each is shown after the one before it,
    whichever edge does it.
    """
    mine = (deliveries.c.team_id == team_id, deliveries.c.channel_id == channel_id)
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
                lag_time=now,  # until now nothing could be done
                failed_attempts=0,
            )
        )
    return len(released)


async def forget_old(connection: AsyncConnection, now: datetime) -> None:
    """Gives up what has waited too long: it stays refused. Forgets invitations that no report comes behind any more."""
    await connection.execute(delete(releases).where(releases.c.release_time < now - AGAIN_FOR))
    await connection.execute(
        update(deliveries).where(deliveries.c.wait_expire_time <= now).values(wait_expire_time=None)
    )


async def wait(
    connection: AsyncConnection, keys: KeyRing, delivery_id: str, slack_error: str, leased: datetime, now: datetime
) -> Refusal:
    """Has a refused delivery wait, and its host told, if letting the app in would help; returns what becomes of it.

    One that was `leased` before the app was let in may have been refused before, too: it is tried once more. To be
    called in the transaction that records the refusal.
    """
    row = (await connection.execute(select(*deliveries.c).where(deliveries.c.delivery_id == delivery_id))).one_or_none()
    if row is None or not may_be_shown_later(Kind(row.kind), row.recipient_slack_user_id, slack_error):
        return Refusal.FINAL
    if await _let_in(connection, row.team_id, row.channel_id, leased):
        await connection.execute(
            update(deliveries)
            .where(deliveries.c.delivery_id == delivery_id)
            .values(
                refused_error="",
                next_attempt_time=now + AGAIN_AFTER,
                failed_attempts=deliveries.c.failed_attempts + 1,
            )
        )
        return Refusal.AGAIN
    if not waits(Kind(row.kind), row.recipient_slack_user_id, slack_error):
        return Refusal.FINAL
    meeting = (
        await connection.execute(select(*meetings.c).where(meetings.c.meeting_id == row.meeting_id))
    ).one_or_none()
    if meeting is None:
        return Refusal.FINAL
    await connection.execute(
        update(deliveries).where(deliveries.c.delivery_id == delivery_id).values(wait_expire_time=now + WAIT)
    )
    await store_results.notify_host(connection, keys, meeting, NoticeKind.INVITE_APP, now)
    return Refusal.WAITS


async def _let_in(connection: AsyncConnection, team_id: str, channel_id: str, since: datetime) -> bool:
    """Tells whether the app was let into a conversation after `since`."""
    lately = exists().where(
        releases.c.team_id == team_id,
        releases.c.channel_id == channel_id,
        releases.c.release_time > since,
    )
    return bool(await connection.scalar(select(lately)))


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
