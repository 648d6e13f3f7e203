"""Request bodies: read once, raw, within limits; parsed only after they were verified."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

MAX_BODY = 1024 * 1024
READ_TIMEOUT = 2.0
"""Seconds for a whole body: whoever sends slower gets no answer in time anyway."""
_MAX_FIELDS = 100


async def read_body(request: web.Request, content_type: str, seconds: float = READ_TIMEOUT) -> bytes:
    """Returns the bytes of a body that says it is `content_type`.

    Raises aiohttp's 415, 413 (over 1 MiB, by its header or while reading) and 408 (not complete within `seconds`).
    """
    if request.content_type != content_type:
        raise web.HTTPUnsupportedMediaType
    if (request.content_length or 0) > MAX_BODY:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY, request.content_length or 0)
    try:
        async with asyncio.timeout(seconds):
            return await request.read()  # raises 413 itself, by the application's `client_max_size`
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


def parse_form(body: bytes) -> dict[str, str] | None:
    """Returns the fields of a form, the last value of each; None for what is no form in UTF-8."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        return None


def parse_object(text: str | bytes) -> dict[str, Any] | None:
    """Returns the JSON object in `text`; None for anything else, however it is wrong."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
