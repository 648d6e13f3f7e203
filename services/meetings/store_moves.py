"""Conversations that Slack names differently now, in the database."""

from __future__ import annotations

from sqlalchemy import Column, Update, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import Database
from mesh.slack_user import SlackUser
from services.meetings.store_waiting import hold_places
from services.meetings.tables import deliveries, meetings, start_requests


class MoveStore:
    """Renames conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def move(self, user: SlackUser, old_channel_id: str, new_channel_id: str) -> int:
        """Has what belongs to a conversation of the tenant of `user` belong to it under its new name.

        Of an organisation all workspaces are meant: Slack tells of one, and the name is the same in all of them.
        Returns how many meetings that were; repeating finds none.
        """

        async def work(connection: AsyncConnection) -> int:
            await hold_places(connection, user.team_id, old_channel_id, new_channel_id)
            # In the order in which everybody locks these tables.
            counts = [
                (await connection.execute(_renamed(table.c.channel_id, user, old_channel_id, new_channel_id))).rowcount
                for table in (start_requests, meetings, deliveries)
            ]
            shown = _renamed(deliveries.c.slack_channel_id, user, old_channel_id, new_channel_id)
            await connection.execute(shown)
            return counts[1]

        return await self._database.run("move conversation", work)


def _renamed(column: Column[str], user: SlackUser, old_channel_id: str, new_channel_id: str) -> Update:
    table = column.table
    tenant = table.c.team_id == user.team_id
    if user.enterprise_id:
        tenant = or_(tenant, table.c.enterprise_id == user.enterprise_id)
    return update(table).where(tenant, column == old_channel_id).values({column.name: new_channel_id})
