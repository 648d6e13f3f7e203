"""What callers asked of Zoom: every REST and OAuth request, with secrets masked."""

import fnmatch
import json
from collections import deque
from dataclasses import dataclass
from urllib.parse import parse_qsl

from simulators.zoom.clock import SimulatedClock, iso

_KEPT_REQUESTS = 20_000
_MASK = "***"
_SECRET_FIELDS = frozenset(
    {
        "access_token",
        "client_secret",
        "code",
        "code_verifier",
        "password",
        "refresh_token",
        "state",
        "token",
        "zak",
        "pwd",
    }
)


@dataclass
class Entry:
    """One request. `status` stays None while it runs, and when the connection was cut."""

    seq: int
    time: str
    method: str
    path: str
    query: object
    body: object
    status: int | None = None
    app: str | None = None


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
        entry = Entry(self._seq, iso(self._clock.now()), method, path, _masked(pairs), _readable(body, content_type))
        self._entries.append(entry)
        return entry

    def list(self, path_glob: str = "*") -> list[dict[str, object]]:
        """The requests whose path fits the pattern."""
        return [dict(vars(entry)) for entry in self._entries if fnmatch.fnmatchcase(entry.path, path_glob)]

    def clear(self) -> None:
        """Forget all; numbers go on."""
        self._entries.clear()


def _readable(body: bytes, content_type: str) -> object:
    if not body:
        return None
    try:
        if content_type == "application/x-www-form-urlencoded":
            return _masked(dict(parse_qsl(body.decode(), keep_blank_values=True)))
        return _masked(json.loads(body))
    except (ValueError, RecursionError):
        return f"<{len(body)} bytes>"


def _masked(value: object) -> object:
    if isinstance(value, dict):
        return {key: _MASK if key in _SECRET_FIELDS else _masked(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value
