"""Events in the database: recorded with their effect in one transaction, in whatever order and however often."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, exists, false, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert, serialize
from mesh.sealing import KeyRing, SealError
from services.meetings import store_deliveries, store_recordings, store_results
from services.meetings.attendance import ABSENT, HOST_SESSION
from services.meetings.deliveries import Kind, NoticeKind
from services.meetings.events import (
    ROOM_WINDOW,
    Disposition,
    Event,
    HostAbsent,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    RecordingCompleted,
    RecordingRecovered,
    RecordingRemoved,
    concerns,
)
from services.meetings.reconciling import QUIET
from services.meetings.rows import candidate_from
from services.meetings.tables import meetings, participant_sessions, start_requests, zoom_events
from services.meetings.zoom_events import parse

log = logging.getLogger(__name__)

HOLD = timedelta(hours=1)
REMEMBER = timedelta(days=7)
"""Longer than Zoom's last retry (85 minutes), and than anybody plays a captured event again."""


class EventStore:
    """Events."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock, *, quiet: timedelta = QUIET) -> None:
        """`quiet` is how long after the last event of a meeting Zoom is asked about it."""
        self._database = database
        self._keys = keys
        self._clock = clock
        self._quiet = quiet

    async def record(self, body: bytes, name: str, facts: Sequence[Event]) -> Disposition:
        """Records an event, with what it says, and what follows from it. Repeating changes nothing."""
        if not facts:
            return Disposition.IGNORED  # nothing follows from it: there is nothing to guard against repetition
        host_id = facts[0].instance.zoom_host_id
        async with self._database.snapshot("look for the meeting") as connection:
            # Most events are of meetings that nobody started from Slack: they leave nothing, and cost no write. The
            # order matters: a request that is not open any more has stored its meeting.
            starting = await _starts(connection, host_id)
            facts, hosts = await _of_our_hosts(connection, facts)
            if not facts or not (starting or hosts):
                return Disposition.IGNORED
        now, digest = self._clock.now(), hashlib.sha256(body).hexdigest()
        async with self._database.transaction("record zoom event") as connection:
            added = await connection.execute(
                insert(connection, zoom_events)
                .values(digest=digest, event=name[:100], receive_time=now)
                .on_conflict_do_nothing()
            )
            if not added.rowcount:
                return Disposition.DUPLICATE
            # A meeting of this host that is being stored at this moment and this event must not miss each other.
            for host in sorted(hosts | ({host_id} - {""})):
                await serialize(connection, "zoom host", host)
            applied = any([await _apply(connection, self._keys, fact, now, self._quiet) for fact in facts])
            if not await _starts(connection, host_id):
                return Disposition.APPLIED if applied else Disposition.IGNORED
            # The meeting may be about to be stored: its creation and its first events race. So it may where another
            # one took the event: two cards can show one room.
            await connection.execute(
                update(zoom_events)
                .where(zoom_events.c.digest == digest)
                .values(
                    held_body_sealed=self._keys.seal(body, "zoom_events.held_body", digest),
                    held_zoom_host_id=host_id,
                )
            )
            return Disposition.APPLIED if applied else Disposition.HELD

    async def forget_old(self) -> None:
        """Wipes held bodies after an hour and deletes what was recorded long ago."""
        now = self._clock.now()
        async with self._database.transaction("forget old events") as connection:
            await connection.execute(
                update(zoom_events)
                .where(zoom_events.c.held_body_sealed.is_not(None), zoom_events.c.receive_time < now - HOLD)
                .values(held_body_sealed=None, held_zoom_host_id=None)
            )
            await connection.execute(delete(zoom_events).where(zoom_events.c.receive_time < now - REMEMBER))


async def apply_held(
    connection: AsyncConnection, keys: KeyRing, zoom_host_id: str, now: datetime, quiet: timedelta
) -> None:
    """Applies the events that waited for a meeting of this host, which this transaction has just stored.

    They go on waiting where another meeting of this host is about to be stored.
    """
    awaited = await _starts(connection, zoom_host_id)
    held = await connection.execute(
        select(zoom_events.c.digest, zoom_events.c.held_body_sealed)
        .where(zoom_events.c.held_zoom_host_id == zoom_host_id)
        .order_by(zoom_events.c.receive_time)
        .limit(1000)
    )
    for row in held.all():
        try:
            event = parse(keys.open(row.held_body_sealed, "zoom_events.held_body", row.digest))
        except SealError:
            log.error("a held event does not open", extra={"digest": row.digest})  # noqa: TRY400
            continue
        if event is not None and await _apply(connection, keys, event, now, quiet) and not awaited:
            await connection.execute(
                update(zoom_events)
                .where(zoom_events.c.digest == row.digest)
                .values(held_body_sealed=None, held_zoom_host_id=None)
            )


async def _starts(connection: AsyncConnection, zoom_host_id: str) -> bool:
    """Tells whether a meeting of this host may be being made; empty stands for no host.

    For a moment it is not known who somebody that starts a meeting is at Zoom: then it may be this one.
    """
    if not zoom_host_id:
        return False
    made = exists().where(start_requests.c.state == "reserved", start_requests.c.zoom_host_id.in_(["", zoom_host_id]))
    return bool(await connection.scalar(select(made)))


async def _apply(connection: AsyncConnection, keys: KeyRing, event: Event, now: datetime, quiet: timedelta) -> bool:
    """Applies `event` to every meeting it concerns; tells whether there was one."""
    concerned = await _concerned(connection, event, lock=True)
    for row in concerned:
        await apply_to(connection, keys, row, event, now, quiet)
        await _heard_of(connection, row, now, quiet)
    return bool(concerned)


async def _heard_of(connection: AsyncConnection, row: Row[Any], now: datetime, quiet: timedelta) -> None:
    """Puts off asking Zoom about a meeting that runs; not by less than a tenth, so that few events write the row."""
    due = now + quiet
    if row.end_time is None and (row.reconcile_time is None or row.reconcile_time < due - quiet / 10):
        await connection.execute(
            update(meetings).where(meetings.c.meeting_id == row.meeting_id).values(reconcile_time=due)
        )


async def _of_our_hosts(connection: AsyncConnection, facts: Sequence[Event]) -> tuple[Sequence[Event], set[str]]:
    """Returns the Zoom ids of the hosts whose meetings the facts are about, and the facts that may be about some.

    Many facts at once name runs alone, of which most are none of ours: one question finds those that are.
    """
    first = facts[0].instance
    if first.zoom_host_id:
        return facts, {row.zoom_host_id for row in await _concerned(connection, facts[0], lock=False)}
    named = {fact.instance.zoom_uuid for fact in facts}
    rows = await connection.execute(
        select(meetings.c.zoom_host_id, meetings.c.zoom_uuid).where(
            meetings.c.zoom_account_id == first.zoom_account_id, meetings.c.zoom_uuid.in_(named)
        )
    )
    ours = {row.zoom_uuid: row.zoom_host_id for row in rows}
    return [fact for fact in facts if fact.instance.zoom_uuid in ours], set(ours.values())


async def _concerned(connection: AsyncConnection, event: Event, *, lock: bool) -> list[Row[Any]]:
    """Returns the meetings that `event` is about: more than one where two cards show one room."""
    run = event.instance
    named = meetings.c.zoom_uuid == run.zoom_uuid
    if run.zoom_host_id:
        named = and_(meetings.c.zoom_host_id == run.zoom_host_id, or_(named, _unbound(event)))
    else:
        named = and_(meetings.c.zoom_account_id == run.zoom_account_id, named)
    # Locked as everywhere in this service: the newest first.
    query = select(*meetings.c).where(named).order_by(meetings.c.create_time.desc())
    rows = await connection.execute(query.with_for_update() if lock else query)
    return [row for row in rows.all() if concerns(candidate_from(row), event)]


def _unbound(event: Event) -> ColumnElement[bool]:
    """Returns the condition for meetings without a run that `event` may bind to its run, as `concerns` decides.

    A room has had many a card that nobody came to: only those of the hour count.
    """
    number, began = event.instance.zoom_meeting_id, event.instance.start_time
    if not number:
        return false()
    of_the_hour = and_(
        meetings.c.zoom_create_time > min(event.time, began or event.time) - ROOM_WINDOW,
        meetings.c.zoom_create_time < event.time + timedelta(seconds=1),
    )
    return and_(
        meetings.c.zoom_uuid == "",
        or_(meetings.c.zoom_meeting_id == number, meetings.c.zoom_pmi == number),
        or_(meetings.c.zoom_pmi == "", of_the_hour),
    )


async def apply_to(
    connection: AsyncConnection, keys: KeyRing, row: Row[Any], event: Event, now: datetime, quiet: timedelta
) -> bool:
    """Applies a fact to the one meeting in `row`, locked by the caller; tells whether it was news.

    A fact whose run nobody named (uuid empty) does not bind the meeting to one. `quiet` after its end Zoom is asked.
    """
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
            return await _started(connection, row, event)
        case HostAbsent():
            return await _host_absent(connection, row)
        case ParticipantJoined() | ParticipantLeft():
            return await _participant(connection, row, event)


async def _show_attendance(connection: AsyncConnection, row: Row[Any], *, newcomer: bool) -> None:
    """Has the card shown again while the meeting runs; afterwards the summary, if somebody was missing in it."""
    if row.end_time is None:
        await store_deliveries.raise_version(connection, row.team_id, Kind.CARD, row.meeting_id)
    elif newcomer:
        await store_results.show_again(connection, row.meeting_id, Kind.SUMMARY, row.meeting_id)


async def _started(connection: AsyncConnection, row: Row[Any], event: MeetingStarted) -> bool:
    # An estimate of ours is later than the true beginning, never earlier.
    earlier = row.start_time is None or event.time < row.start_time
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
        await _show_attendance(connection, row, newcomer=True)
    if earlier and row.end_time is not None:
        await store_results.show_again(connection, row.meeting_id, Kind.SUMMARY, row.meeting_id)
    return bool(added.rowcount) or earlier


async def _host_absent(connection: AsyncConnection, row: Row[Any]) -> bool:
    """Takes back that the host was there. The session stays, so that a late beginning does not imply it again."""
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
        await _show_attendance(connection, row, newcomer=True)
    return corrected.rowcount == 1


async def _participant(connection: AsyncConnection, row: Row[Any], event: ParticipantJoined | ParticipantLeft) -> bool:
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
    await _show_attendance(connection, row, newcomer=newcomer)
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
    await store_deliveries.raise_version(connection, row.team_id, Kind.CARD, row.meeting_id)
    if row.host_is_basic:
        await store_results.notify_host(connection, keys, row, NoticeKind.BASIC_PLAN, now)
    else:
        await store_results.show(connection, keys, row, Kind.SUMMARY, row.meeting_id, now)
    return True
