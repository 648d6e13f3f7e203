"""What goes into the `_sealed` columns, and out again. A value is bound to its column and to its row's tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, RowMapping

from mesh.sealing import KeyRing
from services.auth.tables import BOUND_TO

Row = Mapping[str, Any] | RowMapping
"""The columns of a row by name, read or about to be written."""


class Vault:
    """Seals and opens the values of sealed columns. Empty values stay empty: they mean "none"."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def seal(self, column: Column[bytes], row: Row, value: str | bytes) -> bytes:
        """Returns `value` as `column` of `row` holds it; `row` has the columns to which it is bound."""
        plain = value.encode() if isinstance(value, str) else value
        return self._keys.seal(plain, *_place(column, row)) if plain else b""

    def open(self, column: Column[bytes], row: Row) -> bytes:
        """Returns what `column` of `row` holds. Raises SealError where it was altered or comes from another row."""
        sealed: bytes = row[column.name]
        return self._keys.open(sealed, *_place(column, row)) if sealed else b""

    def open_text(self, column: Column[bytes], row: Row) -> str:
        """Returns the text that `column` of `row` holds. Raises SealError as `open` does."""
        return self.open(column, row).decode()

    def is_current(self, sealed: bytes) -> bool:
        """Tells whether the first key of the ring sealed this."""
        return not sealed or sealed.startswith(self._keys.keys[0][0].encode() + b":")


def _place(column: Column[bytes], row: Row) -> tuple[str, ...]:
    return (f"{column.table.name}.{column.name}", *(str(row[name]) for name in column.info[BOUND_TO]))
