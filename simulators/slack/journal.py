"""What happened on the wire, kept for people and tests to read: bounded in number and size, and without secrets."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from sys import getsizeof
from typing import Any, Literal

from simulators.slack.masking import masked, masked_deeply
from simulators.slack.model import Json

Direction = Literal["from_app", "to_app"]

KEPT = 5000
KEPT_BYTES = 16 * 1024 * 1024
_EVERY_ENTRY_BYTES = 1024
"""What an entry takes beside its texts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and its answer, written out as JSON texts: they take a tenth of the room that objects take.

    `members` are those by which its own journal lists it, with what is called like a secret masked; `exchange` holds
    `request` and `response`, with secrets in texts masked, too.
    """

    seq: int
    time: float
    direction: Direction
    about: str
    path: str
    status: int | None
    elapsed_ms: int | None
    trouble: str | None
    members: str
    exchange: str

    @property
    def size(self) -> int:
        """How many bytes it takes, roughly."""
        return getsizeof(self.members) + getsizeof(self.exchange) + _EVERY_ENTRY_BYTES

    def listed(self) -> Json:
        """Return the entry as its journal lists it."""
        return {"seq": self.seq, **json.loads(self.members), **json.loads(self.exchange)}

    def summary(self) -> Json:
        """Return what the log says of it without its bodies."""
        names = ("seq", "time", "direction", "about", "path", "status", "elapsed_ms", "trouble")
        return {name: getattr(self, name) for name in names}

    def fixture(self) -> Json:
        """Return the entry as somebody's test can use it."""
        return {"direction": self.direction, "about": self.about, **json.loads(self.exchange)}

    def says(self, text: str) -> bool:
        """Tell whether a text in small letters occurs anywhere in it."""
        return text in f"{self.about} {self.trouble or ''} {self.exchange}".lower()


class Journal:
    """A numbered list of the latest entries, oldest first. Journals that share `numbers` can be put in one order."""

    def __init__(self, direction: Direction, numbers: Iterator[int], heard: Callable[[], None]) -> None:
        self._direction = direction
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._numbers = numbers
        self._heard = heard
        self.forgotten = 0
        """How many older entries had to make room since the journal was last cleared."""

    def add(self, about: str, members: Json, exchange: Json, *, trouble: str | None = None) -> None:
        """Number an entry and keep it, its secrets masked. `members` has its `time`, and perhaps `elapsed_ms`."""
        safe = masked_deeply(exchange)
        entry = Entry(
            next(self._numbers),
            members["time"],
            self._direction,
            about,
            safe["request"]["path"],
            safe["response"] and safe["response"]["status"],
            members.get("elapsed_ms"),
            trouble,
            _written(masked(members)),
            _written(safe),
        )
        self._entries.append(entry)
        self._bytes += entry.size
        while len(self._entries) > KEPT or self._bytes > KEPT_BYTES:
            self._bytes -= self._entries.popleft().size
            self.forgotten += 1
        self._heard()

    def kept(self) -> Sequence[Entry]:
        """Return what is kept, oldest first."""
        return self._entries

    def listed(self, about: str | None) -> list[Json]:
        """Return the entries, or those about one thing, as they are listed."""
        return [entry.listed() for entry in self._entries if about in (None, entry.about)]

    def clear(self) -> None:
        """Forget the entries; the numbering goes on."""
        self._entries.clear()
        self._bytes = self.forgotten = 0


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
