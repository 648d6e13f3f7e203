"""The changes of meetings in the database: written in the transaction that makes them, read by those who watch.

Whoever tells of a change has the meeting's row locked until the transaction ends. So the changes of a meeting are
numbered, and become visible, in the order in which they were made: nothing comes up below what a reader has seen.
Who came or left is named by the attendee id alone. What else is known of a person stays in one place, the sessions.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import Database
from mesh.errors import MeshError, Reason
from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from services.meetings.attendance import Attendee, Host, Session, attendees, present
from services.meetings.changes import Batch, Change, ChangeKind, Head, Snapshot
from services.meetings.rows import meeting_from, sessions_of
from services.meetings.tables import meeting_changes, meetings, participant_sessions

BATCH = 100
"""Changes that a stream holds in memory at the most."""


async def tell(
    connection: AsyncConnection,
    team_id: str,
    meeting_id: str,
    kind: ChangeKind,
    moment: datetime,
    *,
    attendee_id: str = "",
) -> None:
    """Tells of a change of a meeting that the caller has locked, and that was not over before."""
    last = select(func.coalesce(func.max(meeting_changes.c.sequence), 0)).where(
        meeting_changes.c.team_id == team_id, meeting_changes.c.meeting_id == meeting_id
    )
    await connection.execute(
        insert(meeting_changes).values(
            team_id=team_id,
            meeting_id=meeting_id,
            sequence=(await connection.scalar(last) or 0) + 1,
            kind=kind.value,
            attendee_id=attendee_id,
            change_time=moment,
        )
    )


async def is_present(connection: AsyncConnection, meeting: Row[Any], attendee_id: str) -> bool:
    """Tells whether a person is in a meeting now, with any device."""
    mine = participant_sessions.c.meeting_id == meeting.meeting_id
    rows = await connection.execute(
        select(*participant_sessions.c).where(mine, participant_sessions.c.attendee_id == attendee_id)
    )
    sessions = [Session(r.session_id, r.attendee_id, r.display_name, r.join_time, r.leave_time) for r in rows]
    return bool(present(sessions, _host(meeting)))


async def tell_presence(
    connection: AsyncConnection, meeting: Row[Any], attendee_id: str, before: bool, moment: datetime
) -> None:
    """Tells that a person came or left, where `before` says otherwise. Of a meeting that was over nothing is told."""
    now = await is_present(connection, meeting, attendee_id)
    if now != before and meeting.end_time is None:
        kind = ChangeKind.JOINED if now else ChangeKind.LEFT
        await tell(connection, meeting.team_id, meeting.meeting_id, kind, moment, attendee_id=attendee_id)


class ChangeStore:
    """Changes, for those who watch."""

    def __init__(self, database: Database, keys: KeyRing, *, batch: int = BATCH) -> None:
        """`batch` is how many changes are read at a time."""
        self._database = database
        self._keys = keys
        self._batch = batch

    async def snapshot(self, user: SlackUser, meeting_id: str) -> Snapshot:
        """Returns a meeting that `user` started, who is in it, and its last change. Raises MEETING_NOT_FOUND."""
        # Not a mere snapshot: there each statement sees what was committed before it. The lock keeps changes away.
        async with self._database.transaction("begin to watch") as connection:
            query = select(*meetings.c).where(_mine(user, meeting_id)).with_for_update(read=True)
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                raise MeshError(Reason.MEETING_NOT_FOUND)
            sequence = await connection.scalar(
                select(func.max(meeting_changes.c.sequence)).where(
                    meeting_changes.c.team_id == user.team_id, meeting_changes.c.meeting_id == meeting_id
                )
            )
            sessions = await sessions_of(connection, meeting_id)
        over = row.end_time is not None
        people = () if over else present(sessions, _host(row))
        return Snapshot(meeting_from(row, self._keys), people, Head(sequence or 0, over))

    async def after(self, user: SlackUser, meeting_id: str, sequence: int) -> Batch:
        """Returns the next changes after `sequence` of a meeting that `user` started.

        Raises MeshError: MEETING_NOT_FOUND, and RESUME_TOKEN_INVALID where the meeting has never come so far.
        """
        async with self._database.snapshot("read changes", traced=False) as connection:
            found = await connection.execute(self._after(user, meeting_id, sequence))
            rows = found.all()
            people = await sessions_of(connection, meeting_id) if any(row.attendee_id for row in rows) else []
        if not rows:
            raise MeshError(Reason.MEETING_NOT_FOUND)
        if sequence > (rows[0].last or 0):
            raise MeshError(Reason.RESUME_TOKEN_INVALID)
        known = {attendee.attendee_id: attendee for attendee in attendees(people, _host(rows[0]))}
        changes = [_change(row, known) for row in rows if row.sequence is not None]
        end = changes[-1].sequence if changes else sequence
        has_more = end < (rows[0].last or 0)
        head = Head(end, is_over=rows[0].end_time is not None and not has_more)
        return Batch(meeting_from(rows[0], self._keys), changes, head, has_more)

    async def heads(self, meeting_ids: Collection[str]) -> dict[str, Head]:
        """Returns how far each of these meetings is; leaves out those that were erased."""
        query = select(meetings.c.meeting_id, meetings.c.end_time, _last().label("last")).where(
            meetings.c.meeting_id.in_(meeting_ids), meetings.c.erase_time.is_(None)
        )
        async with self._database.snapshot("look for changes", traced=False) as connection:
            return {
                row.meeting_id: Head(row.last or 0, row.end_time is not None) for row in await connection.execute(query)
            }

    def _after(self, user: SlackUser, meeting_id: str, sequence: int) -> Select[Any]:
        """Returns one statement for the meeting and its next changes: both as of one moment."""
        theirs = and_(
            meeting_changes.c.team_id == meetings.c.team_id,
            meeting_changes.c.meeting_id == meetings.c.meeting_id,
            meeting_changes.c.sequence > sequence,
        )
        told = (meeting_changes.c.sequence, meeting_changes.c.kind, meeting_changes.c.attendee_id)
        return (
            select(*meetings.c, *told, meeting_changes.c.change_time, _last().label("last"))
            .outerjoin(meeting_changes, theirs)
            .where(_mine(user, meeting_id))
            .order_by(meeting_changes.c.sequence)
            .limit(self._batch)
        )


def _last() -> Any:
    told = meeting_changes.alias("told")
    of_meeting = and_(told.c.team_id == meetings.c.team_id, told.c.meeting_id == meetings.c.meeting_id)
    return select(func.max(told.c.sequence)).where(of_meeting).correlate(meetings).scalar_subquery()


def _change(row: Row[Any], known: dict[str, Attendee]) -> Change:
    attendee = None
    if row.attendee_id:
        # The host who was only implied, and never came, is in no session any more.
        attendee = known.get(row.attendee_id) or attendees([_nameless(row)], _host(row))[0]
    return Change(row.sequence, ChangeKind(row.kind), row.change_time, attendee)


def _nameless(row: Row[Any]) -> Session:
    return Session("", row.attendee_id, "", row.change_time, None)


def _host(meeting: Row[Any]) -> Host:
    return Host(meeting.zoom_host_id, meeting.slack_user_id)


def _mine(user: SlackUser, meeting_id: str) -> Any:
    return and_(
        meetings.c.team_id == user.team_id,
        meetings.c.slack_user_id == user.user_id,
        meetings.c.meeting_id == meeting_id,
        meetings.c.erase_time.is_(None),
    )
