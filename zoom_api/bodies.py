"""What Zoom writes in events and answers, read leniently: real ones carry more fields than documented, and fewer.

Source: Zoom's event reference. The same id is a string in some events and a whole number in others.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

ID_LENGTH = 200


class UnreadableError(ValueError):
    """The body is no event: not JSON in UTF-8, or not an object with a name. Says nothing of its contents."""


def load_event(body: bytes) -> dict[str, Any]:
    """Returns the event in `body`; its `event` is a string. Raises UnreadableError when it is none."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError("not JSON in UTF-8") from None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise UnreadableError("no event")
    return event


def clean(text: str) -> str:
    """Removes what a database or UTF-8 does not take: NUL, and halves of surrogate pairs (a truncated emoji)."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def text(source: dict[str, Any], key: str) -> str:
    """Returns a string or whole number as text; empty where there is none, or one too long to be an id."""
    return as_text(source.get(key))


def as_text(value: Any) -> str:
    """Returns what `text` returns, of a value."""
    if value is None or isinstance(value, bool | dict | list | float):
        return ""
    found = clean(str(value))
    return found if len(found) <= ID_LENGTH else ""


def time(source: dict[str, Any], key: str) -> datetime | None:
    """Returns a moment in UTC; None where there is none. Raises ValueError where something else is written there."""
    value = source.get(key)
    if not isinstance(value, str) or not value:
        return None
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def time_or_none(source: dict[str, Any], key: str) -> datetime | None:
    """Returns a moment in UTC; None where there is none, whatever is written there."""
    try:
        return time(source, key)
    except ValueError:
        return None
