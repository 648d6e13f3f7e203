"""Pairs of tokens that Zoom is still to be told of, in the database."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.clock import Clock
from mesh.database import Database, insert
from mesh.sealing import SealError
from services.auth.grants import AppLevel, TokenPair
from services.auth.revocation import Orphan
from services.auth.store_tokens import pack, unpack
from services.auth.tables import revocations
from services.auth.vault import Row, Vault

log = logging.getLogger(__name__)

BATCH = 20
"""Pairs that one look takes: Zoom limits how fast it may be asked."""
HEAD_START = timedelta(minutes=2)
"""Whoever recorded a pair tries at once. Only what is still there after this is looked for."""
PAUSES = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
"""Between two tries; the last one from then on."""
KEPT = timedelta(days=90)
"""As long as a refresh token of Zoom lives (Zoom, "OAuth 2.0"): what is older is dead by itself."""


async def record_revocations(
    connection: AsyncConnection,
    vault: Vault,
    pairs: Iterable[TokenPair],
    now: datetime,
    *,
    head_start: timedelta = HEAD_START,
) -> list[Orphan]:
    """Records pairs in the transaction that takes them away from where they were.

    Returns those that the caller is to try at once, within `head_start`; what is too many for that `sweep` finds.
    """
    orphans: list[Orphan] = []
    rows: list[dict[str, Any]] = []
    for number, tokens in enumerate(pairs):
        row: dict[str, Any] = {
            "revocation_id": str(uuid.uuid4()),
            "app_level": tokens.level.value,
            "record_time": now,
            "tries": 0,
        }
        row["next_try_time"] = now + head_start if number < BATCH else now
        row["tokens_sealed"] = vault.seal(revocations.c.tokens_sealed, row, pack(tokens))
        rows.append(row)
        orphans.append(Orphan(row["revocation_id"], tokens, row["tokens_sealed"]))
    if rows:
        await connection.execute(insert(connection, revocations), rows)
    return orphans[:BATCH]


class RevocationStore:
    """What is to be revoked."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def add(self, tokens: TokenPair) -> Orphan:
        """Records a pair that is stored nowhere else."""
        async with self._database.transaction("record revocation") as connection:
            [orphan] = await record_revocations(connection, self._vault, [tokens], self._clock.now())
        return orphan

    async def take(self) -> tuple[int, list[Orphan]]:
        """Takes at most BATCH pairs whose next try is due, each by one replica only, and sets the one after that.

        Returns how many rows were due, and the pairs among them that open. Those that died of age are forgotten; one
        that does not open waits for a replica that has its key.
        """
        now = self._clock.now()
        due = (
            select(revocations)
            .where(revocations.c.next_try_time <= now)
            .order_by(revocations.c.next_try_time)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
        found: list[Orphan] = []
        async with self._database.transaction("take revocations") as connection:
            rows = (await connection.execute(due)).mappings().all()
            for row in rows:
                this = revocations.c.revocation_id == row["revocation_id"]
                if row["record_time"] + KEPT <= now:
                    await connection.execute(delete(revocations).where(this))
                    continue
                pause = PAUSES[min(row["tries"], len(PAUSES) - 1)]
                tried = {"tries": row["tries"] + 1, "next_try_time": now + pause}
                await connection.execute(update(revocations).where(this).values(tried))
                tokens = self._open(row)
                if tokens is not None:
                    found.append(Orphan(row["revocation_id"], tokens, row["tokens_sealed"]))
        return len(rows), found

    async def renew(self, orphan: Orphan, fresh: TokenPair) -> Orphan:
        """Puts the next pair in the place of one that had to be renewed to be revoked: the old one is dead.

        Where somebody else has forgotten or renewed that one meanwhile, the fresh pair is recorded beside it.
        """
        place = {"revocation_id": orphan.revocation_id, "app_level": orphan.tokens.level.value}
        sealed = self._vault.seal(revocations.c.tokens_sealed, place, pack(fresh))
        async with self._database.transaction("renew revocation") as connection:
            renewed = await connection.execute(update(revocations).where(_same(orphan)).values(tokens_sealed=sealed))
            if renewed.rowcount == 1:
                return Orphan(orphan.revocation_id, fresh, sealed)
            [beside] = await record_revocations(connection, self._vault, [fresh], self._clock.now())
        return beside

    async def done(self, orphan: Orphan) -> None:
        """Forgets a pair that Zoom knows of, and not one that took its place."""
        async with self._database.transaction("end revocation") as connection:
            await connection.execute(delete(revocations).where(_same(orphan)))

    def _open(self, row: Row) -> TokenPair | None:
        try:
            text = self._vault.open_text(revocations.c.tokens_sealed, row)
        except SealError:
            log.exception("tokens to revoke do not open; they wait for their key")
            return None
        return unpack(text, AppLevel(row["app_level"]))


def _same(orphan: Orphan) -> ColumnElement[bool]:
    """Returns the condition that a row still holds the pair that was read from it."""
    return and_(revocations.c.revocation_id == orphan.revocation_id, revocations.c.tokens_sealed == orphan.sealed)
