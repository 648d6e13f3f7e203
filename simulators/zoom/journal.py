"""What callers asked of Zoom: every REST and OAuth request, with secrets masked."""

import fnmatch
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from simulators.zoom.clock import SimulatedClock, iso
from simulators.zoom.masking import masked

_KEPT_REQUESTS = 20_000
_KEPT_ANSWERS = 500


@dataclass
class Entry:
    """One request. `status` stays None while it runs, and when the connection was cut.

    `answer` has the body that went back, as long as the request is among the latest; its secrets are still in it.
    """

    seq: int
    time: str
    method: str
    path: str
    query: object
    body: object
    status: int | None = None
    app: str | None = None
    at: float = 0.0
    answer: bytes = field(default=b"", repr=False)
    answer_type: str | None = None

    def describe(self) -> dict[str, object]:
        """The request as the control API lists it."""
        return {name: value for name, value in vars(self).items() if name not in {"at", "answer", "answer_type"}}


class Journal:
    """The latest requests, oldest first."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=_KEPT_REQUESTS)
        self._seq = 0

    def open(self, method: str, raw_path: str, body: bytes, content_type: str) -> Entry:
        """Note a request at its arrival. `raw_path` is the request target as sent, percent-escapes and all."""
        path, _, query = raw_path.partition("?")
        self._seq += 1
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        now = self._clock.now()
        entry = Entry(self._seq, iso(now), method, path, masked(pairs), _readable(body, content_type), at=now)
        self._entries.append(entry)
        if len(self._entries) > _KEPT_ANSWERS:
            self._entries[-1 - _KEPT_ANSWERS].answer = b""
        return entry

    def entries(self) -> Sequence[Entry]:
        """Every request that is kept, oldest first."""
        return self._entries

    def list(self, path_glob: str = "*") -> list[dict[str, object]]:
        """The requests whose path fits the pattern."""
        return [entry.describe() for entry in self._entries if fnmatch.fnmatchcase(entry.path, path_glob)]

    def clear(self) -> None:
        """Forget all; numbers go on."""
        self._entries.clear()


def _readable(body: bytes, content_type: str) -> object:
    if not body:
        return None
    try:
        if content_type == "application/x-www-form-urlencoded":
            return masked(dict(parse_qsl(body.decode(), keep_blank_values=True)))
        return masked(json.loads(body))
    except (ValueError, RecursionError):
        return f"<{len(body)} bytes>"
