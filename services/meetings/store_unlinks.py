"""Whoever left was in meetings of others, too: that it was she is forgotten there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.departed import Departed
from mesh.versions import next_version
from services.meetings.deliveries import Kind
from services.meetings.tables import deliveries, meetings, participant_sessions


async def unlink(connection: AsyncConnection, departed: Departed, limit: int, now: datetime) -> int:
    """Forgets that `departed` was in meetings that others started. Returns the number of rows: 0 when none is left.

    Her name in Zoom stays, as that of a person who is not known in Slack. What a workspace held goes with its meetings.
    """
    if not departed.user_id:
        return 0
    declined = await _forget_declined(connection, departed)
    sessions = await _lock_linked(connection, departed, limit)
    for meeting_id, session_ids in sessions.items():
        await connection.execute(
            update(participant_sessions)
            .where(participant_sessions.c.meeting_id == meeting_id, participant_sessions.c.session_id.in_(session_ids))
            .values(slack_user_id="", link_due=False)
        )
        await _forget_in_card(connection, meeting_id, departed.user_id, now)
    return declined + sum(map(len, sessions.values()))


async def _forget_declined(connection: AsyncConnection, departed: Departed) -> int:
    """Forgets which calls `departed` declined before she left."""
    tenant = deliveries.c.team_id == departed.team_id
    if not departed.team_id:
        tenant = deliveries.c.enterprise_id == departed.enterprise_id
    forgotten = await connection.execute(
        delete(deliveries).where(
            tenant,
            deliveries.c.kind == Kind.DECLINED.value,
            deliveries.c.subject.endswith(f":{departed.user_id}", autoescape=True),
            deliveries.c.command_time <= departed.depart_time,
        )
    )
    return forgotten.rowcount


async def _lock_linked(connection: AsyncConnection, departed: Departed, limit: int) -> dict[str, Sequence[str]]:
    """Locks the meetings that `departed` was in before she left; returns her sessions in each."""
    tenant = meetings.c.team_id == departed.team_id
    if not departed.team_id:
        tenant = meetings.c.enterprise_id == departed.enterprise_id
    hers = (
        participant_sessions.c.slack_user_id == departed.user_id,
        participant_sessions.c.slack_user_id != literal_column("''"),  # what the index is limited to
        func.coalesce(participant_sessions.c.join_time, participant_sessions.c.leave_time) <= departed.depart_time,
    )
    found = await connection.scalars(
        select(meetings.c.meeting_id)
        .where(tenant, meetings.c.meeting_id.in_(select(participant_sessions.c.meeting_id).where(*hers)))
        .order_by(meetings.c.create_time.desc())
        .limit(limit)
        .with_for_update()
    )
    sessions: defaultdict[str, list[str]] = defaultdict(list)
    rows = await connection.execute(
        select(participant_sessions.c.meeting_id, participant_sessions.c.session_id).where(
            participant_sessions.c.meeting_id.in_(found.all()), *hers
        )
    )
    for row in rows:
        sessions[row.meeting_id].append(row.session_id)
    return dict(sessions)


async def _forget_in_card(connection: AsyncConnection, meeting_id: str, slack_user_id: str, now: datetime) -> None:
    """Has a running card show her name instead, and forgets what one that is over showed."""
    cards = await connection.execute(
        select(deliveries.c.delivery_id, deliveries.c.shown_ended, deliveries.c.shown_attendees)
        .where(deliveries.c.meeting_id == meeting_id, deliveries.c.kind == Kind.CARD.value)
        .with_for_update()
    )
    for card in cards.all():
        if not card.shown_ended:
            values: dict[str, Any] = next_version(deliveries, now)
        else:
            shown = [a for a in json.loads(card.shown_attendees) if a.get("slack_user_id") != slack_user_id]
            values = {"shown_attendees": json.dumps(shown)}
        await connection.execute(update(deliveries).where(deliveries.c.delivery_id == card.delivery_id).values(values))
