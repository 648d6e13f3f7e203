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
from mesh.origins import link_current_to
from mesh.sealing import KeyRing, SealError
from services.meetings import store_facts, store_schedules, store_unopened
from services.meetings.events import ROOM_WINDOW, Disposition, Event, MeetingMoved, PlanEvent, RunEvent, concerns
from services.meetings.reconciling import QUIET
from services.meetings.rows import candidate_from
from services.meetings.tables import meetings, start_requests, zoom_events
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
        if isinstance(event, PlanEvent):
            await _change_plan(connection, row, event, now, quiet)
        else:
            await store_facts.apply(connection, keys, row, event, now, quiet)
            await _heard_of(connection, row, now, quiet)
    return bool(concerned)


async def _change_plan(
    connection: AsyncConnection, row: Row[Any], event: PlanEvent, now: datetime, quiet: timedelta
) -> None:
    """Moves a meeting that waits, or closes it as its host's cancelling here does."""
    link_current_to(row.command_origin)
    if isinstance(event, MeetingMoved):
        await store_schedules.move(connection, row, event, now, quiet)
        return
    # One that was looked up may be known to run, and the name of its run not.
    await store_unopened.close(connection, row.team_id, row.meeting_id, now, meetings.c.start_time.is_(None))


async def _heard_of(connection: AsyncConnection, row: Row[Any], now: datetime, quiet: timedelta) -> None:
    """Puts off asking Zoom about a meeting that runs; not by less than a tenth, so that few events write the row.

    One that begins before the time for which it was scheduled is asked about no later than others.
    """
    due = now + quiet
    waited = row.scheduled_time is not None and not row.zoom_uuid
    if row.end_time is None and (row.reconcile_time is None or waited or row.reconcile_time < due - quiet / 10):
        await connection.execute(
            update(meetings).where(meetings.c.meeting_id == row.meeting_id).values(reconcile_time=due)
        )


async def _of_our_hosts(connection: AsyncConnection, facts: Sequence[Event]) -> tuple[Sequence[Event], set[str]]:
    """Returns the Zoom ids of the hosts whose meetings the facts are about, and the facts that may be about some.

    Many facts at once name runs alone, of which most are none of ours: one question finds those that are.
    """
    first = facts[0].instance
    if first.zoom_host_id or first.zoom_meeting_id:
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
    if isinstance(event, PlanEvent):
        named = _planned(event)
    elif run.zoom_host_id:
        named = and_(meetings.c.zoom_host_id == run.zoom_host_id, or_(named, _unbound(event)))
    else:
        named = and_(meetings.c.zoom_account_id == run.zoom_account_id, named)
    # Locked as everywhere in this service: the newest first.
    query = select(*meetings.c).where(named).order_by(meetings.c.create_time.desc())
    rows = await connection.execute(query.with_for_update() if lock else query)
    return [row for row in rows.all() if concerns(candidate_from(row), event)]


def _planned(event: PlanEvent) -> ColumnElement[bool]:
    """Returns the condition for the meeting with a number of its own that `event` is about.

    The number of a room is that of many meetings; no room can be deleted, and none is for a time. Who is the host Zoom
    may not say where a meeting was moved.
    """
    run = event.instance
    ours = meetings.c.zoom_host_id == run.zoom_host_id
    if isinstance(event, MeetingMoved):
        ours = and_(meetings.c.zoom_account_id == run.zoom_account_id, meetings.c.scheduled_time.is_not(None))
    return and_(ours, meetings.c.zoom_meeting_id == run.zoom_meeting_id, meetings.c.zoom_pmi != run.zoom_meeting_id)


def _unbound(event: RunEvent) -> ColumnElement[bool]:
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
