"""Calls of somebody who left, in the database: wiped, and kept only until Slack shows that nobody follows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.slack_user import SlackUser
from mesh.versions import next_version
from services.phone.progress import CallState, Direction, Result
from services.phone.tables import calls, deliveries

CLOSING = timedelta(days=1)
"""How long Slack gets to show it. After that what is left of the call goes without."""
AT_ONCE = 500
"""Ids in one statement: databases limit them."""


async def unfinished(connection: AsyncConnection, call_ids: Sequence[str]) -> list[str]:
    """Returns those of the calls whose message Slack may still show as if they went on.

    An edge that holds a lease may have posted it already: its report is still taken, and tells where the message is.
    """
    # All of them are locked: none goes to an edge between this look and what follows from it.
    rows = await connection.execute(
        select(calls.c.state, *deliveries.c)
        .join(calls, calls.c.call_id == deliveries.c.call_id)
        .where(deliveries.c.call_id.in_(call_ids))
        .with_for_update(of=deliveries)
    )
    return [row.call_id for row in rows if _is_unfinished(row)]


def _is_unfinished(row: Row[Any]) -> bool:
    may_be_seen = row.slack_message_ts != "" or row.lease_expire_time is not None
    goes_on = row.state != CallState.ENDED.value or row.delivered_version < row.desired_version
    return may_be_seen and goes_on and row.refused_error == ""


async def wipe(connection: AsyncConnection, call_ids: Sequence[str], now: datetime) -> None:
    """Keeps of these calls only whose they are and since when, which it takes to finish their messages.

    When they were made is what an erasure of the whole workspace goes by, which may be recorded before and run later.
    """
    texts = (
        *("channel_id", "fingerprint", "phone_number", "national_number", "extension_number", "warning"),
        *("contact_name", "contact_slack_user_id", "user_phone_number"),
        # Without these no event finds the call any more.
        *("zoom_user_id", "zoom_account_id", "zoom_call_id"),
        "first_opening_id",
    )
    times = ("first_open_time", "last_open_time", "ring_time", "connect_time", "answer_time", "reconcile_time")
    await connection.execute(
        update(calls)
        .where(calls.c.call_id.in_(call_ids))
        .values(
            **dict.fromkeys(texts, ""),
            **dict.fromkeys(times, None),
            request_id=calls.c.call_id,
            direction=Direction.OUTBOUND.value,
            state=CallState.UNFOLLOWED.value,
            # A replica from before knows no such state: to it the call is over, and nobody told how.
            end_time=now,
            result=Result.UNKNOWN.value,
            from_slack=False,
            transferred=False,
            in_history=False,
            given_up=False,
            settled=True,
            erase_time=now,
        )
    )
    await connection.execute(
        update(deliveries).where(deliveries.c.call_id.in_(call_ids)).values(next_version(deliveries, now))
    )


async def delete_calls(connection: AsyncConnection, call_ids: Sequence[str]) -> int:
    """Deletes calls with what hangs on them; returns how many that were."""
    deleted = 0
    for start in range(0, len(call_ids), AT_ONCE):
        part = call_ids[start : start + AT_ONCE]
        deleted += (await connection.execute(delete(calls).where(calls.c.call_id.in_(part)))).rowcount
        await connection.execute(delete(deliveries).where(deliveries.c.call_id.in_(part)))
    return deleted


async def lock_closing(connection: AsyncConnection, user: SlackUser, delivery_id: str) -> str | None:
    """Locks the wiped call of a delivery and returns its id; None for a delivery of any other.

    To be called before the delivery itself is locked.
    """
    call_id: str | None = await connection.scalar(
        select(calls.c.call_id)
        .where(
            calls.c.call_id
            == select(deliveries.c.call_id)
            .where(deliveries.c.team_id == user.team_id, deliveries.c.delivery_id == delivery_id)
            .scalar_subquery(),
            calls.c.erase_time.is_not(None),
        )
        .with_for_update()
    )
    return call_id


async def delete_closed(connection: AsyncConnection, call_ids: Sequence[str] | None, now: datetime) -> None:
    """Deletes wiped calls that wait for no message, or have waited too long: of `call_ids`, or of all for None."""
    awaited = exists().where(
        deliveries.c.call_id == calls.c.call_id,
        deliveries.c.delivered_version < deliveries.c.desired_version,
        deliveries.c.refused_error == "",
    )
    some = [] if call_ids is None else [calls.c.call_id.in_(call_ids)]
    rows = await connection.scalars(
        select(calls.c.call_id)
        .where(and_(calls.c.erase_time.is_not(None), *some), or_(calls.c.erase_time < now - CLOSING, ~awaited))
        .with_for_update()
    )
    await delete_calls(connection, list(rows))
