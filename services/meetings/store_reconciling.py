"""What is to be looked up at Zoom, in the database, and what was found there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database
from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from services.meetings import store_facts, store_results, store_unopened
from services.meetings.events import (
    HostAbsent,
    Instance,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    RunEvent,
)
from services.meetings.look_ups import Target, news
from services.meetings.reconciling import QUIET
from services.meetings.rows import candidate_from, sessions_of
from services.meetings.tables import meetings, recordings

_NAMES: dict[type[Any], str] = {
    MeetingStarted: "started",
    MeetingEnded: "ended",
    ParticipantJoined: "joined",
    ParticipantLeft: "left",
    HostAbsent: "absent",
}
"""What is counted, by kind of fact; all others are about recordings."""


class ReconcilingStore:
    """Meetings that are looked up."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock, *, quiet: timedelta = QUIET) -> None:
        """`quiet` as in `EventStore`."""
        self._database = database
        self._keys = keys
        self._clock = clock
        self._quiet = quiet

    async def claim(self, lease: timedelta) -> Target | None:
        """Takes the meeting that has been due longest; nobody else gets it before the lease ends."""
        now = self._clock.now()
        due = and_(
            ~meetings.c.settled,
            meetings.c.erase_time.is_(None),
            or_(
                meetings.c.reconcile_time <= now,
                and_(meetings.c.reconcile_time.is_(None), meetings.c.create_time <= now - self._quiet),
            ),
        )
        oldest = func.coalesce(meetings.c.reconcile_time, meetings.c.create_time)
        query = select(meetings.c.meeting_id).where(due).order_by(oldest).limit(1).with_for_update(skip_locked=True)
        async with self._database.transaction("claim meeting to look up") as connection:
            meeting_id = await connection.scalar(query)
            if meeting_id is None:
                return None
            await connection.execute(
                update(meetings).where(meetings.c.meeting_id == meeting_id).values(reconcile_time=now + lease)
            )
            return await _target(connection, meeting_id)

    async def learn(self, target: Target, events: Sequence[RunEvent]) -> tuple[Target | None, Counter[str]]:
        """Applies facts to a meeting; returns it as it is then, None where it was erased, and counts what was news."""
        repaired: Counter[str] = Counter()
        now = self._clock.now()
        async with self._database.transaction("apply what was looked up") as connection:
            row = await _locked(connection, target.meeting_id)
            if row is None:
                return None, repaired
            for event in news(events, await sessions_of(connection, target.meeting_id)):
                if row is None or (row.zoom_uuid and event.instance.zoom_uuid not in ("", row.zoom_uuid)):
                    continue  # an event has bound the meeting to another run meanwhile
                if await store_facts.apply(connection, self._keys, row, event, now, self._quiet):
                    repaired[_NAMES.get(type(event), "recording")] += 1
                if not isinstance(event, ParticipantJoined | ParticipantLeft):
                    row = await _locked(connection, target.meeting_id)
            await store_results.add_for_newly_linked(connection, self._keys, target.meeting_id, now)
            return await _target(connection, target.meeting_id), repaired

    async def close_unopened(self, target: Target) -> None:
        """Ends a meeting that nobody opened: its card says so, and there is nothing to summarize."""
        now = self._clock.now()
        async with self._database.transaction("close unopened meeting") as connection:
            unopened = meetings.c.start_time.is_(None)
            await store_unopened.close(connection, target.user.team_id, target.meeting_id, now, unopened)

    async def plan(self, target: Target, due_time: datetime | None, *, attempts: int) -> None:
        """Says when a meeting is looked up next, None for never; an event that came meanwhile has said so already.

        `attempts` is how often Zoom has answered by then.
        """
        values = {"settled": True} if due_time is None else {"reconcile_time": due_time}
        async with self._database.transaction("plan look-up") as connection:
            await connection.execute(
                update(meetings)
                .where(meetings.c.meeting_id == target.meeting_id, meetings.c.reconcile_time == target.due_time)
                .values(reconcile_attempts=attempts, **values)
            )

    async def put_off_account(self, zoom_account_id: str, until: datetime) -> None:
        """Has no meeting of an account looked up before `until`."""
        async with self._database.transaction("put off account") as connection:
            await connection.execute(
                update(meetings)
                .where(
                    ~meetings.c.settled,
                    meetings.c.zoom_account_id == zoom_account_id,
                    or_(meetings.c.reconcile_time.is_(None), meetings.c.reconcile_time < until),
                )
                .values(reconcile_time=until)
            )


async def _locked(connection: AsyncConnection, meeting_id: str) -> Row[Any] | None:
    """Returns the row of a meeting, locked; None where it was erased."""
    query = select(*meetings.c).where(meetings.c.meeting_id == meeting_id, meetings.c.erase_time.is_(None))
    return (await connection.execute(query.with_for_update())).one_or_none()


async def _target(connection: AsyncConnection, meeting_id: str) -> Target | None:
    recorded = exists().where(
        recordings.c.meeting_id == meetings.c.meeting_id, recordings.c.zoom_uuid == meetings.c.zoom_uuid
    )
    query: Select[Any] = select(*meetings.c, recorded.label("recorded")).where(meetings.c.meeting_id == meeting_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Target(
        meeting_id=row.meeting_id,
        user=SlackUser(row.enterprise_id, row.team_id, row.slack_user_id),
        instance=Instance(row.zoom_account_id, row.zoom_host_id, row.zoom_pmi or row.zoom_meeting_id, row.zoom_uuid),
        candidate=candidate_from(row),
        host_is_basic=row.host_is_basic,
        recorded=row.recorded,
        create_time=row.create_time,
        scheduled_time=row.scheduled_time,
        start_time=row.start_time,
        end_time=row.end_time,
        attempts=row.reconcile_attempts,
        due_time=row.reconcile_time,
    )
