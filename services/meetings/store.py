"""Meetings in the database. With the other `store_*`: the only SQL of this service."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select

from mesh.clock import Clock
from mesh.database import Database
from mesh.errors import MeshError, Reason
from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from services.meetings.attendance import Session
from services.meetings.meetings import Meeting
from services.meetings.rows import meeting_from, sessions_of
from services.meetings.tables import meetings


class MeetingStore:
    """Meetings."""

    def __init__(self, database: Database, keys: KeyRing, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    async def get(self, user: SlackUser, meeting_id: str) -> tuple[Meeting, str, list[Session]]:
        """Returns a meeting that `user` started, its Zoom host and its sessions.

        Raises MeshError(MEETING_NOT_FOUND).
        """
        async with self._database.snapshot("get meeting") as connection:
            row = (
                await connection.execute(
                    select(*meetings.c).where(
                        meetings.c.team_id == user.team_id,
                        meetings.c.slack_user_id == user.user_id,
                        meetings.c.meeting_id == meeting_id,
                        meetings.c.erase_time.is_(None),
                    )
                )
            ).one_or_none()
            if row is None:
                raise MeshError(Reason.MEETING_NOT_FOUND)
            return meeting_from(row, self._keys), row.zoom_host_id, await sessions_of(connection, meeting_id)

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
