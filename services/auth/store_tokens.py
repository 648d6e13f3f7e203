"""A pair of Zoom's tokens as one text, for columns that hold a whole pair."""

from __future__ import annotations

import json
from datetime import datetime

from services.auth.grants import AppLevel, TokenPair


def pack(tokens: TokenPair) -> str:
    """Returns everything of a pair but its level, which stands beside it."""
    return json.dumps(
        [tokens.access_token, tokens.refresh_token, tokens.expire_time.isoformat(), " ".join(tokens.scopes)]
    )


def unpack(text: str, level: AppLevel) -> TokenPair:
    """Returns what `pack` packed."""
    access, refresh, expire_time, scopes = json.loads(text)
    return TokenPair(access, refresh, datetime.fromisoformat(expire_time), tuple(scopes.split()), level)
