"""Requests and answers in the form in which the journals keep them, and in which they make test fixtures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from simulators.slack.masking import MASK
from simulators.slack.model import Json
from simulators.slack.parsing import parsed

FORM = "application/x-www-form-urlencoded"
MAX_KEPT_BYTES = 65_536
_FIELD = re.compile(r"[\w.\[\]-]+")
_TELLING = ("Content-Type", "Retry-After", "X-Slack-No-Retry", "X-Slack-Retry-Num", "X-Slack-Retry-Reason", "Location")
"""Headers that matter to whoever reads them, and hold no secret."""


def pair(asked: web.Request, body: bytes, answered: web.Response | None) -> Json:
    """Return a request of the app and what it got for it, if it got anything, as members of a journal entry."""
    content = answered.body if answered is not None and isinstance(answered.body, bytes) else b""
    return {
        "request": request(asked.method, asked.path, asked.headers, body, asked.query),
        "response": None if answered is None else answer(answered.status, answered.headers, content),
    }


def request(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, str]) -> Json:
    """Return a request as a JSON object."""
    asked: Json = {"method": method, "path": path, "headers": telling(headers)}
    if "Authorization" in headers:
        asked["headers"]["Authorization"] = f"{headers['Authorization'].partition(' ')[0]} {MASK}"
    if query:
        asked["query"] = dict(query)
    return asked | {"body": readable(body, _type_of(headers))}


def answer(status: int, headers: Mapping[str, str], body: bytes) -> Json:
    """Return an answer as a JSON object."""
    return {"status": status, "headers": telling(headers), "body": readable(body, _type_of(headers))}


def telling(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those of the headers that matter."""
    return {name: headers[name] for name in _TELLING if name in headers}


def readable(body: bytes, content_type: str) -> Any:
    """Return a body as the value that it holds: JSON, the fields of a form (`payload` unfolded), text, or its size."""
    if not body:
        return None
    if len(body) > MAX_KEPT_BYTES:
        return f"<{len(body)} bytes>"
    try:
        if content_type.startswith(FORM):
            return _form(body.decode())
        return parsed(body)
    except ValueError:
        return body.decode(errors="replace")


def _form(text: str) -> Json:
    """Read a form. Raises ValueError for what is called one and is something else: cut up, it hides its secrets."""
    fields: Json = dict(parse_qsl(text, keep_blank_values=True))
    if not all(_FIELD.fullmatch(name) for name in fields):
        raise ValueError("no form")
    return {**fields, **({"payload": parsed(fields["payload"])} if "payload" in fields else {})}


def _type_of(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").lower()
