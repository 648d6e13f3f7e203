"""What buttons carry in their `value`, from the message that shows them to the press that comes back.

Everybody who sees a message can read its values, and they come back as long as the message stands: each names its
version, and none holds a secret. A press proves who pressed, not what the button said; what a value names is checked by
the service that owns it.
"""

from __future__ import annotations

import json
from typing import Any

from services.slack_edge.bodies import parse_object

MAX_VALUE = 2_000
"""Slack's limit (Slack, "Button element")."""
_VERSION = 1
# Spelt so that it does not matter whether Slack escapes what it shows.
_SPELT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "&<>"}


def encode(**fields: str | bool) -> str:
    """Returns a value of at most MAX_VALUE characters; whoever makes one bounds its fields."""
    text = json.dumps({"v": _VERSION, **fields}, ensure_ascii=False, separators=(",", ":")).translate(_SPELT)
    if len(text) > MAX_VALUE:
        raise ValueError("a button's value is too long")
    return text


def decode(value: str, **types: type) -> dict[str, Any] | None:
    """Returns the fields of `types`; None for what another version of this edge made, or nobody."""
    fields = parse_object(value)
    if fields is None or fields.pop("v", None) != _VERSION or fields.keys() != types.keys():
        return None
    return fields if all(type(part) is types[name] for name, part in fields.items()) else None
