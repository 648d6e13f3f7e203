"""Grants in the database, and the lease that lets one refresh at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update

from mesh.clock import Clock
from mesh.database import Database
from mesh.slack_user import SlackUser
from services.auth.grants import Grant, TokenPair, ZoomPlan, ZoomProfile
from services.auth.store import check_binding, one_connection, open_tokens
from services.auth.tables import connections, zoom_grants
from services.auth.vault import Row, Vault


class GrantStore:
    """Grants. Writes are conditional on the pair that the writer knows: a newer consent is never overwritten."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def of_user(self, user: SlackUser) -> Grant | None:
        """Returns the grant behind a person's connection."""
        statement = (
            select(
                zoom_grants,
                connections.c.team_id,
                connections.c.slack_user_id,
                connections.c.zoom_user_id_sealed,
            )
            .join(zoom_grants, zoom_grants.c.zoom_user_id == connections.c.zoom_user_id)
            .where(one_connection(user))
        )
        async with self._database.snapshot("get grant of user") as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        if row is None:
            return None
        check_binding(self._vault, row)
        return self._grant(row)

    async def get(self, zoom_user_id: str) -> Grant | None:
        """Returns a grant."""
        statement = select(zoom_grants).where(zoom_grants.c.zoom_user_id == zoom_user_id)
        async with self._database.snapshot("get grant") as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return None if row is None else self._grant(row)

    async def acquire_lease(self, grant: Grant, owner: str, duration: timedelta) -> bool:
        """Takes the right to refresh this pair; False where somebody has it, or the pair is another by now."""
        now = self._clock.now()
        free = or_(zoom_grants.c.refresh_lease_expire_time.is_(None), zoom_grants.c.refresh_lease_expire_time <= now)
        async with self._database.transaction("lease refresh") as connection:
            result = await connection.execute(
                update(zoom_grants)
                .where(_unchanged(grant), zoom_grants.c.end_time.is_(None), free)
                .values(refresh_lease_owner=owner, refresh_lease_expire_time=now + duration)
            )
        return result.rowcount == 1

    async def release_lease(self, grant: Grant, owner: str) -> None:
        """Gives the right back after a failure, so that the next call may try at once."""
        async with self._database.transaction("release refresh") as connection:
            await connection.execute(
                update(zoom_grants)
                .where(
                    zoom_grants.c.zoom_user_id == grant.profile.zoom_user_id,
                    zoom_grants.c.refresh_lease_owner == owner,
                )
                .values(refresh_lease_owner=None, refresh_lease_expire_time=None)
            )

    async def save_pair(self, grant: Grant, tokens: TokenPair) -> bool:
        """Puts the next pair in the place of the grant's, and ends the lease. False where it is stored no more.

        The lease itself is no condition: a holder who was slow still has the only pair that works, and the refresh of
        whoever came after was refused; `end` is undone by it.
        """
        row: dict[str, Any] = {
            "zoom_user_id": grant.profile.zoom_user_id,
            "zoom_account_id": grant.profile.zoom_account_id,
        }
        async with self._database.transaction("save tokens") as connection:
            result = await connection.execute(
                update(zoom_grants)
                .where(_unchanged(grant))
                .values(
                    token_version=grant.token_version + 1,
                    # Zoom may leave the scopes out where they did not change.
                    scopes=" ".join(tokens.scopes or grant.tokens.scopes),
                    access_token_sealed=self._vault.seal(zoom_grants.c.access_token_sealed, row, tokens.access_token),
                    refresh_token_sealed=self._vault.seal(
                        zoom_grants.c.refresh_token_sealed, row, tokens.refresh_token
                    ),
                    access_expire_time=tokens.expire_time,
                    refresh_lease_owner=None,
                    refresh_lease_expire_time=None,
                    end_time=None,
                    end_cause=None,
                )
            )
        return result.rowcount == 1

    async def end(self, grant: Grant, cause: str) -> None:
        """Marks a grant as ended by Zoom and wipes its tokens; the row stays for whoever asks why."""
        async with self._database.transaction("end grant") as connection:
            await connection.execute(
                update(zoom_grants)
                .where(_unchanged(grant), zoom_grants.c.end_time.is_(None))
                .values(
                    access_token_sealed=b"",
                    refresh_token_sealed=b"",
                    refresh_lease_owner=None,
                    refresh_lease_expire_time=None,
                    end_time=self._clock.now(),
                    end_cause=cause[:64],
                )
            )

    def _grant(self, row: Row) -> Grant:
        return Grant(
            grant_id=row["grant_id"],
            token_version=row["token_version"],
            profile=ZoomProfile(row["zoom_user_id"], row["zoom_account_id"], ZoomPlan(row["plan"])),
            tokens=open_tokens(self._vault, row),
            lease_expire_time=row["refresh_lease_expire_time"],
            end_time=row["end_time"],
        )


def _unchanged(grant: Grant) -> ColumnElement[bool]:
    return and_(
        zoom_grants.c.zoom_user_id == grant.profile.zoom_user_id,
        zoom_grants.c.grant_id == grant.grant_id,
        zoom_grants.c.token_version == grant.token_version,
    )
