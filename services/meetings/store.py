"""Meetings in the database. With the other `store_*`: the only SQL of this service."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, literal_column, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.errors import MeshError, Reason
from mesh.origins import link_current_to
from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from services.meetings import store_closings, store_deliveries, store_results, store_unopened
from services.meetings.attendance import Host, Session, present
from services.meetings.endings import Ending
from services.meetings.meeting import Meeting
from services.meetings.requests import Reservation, ZoomMeeting
from services.meetings.rows import candidate_from, meeting_from, schedule_values, sessions_of, sessions_of_all
from services.meetings.tables import meetings, participant_sessions

_MAX_RUNNING = 25
_UNOPENED = timedelta(hours=1)
"""How long a meeting that nobody has opened counts as one that goes on."""
_BATCH = 500
_OPEN = and_(meetings.c.end_time.is_(None), meetings.c.erase_time.is_(None))


class MeetingStore:
    """Meetings."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock, *, batch: int = _BATCH) -> None:
        """`batch` is how many old meetings one transaction deletes at the most."""
        self._batch = batch
        self._database = database
        self._keys = keys
        self._clock = clock

    async def get(self, user: SlackUser, meeting_id: str) -> tuple[Meeting, str, list[Session]]:
        """Returns a meeting that `user` started, its Zoom host and its sessions.

        Raises MeshError(MEETING_NOT_FOUND).
        """
        async with self._database.snapshot("get meeting") as connection:
            row = await _started_by(connection, user, meeting_id)
            return meeting_from(row, self._keys), row.zoom_host_id, await sessions_of(connection, meeting_id)

    async def belongs_elsewhere(self, user: SlackUser, meeting_id: str) -> bool:
        """Tells whether another workspace than that of `user` has this meeting, and nothing else about it.

        By the meeting's id alone and not by the tenant first: whose it is, is the question. It is asked for another
        team's program whose answer was MEETING_NOT_FOUND, so that reaching for other tenants is refused and noted.
        """
        query = select(meetings.c.team_id != user.team_id).where(
            meetings.c.meeting_id == meeting_id, meetings.c.erase_time.is_(None)
        )
        async with self._database.snapshot("look whose meeting it is") as connection:
            return bool(await connection.scalar(query))

    async def list_started(self, user: SlackUser, *, before: tuple[datetime, str] | None, limit: int) -> list[Meeting]:
        """Returns meetings that `user` started, the newest first, after the position `before`."""
        query = (
            select(*meetings.c)
            .where(
                meetings.c.team_id == user.team_id,
                meetings.c.slack_user_id == user.user_id,
                meetings.c.erase_time.is_(None),
            )
            .order_by(meetings.c.create_time.desc(), meetings.c.meeting_id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(
                or_(
                    meetings.c.create_time < before[0],
                    and_(meetings.c.create_time == before[0], meetings.c.meeting_id < before[1]),
                )
            )
        async with self._database.snapshot("list meetings") as connection:
            return [meeting_from(row, self._keys) for row in await connection.execute(query)]

    async def list_running(self, user: SlackUser) -> list[tuple[Meeting, int]]:
        """Returns what goes on and `user` may see, the newest first, each with how many people are in it.

        That is what she started and what she is in, in this workspace.
        """
        now = self._clock.now()
        async with self._database.snapshot("list running meetings") as connection:
            found = await connection.execute(
                select(*meetings.c)
                .where(
                    meetings.c.meeting_id.in_(union(_hosted_by(user), _attended_by(user))),
                    meetings.c.team_id == user.team_id,
                    _OPEN,
                    or_(meetings.c.start_time.is_not(None), _may_begin_now(now)),
                )
                .order_by(meetings.c.create_time.desc(), meetings.c.meeting_id.desc())
                .limit(_MAX_RUNNING)
            )
            rows = found.all()
            sessions = await sessions_of_all(connection, [row.meeting_id for row in rows])
        return [
            (
                meeting_from(row, self._keys),
                len(present(sessions[row.meeting_id], Host(row.zoom_host_id, row.slack_user_id))),
            )
            for row in rows
        ]

    async def ending(self, user: SlackUser, meeting_id: str) -> Ending:
        """Returns a meeting that `user` started as one that is to end. Raises MeshError(MEETING_NOT_FOUND)."""
        async with self._database.snapshot("look for the meeting to end") as connection:
            row = await _started_by(connection, user, meeting_id)
        link_current_to(row.command_origin)
        return Ending(meeting_from(row, self._keys), row.zoom_pmi or row.zoom_meeting_id, candidate_from(row))

    async def tell_of_declined_call(self, user: SlackUser, meeting_id: str, guest_id: str) -> None:
        """Has `user` told that somebody declined the call of her meeting. Raises MeshError(MEETING_NOT_FOUND)."""
        async with self._database.transaction("tell of declined call") as connection:
            row = await _started_by(connection, user, meeting_id)
            await store_results.tell_of_declined_call(connection, self._keys, row, guest_id, self._clock.now())

    async def close_unopened(self, user: SlackUser, meeting_id: str) -> Meeting:
        """Ends a meeting that nobody has opened, unless somebody did just now, and has its card show that.

        Raises MeshError(MEETING_NOT_FOUND).
        """
        now = self._clock.now()
        async with self._database.transaction("close meeting") as connection:
            await store_unopened.close(connection, user.team_id, meeting_id, now, _mine(user, meeting_id))
            return meeting_from(await _started_by(connection, user, meeting_id), self._keys)

    async def forget_old(self, age: timedelta) -> None:
        """Deletes meetings that ended longer ago than `age`, with all that hangs on them, and failures as old."""
        before = self._clock.now() - age
        while True:
            async with self._database.transaction("forget old meetings") as connection:
                found = await connection.scalars(
                    select(meetings.c.meeting_id)
                    .where(meetings.c.end_time < before)
                    .order_by(meetings.c.end_time)
                    .limit(self._batch)
                    .with_for_update(skip_locked=True)
                )
                old = found.all()
                await store_closings.delete_meetings(connection, old)
                if len(old) < self._batch:
                    await store_deliveries.forget_failures(connection, before)
                    return


async def add(
    connection: AsyncConnection,
    keys: KeyRing,
    reservation: Reservation,
    zoom: ZoomMeeting,
    now: datetime,
    quiet: timedelta,
) -> None:
    """Adds the meeting of a request, as Zoom made it. One that was scheduled is looked up `quiet` after its time."""
    command = reservation.command
    place = (command.user.team_id, reservation.meeting_id)
    await connection.execute(
        insert(connection, meetings).values(
            meeting_id=reservation.meeting_id,
            team_id=command.user.team_id,
            enterprise_id=command.user.enterprise_id,
            slack_user_id=command.user.user_id,
            channel_id=command.channel_id,
            slack_thread_ts=command.slack_thread_ts,
            zoom_account_id=zoom.zoom_account_id,
            zoom_host_id=zoom.zoom_host_id,
            zoom_meeting_id=zoom.zoom_meeting_id,
            zoom_pmi=zoom.zoom_pmi,
            zoom_uuid="",
            topic=command.topic,
            join_url_sealed=keys.seal_text(zoom.join_url, "meetings.join_url", *place),
            passcode_sealed=keys.seal_text(zoom.passcode, "meetings.passcode", *place),
            host_key_sealed=keys.seal_text(zoom.host_key, "meetings.host_key", *place) if zoom.host_key else None,
            create_time=now,
            zoom_create_time=zoom.create_time,
            host_is_basic=zoom.host_is_basic,
            command_origin=reservation.command_origin,
            reconcile_time=command.schedule.scheduled_time + quiet if command.schedule is not None else None,
            **schedule_values(command.schedule),
        )
    )


def _mine(user: SlackUser, meeting_id: str) -> Any:
    return and_(
        meetings.c.team_id == user.team_id,
        meetings.c.slack_user_id == user.user_id,
        meetings.c.meeting_id == meeting_id,
        meetings.c.erase_time.is_(None),
    )


async def _started_by(connection: AsyncConnection, user: SlackUser, meeting_id: str) -> Row[Any]:
    """Returns the row of a meeting that `user` started. Raises MeshError(MEETING_NOT_FOUND)."""
    row = (await connection.execute(select(*meetings.c).where(_mine(user, meeting_id)))).one_or_none()
    if row is None:
        raise MeshError(Reason.MEETING_NOT_FOUND)
    return row


def _may_begin_now(now: datetime) -> ColumnElement[bool]:
    """Returns the condition for meetings that were to begin at once, and still may. One for another time only waits."""
    return and_(meetings.c.scheduled_time.is_(None), meetings.c.create_time > now - _UNOPENED)


def _hosted_by(user: SlackUser) -> Select[Any]:
    return select(meetings.c.meeting_id).where(
        meetings.c.team_id == user.team_id, meetings.c.slack_user_id == user.user_id, _OPEN
    )


def _attended_by(user: SlackUser) -> Select[Any]:
    return select(participant_sessions.c.meeting_id).where(
        participant_sessions.c.slack_user_id == user.user_id,
        # What the index is limited to.
        participant_sessions.c.slack_user_id != literal_column("''"),
        participant_sessions.c.join_time.is_not(None),
        participant_sessions.c.leave_time.is_(None),
    )
