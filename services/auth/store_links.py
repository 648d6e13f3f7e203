"""Connect links in the database."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.sealing import SealError
from mesh.slack_user import SlackUser
from services.auth.grants import AppLevel, TokenPair
from services.auth.links import KEPT, REPEAT, Claim, ConnectLink
from services.auth.purge import BATCH
from services.auth.store_revocations import record_revocations
from services.auth.store_tokens import pack, unpack
from services.auth.tables import connect_links
from services.auth.vault import Row, Vault

log = logging.getLogger(__name__)


class LinkStore:
    """Connect links."""

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
            "app_level": link.level.value,
            "zoom_scopes": " ".join(link.zoom_scopes),
            "browser_digest": link.browser_digest,
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

    async def claim_link(
        self, state_digest: str, level: AppLevel, code_digest: str, owner: str, duration: timedelta
    ) -> Claim | None:
        """Claims a link for a code, in one statement: an unused one, or one whose claim by this code ran out.

        The latter ends REPEAT after the link.
        """
        now = self._clock.now()
        unused = and_(connect_links.c.used_time.is_(None), connect_links.c.expire_time > now)
        given_up = and_(
            connect_links.c.code_digest == code_digest,
            connect_links.c.complete_time.is_(None),
            connect_links.c.expire_time > now - REPEAT,
            or_(connect_links.c.claim_expire_time.is_(None), connect_links.c.claim_expire_time <= now),
        )
        async with self._database.transaction("claim connect link") as connection:
            claimed = await connection.execute(
                update(connect_links)
                .where(_one(state_digest, level), or_(unused, given_up))
                .values(
                    used_time=func.coalesce(connect_links.c.used_time, now),
                    code_digest=code_digest,
                    claim_owner=owner,
                    claim_expire_time=now + duration,
                )
            )
            row = await _link_row(connection, state_digest, level)
        return None if row is None else Claim(self._link(row), mine=claimed.rowcount == 1)

    async def refuse_link(self, state_digest: str, level: AppLevel) -> ConnectLink | None:
        """Uses a link up without a code, if it can be used, and returns it as it is now."""
        now = self._clock.now()
        async with self._database.transaction("refuse connect link") as connection:
            await connection.execute(
                update(connect_links)
                .where(
                    _one(state_digest, level), connect_links.c.used_time.is_(None), connect_links.c.expire_time > now
                )
                .values(used_time=now)
            )
            row = await _link_row(connection, state_digest, level)
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
        sealed = self._vault.seal(connect_links.c.tokens_sealed, _link_place(link), pack(tokens))
        async with self._database.transaction("keep new tokens") as connection:
            await connection.execute(
                update(connect_links)
                .where(connect_links.c.state_digest == link.state_digest)
                .values(tokens_sealed=sealed)
            )

    async def give_up_tokens(self) -> int:
        """Takes tokens away from links that can be completed no more: at most BATCH, each by one replica only.

        They are recorded as to be revoked, in the same transaction. Returns from how many links.
        """
        now = self._clock.now()
        over = and_(
            connect_links.c.expire_time <= now - REPEAT,
            connect_links.c.tokens_sealed != b"",
            or_(connect_links.c.claim_expire_time.is_(None), connect_links.c.claim_expire_time <= now),
        )
        statement = select(connect_links).where(over).limit(BATCH).with_for_update(skip_locked=True)
        async with self._database.transaction("give kept tokens up") as connection:
            rows = (await connection.execute(statement)).mappings().all()
            # What does not open stays: another replica may have the key.
            opened = {row["state_digest"]: pair for row in rows if (pair := kept_tokens(self._vault, row)) is not None}
            # Without its owner the claim is lost, also to a holder who is only slow.
            await connection.execute(
                update(connect_links)
                .where(connect_links.c.state_digest.in_(opened))
                .values(tokens_sealed=b"", claim_owner=None, claim_expire_time=None)
            )
            await record_revocations(connection, self._vault, opened.values(), now, head_start=timedelta())
        return len(opened)

    async def purge_links(self) -> int:
        """Forgets at most BATCH links that ended long ago. Returns how many."""
        old = (
            select(connect_links.c.state_digest)
            .where(connect_links.c.expire_time <= self._clock.now() - KEPT)
            .limit(BATCH)
        )
        async with self._database.transaction("purge connect links") as connection:
            result = await connection.execute(
                delete(connect_links).where(connect_links.c.state_digest.in_(old.scalar_subquery()))
            )
        return result.rowcount

    def _link(self, row: Row) -> ConnectLink:
        kept = self._vault.open_text(connect_links.c.tokens_sealed, row)
        level = AppLevel(row["app_level"])
        return ConnectLink(
            state_digest=row["state_digest"],
            level=level,
            user=SlackUser(row["enterprise_id"], row["team_id"], row["slack_user_id"]),
            display_name=row["display_name"],
            team_name=row["team_name"],
            expire_time=row["expire_time"],
            zoom_scopes=tuple(row["zoom_scopes"].split()),
            verifier=self._vault.open_text(connect_links.c.verifier_sealed, row),
            continuation=self._vault.open(connect_links.c.continuation_sealed, row),
            tokens=unpack(kept, level) if kept else None,
            used_time=row["used_time"],
            code_digest=row["code_digest"] or "",
            complete_time=row["complete_time"],
            zoom_account_id=row["zoom_account_id"],
            browser_digest=row["browser_digest"],
        )


def kept_tokens(vault: Vault, row: Row) -> TokenPair | None:
    """Returns the pair that a link's row keeps; None where it keeps none, or none that opens."""
    try:
        kept = vault.open_text(connect_links.c.tokens_sealed, row)
    except SealError:
        log.exception("the tokens of an old link do not open")
        return None
    return unpack(kept, AppLevel(row["app_level"])) if kept else None


def _one(state_digest: str, level: AppLevel) -> ColumnElement[bool]:
    """Returns the condition that finds a link: one that is for the other app is none."""
    return and_(connect_links.c.state_digest == state_digest, connect_links.c.app_level == level.value)


async def _link_row(connection: AsyncConnection, state_digest: str, level: AppLevel | None = None) -> Row | None:
    statement = select(connect_links).where(connect_links.c.state_digest == state_digest)
    if level is not None:
        statement = statement.where(_one(state_digest, level))
    return (await connection.execute(statement)).mappings().one_or_none()


def _link_place(link: ConnectLink) -> Row:
    return {
        "team_id": link.user.team_id,
        "slack_user_id": link.user.user_id,
        "state_digest": link.state_digest,
    }
