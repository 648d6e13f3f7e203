"""What several stores of auth do to the same rows, each within its own transaction."""

from __future__ import annotations

import hmac
import logging
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import insert, serialize
from mesh.sealing import SealError
from mesh.slack_user import SlackUser
from services.auth.departures import Cause, Eraser
from services.auth.grants import AppLevel, TokenPair, ZoomProfile
from services.auth.links import ConnectLink
from services.auth.store_grants import open_tokens
from services.auth.tables import (
    connect_links,
    connections,
    departure_erasures,
    departures,
    slack_installations,
    zoom_grants,
)
from services.auth.vault import Row, Vault

log = logging.getLogger(__name__)

_GRANTS_AT_ONCE = 500
"""A statement may not have any number of parameters."""


def one_connection(user: SlackUser) -> ColumnElement[bool]:
    """Returns the condition that finds a person's connection: by workspace, whatever organisation it is in."""
    return and_(connections.c.team_id == user.team_id, connections.c.slack_user_id == user.user_id)


async def complete_link(
    connection: AsyncConnection, link: ConnectLink, owner: str, now: datetime, *, zoom_account_id: str = ""
) -> bool:
    """Completes a link if `owner` still has its claim."""
    completed = await connection.execute(
        update(connect_links)
        .where(
            connect_links.c.state_digest == link.state_digest,
            connect_links.c.claim_owner == owner,
            connect_links.c.complete_time.is_(None),
        )
        .values(complete_time=now, verifier_sealed=b"", tokens_sealed=b"", zoom_account_id=zoom_account_id)
    )
    return completed.rowcount == 1


def connection_row(
    vault: Vault, user: SlackUser, profile: ZoomProfile, now: datetime, *, matched: bool
) -> dict[str, Any]:
    """Returns the row of a new connection."""
    row: dict[str, Any] = {
        "team_id": user.team_id,
        "slack_user_id": user.user_id,
        "enterprise_id": user.enterprise_id,
        "zoom_user_id": profile.zoom_user_id,
        "zoom_account_id": profile.zoom_account_id,
        "plan": profile.plan.value,
        "matched": matched,
        "connect_time": now,
    }
    return {**row, "zoom_user_id_sealed": vault.seal(connections.c.zoom_user_id_sealed, row, profile.zoom_user_id)}


def bound_account(vault: Vault, row: Row) -> str:
    """Returns the Zoom account that an installation's row belongs to. Raises SealError where it was pointed there."""
    if not row["zoom_account_id"]:
        return ""
    bound = vault.open_text(slack_installations.c.zoom_account_id_sealed, row)
    if not hmac.compare_digest(bound.encode(), row["zoom_account_id"].encode()):
        raise SealError("a workspace was pointed at another Zoom account")
    return bound


def tokens_of(vault: Vault, grant: Row | None, level: AppLevel = AppLevel.USER) -> TokenPair | None:
    """Returns the pair of a deleted grant; None where it has none, or none that opens: deleting goes first."""
    if grant is None or grant["end_time"] is not None:
        return None
    try:
        return open_tokens(vault, level, grant)
    except SealError:
        log.exception("the tokens of a deleted grant do not open; Zoom is not told")
        return None


async def hold_person(connection: AsyncConnection, user: SlackUser) -> None:
    """Lets one transaction at a time connect or disconnect a person, who may have no row yet that could be locked."""
    await serialize(connection, "person", user.team_id, user.user_id)


async def lock_grants(connection: AsyncConnection, zoom_user_ids: Iterable[str]) -> None:
    """Locks the grants of these Zoom users, in the order of `services.auth.tables`."""
    for some in _portions(zoom_user_ids):
        await connection.execute(
            select(zoom_grants.c.grant_id)
            .where(zoom_grants.c.zoom_user_id.in_(some))
            .order_by(zoom_grants.c.zoom_user_id)
            .with_for_update()
        )


async def drop_unused_grants(
    connection: AsyncConnection, vault: Vault, zoom_user_ids: Iterable[str]
) -> list[TokenPair]:
    """Deletes those of the grants that no connection uses, and returns the pairs that lived in them.

    The grants are locked: whoever is connecting one of these Zoom users holds her row, and is seen then.
    """
    dropped: list[TokenPair] = []
    in_use = exists().where(connections.c.zoom_user_id == zoom_grants.c.zoom_user_id)
    for some in _portions(zoom_user_ids):
        deleted = await connection.execute(
            delete(zoom_grants).where(zoom_grants.c.zoom_user_id.in_(some), ~in_use).returning(*zoom_grants.c)
        )
        dropped += [pair for row in deleted.mappings() if (pair := tokens_of(vault, row)) is not None]
    return dropped


def _portions(ids: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), _GRANTS_AT_ONCE):
        yield ordered[start : start + _GRANTS_AT_ONCE]


async def lock_connections(connection: AsyncConnection, which: ColumnElement[bool]) -> set[str]:
    """Locks connections, in the order of `services.auth.tables`. Returns the Zoom users whom they lead to."""
    statement = select(connections.c.zoom_user_id).where(which)
    ordered = statement.order_by(connections.c.team_id, connections.c.slack_user_id).with_for_update()
    return set((await connection.execute(ordered)).scalars())


async def delete_connections(connection: AsyncConnection, which: ColumnElement[bool]) -> list[SlackUser]:
    """Deletes connections and returns whose they were."""
    await lock_connections(connection, which)
    statement = (
        delete(connections)
        .where(which)
        .returning(connections.c.enterprise_id, connections.c.team_id, connections.c.slack_user_id)
    )
    return [SlackUser(*row) for row in await connection.execute(statement)]


async def record_departures(
    connection: AsyncConnection,
    who: Iterable[SlackUser],
    cause: Cause,
    *,
    depart_time: datetime,
    now: datetime,
    auth_rows: int = 1,
) -> int:
    """Records that each of `who` left, and that the other services have to erase what they hold. Returns how many.

    `auth_rows` is what auth itself deleted of each.
    """
    rows = [
        {
            "departure_id": str(uuid.uuid4()),
            "enterprise_id": one.enterprise_id,
            "team_id": one.team_id,
            "slack_user_id": one.user_id,
            "depart_time": depart_time,
            "cause": cause.value,
            "record_time": now,
            "auth_rows": auth_rows,
        }
        for one in who
    ]
    if rows:
        await connection.execute(insert(connection, departures), rows)
        await connection.execute(
            insert(connection, departure_erasures),
            [
                {"departure_id": row["departure_id"], "eraser": eraser.value, "erased_rows": 0}
                for row in rows
                for eraser in Eraser
            ],
        )
    return len(rows)
