"""Arguments of Web API methods: where they may stand (query, form, JSON) and what each must be.

Slack itself ignores arguments it does not know. The simulator refuses them, so that a misspelt one is found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from simulators.slack.errors import SlackError
from simulators.slack.parsing import parsed

Kind = Literal["string", "integer", "boolean", "ts", "array", "object"]
Place = Literal["query", "form", "json"]

TIMESTAMP = re.compile(r"\d{1,12}\.\d{6}")


@dataclass(frozen=True)
class Arg:
    """One argument of a method."""

    kind: Kind = "string"
    required: bool = False


@dataclass(frozen=True)
class RawArguments:
    """Arguments as sent, before they are checked, and where they stood."""

    values: Mapping[str, Any]
    place: Place
    charset_missing: bool = False


def read(query: Mapping[str, str], content_type: str, body: bytes, *, json_allowed: bool) -> RawArguments:
    """Read the arguments of a request.

    Raises SlackError `invalid_post_type`, `missing_post_type`, `invalid_json`, `json_not_object`, `invalid_form_data`.
    """
    media_type, _, parameters = content_type.lower().partition(";")
    media_type = media_type.strip()
    if not body:
        return RawArguments(dict(query), "query")
    if media_type == "application/json":
        if not json_allowed:
            raise SlackError("invalid_post_type")
        return RawArguments({**query, **_json_object(body)}, "json", charset_missing="charset" not in parameters)
    if media_type == "application/x-www-form-urlencoded":
        return RawArguments({**query, **_form(body)}, "form")
    raise SlackError("invalid_post_type" if media_type else "missing_post_type")


def check(raw: RawArguments, specs: Mapping[str, Arg]) -> dict[str, Any]:
    """Return the arguments as Python values.

    Raises SlackError `invalid_arguments` naming every argument that is missing, unknown or of a wrong type.
    """
    messages = [f"[ERROR] unknown field: {name}" for name in raw.values if name not in specs]
    checked: dict[str, Any] = {}
    for name, spec in specs.items():
        value = raw.values.get(name)
        if value is None or (value == "" and spec.required):
            if spec.required:
                messages.append(f"[ERROR] missing required field: {name}")
            continue
        try:
            checked[name] = _convert(value, spec.kind, from_json=raw.place == "json")
        except ValueError as fault:
            messages.append(f"[ERROR] {fault} [json-pointer:/{name}]")
    if messages:
        raise SlackError("invalid_arguments", messages)
    return checked


def _convert(value: Any, kind: Kind, *, from_json: bool) -> Any:
    if kind in ("array", "object"):
        return _structured(value, list if kind == "array" else dict, kind, from_json=from_json)
    if kind == "boolean":
        return _boolean(value)
    if kind == "integer":
        if (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value.isdecimal()):
            return int(value)
        raise ValueError("must be an integer")
    if not isinstance(value, str):
        raise ValueError("must be a string")  # noqa: TRY004 (one kind of refusal for every wrong value)
    if kind == "ts" and not TIMESTAMP.fullmatch(value):
        raise ValueError("must be a message timestamp")
    return value


def _structured(value: Any, wanted: type, kind: str, *, from_json: bool) -> Any:
    # In a form or query a structure travels as a JSON string; in a JSON body Slack accepts that string too.
    if isinstance(value, str):
        try:
            value = parsed(value)
        except ValueError:
            raise ValueError(f"must be a JSON {kind}") from None
    elif not from_json:
        raise ValueError(f"must be a JSON {kind}")
    if not isinstance(value, wanted):
        raise ValueError(f"must be an {kind}")  # noqa: TRY004 (as above)
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "1", 1):
        return True
    if value in ("false", "0", 0):
        return False
    raise ValueError("must be a boolean")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = parsed(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=100))
    except ValueError:
        raise SlackError("invalid_form_data") from None
