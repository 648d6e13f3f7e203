"""Conversations that Slack names differently now, in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Table, Update, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database
from services.meetings import store_waiting
from services.meetings.deliveries import NOT_LET_IN, Kind, NoticeKind
from services.meetings.tables import deliveries, meetings, start_requests

_AT_ONCE = 500
"""Ids in one statement: databases limit them."""


@dataclass(frozen=True)
class Tenant:
    """Whose conversations are meant: those of a workspace, with all others of its organisation if it has one."""

    enterprise_id: str
    """Empty for a workspace without an organisation."""
    team_id: str
    """Empty where only the organisation is named."""


class MoveStore:
    """Renames conversations."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def move(self, tenant: Tenant, old_channel_id: str, new_channel_id: str) -> int:
        """Has what belongs to a conversation of a tenant belong to it under its new name.

        Of an organisation all workspaces are meant, whether Slack tells of one or of none: the name is the same in all
        of them. What Slack refused may have been refused for its old name, so it is tried once more. Returns how many
        meetings belonged to the conversation; repeating finds none.
        """

        async def work(connection: AsyncConnection) -> int:
            teams = await _teams_in(connection, tenant, old_channel_id)
            await store_waiting.hold_places(connection, teams, (old_channel_id, new_channel_id))
            # In the order in which everybody locks these tables.
            await connection.execute(_renamed(start_requests.c.channel_id, tenant, old_channel_id, new_channel_id))
            of_meetings = _renamed(meetings.c.channel_id, tenant, old_channel_id, new_channel_id)
            moved = (await connection.execute(of_meetings)).rowcount
            of_deliveries = _renamed(deliveries.c.channel_id, tenant, old_channel_id, new_channel_id)
            renamed = list(await connection.scalars(of_deliveries.returning(deliveries.c.delivery_id)))
            await connection.execute(_renamed(deliveries.c.slack_channel_id, tenant, old_channel_id, new_channel_id))
            await connection.execute(_asked_before(tenant, old_channel_id, new_channel_id))
            for start in range(0, len(renamed), _AT_ONCE):
                await connection.execute(_cards_again(renamed[start : start + _AT_ONCE], self._clock.now()))
            for team_id in teams:
                await store_waiting.release(connection, team_id, new_channel_id, self._clock.now())
            return moved

        return await self._database.run("move conversation", work)


async def _teams_in(connection: AsyncConnection, tenant: Tenant, channel_id: str) -> list[str]:
    """Returns the workspaces of a tenant that have something in a conversation, always in the same order."""
    query = select(deliveries.c.team_id).where(_of(deliveries, tenant), deliveries.c.channel_id == channel_id)
    return sorted(await connection.scalars(query.distinct()))


def _renamed(column: Column[str], tenant: Tenant, old_channel_id: str, new_channel_id: str) -> Update:
    renamed = update(column.table).where(_of(column.table, tenant), column == old_channel_id)
    return renamed.values({column.name: new_channel_id})


def _cards_again(renamed: Sequence[str], now: datetime) -> Update:
    """Returns what has refused cards among `renamed` deliveries tried again, where their meetings go on.

    Only those: Slack may tell of one new name several times, and a card is tried under it once.
    """
    goes_on = select(meetings.c.meeting_id).where(
        meetings.c.meeting_id == deliveries.c.meeting_id, meetings.c.end_time.is_(None)
    )
    return (
        update(deliveries)
        .where(
            deliveries.c.delivery_id.in_(renamed),
            deliveries.c.kind == Kind.CARD.value,
            deliveries.c.recipient_slack_user_id == "",
            deliveries.c.refused_error.in_(NOT_LET_IN),
            goes_on.exists(),
        )
        .values(refused_error="", next_attempt_time=now, lag_time=now, failed_attempts=0)
    )


def _asked_before(tenant: Tenant, old_channel_id: str, new_channel_id: str) -> Update:
    """Returns what keeps hosts from being asked anew to invite the app into a conversation: they were asked once."""
    subject = deliveries.c.subject
    asked = deliveries.alias("asked")
    renamed = func.replace(subject, f":{old_channel_id}", f":{new_channel_id}")
    twice = select(asked.c.delivery_id).where(
        asked.c.team_id == deliveries.c.team_id, asked.c.kind == Kind.NOTICE.value, asked.c.subject == renamed
    )
    return (
        update(deliveries)
        .where(
            _of(deliveries, tenant),
            deliveries.c.kind == Kind.NOTICE.value,
            subject.startswith(f"{NoticeKind.INVITE_APP.value}:", autoescape=True),
            subject.endswith(f":{old_channel_id}", autoescape=True),
            ~twice.exists(),
        )
        .values(subject=renamed)
    )


def _of(table: Table, tenant: Tenant) -> ColumnElement[bool]:
    own: ColumnElement[bool] = table.c.team_id == tenant.team_id
    return or_(own, table.c.enterprise_id == tenant.enterprise_id) if tenant.enterprise_id else own
