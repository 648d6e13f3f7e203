"""What one fact changes of one meeting in the database, and what Slack shows differently by that."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import insert
from mesh.origins import link_current_to
from mesh.sealing import KeyRing
from services.meetings import store_changes, store_deliveries, store_recordings, store_results
from services.meetings.attendance import ABSENT, HOST_SESSION
from services.meetings.changes import ChangeKind
from services.meetings.deliveries import Kind, NoticeKind
from services.meetings.events import (
    HostAbsent,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    RecordingCompleted,
    RecordingRecovered,
    RecordingRemoved,
    RunEvent,
)
from services.meetings.tables import meetings, participant_sessions


async def apply(
    connection: AsyncConnection, keys: KeyRing, row: Row[Any], event: RunEvent, now: datetime, quiet: timedelta
) -> bool:
    """Applies a fact to the one meeting in `row`, locked by the caller; tells whether it was news.

    A fact whose run nobody named (uuid empty) does not bind the meeting to one. `quiet` after its end Zoom is asked.
    """
    link_current_to(row.command_origin)
    if not row.zoom_uuid and event.instance.zoom_uuid:
        await connection.execute(
            update(meetings).where(meetings.c.meeting_id == row.meeting_id).values(zoom_uuid=event.instance.zoom_uuid)
        )
    match event:
        case RecordingCompleted() | RecordingRemoved() | RecordingRecovered():
            return await store_recordings.apply(connection, keys, row, event, now)
        case MeetingEnded():
            return await _ended(connection, keys, row, event, now, quiet)
        case MeetingStarted():
            return await _started(connection, row, event, now)
        case HostAbsent():
            return await _host_absent(connection, row, event, now)
        case ParticipantJoined() | ParticipantLeft():
            return await _participant(connection, row, event, now)


async def _show_attendance(connection: AsyncConnection, row: Row[Any], now: datetime, *, newcomer: bool) -> None:
    """Has the card shown again while the meeting runs; afterwards the summary, if somebody was missing in it."""
    if row.end_time is None:
        await store_deliveries.raise_version(connection, row.team_id, Kind.CARD, row.meeting_id, now)
    elif newcomer:
        await store_results.show_again(connection, row.meeting_id, Kind.SUMMARY, row.meeting_id, now)


async def _started(connection: AsyncConnection, row: Row[Any], event: MeetingStarted, now: datetime) -> bool:
    # An estimate of ours is later than the true beginning, never earlier.
    earlier = row.start_time is None or event.time < row.start_time
    if row.start_time is None and row.end_time is None:
        await store_changes.tell(connection, row.team_id, row.meeting_id, ChangeKind.STARTED, event.time)
    host_was_in = await store_changes.is_present(connection, row, row.zoom_host_id)
    if earlier:
        # What was asked while nobody had opened it says nothing of whether it is over by now.
        attempts = {"reconcile_attempts": 0} if row.start_time is None and row.end_time is None else {}
        await connection.execute(
            update(meetings).where(meetings.c.meeting_id == row.meeting_id).values(start_time=event.time, **attempts)
        )
    added = await connection.execute(
        insert(connection, participant_sessions)
        .values(
            meeting_id=row.meeting_id,
            session_id=HOST_SESSION,
            attendee_id=row.zoom_host_id,
            display_name="",
            join_time=event.time,
        )
        .on_conflict_do_nothing()
    )
    if added.rowcount:
        await store_changes.tell_presence(connection, row, row.zoom_host_id, host_was_in, event.time)
        await _show_attendance(connection, row, now, newcomer=True)
    if earlier and row.end_time is not None:
        await store_results.show_again(connection, row.meeting_id, Kind.SUMMARY, row.meeting_id, now)
    return bool(added.rowcount) or earlier


async def _host_absent(connection: AsyncConnection, row: Row[Any], event: HostAbsent, now: datetime) -> bool:
    """Takes back that the host was there. The session stays, so that a late beginning does not imply it again."""
    host_was_in = await store_changes.is_present(connection, row, row.zoom_host_id)
    corrected = await connection.execute(
        update(participant_sessions)
        .where(
            participant_sessions.c.meeting_id == row.meeting_id,
            participant_sessions.c.session_id == HOST_SESSION,
            participant_sessions.c.attendee_id != ABSENT,
        )
        .values(attendee_id=ABSENT)
    )
    if corrected.rowcount:
        await store_changes.tell_presence(connection, row, row.zoom_host_id, host_was_in, event.time)
        await _show_attendance(connection, row, now, newcomer=True)
    return corrected.rowcount == 1


async def _participant(
    connection: AsyncConnection, row: Row[Any], event: ParticipantJoined | ParticipantLeft, now: datetime
) -> bool:
    """Fills the joining or the leaving into the row of its session, whichever comes first."""
    mine = and_(
        participant_sessions.c.meeting_id == row.meeting_id,
        participant_sessions.c.session_id == event.session_id,
    )
    same_person = exists().where(
        participant_sessions.c.meeting_id == row.meeting_id,
        participant_sessions.c.attendee_id == event.attendee_id,
        participant_sessions.c.session_id != HOST_SESSION,
    )
    newcomer = not await connection.scalar(select(same_person))
    known = (await connection.execute(select(*participant_sessions.c).where(mine))).one_or_none()
    column = "join_time" if isinstance(event, ParticipantJoined) else "leave_time"
    if known is not None and getattr(known, column) == event.time and (known.display_name or not event.display_name):
        return False  # the same again, in other bytes
    person = event.attendee_id if known is None else known.attendee_id
    was_in = await store_changes.is_present(connection, row, person)
    if known is None:
        await connection.execute(
            insert(connection, participant_sessions).values(
                meeting_id=row.meeting_id,
                session_id=event.session_id,
                attendee_id=event.attendee_id,
                display_name=event.display_name,
                **{column: event.time},
            )
        )
    else:
        # Who joined knows the name; a leaving may come without one.
        newcomer = newcomer or (not known.display_name and bool(event.display_name))
        await connection.execute(
            update(participant_sessions)
            .where(mine)
            .values({column: event.time, "display_name": known.display_name or event.display_name})
        )
    await store_changes.tell_presence(connection, row, person, was_in, event.time)
    await _show_attendance(connection, row, now, newcomer=newcomer)
    return True


async def _ended(
    connection: AsyncConnection, keys: KeyRing, row: Row[Any], event: MeetingEnded, now: datetime, quiet: timedelta
) -> bool:
    # An estimate of ours is later than the true end, never earlier.
    if row.end_time is not None and event.time >= row.end_time:
        return False
    begun = [moment for moment in (row.start_time, event.instance.start_time) if moment is not None]
    await connection.execute(
        update(meetings)
        .where(meetings.c.meeting_id == row.meeting_id)
        .values(
            end_time=event.time,
            start_time=min(begun, default=event.time),
            # Who was there and what was recorded is looked up afterwards, in case that some of it was lost.
            reconcile_time=now + quiet,
            reconcile_attempts=0,
            settled=False,
        )
    )
    if row.end_time is None:
        if row.start_time is None:
            began = min(begun, default=event.time)
            await store_changes.tell(connection, row.team_id, row.meeting_id, ChangeKind.STARTED, began)
        await store_changes.tell(connection, row.team_id, row.meeting_id, ChangeKind.ENDED, event.time)
    await store_deliveries.raise_version(connection, row.team_id, Kind.CARD, row.meeting_id, now)
    if row.host_is_basic:
        await store_results.notify_host(connection, keys, row, NoticeKind.BASIC_PLAN, now)
    else:
        await store_results.show(connection, keys, row, Kind.SUMMARY, row.meeting_id, now)
    return True
