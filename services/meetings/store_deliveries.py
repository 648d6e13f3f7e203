"""Deliveries in the database: versions, leases, outcomes."""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, case, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.errors import MeshError, Reason
from mesh.origins import origin
from mesh.sealing import KeyRing, SealError
from mesh.slack_user import SlackUser
from mesh.versions import next_version
from services.meetings import store_closings, store_waiting
from services.meetings.attendance import Attendee
from services.meetings.deliveries import (
    LEASE,
    RESPONSE_URL_LIFE,
    Content,
    Delivered,
    Delivery,
    Kind,
    Refusal,
    pause_after,
)
from services.meetings.store_contents import NothingToShowError, content_of
from services.meetings.tables import deliveries

log = logging.getLogger(__name__)

UNREADABLE_PAUSE = timedelta(minutes=1)
_ORDER = (deliveries.c.next_attempt_time, deliveries.c.queue_position)


class DeliveryStore:
    """Deliveries."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    async def lease(self, holder: str, limit: int) -> list[Delivery]:
        """Leases up to `limit` deliveries that lag and are due."""
        now = self._clock.now()
        # Most looks find nothing: those take no write lock.
        async with self._database.snapshot("look for deliveries", traced=False) as connection:
            if (await connection.execute(select(deliveries.c.delivery_id).where(_due(now)).limit(1))).first() is None:
                return []
        async with self._database.transaction("lease deliveries") as connection:
            return await lease(connection, self._keys, holder, limit, now)

    async def record_call(self, user: SlackUser, delivery_id: str, lease_token: str, slack_call_id: str) -> None:
        """Records the call that was made in Slack. Raises MeshError(DELIVERY_LEASE_LOST)."""
        await self._report(
            user,
            delivery_id,
            lease_token,
            {"slack_call_id": slack_call_id, "lease_expire_time": self._clock.now() + LEASE},
        )

    async def delivered(self, user: SlackUser, delivery_id: str, lease_token: str, shown: Delivered) -> int:
        """Records what Slack shows now; returns how many results that waited beside it are due by that.

        Where the host has left, that was the end of the card, and of the last that was kept of the meeting. Raises
        MeshError(DELIVERY_LEASE_LOST).
        """
        now = self._clock.now()
        pause = case(
            *((deliveries.c.kind == kind.value, now + pause_after(kind)) for kind in Kind if pause_after(kind)),
            else_=now,
        )
        values = {
            "delivered_version": shown.version,
            "slack_call_id": shown.slack_call_id,
            "slack_channel_id": shown.slack_channel_id,
            "slack_message_ts": shown.slack_message_ts,
            "shown_attendees": json.dumps([asdict(attendee) for attendee in shown.attendees]),
            "shown_ended": shown.ended,
            "failed_attempts": 0,
            "next_attempt_time": pause,
            "lease_expire_time": None,
            "lag_time": now,  # where there is a newer version already: since now, at the latest
            **store_waiting.DELIVERED,
        }
        async with self._database.transaction("report delivery") as connection:
            await _record(connection, user, delivery_id, lease_token, values, final=True)
            return await store_waiting.release_beside(connection, delivery_id, now)

    async def refused(self, user: SlackUser, delivery_id: str, lease_token: str, slack_error: str) -> Refusal:
        """Records that Slack will never show it, or not before the app is let in; returns what becomes of it.

        Raises MeshError(DELIVERY_LEASE_LOST).
        """
        now = self._clock.now()
        values = {"refused_error": slack_error, "refused_before": True, "lease_expire_time": None}
        async with self._database.transaction("report delivery") as connection:
            leased = await store_waiting.leased_since(connection, delivery_id, now)
            await _record(connection, user, delivery_id, lease_token, values, final=True)
            return await store_waiting.wait(connection, self._keys, delivery_id, slack_error, leased, now)

    async def postponed(self, user: SlackUser, delivery_id: str, lease_token: str, delay: timedelta) -> None:
        """Records that Slack could not show it now. Raises MeshError(DELIVERY_LEASE_LOST)."""
        values = {
            "next_attempt_time": self._clock.now() + delay,
            "failed_attempts": deliveries.c.failed_attempts + 1,
            "lease_expire_time": None,
        }
        await self._report(user, delivery_id, lease_token, values)

    async def release(self, user: SlackUser, channel_id: str) -> int:
        """Has shown, in order, what waited for the app to be let into a conversation; returns how many results."""
        async with self._database.transaction("release deliveries") as connection:
            return await store_waiting.release(connection, user.team_id, channel_id, self._clock.now())

    async def forget_old(self) -> None:
        """Gives up what has waited too long."""
        async with self._database.transaction("forget what waited") as connection:
            await store_waiting.forget_old(connection, self._clock.now())

    async def _report(self, user: SlackUser, delivery_id: str, lease_token: str, values: dict[str, Any]) -> None:
        async with self._database.transaction("report delivery") as connection:
            await _record(connection, user, delivery_id, lease_token, values)


async def _record(
    connection: AsyncConnection,
    user: SlackUser,
    delivery_id: str,
    lease_token: str,
    values: dict[str, Any],
    *,
    final: bool = False,
) -> None:
    """Records an outcome; a `final` one may end more than the delivery. Raises MeshError(DELIVERY_LEASE_LOST)."""
    if final:
        await store_waiting.lock_place(connection, delivery_id)
    closing = await store_closings.lock_closing(connection, user, delivery_id) if final else None
    # The token stays after the end of the lease: a report that is repeated finds it and changes nothing new.
    result = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.team_id == user.team_id,
            deliveries.c.delivery_id == delivery_id,
            deliveries.c.lease_token == lease_token,
        )
        .values(values)
    )
    if not result.rowcount:
        raise MeshError(Reason.DELIVERY_LEASE_LOST)
    if closing is not None:
        await store_closings.delete_meetings(connection, [closing])


async def add(
    connection: AsyncConnection,
    keys: KeyRing,
    *,
    kind: Kind,
    subject: str,
    user: SlackUser,
    channel_id: str,
    meeting_id: str | None,
    response_url: str,
    command_time: datetime,
    now: datetime,
    command_origin: str,
    slack_thread_ts: str = "",
    failure: tuple[str, str] = ("", "{}"),
    recipient: str = "",
) -> str:
    """Adds something to show at version 1 and returns its id; empty when it is there already.

    `command_origin` is that of the command by which all of it began.
    """
    delivery_id = str(uuid.uuid4())
    added = await connection.execute(
        insert(connection, deliveries)
        .values(
            delivery_id=delivery_id,
            team_id=user.team_id,
            enterprise_id=user.enterprise_id,
            slack_user_id=user.user_id,
            channel_id=channel_id,
            slack_thread_ts=slack_thread_ts,
            kind=kind.value,
            subject=subject,
            meeting_id=meeting_id,
            command_time=command_time,
            failure_reason=failure[0],
            failure_metadata=failure[1],
            response_url_sealed=keys.seal_text(response_url, "deliveries.response_url", user.team_id, delivery_id),
            response_url_expire_time=command_time + RESPONSE_URL_LIFE,
            desired_version=1,
            next_attempt_time=now,
            lag_time=now,
            command_origin=command_origin,
            change_origin=origin(),
            recipient_slack_user_id=recipient,
        )
        .on_conflict_do_nothing()
    )
    return delivery_id if added.rowcount else ""


async def raise_version(connection: AsyncConnection, team_id: str, kind: Kind, subject: str, now: datetime) -> None:
    """Marks a delivery as showing something old. One that Slack refused for good stays as it is."""
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.team_id == team_id, deliveries.c.kind == kind.value, deliveries.c.subject == subject)
        .values(next_version(deliveries, now))
    )


async def lease(
    connection: AsyncConnection, keys: KeyRing, holder: str, limit: int, now: datetime, *, only: str = ""
) -> list[Delivery]:
    """Leases due deliveries within a transaction; with `only`, that one."""
    query = select(*deliveries.c).where(_due(now)).order_by(*_ORDER).limit(limit)
    if only:
        query = query.where(deliveries.c.delivery_id == only)
    leased = []
    for row in (await connection.execute(query.with_for_update(skip_locked=True))).all():
        token = str(uuid.uuid4())
        # A lease that ran out is a failure nobody reported; one that was given back has no time any more.
        failed = row.failed_attempts + (1 if row.lease_expire_time is not None else 0)
        values: dict[str, Any] = {
            "lease_token": token,
            "lease_holder": holder,
            "lease_expire_time": now + LEASE,
            "failed_attempts": failed,
        }
        try:
            content = await content_of(connection, keys, row)
            leased.append(_delivery(row, keys, token, now, failed, content))
        except NothingToShowError as error:
            values = {"refused_error": error.cause, "lease_expire_time": None}
        except SealError:
            # A key left the ring too early. One row must not stop all the others.
            log.error("a delivery does not open", extra={"delivery_id": row.delivery_id})  # noqa: TRY400
            values = {"next_attempt_time": now + UNREADABLE_PAUSE, "failed_attempts": failed + 1}
        await connection.execute(update(deliveries).where(deliveries.c.delivery_id == row.delivery_id).values(values))
    return leased


async def forget_failures(connection: AsyncConnection, before: datetime) -> None:
    """Deletes what was told of requests that came to nothing and are older than `before`: no meeting takes it along."""
    await connection.execute(
        delete(deliveries).where(deliveries.c.meeting_id.is_(None), deliveries.c.command_time < before)
    )


def _due(now: datetime) -> Any:
    return and_(
        deliveries.c.delivered_version < deliveries.c.desired_version,
        deliveries.c.refused_error == "",
        # Newer code may know more kinds while it is rolled out beside this.
        deliveries.c.kind.in_([kind.value for kind in Kind]),
        deliveries.c.next_attempt_time <= now,
        store_waiting.turn(),
        or_(deliveries.c.lease_expire_time.is_(None), deliveries.c.lease_expire_time <= now),
    )


def _delivery(
    row: Row[Any], keys: KeyRing, token: str, now: datetime, failed_attempts: int, content: Content
) -> Delivery:
    usable = row.delivered_version == 0 and row.response_url_expire_time > now
    response_url = (
        keys.open_text(row.response_url_sealed, "deliveries.response_url", row.team_id, row.delivery_id)
        if usable
        else ""
    )
    shown = Delivered(
        version=row.delivered_version,
        slack_call_id=row.slack_call_id,
        slack_channel_id=row.slack_channel_id,
        slack_message_ts=row.slack_message_ts,
        attendees=tuple(Attendee(**attendee) for attendee in json.loads(row.shown_attendees)),
        ended=row.shown_ended,
    )
    return Delivery(
        delivery_id=row.delivery_id,
        lease_token=token,
        lease_expire_time=now + LEASE,
        user=SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
        channel_id=row.channel_id,
        slack_thread_ts=row.slack_thread_ts,
        version=row.desired_version,
        failed_attempts=failed_attempts,
        content=content,
        delivered=shown if row.delivered_version else None,
        slack_call_id=row.slack_call_id,
        response_url=response_url,
        recipient=row.recipient_slack_user_id,
        refused_before=row.refused_before,
        lag_time=row.lag_time,
        origins=tuple(filter(None, (row.change_origin, row.command_origin))),
    )
