"""Fields of what Zoom tells of calls, beside those of `zoom_api.bodies`: nothing that Zoom may write is an error."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from services.phone.lines import Line
from services.phone.phone_numbers import national
from zoom_api.bodies import clean

NAME_LENGTH = 200
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


def name(source: dict[str, Any], key: str) -> str:
    """Returns what somebody calls herself; empty where Zoom does not tell. Hostile text."""
    value = source.get(key)
    return clean(value)[:NAME_LENGTH] if isinstance(value, str) else ""


def seconds(source: dict[str, Any], key: str) -> timedelta | None:
    """Returns a length of time that is told in whole seconds; None where there is none."""
    value = source.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1_000_000:
        return None
    return timedelta(seconds=value)
