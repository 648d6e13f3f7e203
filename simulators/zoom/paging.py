"""`page_size` and `next_page_token`: tokens live 15 minutes and fit only the request that they came from."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from simulators.zoom.clock import SimulatedClock
from simulators.zoom.errors import ZoomError, validation_failed

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 30
MAX_PAGE_SIZE = 300
TOKEN_SECONDS = 15 * 60


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page; `next_token` is "" on the last."""

    items: Sequence[T]
    size: int
    total: int
    next_token: str


class Pager:
    """Cuts lists into pages and remembers which token continues where."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._tokens: dict[str, tuple[str, int, float]] = {}

    def page(self, items: Sequence[T], query: Mapping[str, str], request_key: str) -> Page[T]:
        """The page that `query` asks for. Raises ZoomError 400/300 for a bad size or token."""
        size = _page_size(query)
        key = f"{request_key}|{size}"
        offset = self._offset(query.get("next_page_token", ""), key)
        end = offset + size
        token = self._issue(key, end) if end < len(items) else ""
        return Page(items[offset:end], size, len(items), token)

    def _offset(self, token: str, key: str) -> int:
        if not token:
            return 0
        made_for, offset, expires_at = self._tokens.get(token, ("", 0, 0.0))
        if made_for != key or self._clock.now() >= expires_at:
            raise ZoomError(400, 300, "The next page token is either invalid or expired.")
        return offset

    def _issue(self, key: str, offset: int) -> str:
        now = self._clock.now()
        self._tokens = {token: entry for token, entry in self._tokens.items() if entry[2] > now}
        token = secrets.token_urlsafe(16)
        self._tokens[token] = (key, offset, now + TOKEN_SECONDS)
        return token


def _page_size(query: Mapping[str, str]) -> int:
    text = query.get("page_size", str(DEFAULT_PAGE_SIZE))
    if not (text.isascii() and text.isdigit() and len(text) <= 4) or not 1 <= int(text) <= MAX_PAGE_SIZE:
        raise validation_failed(("page_size", "Invalid field."))
    return int(text)
