"""Signatures as Slack and Zoom make them: HMAC-SHA256 over `v0:<timestamp>:<raw body>`."""

from __future__ import annotations

import hashlib
import hmac
import time


def slack_headers(secret: str, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
    """Returns the headers of a signed request from Slack."""
    seconds = int(time.time()) if timestamp is None else timestamp
    return {"X-Slack-Request-Timestamp": str(seconds), "X-Slack-Signature": _v0(secret, seconds, body)}


def zoom_headers(secret: str, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
    """Returns the headers of a signed webhook from Zoom."""
    seconds = int(time.time()) if timestamp is None else timestamp
    return {"x-zm-request-timestamp": str(seconds), "x-zm-signature": _v0(secret, seconds, body)}


def _v0(secret: str, seconds: int, body: bytes) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{seconds}:".encode() + body, hashlib.sha256).hexdigest()
