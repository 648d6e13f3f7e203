"""Page tokens after AIP-158: opaque, and good only for the request that they were made for."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime

from mesh.errors import MeshError, Reason


def make_token(cursor: str, *request: str) -> str:
    """Returns a token that continues after `cursor` for the request whose defining fields are `request`."""
    payload = json.dumps([_digest(request), cursor]).encode()
    return base64.urlsafe_b64encode(payload).decode().rstrip("=")


def read_token(token: str, *request: str) -> str | None:
    """Returns the cursor in `token`, or None for the first page.

    Raises MeshError(PAGE_TOKEN_INVALID) for a token made for another request, or for none.
    """
    if not token:
        return None
    try:
        digest, cursor = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, TypeError):
        raise MeshError(Reason.PAGE_TOKEN_INVALID) from None
    if digest != _digest(request) or not isinstance(cursor, str):
        raise MeshError(Reason.PAGE_TOKEN_INVALID)
    return cursor


def make_position(moment: datetime, item_id: str, *request: str) -> str:
    """Returns a token that continues after the item of `moment` and id, in lists that are ordered by these two."""
    return make_token(f"{moment.isoformat()}|{item_id}", *request)


def read_position(token: str, *request: str) -> tuple[datetime, str] | None:
    """Returns moment and id in a token of `make_position`, or None for the first page.

    Raises MeshError(PAGE_TOKEN_INVALID) as `read_token` does.
    """
    cursor = read_token(token, *request)
    if cursor is None:
        return None
    moment, _, item_id = cursor.partition("|")
    try:
        return datetime.fromisoformat(moment), item_id
    except ValueError:
        raise MeshError(Reason.PAGE_TOKEN_INVALID) from None


def make_resume_token(sequence: int, *request: str) -> str:
    """Returns a token that continues a stream after the item `sequence`, for the request as in `make_token`."""
    return make_token(str(sequence), *request)


def read_resume_token(token: str, *request: str) -> int | None:
    """Returns what a token of `make_resume_token` continues after, or None for a stream from its beginning.

    Raises MeshError(RESUME_TOKEN_INVALID) for a token made for another request, or for none.
    """
    try:
        cursor = read_token(token, *request)
    except MeshError:
        raise MeshError(Reason.RESUME_TOKEN_INVALID) from None
    return None if cursor is None else int(cursor)


def _digest(request: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(request).encode()).hexdigest()[:16]
