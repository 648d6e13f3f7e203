"""Grants in the database, of people and of accounts, and the lease that lets one refresh at a time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from services.auth.grants import AppLevel, Grant, TokenPair, ZoomProfile
from services.auth.tables import zoom_account_grants, zoom_grants
from services.auth.vault import Row, Vault

TABLES: Mapping[AppLevel, Table] = {AppLevel.USER: zoom_grants, AppLevel.ACCOUNT: zoom_account_grants}
_BEFORE_ANY_EVENT = datetime(1970, 1, 1, tzinfo=UTC)


def key_of(table: Table) -> Column[Any]:
    """Returns the column that names whose grant a row is: the Zoom user, or the account."""
    [key] = table.primary_key
    return key


def open_tokens(vault: Vault, level: AppLevel, row: Row) -> TokenPair:
    """Returns the pair of a grant's row. Raises SealError where it does not open."""
    columns = TABLES[level].c
    return TokenPair(
        vault.open_text(columns.access_token_sealed, row),
        vault.open_text(columns.refresh_token_sealed, row),
        row["access_expire_time"],
        tuple(row["scopes"].split()),
        level,
    )


def grant_of(vault: Vault, level: AppLevel, row: Row) -> Grant:
    """Returns the grant in a row. Raises SealError where its tokens do not open."""
    return Grant(
        grant_id=row["grant_id"],
        token_version=row["token_version"],
        zoom_user_id=row["zoom_user_id"],
        zoom_account_id=row["zoom_account_id"],
        tokens=open_tokens(vault, level, row),
        consent_time=row["consent_time"] or _BEFORE_ANY_EVENT,
        lease_expire_time=row["refresh_lease_expire_time"],
        end_time=row["end_time"],
    )


async def put_grant(
    connection: AsyncConnection, vault: Vault, tokens: TokenPair, profile: ZoomProfile, now: datetime
) -> None:
    """Stores a new grant in the place of an older one of the same user, or account.

    The older pair is not revoked: Zoom ends it where the same person consented again, and where it was another
    administrator's, a revocation might be taken for a removal of the app from the account.
    """
    table = TABLES[tokens.level]
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
        "consent_time": now,
    }
    row["access_token_sealed"] = vault.seal(table.c.access_token_sealed, row, tokens.access_token)
    row["refresh_token_sealed"] = vault.seal(table.c.refresh_token_sealed, row, tokens.refresh_token)
    statement = insert(connection, table).values(row)
    await connection.execute(statement.on_conflict_do_update(index_elements=[key_of(table).name], set_=row))


class GrantStore:
    """Grants of one app. Writes are conditional on the pair that the writer knows: a newer consent is never lost."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, level: AppLevel) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._level = level
        self._table = TABLES[level]

    async def current(self, pair: Grant) -> Grant | None:
        """Returns what is stored now of the same user, or account."""
        return await self.get(getattr(pair, key_of(self._table).name))

    async def get(self, owner_id: str) -> Grant | None:
        """Returns the grant of a Zoom user, or of an account."""
        statement = select(self._table).where(key_of(self._table) == owner_id)
        async with self._database.snapshot("get grant") as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return None if row is None else grant_of(self._vault, self._level, row)

    async def acquire_lease(self, pair: Grant, owner: str, duration: timedelta) -> bool:
        """Takes the right to refresh this pair; False where somebody has it, or the pair is another by now."""
        now, columns = self._clock.now(), self._table.c
        free = or_(columns.refresh_lease_expire_time.is_(None), columns.refresh_lease_expire_time <= now)
        async with self._database.transaction("lease refresh") as connection:
            result = await connection.execute(
                update(self._table)
                .where(self._unchanged(pair), columns.end_time.is_(None), free)
                .values(refresh_lease_owner=owner, refresh_lease_expire_time=now + duration)
            )
        return result.rowcount == 1

    async def release_lease(self, pair: Grant, owner: str) -> None:
        """Gives the right back after a failure, so that the next call may try at once."""
        async with self._database.transaction("release refresh") as connection:
            await connection.execute(
                update(self._table)
                .where(self._same_owner(pair), self._table.c.refresh_lease_owner == owner)
                .values(refresh_lease_owner=None, refresh_lease_expire_time=None)
            )

    async def save_pair(self, pair: Grant, fresh: TokenPair) -> bool:
        """Puts the next pair in the place of the grant's, and ends the lease. False where it is stored no more.

        The lease itself is no condition: a holder who was slow still has the only pair that works, and the refresh of
        whoever came after was refused; `end` is undone by it.
        """
        row = {"zoom_user_id": pair.zoom_user_id, "zoom_account_id": pair.zoom_account_id}
        columns = self._table.c
        async with self._database.transaction("save tokens") as connection:
            result = await connection.execute(
                update(self._table)
                .where(self._unchanged(pair))
                .values(
                    token_version=pair.token_version + 1,
                    # Zoom may leave the scopes out where they did not change.
                    scopes=" ".join(fresh.scopes or pair.tokens.scopes),
                    access_token_sealed=self._vault.seal(columns.access_token_sealed, row, fresh.access_token),
                    refresh_token_sealed=self._vault.seal(columns.refresh_token_sealed, row, fresh.refresh_token),
                    access_expire_time=fresh.expire_time,
                    refresh_lease_owner=None,
                    refresh_lease_expire_time=None,
                    end_time=None,
                    end_cause=None,
                )
            )
        return result.rowcount == 1

    async def end(self, pair: Grant, cause: str) -> None:
        """Marks a grant as ended by Zoom and wipes its tokens; the row stays for whoever asks why."""
        async with self._database.transaction("end grant") as connection:
            await connection.execute(
                update(self._table)
                .where(self._unchanged(pair), self._table.c.end_time.is_(None))
                .values(
                    access_token_sealed=b"",
                    refresh_token_sealed=b"",
                    refresh_lease_owner=None,
                    refresh_lease_expire_time=None,
                    end_time=self._clock.now(),
                    end_cause=cause[:64],
                )
            )

    def _same_owner(self, pair: Grant) -> ColumnElement[bool]:
        key = key_of(self._table)
        condition: ColumnElement[bool] = key == getattr(pair, key.name)
        return condition

    def _unchanged(self, pair: Grant) -> ColumnElement[bool]:
        columns = self._table.c
        return and_(
            self._same_owner(pair), columns.grant_id == pair.grant_id, columns.token_version == pair.token_version
        )
