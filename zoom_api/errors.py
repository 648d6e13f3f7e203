"""What Zoom's refusals mean, as reasons of this mesh.

Zoom's codes are not HTTP statuses and one code appears with several of them: the status decides first, then the code.
Sources: Zoom's API reference and rate limit page; the facts are collected in docs/errors.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from mesh.errors import MeshError, Reason

UNAVAILABLE_DELAY = timedelta(seconds=30)
RATE_LIMIT_DELAY = timedelta(seconds=2)

# Not allowed to schedule, without the right to host, not of this account, invited and never come (Zoom's API reference,
# meetings and users).
_HOST_NOT_ALLOWED = {3000, 3161, 1010, 1120}
_NOT_FOUND = {1001, 2001, 3001, 3301, 3322}
_SCOPE_MISSING = {4711}
_SCOPES = re.compile(r"scopes:\s*\[([^\]]*)\]")


class TokenRejectedError(Exception):
    """Zoom answered 401: this access token works no more."""


def error_for(status: int, headers: Mapping[str, str], body: Any, *, now: datetime) -> MeshError | TokenRejectedError:
    """Returns what an answer with `status` 300 or above means.

    `body` is the parsed JSON or None. `headers` has lower-case names. Never repeats Zoom's text: it may name people.
    """
    code = body.get("code") if isinstance(body, dict) and isinstance(body.get("code"), int) else 0
    message = str(body.get("message", "")) if isinstance(body, dict) else ""
    if status == 401:
        return TokenRejectedError()
    if status == 429:
        return _rate_limit(headers, message, now)
    if status >= 500:
        return MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_retry_after(headers, now) or UNAVAILABLE_DELAY)
    if code in _SCOPE_MISSING or (code == 4700 and "scope" in message):
        found = _SCOPES.search(message)
        scopes = " ".join(re.findall(r"[a-z_]+(?::[a-z_]+)+", found.group(1))) if found else ""
        return MeshError(Reason.ZOOM_SCOPE_MISSING, {"scopes": scopes})
    if code in _HOST_NOT_ALLOWED:
        return MeshError(Reason.ZOOM_HOST_NOT_ALLOWED)
    if status == 404 or code in _NOT_FOUND:
        return MeshError(Reason.ZOOM_NOT_FOUND)
    return MeshError(Reason.ZOOM_REFUSED, {"zoom_code": str(code)})


def is_per_second(status: int, headers: Mapping[str, str], body: Any) -> bool:
    """Tells whether an answer says that the account asks too much within a second: the next one has room again."""
    message = str(body.get("message", "")) if isinstance(body, dict) else ""
    return status == 429 and (headers.get("x-ratelimit-type", "").upper() == "QPS" or "per-second" in message.lower())


def _rate_limit(headers: Mapping[str, str], message: str, now: datetime) -> MeshError:
    # Three limits share status and code; only the text tells them apart.
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    if "daily" in message.lower():
        return MeshError(Reason.ZOOM_DAILY_LIMIT, retry_delay=_retry_after(headers, now) or midnight - now)
    return MeshError(Reason.ZOOM_RATE_LIMITED, retry_delay=_retry_after(headers, now) or RATE_LIMIT_DELAY)


def _retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Reads Retry-After: seconds, an HTTP date, or (as Zoom sends with daily limits) an ISO 8601 time."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isdecimal():
        return timedelta(seconds=min(int(value), 86_400))
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(value)
        except (ValueError, TypeError):
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max(moment - now, timedelta()), timedelta(days=1))
    return None
