"""Fields of what Zoom tells of calls, read leniently: nothing that Zoom may write there is an error."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from services.phone.lines import Line
from services.phone.phone_numbers import national

NAME_LENGTH = 200
ID_LENGTH = 200
_NUMBER = re.compile(r"\+?[0-9]{7,15}", re.ASCII)
_EXTENSION = re.compile(r"[0-9]{1,15}", re.ASCII)


def line(number: str, extension: str) -> Line:
    """Returns what Zoom tells of one side, whose number it writes with `+` or without."""
    written = e164(number)
    if not written and not extension and _EXTENSION.fullmatch(number):
        extension = number  # a short one where a number belongs
    return Line(written, national(written) if written else "", extension if _EXTENSION.fullmatch(extension) else "")


def e164(number: str) -> str:
    """Returns a number with `+`, which Zoom's API leaves out and its events do not; empty for anything else."""
    written = re.sub(r"[ ().\-]", "", number)
    return f"+{written.removeprefix('+')}" if _NUMBER.fullmatch(written) else ""


def part(source: dict[str, Any], key: str) -> dict[str, Any]:
    """Returns an object within an object; an empty one where there is none."""
    value = source.get(key)
    return value if isinstance(value, dict) else {}


def text(source: dict[str, Any], key: str) -> str:
    """Returns a string or whole number as text; empty where there is none, or one too long to be an id."""
    value = source.get(key)
    if value is None or isinstance(value, bool | dict | list | float):
        return ""
    found = _clean(str(value)).strip()
    return found if len(found) <= ID_LENGTH else ""


def name(source: dict[str, Any], key: str) -> str:
    """Returns what somebody calls herself; empty where Zoom does not tell. Hostile text."""
    value = source.get(key)
    return _clean(value)[:NAME_LENGTH] if isinstance(value, str) else ""


def _clean(value: str) -> str:
    """Removes what a database or UTF-8 does not take: NUL, and halves of surrogate pairs (a truncated emoji)."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def seconds(source: dict[str, Any], key: str) -> timedelta | None:
    """Returns a length of time that is told in whole seconds; None where there is none."""
    value = source.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1_000_000:
        return None
    return timedelta(seconds=value)


def time(source: dict[str, Any], key: str) -> datetime | None:
    """Returns a moment in UTC; None where there is none."""
    value = source.get(key)
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
