"""What a browser keeps for us from one page of a consent to the next: facts that are no secret, in a cookie.

So any replica can go on, and no address says anything. What comes back may be anybody's invention: it is shown to that
browser alone, escaped like all that pages show, and leads to nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, fields
from typing import Generic, TypeVar

from aiohttp import web

_MOST_BYTES = 3_800
"""Browsers keep 4,096 of a cookie, its name and attributes included (RFC 6265, §6.1)."""


@dataclass(frozen=True)
class Facts:
    """Base of what a memo holds: fields of `str` and `bool`, all with defaults."""


F = TypeVar("F", bound=Facts)


class Memo(Generic[F]):
    """One cookie with facts about one consent, which its state names."""

    def __init__(self, kind: type[F], name: str, *, path: str, seconds: int, secure: bool) -> None:
        """The browser shows the cookie to the pages below `path`, for `seconds`."""
        self._kind = kind
        self._types = {field.name: type(field.default) for field in fields(kind)}
        self._name = name
        self._path = path
        self._seconds = seconds
        self._secure = secure

    def write(self, response: web.StreamResponse, state: str, facts: F) -> bool:
        """Has the browser keep `facts`. Returns False for what is too long to keep."""
        content = json.dumps(asdict(facts), separators=(",", ":")).encode()
        value = f"{_digest(state)}.{base64.urlsafe_b64encode(content).decode()}"
        if len(value) > _MOST_BYTES:
            return False
        response.set_cookie(
            self._name,
            value,
            max_age=self._seconds,
            path=self._path,
            httponly=True,
            samesite="Lax",
            secure=self._secure,
        )
        return True

    def read(self, request: web.Request, state: str | None = None) -> F | None:
        """Returns what the browser kept, of the consent `state` where one is named; None for nothing and for junk."""
        digest, _, content = request.cookies.get(self._name, "").partition(".")
        if state is not None and not hmac.compare_digest(digest.encode("utf-8", "replace"), _digest(state).encode()):
            return None
        try:
            value = json.loads(base64.b64decode(content, altchars=b"-_", validate=True)) if content else None
        except (ValueError, RecursionError, binascii.Error):
            return None
        if not isinstance(value, dict) or {name: type(part) for name, part in value.items()} != self._types:
            return None
        return self._kind(**value)


def _digest(state: str) -> str:
    # Half characters may come in an address; they are nobody's state.
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()
