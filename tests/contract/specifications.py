"""The vendors' own specifications, where they are at hand beside the tree. Nothing of them is part of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

_ROOT = Path(__file__).parents[3] / "shared/specs"
HERE = _ROOT.is_dir()
AT_HAND = [
    pytest.mark.needs_shared,
    pytest.mark.skipif(not HERE, reason="the vendors' specifications are not part of this tree"),
]
"""The marks of a test that reads them."""
_TOGETHER = "allOf"


@cache
def read(path: str) -> Any:
    """Returns a JSON file of the specifications, as "slack/current/web_methods.json"."""
    return json.loads((_ROOT / path).read_text(encoding="utf-8"))


def sample(path: str) -> Any:
    """Returns a JSON file of the specifications; nothing where there is none by that name."""
    return read(path) if (_ROOT / path).exists() else {}


def closed(schema: Any, *, part: bool = False) -> Any:
    """Returns the schema without room for fields that it does not name, on any level.

    A `part` is one of several that describe the same object together: only the whole can say what is too much.
    """
    if isinstance(schema, list):
        return [closed(item, part=part) for item in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(value, part=key == _TOGETHER) for key, value in schema.items()}
    describes_object = isinstance(schema.get("properties"), dict) or "allOf" in schema
    return {**shut, "unevaluatedProperties": False} if describes_object and not part else shut


def hold(value: object, schema: object) -> None:
    """Holds a body against the schema. Raises jsonschema.ValidationError, also for a field without a place in it."""
    jsonschema.Draft202012Validator(closed(schema)).validate(value)
