"""What no event tells, looked for: people and accounts that nothing serves any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database
from services.auth.departures import Cause
from services.auth.grants import AppLevel
from services.auth.links import FOLLOWED, LIFETIME
from services.auth.store_revocations import record_revocations
from services.auth.store_rows import (
    delete_connections,
    drop_unused_grants,
    lock_grants,
    record_departures,
    tokens_of,
)
from services.auth.tables import connections, departures, slack_installations, zoom_account_grants, zoom_grants
from services.auth.vault import Vault

BATCH = 500
"""Rows that one transaction takes: each may be a departure of its own."""
FINISHED = FOLLOWED + 2 * LIFETIME
"""After this no installation that was begun can still be completed."""


class SweepStore:
    """Sweeps. Each takes at most BATCH rows in one transaction and returns how many."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def unserved(self) -> int:
        """Deletes at most BATCH matches whose account's grant is gone."""
        account = exists().where(zoom_account_grants.c.zoom_account_id == connections.c.zoom_account_id)
        return await self.leave(and_(connections.c.matched, ~account), Cause.ZOOM_DEAUTHORIZED, None)

    async def left_behind(self) -> int:
        """Deletes at most BATCH connections of tenants from which the app was removed, and that have it no more.

        A removal spares what is newer than itself, as somebody may have come back meanwhile. Who has not finished
        coming back by now does not.
        """
        columns = slack_installations.c
        installed = exists().where(
            or_(columns.tenant_id == connections.c.team_id, columns.tenant_id == connections.c.enterprise_id)
        )
        gone, before = departures.c, self._clock.now() - FINISHED
        removed = exists().where(
            gone.cause == Cause.SLACK_UNINSTALLED.value,
            gone.record_time <= before,
            or_(
                gone.team_id == connections.c.team_id,
                and_(gone.team_id == "", gone.enterprise_id == connections.c.enterprise_id),
            ),
        )
        old = connections.c.connect_time <= before
        return await self.leave(and_(removed, ~installed, old), Cause.SLACK_UNINSTALLED, None, spare_own=False)

    async def abandoned(self) -> int:
        """Deletes the grants of accounts to which nobody has connected a workspace, and nobody can any more."""
        return await self._database.run("drop abandoned accounts", self._abandoned)

    async def _abandoned(self, connection: AsyncConnection) -> int:
        columns, now = zoom_account_grants.c, self._clock.now()
        unused = ~exists().where(slack_installations.c.zoom_account_id == columns.zoom_account_id)
        old = or_(columns.consent_time.is_(None), columns.consent_time <= now - FINISHED)
        statement = select(columns.zoom_account_id).where(old, unused).order_by(columns.zoom_account_id).limit(BATCH)
        ids = list((await connection.execute(statement.with_for_update(skip_locked=True))).scalars())
        # The first statement did not see who was connecting a workspace; that one holds the grant, so this one does.
        deleted = await connection.execute(
            delete(zoom_account_grants).where(columns.zoom_account_id.in_(ids), old, unused).returning(*columns)
        )
        found = [tokens_of(self._vault, row, AppLevel.ACCOUNT) for row in deleted.mappings()]
        pairs = [pair for pair in found if pair is not None]
        await record_revocations(connection, self._vault, pairs, now, head_start=timedelta())
        return len(found)

    async def leave(
        self, which: ColumnElement[bool], cause: Cause, depart_time: datetime | None, *, spare_own: bool = True
    ) -> int:
        """Deletes at most BATCH connections and records a departure for each. Returns how many.

        `spare_own`: not those of people whom a grant of their own serves. Without `depart_time` they leave now.
        """
        own = exists().where(zoom_grants.c.zoom_user_id == connections.c.zoom_user_id, zoom_grants.c.end_time.is_(None))
        some = and_(which, ~own) if spare_own else which
        return await self._database.run("leave", lambda c: self._leave_once(c, some, cause, depart_time))

    async def _leave_once(
        self, connection: AsyncConnection, which: ColumnElement[bool], cause: Cause, depart_time: datetime | None
    ) -> int:
        now, columns = self._clock.now(), connections.c
        found = await connection.execute(
            select(columns.team_id, columns.slack_user_id, columns.zoom_user_id)
            .where(which)
            .order_by(columns.team_id, columns.slack_user_id)
            .limit(BATCH)
        )
        people = found.all()
        zoom_user_ids = [one.zoom_user_id for one in people]
        await lock_grants(connection, zoom_user_ids)
        theirs = tuple_(columns.team_id, columns.slack_user_id).in_([(one[0], one[1]) for one in people])
        gone = await delete_connections(connection, and_(theirs, which))
        pairs = await drop_unused_grants(connection, self._vault, zoom_user_ids)
        await record_revocations(connection, self._vault, pairs, now, head_start=timedelta())
        return await record_departures(connection, gone, cause, depart_time=depart_time or now, now=now)
