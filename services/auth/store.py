"""Connections in the database. With the other `store_*` files: the only SQL of this service."""

from __future__ import annotations

import hmac
import logging
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.sealing import SealError
from mesh.slack_user import SlackUser
from services.auth.connections import Deleted, Stored
from services.auth.departures import Cause
from services.auth.grants import AppLevel, Connection, Grant, Standing, TokenPair, ZoomPlan, ZoomProfile
from services.auth.links import ConnectLink
from services.auth.store_grants import grant_of, put_grant
from services.auth.store_revocations import record_revocations
from services.auth.store_rows import (
    bound_account,
    complete_link,
    connection_row,
    delete_connections,
    drop_unused_grants,
    hold_person,
    lock_grants,
    one_connection,
    record_departures,
)
from services.auth.tables import connections, sign_outs, slack_installations, zoom_account_grants, zoom_grants
from services.auth.vault import Row, Vault

log = logging.getLogger(__name__)


class ConnectionStore:
    """Connections, and what comes and goes with them."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def connect(self, link: ConnectLink, owner: str, tokens: TokenPair, profile: ZoomProfile) -> Stored:
        """Stores grant and connection and completes the link, in one transaction, if `owner` still has its claim.

        The grant takes the place of an older one of the same Zoom user. An earlier logout is forgotten.
        """
        return await self._database.run("connect", lambda c: self._connect(c, link, owner, tokens, profile))

    async def standing(self, user: SlackUser) -> Standing:
        """Returns what is known of a person. Raises SealError where a row was moved here from elsewhere."""
        async with self._database.snapshot("get standing") as connection:
            found = (await connection.execute(select(connections).where(one_connection(user)))).mappings().one_or_none()
            own = None
            if found is not None:
                statement = select(zoom_grants).where(zoom_grants.c.zoom_user_id == found["zoom_user_id"])
                own = (await connection.execute(statement)).mappings().one_or_none()
            account = await self._account_grant(connection, user)
            signed_out = found is None and account is not None and await _signed_out(connection, user)
        grant = None if own is None else grant_of(self._vault, AppLevel.USER, own)
        return Standing(
            connection=None if found is None else self._connection(found, own),
            own=grant,
            account=account,
            signed_out=signed_out,
        )

    async def delete(self, user: SlackUser) -> Deleted:
        """Deletes a person's connection, and those of the same Slack and Zoom user in other workspaces.

        The grant goes with its last connection. Records a departure for each workspace.
        """
        return await self._database.run("delete connection", lambda c: self._delete(c, user))

    async def of_zoom_users(self, user: SlackUser, zoom_user_ids: list[str]) -> list[tuple[str, str]]:
        """Returns Zoom users and the Slack users of one workspace who are connected to them, the latest first."""
        statement = (
            select(connections.c.zoom_user_id, connections.c.slack_user_id)
            .where(connections.c.team_id == user.team_id, connections.c.zoom_user_id.in_(zoom_user_ids))
            .order_by(connections.c.connect_time.desc())
        )
        async with self._database.snapshot("find connected users") as connection:
            return [(row.zoom_user_id, row.slack_user_id) for row in await connection.execute(statement)]

    async def _connect(
        self, connection: AsyncConnection, link: ConnectLink, owner: str, tokens: TokenPair, profile: ZoomProfile
    ) -> Stored:
        user, now = link.user, self._clock.now()
        if not await complete_link(connection, link, owner, now):
            return Stored(mine=False)
        await hold_person(connection, user)
        before = await _zoom_user_of(connection, user)
        # In their order, which a lock of both at once would not keep: hers may come into being between two statements.
        for zoom_user_id in sorted({profile.zoom_user_id, before or profile.zoom_user_id}):
            if zoom_user_id == profile.zoom_user_id:
                await put_grant(connection, self._vault, tokens, profile, now)
            else:
                await lock_grants(connection, [zoom_user_id])
        row = connection_row(self._vault, user, profile, now, matched=False)
        statement = insert(connection, connections).values(row)
        await connection.execute(statement.on_conflict_do_update(index_elements=["team_id", "slack_user_id"], set_=row))
        await connection.execute(delete(sign_outs).where(_one_sign_out(user)))
        dropped = await drop_unused_grants(connection, self._vault, [before] if before else [])
        orphans = await record_revocations(connection, self._vault, dropped, now)
        return Stored(mine=True, orphan=next(iter(orphans), None))

    async def _delete(self, connection: AsyncConnection, user: SlackUser) -> Deleted:
        now = self._clock.now()
        await hold_person(connection, user)
        zoom_user_id = await _zoom_user_of(connection, user)
        if zoom_user_id is None:
            return Deleted(found=False)
        await lock_grants(connection, [zoom_user_id])
        gone = await delete_connections(
            connection, and_(connections.c.zoom_user_id == zoom_user_id, connections.c.slack_user_id == user.user_id)
        )
        await record_departures(connection, gone, Cause.LOGGED_OUT, depart_time=now, now=now)
        for person in gone:
            await self._sign_out(connection, person, now)
        dropped = await drop_unused_grants(connection, self._vault, [zoom_user_id])
        orphans = await record_revocations(connection, self._vault, dropped, now)
        return Deleted(found=True, orphan=next(iter(orphans), None))

    def _connection(self, row: Row, own: Row | None) -> Connection:
        bound = self._vault.open_text(connections.c.zoom_user_id_sealed, row)
        if not hmac.compare_digest(bound.encode(), row["zoom_user_id"].encode()):
            raise SealError("a connection was pointed at another Zoom user")
        # Where older code wrote the row, its account and plan are missing, or those of somebody before: its grant has
        # them, too.
        known = row if own is None else own
        account_id, plan = known["zoom_account_id"], known["plan"]
        return Connection(
            user=SlackUser(row["enterprise_id"], row["team_id"], row["slack_user_id"]),
            profile=ZoomProfile(row["zoom_user_id"], account_id, ZoomPlan(plan)),
            connect_time=row["connect_time"],
            matched=row["matched"],
        )

    async def _account_grant(self, connection: AsyncConnection, user: SlackUser) -> Grant | None:
        """Returns the grant of the account that the person's workspace, else her organisation, belongs to."""
        tenants = [user.team_id, *([user.enterprise_id] if user.enterprise_id else [])]
        statement = select(slack_installations).where(
            slack_installations.c.tenant_id.in_(tenants), slack_installations.c.zoom_account_id != ""
        )
        rows = {row["tenant_id"]: row for row in (await connection.execute(statement)).mappings()}
        row = next((rows[tenant] for tenant in tenants if tenant in rows), None)
        if row is None:
            return None
        account_id = bound_account(self._vault, row)
        found = await connection.execute(
            select(zoom_account_grants).where(zoom_account_grants.c.zoom_account_id == account_id)
        )
        grant = found.mappings().one_or_none()
        return None if grant is None else grant_of(self._vault, AppLevel.ACCOUNT, grant)

    async def _sign_out(self, connection: AsyncConnection, person: SlackUser, now: datetime) -> None:
        """Keeps a company-wide installation from matching a person again."""
        if await self._account_grant(connection, person) is None:
            return
        row = {
            "team_id": person.team_id,
            "slack_user_id": person.user_id,
            "enterprise_id": person.enterprise_id,
            "sign_out_time": now,
        }
        await connection.execute(insert(connection, sign_outs).values(row).on_conflict_do_nothing())


async def _zoom_user_of(connection: AsyncConnection, user: SlackUser) -> str | None:
    """Returns the Zoom user whom a person is connected to; None where she is connected to nobody."""
    found = await connection.execute(select(connections.c.zoom_user_id).where(one_connection(user)))
    return found.scalar_one_or_none()


def _one_sign_out(user: SlackUser) -> ColumnElement[bool]:
    return and_(sign_outs.c.team_id == user.team_id, sign_outs.c.slack_user_id == user.user_id)


async def _signed_out(connection: AsyncConnection, user: SlackUser) -> bool:
    return (await connection.execute(select(sign_outs.c.team_id).where(_one_sign_out(user)))).first() is not None
