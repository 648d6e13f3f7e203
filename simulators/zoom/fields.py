"""A small strict checker for JSON bodies: every field is known, of the right type and within its limit."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "integer", "number", "boolean", "object", "array"]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """What one field may hold. `maximum` limits a number, or the length of a string or array."""

    kind: Kind
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[object, ...] = ()
    pattern: str | None = None
    fields: "Mapping[str, Field] | None" = None


STRING = Field(kind="string", maximum=2048)
BOOLEAN = Field(kind="boolean")
INTEGER = Field(kind="integer")
OBJECT = Field(kind="object")
ARRAY = Field(kind="array", maximum=200)


def problems(body: Mapping[str, object], fields: Mapping[str, Field], prefix: str = "") -> list[tuple[str, str]]:
    """Everything wrong with `body` as (field path, text); empty when it is acceptable."""
    found: list[tuple[str, str]] = []
    for name, value in body.items():
        path = f"{prefix}{name}"
        field = fields.get(name)
        if field is None:
            found.append((path, "Unknown field."))
        elif not _fits(value, field):
            found.append((path, "Invalid field."))
        elif field.fields is not None and isinstance(value, dict):
            found.extend(problems(value, field.fields, f"{path}."))
    return found


def _fits(value: object, field: Field) -> bool:
    if not isinstance(value, _TYPES[field.kind]) or (field.kind in ("integer", "number") and isinstance(value, bool)):
        return False
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if field.choices and value not in field.choices:
        return False
    if field.pattern is not None and not (isinstance(value, str) and re.fullmatch(field.pattern, value)):
        return False
    size = value if isinstance(value, int | float) else len(value) if isinstance(value, str | list) else 0
    above = field.maximum is not None and size > field.maximum
    return not above and not (field.minimum is not None and size < field.minimum)
