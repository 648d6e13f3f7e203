"""Requests for meetings in the database, up to the moment in which each has its meeting."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert, serialize
from mesh.errors import MeshError, Reason
from mesh.origins import link_current_to, origin
from mesh.sealing import KeyRing, SealError
from mesh.slack_user import SlackUser
from services.meetings import store, store_contents, store_deliveries, store_events, store_recent
from services.meetings.deliveries import Delivery, Kind
from services.meetings.meeting import Meeting
from services.meetings.meetings import Reserved
from services.meetings.reconciling import QUIET
from services.meetings.requests import Reservation, StartCommand, ZoomMeeting
from services.meetings.rows import read_meeting, schedule_from, schedule_values
from services.meetings.tables import start_requests

log = logging.getLogger(__name__)

_RESERVED, _COMPLETED, _FAILED = "reserved", "completed", "failed"
_RESERVE_TIME = start_requests.c.reserve_time


class RequestStore:
    """Requests for meetings."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock, *, quiet: timedelta = QUIET) -> None:
        """`quiet` as in `EventStore`."""
        self._database = database
        self._keys = keys
        self._clock = clock
        self._quiet = quiet

    async def reserve(
        self, command: StartCommand, meeting_id: str, worker: str, lease: timedelta, *, recent: timedelta
    ) -> Reserved:
        """Records a request before anything is done for it; finds what an earlier one with its id came to.

        Records nothing where another one in the same conversation is younger than `recent`, unless the command says
        so or is for another time. Raises MeshError: REQUEST_ID_REUSED when the id stands for another request, and where
        the earlier one failed what its person was told, unless the caller has it shown as a delivery, as edges do.
        """
        now = self._clock.now()
        reservation = Reservation(command, meeting_id, worker, now, origin())
        async with self._database.transaction("reserve start request") as connection:
            # Two people who start at the same moment: the second one has to see the first one's request.
            await serialize(connection, "start in", command.user.team_id, command.channel_id)
            known = await self._known(connection, command)
            if known is None and not command.start_another and command.schedule is None:
                other = await store_recent.find(connection, self._keys, command, now - recent)
                if other is not None:
                    return Reserved(recent=other)
            if known is None and await self._insert(connection, reservation, now + lease):
                return Reserved(fresh=reservation)
            return known or await self._known(connection, command) or Reserved()

    async def is_known(self, command: StartCommand) -> bool:
        """Tells whether a request with this id was recorded. Raises MeshError as `reserve` does."""
        async with self._database.snapshot("look for start request") as connection:
            return await self._known(connection, command) is not None

    async def _known(self, connection: AsyncConnection, command: StartCommand) -> Reserved | None:
        """Returns what the request with this id came to, or None. Raises MeshError as `reserve` does."""
        row = await self._request(connection, command.user.team_id, command.request_id)
        if row is None:
            return None
        if row.fingerprint != command.fingerprint():
            raise MeshError(Reason.REQUEST_ID_REUSED)
        if row.state == _FAILED and not command.lease_holder:
            told = await store_contents.failure_told(connection, command.user.team_id, command.request_id)
            if told is not None:
                raise told
        if row.state != _COMPLETED:
            return Reserved()
        return Reserved(meeting=await read_meeting(connection, self._keys, row.meeting_id))

    async def _insert(self, connection: AsyncConnection, reservation: Reservation, lease_expire_time: datetime) -> bool:
        """Stores a request; tells whether its id was free."""
        command = reservation.command
        user = command.user
        row = {
            "team_id": user.team_id,
            "request_id": command.request_id,
            "enterprise_id": user.enterprise_id,
            "slack_user_id": user.user_id,
            "channel_id": command.channel_id,
            "topic": command.topic,
            "personal_room": command.personal_room,
            "slack_thread_ts": command.slack_thread_ts,
            "fingerprint": command.fingerprint(),
            "response_url_sealed": self._keys.seal_text(
                command.response_url, "start_requests.response_url", user.team_id, command.request_id
            ),
            "meeting_id": reservation.meeting_id,
            "state": _RESERVED,
            "worker": reservation.worker,
            "lease_expire_time": lease_expire_time,
            "reserve_time": reservation.reserve_time,
            "command_origin": reservation.command_origin,
            **schedule_values(command.schedule),
        }
        added = await connection.execute(insert(connection, start_requests).values(row).on_conflict_do_nothing())
        return bool(added.rowcount)

    async def extend(self, reservation: Reservation, lease: timedelta, *, zoom_host_id: str = "") -> bool:
        """Lengthens the worker's lease; False when the work is another's by now.

        `zoom_host_id` is in whose name the meeting is made, once that is known.
        """
        host = {"zoom_host_id": zoom_host_id} if zoom_host_id else {}
        async with self._database.transaction("extend start request") as connection:
            result = await connection.execute(
                update(start_requests)
                .where(self._mine(reservation))
                .values(lease_expire_time=self._clock.now() + lease, **host)
            )
            return bool(result.rowcount)

    async def release(self, reservation: Reservation) -> None:
        """Forgets a request whose failure its caller hears of: the id may be used again."""
        async with self._database.transaction("release start request") as connection:
            await connection.execute(delete(start_requests).where(self._mine(reservation)))

    async def fail(self, reservation: Reservation, reason: str, metadata: Mapping[str, str]) -> None:
        """Ends a request without a meeting, and has the person told."""
        command = reservation.command
        async with self._database.transaction("fail start request") as connection:
            result = await connection.execute(
                update(start_requests).where(self._mine(reservation)).values(state=_FAILED)
            )
            if result.rowcount:
                await store_deliveries.add(
                    connection,
                    self._keys,
                    kind=Kind.FAILURE,
                    subject=command.request_id,
                    user=command.user,
                    channel_id=command.channel_id,
                    slack_thread_ts=command.slack_thread_ts,
                    meeting_id=None,
                    response_url=command.response_url,
                    command_time=reservation.reserve_time,
                    now=self._clock.now(),
                    command_origin=reservation.command_origin,
                    failure=(reason, json.dumps(dict(metadata))),
                )

    async def complete(
        self, reservation: Reservation, zoom: ZoomMeeting, *, lease_holder: str
    ) -> tuple[Meeting, Delivery | None]:
        """Stores the meeting, its card and the completed request in one transaction.

        With a `lease_holder` the card comes back leased to it. Raises MeshError: SERVICE_UNAVAILABLE when another
        worker has taken the request over meanwhile, ZOOM_NOT_CONNECTED when the person has left and it was erased.
        """
        command, now = reservation.command, self._clock.now()
        async with self._database.transaction("complete start request") as connection:
            result = await connection.execute(
                update(start_requests).where(self._mine(reservation)).values(state=_COMPLETED)
            )
            if not result.rowcount:
                known = await self._request(connection, command.user.team_id, command.request_id)
                # Not "unavailable" for an erased one: the caller would repeat it, and have a second meeting made.
                raise MeshError(Reason.SERVICE_UNAVAILABLE if known else Reason.ZOOM_NOT_CONNECTED)
            await serialize(connection, "zoom host", zoom.zoom_host_id)
            await store.add(connection, self._keys, reservation, zoom, now, self._quiet)
            delivery_id = await store_deliveries.add(
                connection,
                self._keys,
                kind=Kind.CARD,
                subject=reservation.meeting_id,
                user=command.user,
                channel_id=command.channel_id,
                slack_thread_ts=command.slack_thread_ts,
                meeting_id=reservation.meeting_id,
                response_url=command.response_url,
                command_time=reservation.reserve_time,
                command_origin=reservation.command_origin,
                now=now,
            )
            await store_events.apply_held(connection, self._keys, zoom.zoom_host_id, now, self._quiet)
            meeting = await read_meeting(connection, self._keys, reservation.meeting_id)
            if meeting is None:
                raise AssertionError("inserted above")
            if not lease_holder:
                return meeting, None
            leased = await store_deliveries.lease(connection, self._keys, lease_holder, 1, now, only=delivery_id)
            return meeting, leased[0] if leased else None

    async def claim_abandoned(self, worker: str, lease: timedelta) -> list[Reservation]:
        """Takes over up to ten reserved requests whose worker has been silent too long."""
        now = self._clock.now()
        async with self._database.transaction("claim abandoned requests") as connection:
            abandoned = (
                select(start_requests.c.meeting_id)
                .where(start_requests.c.state == _RESERVED, start_requests.c.lease_expire_time <= now)
                .order_by(start_requests.c.lease_expire_time)
                .limit(10)
                .with_for_update(skip_locked=True)
            )
            rows = await connection.execute(
                update(start_requests)
                .where(start_requests.c.meeting_id.in_(abandoned.scalar_subquery()))
                .values(worker=worker, lease_expire_time=now + lease)
                .returning(*start_requests.c)
            )
            found = [self._reservation(row) for row in rows]
        for reservation in found:
            link_current_to(reservation.command_origin)
        return found

    async def forget_old(self, age: timedelta) -> None:
        """Deletes requests that ended longer ago than `age`: nobody repeats them any more.

        Until the time of one that was scheduled its caller may ask for its meeting again.
        """
        made = start_requests.c.state == _COMPLETED
        of_old = case((made, func.coalesce(start_requests.c.scheduled_time, _RESERVE_TIME)), else_=_RESERVE_TIME)
        async with self._database.transaction("forget old requests") as connection:
            await connection.execute(
                delete(start_requests).where(start_requests.c.state != _RESERVED, of_old < self._clock.now() - age)
            )

    @staticmethod
    def _mine(reservation: Reservation) -> Any:
        return and_(
            start_requests.c.team_id == reservation.command.user.team_id,
            start_requests.c.request_id == reservation.command.request_id,
            start_requests.c.worker == reservation.worker,
            start_requests.c.state == _RESERVED,
        )

    @staticmethod
    async def _request(connection: AsyncConnection, team_id: str, request_id: str) -> Row[Any] | None:
        rows = await connection.execute(
            select(*start_requests.c).where(
                start_requests.c.team_id == team_id, start_requests.c.request_id == request_id
            )
        )
        return rows.one_or_none()

    def _reservation(self, row: Row[Any]) -> Reservation:
        return Reservation(
            StartCommand(
                user=SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
                request_id=row.request_id,
                channel_id=row.channel_id,
                topic=row.topic,
                response_url=self._response_url(row),
                personal_room=row.personal_room,
                slack_thread_ts=row.slack_thread_ts,
                schedule=schedule_from(row),
            ),
            row.meeting_id,
            row.worker,
            row.reserve_time,
            row.command_origin,
        )

    def _response_url(self, row: Row[Any]) -> str:
        """Returns Slack's address for the answer; empty where its key left the ring: the card goes without it."""
        place = ("start_requests.response_url", row.team_id, row.request_id)
        try:
            return self._keys.open_text(row.response_url_sealed, *place)
        except SealError:
            log.error("a start request's address does not open", extra={"request_id": row.request_id})  # noqa: TRY400
            return ""
