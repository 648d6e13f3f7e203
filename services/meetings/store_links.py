"""Who of the attendees is who in Slack, in the database.

Meetings are locked first, the newest first, then their deliveries, as everywhere in this service.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database
from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from services.meetings import store_deliveries, store_results
from services.meetings.deliveries import Kind
from services.meetings.linking import Unlinked
from services.meetings.tables import meetings, participant_sessions

# As the index has it: SQLite compares the words.
_DUE = text("participant_sessions.link_due")


class LinkStore:
    """Links of attendees."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    async def due(self, limit: int, *, after: tuple[str, str]) -> list[Unlinked]:
        """Returns up to `limit` attendees of whom auth is to be asked: the next ones after the pair `after`."""
        meeting_id, attendee_id = participant_sessions.c.meeting_id, participant_sessions.c.attendee_id
        query = (
            select(
                meeting_id,
                attendee_id,
                meetings.c.enterprise_id,
                meetings.c.team_id,
                meetings.c.slack_user_id,
            )
            .join(meetings, meetings.c.meeting_id == meeting_id)
            .where(_DUE, or_(meeting_id > after[0], and_(meeting_id == after[0], attendee_id > after[1])))
            .order_by(meeting_id, attendee_id)
            .distinct()
            .limit(limit)
        )
        async with self._database.snapshot("look for unlinked attendees", traced=False) as connection:
            return [
                Unlinked(row.meeting_id, SlackUser(row.enterprise_id, row.team_id, row.slack_user_id), row.attendee_id)
                for row in await connection.execute(query)
            ]

    async def settle(self, meeting_id: str, found: Mapping[str, str]) -> None:
        """Stores what was found of the attendees of a meeting (Slack user by attendee, empty for nobody).

        What is new stays due, to be looked up once more, and has the card shown again. Who is found for the second time
        is sent the results that she lacks.
        """
        async with self._database.transaction("link attendees") as connection:
            meeting = (
                await connection.execute(
                    select(*meetings.c)
                    .where(meetings.c.meeting_id == meeting_id, meetings.c.erase_time.is_(None))
                    .with_for_update()
                )
            ).one_or_none()
            if meeting is None:
                return
            changed, confirmed = await _store(connection, meeting, found)
            if changed:
                await _show(connection, meeting, self._clock.now())
            if confirmed:
                await store_results.add_for_newly_linked(connection, self._keys, meeting_id, self._clock.now())


async def _show(connection: AsyncConnection, meeting: Row[Any], now: datetime) -> None:
    if meeting.end_time is None:
        await store_deliveries.raise_version(connection, meeting.team_id, Kind.CARD, meeting.meeting_id, now)
    else:
        await store_results.show_again(connection, meeting.meeting_id, Kind.SUMMARY, meeting.meeting_id, now)


async def _store(connection: AsyncConnection, meeting: Row[Any], found: Mapping[str, str]) -> tuple[bool, bool]:
    """Stores the links of a locked meeting; tells whether Slack is to show something else, and whether one is sure."""
    mine = participant_sessions.c.meeting_id == meeting.meeting_id
    rows = (await connection.execute(select(*participant_sessions.c).where(mine))).all()
    before = {row.attendee_id: row.slack_user_id for row in rows if row.slack_user_id}
    # The host is known from the start, by whoever started the meeting.
    answers = {**found, meeting.zoom_host_id: ""}
    groups: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    changed = confirmed = False
    for row in rows:
        answer = answers.get(row.attendee_id)
        if not row.link_due or answer is None:
            continue  # settled, or come after the question
        changed = changed or answer != before.get(row.attendee_id, "")
        once_more = bool(answer) and answer != row.slack_user_id
        confirmed = confirmed or (bool(answer) and not once_more)
        groups[answer, once_more].append(row.session_id)
    for (slack_user_id, once_more), session_ids in groups.items():
        await connection.execute(
            update(participant_sessions)
            .where(mine, participant_sessions.c.session_id.in_(session_ids))
            .values(slack_user_id=slack_user_id, link_due=once_more)
        )
    return changed, confirmed
