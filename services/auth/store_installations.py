"""Slack installations and their links in the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.slack_user import SlackUser
from services.auth.installations import Installation, UsedLink
from services.auth.links import KEPT
from services.auth.purge import BATCH
from services.auth.tables import install_links, slack_installations
from services.auth.vault import Row, Vault


class InstallationStore:
    """Installations, one per workspace or organisation."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def add_link(self, state_digest: str, expire_time: datetime) -> None:
        """Stores a new link."""
        async with self._database.transaction("add install link") as connection:
            await connection.execute(
                insert(connection, install_links).values(state_digest=state_digest, expire_time=expire_time)
            )

    async def use_link(self, state_digest: str) -> UsedLink | None:
        """Uses a link up in one statement, if it can be used, and tells how it was found."""
        now = self._clock.now()
        async with self._database.transaction("use install link") as connection:
            result = await connection.execute(
                update(install_links)
                .where(
                    install_links.c.state_digest == state_digest,
                    install_links.c.used_time.is_(None),
                    install_links.c.expire_time > now,
                )
                .values(used_time=now)
            )
            statement = select(install_links.c.used_time).where(install_links.c.state_digest == state_digest)
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else UsedLink(mine=result.rowcount == 1, used=row.used_time is not None)

    async def put(self, installation: Installation) -> None:
        """Stores an installation in the place of an older one."""
        row: dict[str, Any] = {
            "tenant_id": installation.tenant_id,
            "team_id": installation.team_id,
            "enterprise_id": installation.enterprise_id,
            "team_name": installation.team_name,
            "app_id": installation.app_id,
            "bot_user_id": installation.bot_user_id,
            "scopes": ",".join(installation.scopes),
            "bot_token_expire_time": installation.bot_token_expire_time,
            "install_time": installation.install_time,
        }
        columns = slack_installations.c
        row["bot_token_sealed"] = self._vault.seal(columns.bot_token_sealed, row, installation.bot_token)
        row["refresh_token_sealed"] = self._vault.seal(columns.refresh_token_sealed, row, installation.refresh_token)
        async with self._database.transaction("put installation") as connection:
            statement = insert(connection, slack_installations).values(row)
            await connection.execute(statement.on_conflict_do_update(index_elements=["tenant_id"], set_=row))

    async def get(self, user: SlackUser) -> Installation | None:
        """Returns the installation of the workspace, else of the organisation."""
        tenants = [user.team_id, *([user.enterprise_id] if user.enterprise_id else [])]
        async with self._database.snapshot("get installation") as connection:
            statement = select(slack_installations).where(slack_installations.c.tenant_id.in_(tenants))
            rows = {row["tenant_id"]: row for row in (await connection.execute(statement)).mappings()}
        row = next((rows[tenant] for tenant in tenants if tenant in rows), None)
        return None if row is None else self._installation(row)

    async def purge_links(self) -> int:
        """Forgets at most BATCH links: used ones that ended long ago, unused ones at their end. Returns how many.

        Anybody on the Internet may ask for an install link: what nobody uses is not worth remembering.
        """
        now, ended = self._clock.now(), install_links.c.expire_time
        old = (
            select(install_links.c.state_digest)
            .where(or_(ended <= now - KEPT, and_(ended <= now, install_links.c.used_time.is_(None))))
            .limit(BATCH)
        )
        async with self._database.transaction("purge install links") as connection:
            result = await connection.execute(
                delete(install_links).where(install_links.c.state_digest.in_(old.scalar_subquery()))
            )
        return result.rowcount

    def _installation(self, row: Row) -> Installation:
        columns = slack_installations.c
        return Installation(
            enterprise_id=row["enterprise_id"],
            team_id=row["team_id"],
            team_name=row["team_name"],
            app_id=row["app_id"],
            bot_user_id=row["bot_user_id"],
            scopes=tuple(filter(None, row["scopes"].split(","))),
            bot_token=self._vault.open_text(columns.bot_token_sealed, row),
            refresh_token=self._vault.open_text(columns.refresh_token_sealed, row),
            bot_token_expire_time=row["bot_token_expire_time"],
            install_time=row["install_time"],
        )
