"""What happened on the wire, kept for people and tests to read: bounded, and without secrets."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from simulators.slack.masking import masked, masked_deeply
from simulators.slack.model import Json

KEPT = 5000
EXCHANGE = ("request", "response")
"""Members that hold a request or an answer as it went over the wire."""


class Journal:
    """A numbered list of the latest entries, oldest first. Journals that share `numbers` can be put in one order."""

    def __init__(self, numbers: Iterator[int], heard: Callable[[], None]) -> None:
        self._entries: deque[Json] = deque(maxlen=KEPT)
        self._numbers = numbers
        self._heard = heard

    def add(self, entry: Json) -> None:
        """Number an entry and keep it, its secrets masked."""
        exchange = {name: masked_deeply(entry[name]) for name in EXCHANGE if name in entry}
        self._entries.append({"seq": next(self._numbers), **masked(entry), **exchange})
        self._heard()

    def entries(self, **wanted: str) -> list[Json]:
        """Return the entries whose members have the wanted values."""
        return [e for e in self._entries if all(e.get(name) == value for name, value in wanted.items())]

    def clear(self) -> None:
        """Forget the entries; the numbering goes on."""
        self._entries.clear()
