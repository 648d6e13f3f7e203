"""The receipts of departures in the database: what other services have still to erase, and what they erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from mesh.clock import Clock
from mesh.database import Database
from mesh.departed import Departed
from mesh.slack_user import SlackUser
from services.auth.departures import Cause, Eraser, Erasure, Receipt
from services.auth.tables import departure_erasures, departures

RECEIPTS_KEPT = timedelta(days=366)
_BATCH = 500


class ReceiptStore:
    """Receipts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def pending(self, eraser: Eraser, limit: int, but: Sequence[str]) -> list[Departed]:
        """Returns what one service has not erased yet, the oldest first, without the departures `but`."""
        statement = (
            select(departures)
            .join(departure_erasures, departure_erasures.c.departure_id == departures.c.departure_id)
            .where(departure_erasures.c.eraser == eraser.value, departure_erasures.c.complete_time.is_(None))
            .where(departures.c.departure_id.not_in(but))
            .order_by(departures.c.record_time)
            .limit(limit)
        )
        async with self._database.snapshot("look for departures", traced=False) as connection:
            return [_departed(row) for row in (await connection.execute(statement)).mappings()]

    async def complete(self, eraser: Eraser, departure_id: str, erased_rows: int) -> bool:
        """Records an erasure, once. Returns False where there is no such departure."""
        mine = and_(departure_erasures.c.departure_id == departure_id, departure_erasures.c.eraser == eraser.value)
        async with self._database.transaction("complete departure") as connection:
            await connection.execute(
                update(departure_erasures)
                .where(mine, departure_erasures.c.complete_time.is_(None))
                .values(erased_rows=erased_rows, complete_time=self._clock.now())
            )
            return (await connection.execute(select(departure_erasures.c.eraser).where(mine))).first() is not None

    async def receipts(self, user: SlackUser, *, before: tuple[datetime, str] | None, limit: int) -> list[Receipt]:
        """Returns the receipts of the person's workspace and of her whole organisation, the newest first."""
        columns = departures.c
        organisation = and_(columns.team_id == "", columns.enterprise_id == user.enterprise_id)
        ours = columns.team_id == user.team_id
        query = (
            select(departures)
            .where(or_(ours, organisation) if user.enterprise_id else ours)
            .order_by(columns.record_time.desc(), columns.departure_id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(
                or_(
                    columns.record_time < before[0],
                    and_(columns.record_time == before[0], columns.departure_id < before[1]),
                )
            )
        async with self._database.snapshot("list receipts") as connection:
            rows = (await connection.execute(query)).mappings().all()
            found = await connection.execute(
                select(departure_erasures)
                .where(departure_erasures.c.departure_id.in_([row["departure_id"] for row in rows]))
                .order_by(departure_erasures.c.eraser)
            )
            erasures: dict[str, list[Erasure]] = {}
            for one in found.mappings():
                erasure = Erasure(Eraser(one["eraser"]), one["erased_rows"], one["complete_time"])
                erasures.setdefault(one["departure_id"], []).append(erasure)
        return [_receipt(row, erasures.get(row["departure_id"], [])) for row in rows]

    async def purge(self) -> int:
        """Forgets at most a batch of old receipts. Returns how many."""
        old = (
            select(departures.c.departure_id)
            .where(departures.c.record_time <= self._clock.now() - RECEIPTS_KEPT)
            .limit(_BATCH)
        )
        async with self._database.transaction("purge receipts") as connection:
            result = await connection.execute(
                delete(departures).where(departures.c.departure_id.in_(old.scalar_subquery()))
            )
        return result.rowcount


def _departed(row: Any) -> Departed:
    return Departed(
        departure_id=row["departure_id"],
        enterprise_id=row["enterprise_id"],
        team_id=row["team_id"],
        user_id=row["slack_user_id"],
        depart_time=row["depart_time"],
    )


def _receipt(row: Any, erasures: list[Erasure]) -> Receipt:
    return Receipt(
        departed=_departed(row),
        cause=Cause(row["cause"]),
        record_time=row["record_time"],
        erasures=(Erasure(None, row["auth_rows"], row["record_time"]), *erasures),
    )
