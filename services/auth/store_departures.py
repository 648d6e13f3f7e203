"""Departures in the database: what goes, each with its record, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, serialize
from mesh.slack_user import SlackUser
from services.auth.departures import Cause, Left, SlackLeft, ZoomAccountLeft, ZoomPlanChanged, ZoomUserLeft
from services.auth.grants import AppLevel, TokenPair
from services.auth.links import LIFETIME
from services.auth.store_links import kept_tokens
from services.auth.store_revocations import record_revocations
from services.auth.store_rows import (
    delete_connections,
    drop_unused_grants,
    lock_connections,
    lock_grants,
    record_departures,
    tokens_of,
)
from services.auth.store_sweeps import BATCH, SweepStore
from services.auth.tables import (
    connect_links,
    connections,
    sign_outs,
    slack_installations,
    zoom_account_grants,
    zoom_grants,
)
from services.auth.vault import Vault

SECOND = timedelta(seconds=1)
"""Slack's clock of events has whole seconds: what came into being in the second of an event is older than it."""


class DepartureStore:
    """Departures."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._sweeps = SweepStore(database, vault, clock)

    async def zoom_user_left(self, fact: ZoomUserLeft) -> Left:
        """Deletes a Zoom user's grant and connections, unless she consented again since."""
        return await self._database.run("zoom user left", lambda c: self._zoom_user_left(c, fact))

    async def _zoom_user_left(self, connection: AsyncConnection, fact: ZoomUserLeft) -> Left:
        now = self._clock.now()
        mine = zoom_grants.c.zoom_user_id == fact.zoom_user_id
        grant = (await connection.execute(select(zoom_grants).where(mine).with_for_update())).mappings().first()
        if grant is None and fact.cause is Cause.ZOOM_DEAUTHORIZED:
            return Left()  # who was only matched has removed nothing: an administrator's grant serves her
        if grant is not None and grant["consent_time"] is not None and grant["consent_time"] > fact.time:
            return Left()
        gone = await delete_connections(
            connection,
            and_(connections.c.zoom_user_id == fact.zoom_user_id, connections.c.connect_time <= fact.time),
        )
        dropped = await drop_unused_grants(connection, self._vault, [fact.zoom_user_id])
        recorded = await record_departures(connection, gone, fact.cause, depart_time=fact.time, now=now)
        if fact.cause is Cause.ZOOM_DEAUTHORIZED:
            return Left(recorded)
        # Zoom ends the tokens of an app that was removed, and not those of a user who left the account.
        return Left(recorded, await record_revocations(connection, self._vault, dropped, now))

    async def zoom_account_left(self, fact: ZoomAccountLeft) -> Left:
        """Deletes an account's grant, and the connections that lived by it alone, unless it was installed again since.

        Who has a grant of her own goes on with it. A large company leaves in several transactions: after the first one
        nobody is served by the grant any more, and what a crash leaves behind a sweep finds.
        """
        if not await self._database.run("zoom account left", lambda c: self._drop_account(c, fact)):
            return Left()
        theirs = and_(
            connections.c.zoom_account_id == fact.zoom_account_id,
            connections.c.matched,
            connections.c.connect_time <= fact.time,
        )
        departed = left = await self._sweeps.leave(theirs, Cause.ZOOM_DEAUTHORIZED, fact.time)
        while left == BATCH:
            left = await self._sweeps.leave(theirs, Cause.ZOOM_DEAUTHORIZED, fact.time)
            departed += left
        return Left(departed)

    async def _drop_account(self, connection: AsyncConnection, fact: ZoomAccountLeft) -> bool:
        """Deletes an account's grant; False where it is newer, or gone.

        Who lived by it, without a match, counts as matched from here on: nothing else serves her.
        """
        mine = zoom_account_grants.c.zoom_account_id == fact.zoom_account_id
        found = await connection.execute(select(zoom_account_grants.c.consent_time).where(mine).with_for_update())
        grant = found.one_or_none()
        if grant is None or (grant.consent_time is not None and grant.consent_time > fact.time):
            return False
        await connection.execute(delete(zoom_account_grants).where(mine))
        found_tenants = await connection.execute(
            update(slack_installations)
            .where(slack_installations.c.zoom_account_id == fact.zoom_account_id)
            .values(zoom_account_id="", zoom_account_id_sealed=None)
            .returning(slack_installations.c.tenant_id)
        )
        tenants = list(found_tenants.scalars())
        own = exists().where(zoom_grants.c.zoom_user_id == connections.c.zoom_user_id, zoom_grants.c.end_time.is_(None))
        served = and_(
            connections.c.zoom_account_id == fact.zoom_account_id,
            or_(connections.c.team_id.in_(tenants), connections.c.enterprise_id.in_(tenants)),
            ~connections.c.matched,
            ~own,
        )
        await lock_connections(connection, served)
        await connection.execute(update(connections).where(served).values(matched=True))
        return True

    async def zoom_plan_changed(self, fact: ZoomPlanChanged) -> None:
        """Stores a Zoom user's new plan, unless a later one is known."""
        await self._database.run("zoom plan changed", lambda c: self._zoom_plan_changed(c, fact))

    async def _zoom_plan_changed(self, connection: AsyncConnection, fact: ZoomPlanChanged) -> None:
        await lock_grants(connection, [fact.zoom_user_id])
        await lock_connections(connection, connections.c.zoom_user_id == fact.zoom_user_id)
        for table, known in ((zoom_grants, zoom_grants.c.consent_time), (connections, connections.c.connect_time)):
            newest = [or_(moment.is_(None), moment <= fact.time) for moment in (table.c.plan_time, known)]
            await connection.execute(
                update(table)
                .where(table.c.zoom_user_id == fact.zoom_user_id, *newest)
                .values(plan=fact.plan.value, plan_time=fact.time)
            )

    async def slack_left(self, fact: SlackLeft) -> Left:
        """Deletes everything of a workspace, or of an organisation, that is older than the event."""
        return await self._database.run("slack left", lambda c: self._slack_left(c, fact))

    async def _slack_left(self, connection: AsyncConnection, fact: SlackLeft) -> Left:
        now, before = self._clock.now(), fact.time + SECOND
        tenant = SlackUser(fact.enterprise_id, fact.team_id, "")
        pairs: list[TokenPair] = []
        # Slack tells the same in two events at once; each would delete what the other one has not seen.
        await serialize(connection, "tenant", tenant.team_id or tenant.enterprise_id)
        links = await self._forget_links(connection, tenant, before, pairs)
        installed = False
        if not fact.access_only:
            installed = await self._uninstall(connection, tenant.team_id or tenant.enterprise_id, before, pairs)
        users = await self._disconnect(connection, tenant, before, pairs)
        if not installed and not users and not links:
            return Left()
        recorded = await record_departures(
            connection,
            [tenant],
            Cause.SLACK_UNINSTALLED,
            depart_time=before,
            now=now,
            auth_rows=int(installed) + users + links,
        )
        return Left(recorded, await record_revocations(connection, self._vault, pairs, now))

    async def _uninstall(
        self, connection: AsyncConnection, tenant_id: str, before: datetime, pairs: list[TokenPair]
    ) -> bool:
        """Deletes an installation; False where there is none so old. Adds the pair that ends with it."""
        this = slack_installations.c.tenant_id == tenant_id
        of_tenant = select(slack_installations.c.zoom_account_id).where(this)
        # The last two workspaces of an account may leave at once: whoever comes second sees that the first has gone.
        await connection.execute(
            select(zoom_account_grants.c.zoom_account_id)
            .where(zoom_account_grants.c.zoom_account_id.in_(of_tenant))
            .with_for_update()
        )
        statement = (
            delete(slack_installations)
            .where(this, slack_installations.c.install_time < before)
            .returning(slack_installations.c.zoom_account_id)
        )
        account_id = (await connection.execute(statement)).scalar_one_or_none()
        if not account_id:
            return account_id is not None
        in_use = exists().where(slack_installations.c.zoom_account_id == account_id)
        dropped = await connection.execute(
            delete(zoom_account_grants)
            .where(
                zoom_account_grants.c.zoom_account_id == account_id,
                func.coalesce(zoom_account_grants.c.consent_time, before - SECOND) < before,
                ~in_use,
            )
            .returning(*zoom_account_grants.c)
        )
        pair = tokens_of(self._vault, dropped.mappings().one_or_none(), AppLevel.ACCOUNT)
        pairs += [] if pair is None else [pair]
        return True

    async def _disconnect(
        self, connection: AsyncConnection, tenant: SlackUser, before: datetime, pairs: list[TokenPair]
    ) -> int:
        """Deletes a tenant's connections and sign-outs; adds the pairs that nobody uses now. Returns how many rows."""
        theirs = and_(_of(connections.c, tenant), connections.c.connect_time < before)
        zoom_users = set((await connection.execute(select(connections.c.zoom_user_id).where(theirs))).scalars())
        await lock_grants(connection, zoom_users)
        # Who connected anew between the two statements may be another Zoom user by now.
        zoom_users |= await lock_connections(connection, theirs)
        gone = await delete_connections(connection, theirs)
        pairs += await drop_unused_grants(connection, self._vault, zoom_users)
        signed_out = await connection.execute(
            delete(sign_outs).where(_of(sign_outs.c, tenant), sign_outs.c.sign_out_time < before)
        )
        return len(gone) + signed_out.rowcount

    async def _forget_links(
        self, connection: AsyncConnection, tenant: SlackUser, before: datetime, pairs: list[TokenPair]
    ) -> int:
        """Deletes a tenant's connect links: who comes back from Zoom with one is not let in any more."""
        theirs = and_(_of(connect_links.c, tenant), connect_links.c.expire_time < before + LIFETIME)
        digests = select(connect_links.c.state_digest).where(theirs).order_by(connect_links.c.state_digest)
        await connection.execute(digests.with_for_update())
        found = await connection.execute(delete(connect_links).where(theirs).returning(*connect_links.c))
        rows: Sequence[Any] = found.mappings().all()
        pairs += [pair for row in rows if (pair := kept_tokens(self._vault, row)) is not None]
        return len(rows)


def _of(columns: Any, tenant: SlackUser) -> ColumnElement[bool]:
    """Returns the condition that a row is of a workspace, or of any workspace of an organisation."""
    condition: ColumnElement[bool] = (
        columns.team_id == tenant.team_id if tenant.team_id else columns.enterprise_id == tenant.enterprise_id
    )
    return condition
