"""Who sent a request: HMAC-SHA256 over the raw bytes, as Slack and Zoom both do it.

Both sign `v0:<timestamp>:<body>` and send `v0=<hex>`; only the header names differ. Sources: Slack, "Verifying requests
from Slack"; Zoom, "Verify webhook events". Zoom documents no window against replays; its length is a setting.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mesh.clock import Clock
from services.slack_edge.refusals import count_refusal

WINDOW = 300
"""Seconds by which the time of a request from Slack may differ from ours: Slack's own advice."""
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True)
class Scheme:
    """Where a vendor puts signature and time."""

    vendor: str
    """Its name in metrics."""
    signature_header: str
    timestamp_header: str


SLACK = Scheme("slack", "X-Slack-Signature", "X-Slack-Request-Timestamp")
ZOOM = Scheme("zoom", "x-zm-signature", "x-zm-request-timestamp")


class SignatureError(Exception):
    """The request is not from whom it should be. `cause` is a word for the log, free of anything from the request."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Verifier:
    """Checks requests of one vendor against every secret that is in force; more than one while they rotate."""

    def __init__(self, scheme: Scheme, secrets: Sequence[str], clock: Clock, *, window: int = WINDOW) -> None:
        """`window`: seconds by which a request's time may differ from ours, in both directions."""
        self._scheme = scheme
        self._secrets = tuple(secrets)
        self._clock = clock
        self._window = window

    def verify(self, headers: Mapping[str, str], body: bytes) -> str:
        """Returns the secret that signed `body`.

        Raises SignatureError, and nothing else, whatever the headers hold. Refusals are counted by their cause.
        """
        try:
            return self._verify(headers, body)
        except SignatureError as error:
            count_refusal(self._scheme.vendor, error.cause)
            raise

    def _verify(self, headers: Mapping[str, str], body: bytes) -> str:
        signature = headers.get(self._scheme.signature_header)
        timestamp = headers.get(self._scheme.timestamp_header)
        if not signature or not timestamp:
            raise SignatureError("missing")
        if not _TIMESTAMP.fullmatch(timestamp):
            raise SignatureError("malformed_timestamp")
        if abs(self._clock.now().timestamp() - int(timestamp)) > self._window:
            raise SignatureError("stale")
        given = signature.encode("utf-8", "surrogateescape")
        message = b"v0:" + timestamp.encode() + b":" + body
        match = None
        for secret in self._secrets:  # all of them, always: time tells nothing about which one is close
            if hmac.compare_digest(b"v0=" + hex_hmac(secret, message).encode(), given):
                match = secret
        if match is None:
            raise SignatureError("mismatch")
        return match


def sign(scheme: Scheme, secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """Returns the headers with which a vendor would send `body`."""
    timestamp = str(int(now.timestamp()))
    signature = "v0=" + hex_hmac(secret, b"v0:" + timestamp.encode() + b":" + body)
    return {scheme.timestamp_header: timestamp, scheme.signature_header: signature}


def hex_hmac(secret: str, message: bytes) -> str:
    """Returns HMAC-SHA256 of `message` in hex."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


class SeenSignatures:
    """Remembers the signatures of this process's last requests, so that a replayed one is noticed cheaply.

    A replay that reaches another replica is caught by its request id, in the database. Anything else that names an act
    can stand for a signature.
    """

    def __init__(self, clock: Clock, *, capacity: int = 20_000) -> None:
        self._clock = clock
        self._capacity = capacity
        self._seen: OrderedDict[str, float] = OrderedDict()

    def add(self, signature: str) -> bool:
        """Notes a signature that was verified. Returns False when it was noted before and may still be valid."""
        now = self._clock.monotonic()
        # A request may be dated up to WINDOW into the future, and is then valid for twice as long.
        while self._seen and (len(self._seen) >= self._capacity or next(iter(self._seen.values())) < now - 2 * WINDOW):
            self._seen.popitem(last=False)
        if signature in self._seen:
            return False
        self._seen[signature] = now
        return True
