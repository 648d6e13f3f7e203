"""Company-wide installations at Zoom and the people matched by them, in the database."""

from __future__ import annotations

from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.accounts import ZoomInstallation
from services.auth.grants import AppLevel, TokenPair, ZoomProfile
from services.auth.installations import Came
from services.auth.links import FOLLOWED, ConnectLink
from services.auth.store_grants import put_grant
from services.auth.store_rows import (
    complete_link,
    connection_row,
    drop_unused_grants,
    hold_person,
    lock_grants,
    one_connection,
)
from services.auth.tables import connect_links, connections, sign_outs, zoom_account_grants, zoom_grants
from services.auth.vault import Vault


class AccountStore:
    """Accounts and matches."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def install(self, link: ConnectLink, owner: str, tokens: TokenPair, profile: ZoomProfile) -> bool:
        """Stores an account's grant and completes the link, in one transaction, if `owner` still has its claim."""
        now = self._clock.now()
        async with self._database.transaction("install account") as connection:
            if not await complete_link(connection, link, owner, now, zoom_account_id=profile.zoom_account_id):
                return False
            await put_grant(connection, self._vault, tokens, profile, now)
        return True

    async def installation_of(self, state_digest: str) -> ZoomInstallation | None:
        """Returns what the administrator of a completed link granted; None where that is gone."""
        statement = (
            select(zoom_account_grants)
            .join(connect_links, connect_links.c.zoom_account_id == zoom_account_grants.c.zoom_account_id)
            .where(connect_links.c.state_digest == state_digest, zoom_account_grants.c.end_time.is_(None))
        )
        async with self._database.snapshot("get account installation") as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        scopes = tuple(row["scopes"].split())
        return ZoomInstallation(row["zoom_account_id"], scopes, row["consent_time"] or self._clock.now())

    async def came_from(self, state_digest: str) -> Came | None:
        """Returns what an installation in Slack goes on from; None where there is no such completed link.

        Raises MeshError(LINK_EXPIRED) where it was completed too long ago.
        """
        statement = select(connect_links).where(
            connect_links.c.state_digest == state_digest, connect_links.c.complete_time.is_not(None)
        )
        async with self._database.snapshot("get completed link") as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        if row["complete_time"] + FOLLOWED <= self._clock.now():
            raise MeshError(Reason.LINK_EXPIRED)
        if row["app_level"] == AppLevel.ACCOUNT.value:
            installation = await self.installation_of(state_digest)
            return (
                None if installation is None else Came(installation=installation, browser_digest=row["browser_digest"])
            )
        return Came(
            user=SlackUser(row["enterprise_id"], row["team_id"], row["slack_user_id"]),
            continuation=self._vault.open(connect_links.c.continuation_sealed, row),
        )

    async def add_match(self, user: SlackUser, profile: ZoomProfile) -> bool:
        """Stores a match, unless a grant of her own serves the person by now, or she has signed out.

        It takes the place of a connection whose grant is dead, or that was a match in another account. Returns whether
        it was stored.
        """
        return await self._database.run("add match", lambda c: self._add_match(c, user, profile))

    async def _add_match(self, connection: AsyncConnection, user: SlackUser, profile: ZoomProfile) -> bool:
        await hold_person(connection, user)
        signed_out = select(sign_outs.c.team_id).where(
            sign_outs.c.team_id == user.team_id, sign_outs.c.slack_user_id == user.user_id
        )
        if (await connection.execute(signed_out)).first() is not None:
            return False
        found = await connection.execute(select(connections.c.zoom_user_id).where(one_connection(user)))
        before = found.scalar_one_or_none()
        await lock_grants(connection, [before] if before else [])
        row = connection_row(self._vault, user, profile, self._clock.now(), matched=True)
        own = exists().where(zoom_grants.c.zoom_user_id == before, zoom_grants.c.end_time.is_(None))
        replaced = and_(
            connections.c.zoom_user_id == before, connections.c.zoom_account_id != profile.zoom_account_id, ~own
        )
        added = await connection.execute(
            insert(connection, connections)
            .values(row)
            .on_conflict_do_update(
                index_elements=["team_id", "slack_user_id"],
                set_=row,
                where=replaced,
            )
        )
        # A grant that this leaves unused is dead: there is nothing to revoke.
        await drop_unused_grants(connection, self._vault, [before] if before else [])
        return added.rowcount == 1
