"""JSON as it is taken from others: a text that would make Python stumble later is no JSON here."""

from __future__ import annotations

import json
from typing import Any

MAX_DEPTH = 100


def parsed(text: str | bytes) -> Any:
    """Return the value of a JSON text. Raises ValueError, also for what nests too deep or cannot be written again."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is a text that nobody can send
            return value
    raise ValueError("nested too deep")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
