"""Connections in the database. With the other `store_*` files: the only SQL of this service."""

from __future__ import annotations

import hmac
import logging
import uuid
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.sealing import SealError
from mesh.slack_user import SlackUser
from services.auth.connections import Connection, Deleted, Stored
from services.auth.grants import TokenPair, ZoomPlan, ZoomProfile
from services.auth.links import ConnectLink
from services.auth.tables import connect_links, connections, zoom_grants
from services.auth.vault import Row, Vault

log = logging.getLogger(__name__)


def one_connection(user: SlackUser) -> ColumnElement[bool]:
    """Returns the condition that finds a person's connection: by workspace, whatever organisation it is in."""
    return and_(connections.c.team_id == user.team_id, connections.c.slack_user_id == user.user_id)


def check_binding(vault: Vault, row: Row) -> None:
    """Raises SealError unless a connection's row points where it did when it was written."""
    bound = vault.open_text(connections.c.zoom_user_id_sealed, row)
    if not hmac.compare_digest(bound.encode(), row["zoom_user_id"].encode()):
        raise SealError("a connection was pointed at another Zoom user")


def open_tokens(vault: Vault, row: Row) -> TokenPair:
    """Returns the pair of a grant's row. Raises SealError where it does not open."""
    return TokenPair(
        vault.open_text(zoom_grants.c.access_token_sealed, row),
        vault.open_text(zoom_grants.c.refresh_token_sealed, row),
        row["access_expire_time"],
        tuple(row["scopes"].split()),
    )


class ConnectionStore:
    """Connections, and what comes and goes with them."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def connect(self, link: ConnectLink, owner: str, tokens: TokenPair, profile: ZoomProfile) -> Stored:
        """Stores grant and connection and completes the link, in one transaction, if `owner` still has its claim.

        The grant takes the place of an older one of the same Zoom user.
        """
        user, now = link.user, self._clock.now()
        async with self._database.transaction("connect") as connection:
            completed = await connection.execute(
                update(connect_links)
                .where(
                    connect_links.c.state_digest == link.state_digest,
                    connect_links.c.claim_owner == owner,
                    connect_links.c.complete_time.is_(None),
                )
                .values(complete_time=now, verifier_sealed=b"", tokens_sealed=b"")
            )
            if completed.rowcount != 1:
                return Stored(mine=False)
            before = (
                await connection.execute(select(connections.c.zoom_user_id).where(one_connection(user)))
            ).scalar_one_or_none()
            await self._put_grant(connection, tokens, profile)
            row: dict[str, Any] = {
                "team_id": user.team_id,
                "slack_user_id": user.user_id,
                "enterprise_id": user.enterprise_id,
                "zoom_user_id": profile.zoom_user_id,
                "connect_time": now,
            }
            row["zoom_user_id_sealed"] = self._vault.seal(connections.c.zoom_user_id_sealed, row, profile.zoom_user_id)
            statement = insert(connection, connections).values(row)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["team_id", "slack_user_id"], set_=row)
            )
            orphan = None if before is None else await _drop_unused_grant(connection, before)
        return Stored(mine=True, orphan=self._tokens_of(orphan))

    async def get(self, user: SlackUser) -> Connection | None:
        """Returns a person's connection, or None where there is none or Zoom has ended it."""
        statement = (
            select(
                connections,
                zoom_grants.c.zoom_account_id,
                zoom_grants.c.plan,
                zoom_grants.c.scopes,
            )
            .join(zoom_grants, zoom_grants.c.zoom_user_id == connections.c.zoom_user_id)
            .where(one_connection(user), zoom_grants.c.end_time.is_(None))
        )
        async with self._database.snapshot("get connection") as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        check_binding(self._vault, row)
        return Connection(
            user=SlackUser(row["enterprise_id"], row["team_id"], row["slack_user_id"]),
            profile=ZoomProfile(row["zoom_user_id"], row["zoom_account_id"], ZoomPlan(row["plan"])),
            scopes=tuple(row["scopes"].split()),
            connect_time=row["connect_time"],
        )

    async def delete(self, user: SlackUser) -> Deleted:
        """Deletes a person's connection, and those of the same Slack and Zoom user in other workspaces.

        The grant goes with its last connection.
        """
        async with self._database.transaction("delete connection") as connection:
            zoom_user_id = (
                await connection.execute(select(connections.c.zoom_user_id).where(one_connection(user)))
            ).scalar_one_or_none()
            if zoom_user_id is None:
                return Deleted(found=False)
            await connection.execute(
                delete(connections).where(
                    connections.c.zoom_user_id == zoom_user_id, connections.c.slack_user_id == user.user_id
                )
            )
            grant = await _drop_unused_grant(connection, zoom_user_id)
        return Deleted(found=True, tokens=self._tokens_of(grant))

    async def _put_grant(self, connection: AsyncConnection, tokens: TokenPair, profile: ZoomProfile) -> None:
        row: dict[str, Any] = {
            "zoom_user_id": profile.zoom_user_id,
            "zoom_account_id": profile.zoom_account_id,
            "grant_id": str(uuid.uuid4()),
            "token_version": 1,
            "plan": profile.plan.value,
            "scopes": " ".join(tokens.scopes),
            "access_expire_time": tokens.expire_time,
            "refresh_lease_owner": None,
            "refresh_lease_expire_time": None,
            "end_time": None,
            "end_cause": None,
        }
        row["access_token_sealed"] = self._vault.seal(zoom_grants.c.access_token_sealed, row, tokens.access_token)
        row["refresh_token_sealed"] = self._vault.seal(zoom_grants.c.refresh_token_sealed, row, tokens.refresh_token)
        statement = insert(connection, zoom_grants).values(row)
        await connection.execute(statement.on_conflict_do_update(index_elements=["zoom_user_id"], set_=row))

    def _tokens_of(self, grant: Row | None) -> TokenPair | None:
        """Returns the pair of a deleted grant; None where it has none, or none that opens: deleting goes first."""
        if grant is None or grant["end_time"] is not None:
            return None
        try:
            return open_tokens(self._vault, grant)
        except SealError:
            log.exception("the tokens of a deleted grant do not open; Zoom is not told")
            return None


async def _drop_unused_grant(connection: AsyncConnection, zoom_user_id: str) -> Row | None:
    """Deletes a grant that no connection uses and returns what it was, or None."""
    # Whoever is connecting the same Zoom user holds this row: the next statement then sees that connection.
    await connection.execute(
        select(zoom_grants.c.grant_id).where(zoom_grants.c.zoom_user_id == zoom_user_id).with_for_update()
    )
    in_use = select(connections.c.team_id).where(connections.c.zoom_user_id == zoom_user_id).exists()
    statement = delete(zoom_grants).where(zoom_grants.c.zoom_user_id == zoom_user_id, ~in_use).returning(*zoom_grants.c)
    return (await connection.execute(statement)).mappings().one_or_none()
