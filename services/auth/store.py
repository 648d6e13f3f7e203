"""Connect links and connections in the database. With `store_grants`, `store_installations` and `store_keys`: the only
SQL of this service."""

from __future__ import annotations

import hmac
import json
import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.sealing import SealError
from mesh.slack_user import SlackUser
from services.auth.connections import Claim, Connection, Deleted
from services.auth.grants import TokenPair, ZoomPlan, ZoomProfile
from services.auth.links import KEPT, ConnectLink
from services.auth.tables import connect_links, connections, zoom_grants
from services.auth.vault import Row, Vault

log = logging.getLogger(__name__)

_PURGE_BATCH = 500


def one_connection(user: SlackUser) -> ColumnElement[bool]:
    """Returns the condition that finds a person's connection: by workspace, whatever organisation it is in."""
    return and_(connections.c.team_id == user.team_id, connections.c.slack_user_id == user.user_id)


def check_binding(vault: Vault, row: Row) -> None:
    """Raises SealError unless a connection's row points where it did when it was written."""
    bound = vault.open_text(connections.c.zoom_user_id_sealed, row)
    if not hmac.compare_digest(bound.encode(), row["zoom_user_id"].encode()):
        raise SealError("a connection was pointed at another Zoom user")


class ConnectionStore:
    """Links and connections."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def add_link(self, link: ConnectLink) -> None:
        """Stores a new link."""
        row: dict[str, Any] = {
            "state_digest": link.state_digest,
            "team_id": link.user.team_id,
            "enterprise_id": link.user.enterprise_id,
            "slack_user_id": link.user.user_id,
            "display_name": link.display_name,
            "team_name": link.team_name,
            "tokens_sealed": b"",
            "expire_time": link.expire_time,
        }
        row["verifier_sealed"] = self._vault.seal(connect_links.c.verifier_sealed, row, link.verifier)
        row["continuation_sealed"] = self._vault.seal(connect_links.c.continuation_sealed, row, link.continuation)
        async with self._database.transaction("add connect link") as connection:
            await connection.execute(insert(connection, connect_links).values(row))

    async def get_link(self, state_digest: str) -> ConnectLink | None:
        """Returns a link, used and expired ones too while they are remembered."""
        async with self._database.snapshot("get connect link") as connection:
            row = await _link_row(connection, state_digest)
        return None if row is None else self._link(row)

    async def claim_link(self, state_digest: str, code_digest: str, owner: str, duration: timedelta) -> Claim | None:
        """Claims a link for a code, in one statement: an unused one, or one whose claim by this code ran out."""
        now = self._clock.now()
        unused = and_(connect_links.c.used_time.is_(None), connect_links.c.expire_time > now)
        given_up = and_(
            connect_links.c.code_digest == code_digest,
            connect_links.c.complete_time.is_(None),
            or_(connect_links.c.claim_expire_time.is_(None), connect_links.c.claim_expire_time <= now),
        )
        async with self._database.transaction("claim connect link") as connection:
            claimed = await connection.execute(
                update(connect_links)
                .where(connect_links.c.state_digest == state_digest, or_(unused, given_up))
                .values(
                    used_time=func.coalesce(connect_links.c.used_time, now),
                    code_digest=code_digest,
                    claim_owner=owner,
                    claim_expire_time=now + duration,
                )
            )
            row = await _link_row(connection, state_digest)
        return None if row is None else Claim(self._link(row), mine=claimed.rowcount == 1)

    async def refuse_link(self, state_digest: str) -> ConnectLink | None:
        """Uses a link up without a code, if it can be used, and returns it as it is now."""
        now = self._clock.now()
        async with self._database.transaction("refuse connect link") as connection:
            await connection.execute(
                update(connect_links)
                .where(
                    connect_links.c.state_digest == state_digest,
                    connect_links.c.used_time.is_(None),
                    connect_links.c.expire_time > now,
                )
                .values(used_time=now)
            )
            row = await _link_row(connection, state_digest)
        return None if row is None else self._link(row)

    async def release_link(self, link: ConnectLink, owner: str) -> None:
        """Ends a claim whose work failed, so that the same code may be tried again at once."""
        async with self._database.transaction("release connect link") as connection:
            await connection.execute(
                update(connect_links)
                .where(connect_links.c.state_digest == link.state_digest, connect_links.c.claim_owner == owner)
                .values(claim_owner=None, claim_expire_time=None)
            )

    async def keep_tokens(self, link: ConnectLink, tokens: TokenPair) -> None:
        """Keeps with the link what its code was exchanged for."""
        text = json.dumps(
            [tokens.access_token, tokens.refresh_token, tokens.expire_time.isoformat(), " ".join(tokens.scopes)]
        )
        sealed = self._vault.seal(connect_links.c.tokens_sealed, _link_place(link), text)
        async with self._database.transaction("keep new tokens") as connection:
            await connection.execute(
                update(connect_links)
                .where(connect_links.c.state_digest == link.state_digest)
                .values(tokens_sealed=sealed)
            )

    async def connect(self, link: ConnectLink, tokens: TokenPair, profile: ZoomProfile) -> str:
        """Stores grant and connection and completes the link, in one transaction.

        The grant takes the place of an older one of the same Zoom user. Returns the access token of a grant that nobody
        uses any more, as the person was connected to another Zoom user before; else an empty text.
        """
        user, now = link.user, self._clock.now()
        async with self._database.transaction("connect") as connection:
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
            await connection.execute(
                update(connect_links)
                .where(connect_links.c.state_digest == link.state_digest)
                .values(complete_time=now, verifier_sealed=b"", tokens_sealed=b"")
            )
            orphan = None if before is None else await _drop_unused_grant(connection, before)
        return "" if orphan is None else self._token_of(orphan)

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
        return Deleted(found=True, access_token="" if grant is None else self._token_of(grant))

    async def purge_links(self) -> int:
        """Forgets links that ended long ago, a bounded number of them. Returns how many."""
        old = (
            select(connect_links.c.state_digest)
            .where(connect_links.c.expire_time <= self._clock.now() - KEPT)
            .limit(_PURGE_BATCH)
        )
        async with self._database.transaction("purge connect links") as connection:
            result = await connection.execute(
                delete(connect_links).where(connect_links.c.state_digest.in_(old.scalar_subquery()))
            )
        return result.rowcount

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

    def _token_of(self, grant: Row) -> str:
        """Returns the access token of a deleted grant, empty where it does not open: deleting goes first."""
        try:
            return self._vault.open_text(zoom_grants.c.access_token_sealed, grant)
        except SealError:
            log.exception("the tokens of a deleted grant do not open; Zoom is not told")
            return ""

    def _link(self, row: Row) -> ConnectLink:
        kept = self._vault.open_text(connect_links.c.tokens_sealed, row)
        return ConnectLink(
            state_digest=row["state_digest"],
            user=SlackUser(row["enterprise_id"], row["team_id"], row["slack_user_id"]),
            display_name=row["display_name"],
            team_name=row["team_name"],
            expire_time=row["expire_time"],
            verifier=self._vault.open_text(connect_links.c.verifier_sealed, row),
            continuation=self._vault.open(connect_links.c.continuation_sealed, row),
            tokens=_tokens(kept) if kept else None,
            used_time=row["used_time"],
            code_digest=row["code_digest"] or "",
            complete_time=row["complete_time"],
        )


async def _link_row(connection: AsyncConnection, state_digest: str) -> Row | None:
    statement = select(connect_links).where(connect_links.c.state_digest == state_digest)
    return (await connection.execute(statement)).mappings().one_or_none()


async def _drop_unused_grant(connection: AsyncConnection, zoom_user_id: str) -> Row | None:
    """Deletes a grant that no connection uses and returns what it was, or None."""
    # Whoever is connecting the same Zoom user holds this row: the next statement then sees that connection.
    await connection.execute(
        select(zoom_grants.c.grant_id).where(zoom_grants.c.zoom_user_id == zoom_user_id).with_for_update()
    )
    in_use = select(connections.c.team_id).where(connections.c.zoom_user_id == zoom_user_id).exists()
    statement = delete(zoom_grants).where(zoom_grants.c.zoom_user_id == zoom_user_id, ~in_use).returning(*zoom_grants.c)
    return (await connection.execute(statement)).mappings().one_or_none()


def _link_place(link: ConnectLink) -> Row:
    return {
        "team_id": link.user.team_id,
        "slack_user_id": link.user.user_id,
        "state_digest": link.state_digest,
    }


def _tokens(text: str) -> TokenPair:
    access, refresh, expire_time, scopes = json.loads(text)
    return TokenPair(access, refresh, datetime.fromisoformat(expire_time), tuple(scopes.split()))
