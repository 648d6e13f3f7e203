"""Request signature v0, as Slack puts it on everything it sends (docs.slack.dev: verifying requests from Slack)."""

from __future__ import annotations

import hashlib
import hmac


def signature_headers(secret: str, body: bytes, now: float) -> dict[str, str]:
    """Return the two signature headers for `body` sent at `now` (epoch seconds)."""
    timestamp = str(int(now))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}
