"""Rotation of the keys of secrets at rest, beside running replicas."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, RowMapping, Table, select, tuple_, update

from mesh.database import Database
from mesh.sealing import SealError
from services.auth.tables import BOUND_TO, metadata
from services.auth.vault import Vault

log = logging.getLogger(__name__)

_BATCH = 200


@dataclass(frozen=True)
class Rotated:
    """What a rotation did."""

    resealed: int
    """Values that the first key holds now."""
    unopened: int
    """Values that no key on the ring opens. They stay as they are."""


async def rotate_keys(database: Database, vault: Vault) -> Rotated:
    """Seals every value that an older key sealed with the first one. Safe to repeat and to interrupt.

    A value that a replica changed meanwhile is left alone: the replica sealed it.
    """
    resealed = unopened = 0
    for table in metadata.sorted_tables:
        sealed = [column for column in table.columns if BOUND_TO in column.info]
        after: tuple[Any, ...] | None = None
        while sealed:
            rows = await _batch(database, table, after)
            for row in rows:
                for column in sealed:
                    if vault.is_current(row[column.name]):
                        continue
                    try:
                        fresh = vault.seal(column, row, vault.open(column, row))
                    except SealError:
                        log.error(  # noqa: TRY400 (the traceback says nothing more)
                            "no key opens this value", extra={"table": table.name, "column": column.name}
                        )
                        unopened += 1
                        continue
                    resealed += await _replace(database, column, row, fresh)
            if len(rows) < _BATCH:
                break
            after = tuple(rows[-1][key.name] for key in table.primary_key)
    return Rotated(resealed, unopened)


async def _batch(database: Database, table: Table, after: tuple[Any, ...] | None) -> Sequence[RowMapping]:
    keys = tuple(table.primary_key)
    statement = select(table).order_by(*keys).limit(_BATCH)
    if after is not None:
        statement = statement.where(tuple_(*keys) > tuple_(*after))
    async with database.snapshot("read sealed values") as connection:
        return (await connection.execute(statement)).mappings().all()


async def _replace(database: Database, column: Column[bytes], row: RowMapping, fresh: bytes) -> int:
    table = column.table
    assert isinstance(table, Table)  # noqa: S101 (columns of `metadata` have no other parent)
    same_row = [key == row[key.name] for key in table.primary_key]
    async with database.transaction("seal anew") as connection:
        result = await connection.execute(
            update(table).where(*same_row, column == row[column.name]).values({column.name: fresh})
        )
    return result.rowcount
