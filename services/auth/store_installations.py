"""Slack installations and their links in the database."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.slack_user import SlackUser
from services.auth.installations import BotTokens, CallOptions, Installation, OtherAccountError, UsedLink
from services.auth.links import KEPT
from services.auth.purge import BATCH
from services.auth.store_rows import bound_account, delete_connections
from services.auth.tables import connections, install_links, slack_installations, zoom_account_grants
from services.auth.vault import Row, Vault

_LIVING = or_(
    slack_installations.c.end_time.is_(None), slack_installations.c.end_time < slack_installations.c.install_time
)
"""Older code installs anew without these columns: an end that is older than the installation counts no more."""


class InstallationStore:
    """Installations, one per workspace or organisation."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def add_link(self, state_digest: str, expire_time: datetime, zoom_state_digest: str) -> None:
        """Stores a new link."""
        row = {"state_digest": state_digest, "expire_time": expire_time, "zoom_state_digest": zoom_state_digest}
        async with self._database.transaction("add install link") as connection:
            await connection.execute(insert(connection, install_links).values(row))

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
            statement = select(install_links).where(install_links.c.state_digest == state_digest)
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return UsedLink(result.rowcount == 1, row.used_time is not None, row.zoom_state_digest)

    async def put(self, installation: Installation) -> bool:
        """Stores an installation in the place of an older one; False where a newer one is stored.

        What Slack does not know stays as it was: the kinds of calls, and the Zoom account unless another one is given.
        People who were matched in another account are not connected any more. Raises OtherAccountError where another
        account's grant lives.
        """
        tokens, columns = installation.tokens, slack_installations.c
        row: dict[str, Any] = {
            "tenant_id": installation.tenant_id,
            "team_id": installation.team_id,
            "enterprise_id": installation.enterprise_id,
            "team_name": installation.team_name,
            "app_id": installation.app_id,
            "bot_user_id": installation.bot_user_id,
            "scopes": ",".join(tokens.scopes),
            "bot_token_expire_time": tokens.expire_time,
            "install_time": installation.install_time,
            "install_id": str(uuid.uuid4()),
            "token_version": 1,
            "refresh_lease_owner": None,
            "refresh_lease_expire_time": None,
            "end_time": None,
            "end_cause": None,
        }
        row["bot_token_sealed"] = self._vault.seal(columns.bot_token_sealed, row, tokens.access_token)
        row["refresh_token_sealed"] = self._vault.seal(columns.refresh_token_sealed, row, tokens.refresh_token)
        account_id = installation.zoom_account_id
        if account_id:
            row["zoom_account_id"] = account_id
            row["zoom_account_id_sealed"] = self._vault.seal(columns.zoom_account_id_sealed, row, account_id)
        return await self._database.run("put installation", lambda c: self._put(c, installation, row))

    async def get(self, user: SlackUser) -> Installation | None:
        """Returns the installation of the workspace, else of the organisation."""
        tenants = _tenants(user)
        async with self._database.snapshot("get installation") as connection:
            statement = select(slack_installations).where(slack_installations.c.tenant_id.in_(tenants))
            rows = {row["tenant_id"]: row for row in (await connection.execute(statement)).mappings()}
        row = next((rows[tenant] for tenant in tenants if tenant in rows), None)
        return None if row is None else self._installation(row)

    async def set_call_options(self, user: SlackUser, options: CallOptions) -> bool:
        """Sets what is offered in the workspace, else in the organisation. False where the app is in neither."""
        async with self._database.transaction("set call options") as connection:
            for tenant in _tenants(user):
                changed = await connection.execute(
                    update(slack_installations)
                    .where(slack_installations.c.tenant_id == tenant)
                    .values(call_options=options.value)
                )
                if changed.rowcount:
                    return True
        return False

    async def current(self, pair: Installation) -> Installation | None:
        """Returns what is stored now of the same workspace, or organisation."""
        statement = select(slack_installations).where(slack_installations.c.tenant_id == pair.tenant_id)
        async with self._database.snapshot("get installation") as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return None if row is None else self._installation(row)

    async def acquire_lease(self, pair: Installation, owner: str, duration: timedelta) -> bool:
        """Takes the right to refresh this pair; False where somebody has it, or the pair is another by now."""
        now, columns = self._clock.now(), slack_installations.c
        free = or_(columns.refresh_lease_expire_time.is_(None), columns.refresh_lease_expire_time <= now)
        async with self._database.transaction("lease bot refresh") as connection:
            result = await connection.execute(
                update(slack_installations)
                .where(_unchanged(pair), _LIVING, free)
                .values(refresh_lease_owner=owner, refresh_lease_expire_time=now + duration)
            )
        return result.rowcount == 1

    async def release_lease(self, pair: Installation, owner: str) -> None:
        """Gives the right back after a failure, so that the next call may try at once."""
        columns = slack_installations.c
        async with self._database.transaction("release bot refresh") as connection:
            await connection.execute(
                update(slack_installations)
                .where(columns.tenant_id == pair.tenant_id, columns.refresh_lease_owner == owner)
                .values(refresh_lease_owner=None, refresh_lease_expire_time=None)
            )

    async def save_pair(self, pair: Installation, fresh: BotTokens) -> bool:
        """Puts the next pair in the place of the installation's, and ends the lease, as `GrantStore.save_pair` does."""
        columns, row = slack_installations.c, {"tenant_id": pair.tenant_id}
        async with self._database.transaction("save bot tokens") as connection:
            result = await connection.execute(
                update(slack_installations)
                .where(_unchanged(pair))
                .values(
                    token_version=pair.token_version + 1,
                    scopes=",".join(fresh.scopes or pair.tokens.scopes),
                    bot_token_sealed=self._vault.seal(columns.bot_token_sealed, row, fresh.access_token),
                    refresh_token_sealed=self._vault.seal(columns.refresh_token_sealed, row, fresh.refresh_token),
                    bot_token_expire_time=fresh.expire_time,
                    refresh_lease_owner=None,
                    refresh_lease_expire_time=None,
                    end_time=None,
                    end_cause=None,
                )
            )
        return result.rowcount == 1

    async def end(self, pair: Installation, cause: str) -> None:
        """Marks an installation as ended by Slack and wipes its tokens; the row stays for whoever asks why."""
        async with self._database.transaction("end installation") as connection:
            await connection.execute(
                update(slack_installations)
                .where(_unchanged(pair), _LIVING)
                .values(
                    bot_token_sealed=b"",
                    refresh_token_sealed=b"",
                    refresh_lease_owner=None,
                    refresh_lease_expire_time=None,
                    end_time=self._clock.now(),
                    end_cause=cause[:64],
                )
            )

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

    async def _put(self, connection: AsyncConnection, installation: Installation, row: dict[str, Any]) -> bool:
        if installation.zoom_account_id:
            await _no_other_account(connection, installation)
        statement = insert(connection, slack_installations).values(row)
        stored = await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["tenant_id"],
                set_=row,
                where=slack_installations.c.install_time <= installation.install_time,
            )
        )
        if stored.rowcount and installation.zoom_account_id:
            await delete_connections(connection, _matched_elsewhere(installation))
        return stored.rowcount == 1

    def _installation(self, row: Row) -> Installation:
        columns = slack_installations.c
        return Installation(
            enterprise_id=row["enterprise_id"],
            team_id=row["team_id"],
            team_name=row["team_name"],
            app_id=row["app_id"],
            bot_user_id=row["bot_user_id"],
            tokens=BotTokens(
                access_token=self._vault.open_text(columns.bot_token_sealed, row),
                refresh_token=self._vault.open_text(columns.refresh_token_sealed, row),
                expire_time=row["bot_token_expire_time"],
                scopes=tuple(filter(None, row["scopes"].split(","))),
            ),
            install_time=row["install_time"],
            zoom_account_id=bound_account(self._vault, row),
            call_options=CallOptions(row["call_options"]),
            install_id=row["install_id"],
            token_version=row["token_version"],
            lease_expire_time=row["refresh_lease_expire_time"],
            end_time=_end_time(row),
        )


def _end_time(row: Row) -> datetime | None:
    """Returns when Slack ended an installation; None where it was installed again since (see `_LIVING`)."""
    end_time: datetime | None = row["end_time"]
    return end_time if end_time is not None and end_time >= row["install_time"] else None


def _tenants(user: SlackUser) -> list[str]:
    """Returns the keys under which the app may be installed for a person: her workspace before her organisation."""
    return [user.team_id, *([user.enterprise_id] if user.enterprise_id else [])]


def _unchanged(pair: Installation) -> ColumnElement[bool]:
    columns = slack_installations.c
    return and_(
        columns.tenant_id == pair.tenant_id,
        columns.install_id == pair.install_id,
        columns.install_time == pair.install_time,
        columns.token_version == pair.token_version,
    )


def _matched_elsewhere(installation: Installation) -> ColumnElement[bool]:
    """Returns the condition that a connection of this tenant was a match in another account."""
    columns, tenant_id = connections.c, installation.tenant_id
    here = or_(columns.team_id == tenant_id, columns.enterprise_id == tenant_id)
    return and_(here, columns.matched, columns.zoom_account_id != installation.zoom_account_id)


async def _no_other_account(connection: AsyncConnection, installation: Installation) -> None:
    """Raises OtherAccountError where the tenant belongs to another account: any administrator could take it over."""
    columns = slack_installations.c
    tenants = [tenant for tenant in (installation.team_id, installation.enterprise_id) if tenant]
    # The grants are locked first, as where a workspace leaves: neither sees half of what the other does.
    await connection.execute(
        select(zoom_account_grants.c.zoom_account_id)
        .where(
            or_(
                zoom_account_grants.c.zoom_account_id == installation.zoom_account_id,
                zoom_account_grants.c.zoom_account_id.in_(
                    select(columns.zoom_account_id).where(columns.tenant_id.in_(tenants))
                ),
            )
        )
        .order_by(zoom_account_grants.c.zoom_account_id)
        .with_for_update()
    )
    other = await connection.execute(
        select(columns.tenant_id)
        .join(zoom_account_grants, zoom_account_grants.c.zoom_account_id == columns.zoom_account_id)
        .where(
            columns.tenant_id.in_(tenants),
            columns.zoom_account_id != installation.zoom_account_id,
            zoom_account_grants.c.end_time.is_(None),
        )
        .limit(1)
    )
    if other.first() is not None:
        raise OtherAccountError
