"""What happened on the wire, kept for tests to read: bounded, and without secrets."""

from __future__ import annotations

from collections import deque
from typing import Any

from simulators.slack.model import Json

KEPT = 5000
SECRET_NAMES = frozenset({"client_secret", "code", "refresh_token", "access_token", "token", "code_verifier"})


class Journal:
    """A numbered list of the latest entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Json] = deque(maxlen=KEPT)
        self._seq = 0

    def add(self, entry: Json) -> None:
        """Number an entry and keep it, its secrets masked."""
        self._seq += 1
        self._entries.append({"seq": self._seq, **_masked(entry)})

    def entries(self, **wanted: str) -> list[Json]:
        """Return the entries whose members have the wanted values."""
        return [e for e in self._entries if all(e.get(name) == value for name, value in wanted.items())]

    def clear(self) -> None:
        """Forget the entries; the numbering goes on."""
        self._entries.clear()


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: "***" if k in SECRET_NAMES and v else _masked(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return value
