"""Deliveries in the database: versions, leases, outcomes."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.errors import MeshError, Reason
from mesh.origins import origin
from mesh.slack_user import SlackUser
from mesh.versions import next_version
from services.phone import store_closings
from services.phone.deliveries import LEASE, PAUSE, Delivered, Delivery
from services.phone.rows import call_from
from services.phone.tables import calls, deliveries


class DeliveryStore:
    """Deliveries."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def lease(self, holder: str, limit: int) -> list[Delivery]:
        """Leases up to `limit` deliveries that lag and are due."""
        now = self._clock.now()
        # Most looks find nothing: those take no write lock.
        async with self._database.snapshot("look for deliveries", traced=False) as connection:
            if (await connection.execute(select(deliveries.c.delivery_id).where(_due(now)).limit(1))).first() is None:
                return []
        query = (
            select(*deliveries.c)
            .where(_due(now))
            .order_by(deliveries.c.next_attempt_time)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.transaction("lease deliveries") as connection:
            rows = (await connection.execute(query)).all()
            return [await _lease(connection, row, holder, now) for row in rows]

    async def delivered(self, user: SlackUser, delivery_id: str, lease_token: str, shown: Delivered) -> None:
        """Records what Slack shows now. Raises MeshError(DELIVERY_LEASE_LOST)."""
        now = self._clock.now()
        values = {
            "delivered_version": shown.version,
            "slack_channel_id": shown.slack_channel_id,
            "slack_message_ts": shown.slack_message_ts,
            "failed_attempts": 0,
            "next_attempt_time": now + PAUSE,
            "lag_time": now,  # where there is a newer version already: since now, at the latest
        }
        await self._report(user, delivery_id, lease_token, values)

    async def refused(self, user: SlackUser, delivery_id: str, lease_token: str, slack_error: str) -> None:
        """Records that Slack will never show it. Raises MeshError(DELIVERY_LEASE_LOST)."""
        await self._report(user, delivery_id, lease_token, {"refused_error": slack_error})

    async def postponed(self, user: SlackUser, delivery_id: str, lease_token: str, delay: timedelta) -> None:
        """Records that Slack could not show it now. Raises MeshError(DELIVERY_LEASE_LOST)."""
        values = {
            "next_attempt_time": self._clock.now() + delay,
            "failed_attempts": deliveries.c.failed_attempts + 1,
        }
        await self._report(user, delivery_id, lease_token, values)

    async def _report(self, user: SlackUser, delivery_id: str, lease_token: str, values: dict[str, Any]) -> None:
        # The token stays after the end of the lease: a report that is repeated finds it and changes nothing new.
        async with self._database.transaction("report delivery") as connection:
            closing = await store_closings.lock_closing(connection, user, delivery_id)
            result = await connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.team_id == user.team_id,
                    deliveries.c.delivery_id == delivery_id,
                    deliveries.c.lease_token == lease_token,
                )
                .values(**values, lease_expire_time=None)
            )
            if closing is not None and result.rowcount:
                await store_closings.delete_closed(connection, [closing], self._clock.now())
        if not result.rowcount:
            raise MeshError(Reason.DELIVERY_LEASE_LOST)


async def raise_version(connection: AsyncConnection, team_id: str, call_id: str, now: datetime) -> None:
    """Has a call shown, or shown again. One that Slack refused for good stays as it is."""
    await connection.execute(
        insert(connection, deliveries)
        .values(
            delivery_id=str(uuid.uuid4()),
            call_id=call_id,
            team_id=team_id,
            desired_version=1,
            next_attempt_time=now,
            lag_time=now,
            change_origin=origin(),
        )
        .on_conflict_do_update(index_elements=["call_id"], set_=next_version(deliveries, now))
    )


async def hand_over(connection: AsyncConnection, call_id: str, to_call_id: str, now: datetime) -> None:
    """Has what Slack shows of one call be what it shows of another, of which it shows nothing yet."""
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.call_id == call_id)
        .values(call_id=to_call_id, **next_version(deliveries, now))
    )


def _due(now: datetime) -> Any:
    return and_(
        deliveries.c.delivered_version < deliveries.c.desired_version,
        deliveries.c.refused_error == "",
        deliveries.c.next_attempt_time <= now,
        or_(deliveries.c.lease_expire_time.is_(None), deliveries.c.lease_expire_time <= now),
    )


async def _lease(connection: AsyncConnection, row: Row[Any], holder: str, now: datetime) -> Delivery:
    token = str(uuid.uuid4())
    # A lease that ran out is a failure nobody reported; one that was given back has no time any more.
    failed = row.failed_attempts + (1 if row.lease_expire_time is not None else 0)
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.delivery_id == row.delivery_id)
        .values(lease_token=token, lease_holder=holder, lease_expire_time=now + LEASE, failed_attempts=failed)
    )
    call = (await connection.execute(select(*calls.c).where(calls.c.call_id == row.call_id))).one()
    shown = Delivered(row.delivered_version, row.slack_channel_id, row.slack_message_ts)
    return Delivery(
        delivery_id=row.delivery_id,
        lease_token=token,
        lease_expire_time=now + LEASE,
        version=row.desired_version,
        failed_attempts=failed,
        call=call_from(call),
        delivered=shown if row.delivered_version else None,
        lag_time=row.lag_time,
        origins=tuple(filter(None, (row.change_origin, call.command_origin))),
    )
