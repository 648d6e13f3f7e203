"""What connect links are named by where their secret must not stand."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qs, urlsplit

_LENGTH = 32


def of_state(state: str) -> str:
    """Returns the name of the link whose secret is `state`."""
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()[:_LENGTH]


def of_link(connect_url: str) -> str:
    """Returns the name of a whole link."""
    return of_state(parse_qs(urlsplit(connect_url).query).get("link", [""])[0])
