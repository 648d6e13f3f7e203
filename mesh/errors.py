"""Errors that mean something to a caller.

The contract:

* Services raise `MeshError(reason, metadata, retry_delay)` for everything a caller can act on. Nothing else about an
  error crosses the wire: any other exception becomes INTERNAL with constant text and the trace id
  (`mesh.interceptors`), and is logged where it happened.
* `CODES` is the one table from reason to gRPC code. `protos/zoomslack/errors/v1/error_reason.proto` documents each
  reason with its metadata keys; a test holds the two together.
* Sentences for people are in two places: Slack's in `slack_edge/replies.py`, those for programs of other teams in
  `mesh/languages/`. The text of a MeshError is for programmers: constant per reason and metadata, free of secrets and
  personal data.

This module knows no transport, so that the files holding the rules may import it. `mesh.wire_errors` does the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

DOMAIN = "zoomslack"


class Reason(StrEnum):
    """Every reason of `zoomslack.errors.v1.ErrorReason`, without its prefix."""

    INTERNAL = "INTERNAL"
    INVALID_REQUEST = "INVALID_REQUEST"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    DEADLINE_TOO_SHORT = "DEADLINE_TOO_SHORT"
    CALLER_NOT_ALLOWED = "CALLER_NOT_ALLOWED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    PAGE_TOKEN_INVALID = "PAGE_TOKEN_INVALID"
    WORKSPACE_NOT_ALLOWED = "WORKSPACE_NOT_ALLOWED"
    RESUME_TOKEN_INVALID = "RESUME_TOKEN_INVALID"
    ZOOM_NOT_CONNECTED = "ZOOM_NOT_CONNECTED"
    ZOOM_UNAVAILABLE = "ZOOM_UNAVAILABLE"
    ZOOM_RATE_LIMITED = "ZOOM_RATE_LIMITED"
    ZOOM_DAILY_LIMIT = "ZOOM_DAILY_LIMIT"
    ZOOM_SCOPE_MISSING = "ZOOM_SCOPE_MISSING"
    ZOOM_REFUSED = "ZOOM_REFUSED"
    ZOOM_HOST_NOT_ALLOWED = "ZOOM_HOST_NOT_ALLOWED"
    ZOOM_APP_NOT_APPROVED = "ZOOM_APP_NOT_APPROVED"
    ZOOM_CLIENT_INVALID = "ZOOM_CLIENT_INVALID"
    ZOOM_NOT_FOUND = "ZOOM_NOT_FOUND"
    ZOOM_OUTCOME_UNKNOWN = "ZOOM_OUTCOME_UNKNOWN"
    ZOOM_ADMIN_REQUIRED = "ZOOM_ADMIN_REQUIRED"
    COMPANY_INSTALL_NOT_OFFERED = "COMPANY_INSTALL_NOT_OFFERED"
    COMPANY_ALREADY_INSTALLED = "COMPANY_ALREADY_INSTALLED"
    LINK_INVALID = "LINK_INVALID"
    LINK_EXPIRED = "LINK_EXPIRED"
    LINK_USED = "LINK_USED"
    CONSENT_DENIED = "CONSENT_DENIED"
    AUTHORIZATION_FAILED = "AUTHORIZATION_FAILED"
    SLACK_NOT_INSTALLED = "SLACK_NOT_INSTALLED"
    SLACK_UNAVAILABLE = "SLACK_UNAVAILABLE"
    DEPARTURE_NOT_FOUND = "DEPARTURE_NOT_FOUND"
    MEETING_NOT_FOUND = "MEETING_NOT_FOUND"
    PERSONAL_ROOM_DISABLED = "PERSONAL_ROOM_DISABLED"
    DELIVERY_LEASE_LOST = "DELIVERY_LEASE_LOST"
    PHONE_NUMBER_INVALID = "PHONE_NUMBER_INVALID"
    PHONE_NOT_AVAILABLE = "PHONE_NOT_AVAILABLE"
    CALL_LINK_INVALID = "CALL_LINK_INVALID"
    PHONE_NUMBER_EMERGENCY = "PHONE_NUMBER_EMERGENCY"
    PHONE_NUMBER_PREMIUM = "PHONE_NUMBER_PREMIUM"
    PHONE_CONTACT_UNREACHABLE = "PHONE_CONTACT_UNREACHABLE"
    PHONE_NO_OUTSIDE_LINE = "PHONE_NO_OUTSIDE_LINE"
    PHONE_DISABLED_FOR_ACCOUNT = "PHONE_DISABLED_FOR_ACCOUNT"
    CALL_NOT_FOUND = "CALL_NOT_FOUND"


class Code(StrEnum):
    """The gRPC status codes that reasons map to, by name."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"


CODES: Mapping[Reason, Code] = {
    Reason.INTERNAL: Code.INTERNAL,
    Reason.INVALID_REQUEST: Code.INVALID_ARGUMENT,
    Reason.REQUEST_ID_REUSED: Code.ALREADY_EXISTS,
    Reason.DEADLINE_TOO_SHORT: Code.DEADLINE_EXCEEDED,
    Reason.CALLER_NOT_ALLOWED: Code.PERMISSION_DENIED,
    Reason.SERVICE_UNAVAILABLE: Code.UNAVAILABLE,
    Reason.PAGE_TOKEN_INVALID: Code.INVALID_ARGUMENT,
    Reason.WORKSPACE_NOT_ALLOWED: Code.PERMISSION_DENIED,
    Reason.RESUME_TOKEN_INVALID: Code.INVALID_ARGUMENT,
    Reason.ZOOM_NOT_CONNECTED: Code.FAILED_PRECONDITION,
    Reason.ZOOM_UNAVAILABLE: Code.UNAVAILABLE,
    Reason.ZOOM_RATE_LIMITED: Code.RESOURCE_EXHAUSTED,
    Reason.ZOOM_DAILY_LIMIT: Code.RESOURCE_EXHAUSTED,
    Reason.ZOOM_SCOPE_MISSING: Code.FAILED_PRECONDITION,
    Reason.ZOOM_REFUSED: Code.FAILED_PRECONDITION,
    Reason.ZOOM_HOST_NOT_ALLOWED: Code.FAILED_PRECONDITION,
    Reason.ZOOM_APP_NOT_APPROVED: Code.FAILED_PRECONDITION,
    Reason.ZOOM_CLIENT_INVALID: Code.INTERNAL,
    Reason.ZOOM_NOT_FOUND: Code.NOT_FOUND,
    Reason.ZOOM_OUTCOME_UNKNOWN: Code.UNAVAILABLE,
    Reason.ZOOM_ADMIN_REQUIRED: Code.FAILED_PRECONDITION,
    Reason.COMPANY_INSTALL_NOT_OFFERED: Code.FAILED_PRECONDITION,
    Reason.COMPANY_ALREADY_INSTALLED: Code.FAILED_PRECONDITION,
    Reason.LINK_INVALID: Code.NOT_FOUND,
    Reason.LINK_EXPIRED: Code.FAILED_PRECONDITION,
    Reason.LINK_USED: Code.FAILED_PRECONDITION,
    Reason.CONSENT_DENIED: Code.FAILED_PRECONDITION,
    Reason.AUTHORIZATION_FAILED: Code.FAILED_PRECONDITION,
    Reason.SLACK_NOT_INSTALLED: Code.FAILED_PRECONDITION,
    Reason.SLACK_UNAVAILABLE: Code.UNAVAILABLE,
    Reason.DEPARTURE_NOT_FOUND: Code.NOT_FOUND,
    Reason.MEETING_NOT_FOUND: Code.NOT_FOUND,
    Reason.PERSONAL_ROOM_DISABLED: Code.FAILED_PRECONDITION,
    Reason.DELIVERY_LEASE_LOST: Code.ABORTED,
    Reason.PHONE_NUMBER_INVALID: Code.INVALID_ARGUMENT,
    Reason.PHONE_NOT_AVAILABLE: Code.FAILED_PRECONDITION,
    Reason.CALL_LINK_INVALID: Code.NOT_FOUND,
    Reason.PHONE_NUMBER_EMERGENCY: Code.INVALID_ARGUMENT,
    Reason.PHONE_NUMBER_PREMIUM: Code.INVALID_ARGUMENT,
    Reason.PHONE_CONTACT_UNREACHABLE: Code.FAILED_PRECONDITION,
    Reason.PHONE_NO_OUTSIDE_LINE: Code.FAILED_PRECONDITION,
    Reason.PHONE_DISABLED_FOR_ACCOUNT: Code.FAILED_PRECONDITION,
    Reason.CALL_NOT_FOUND: Code.NOT_FOUND,
}


@dataclass(frozen=True)
class FieldViolation:
    """One rule of a proto that a request breaks."""

    field: str
    """The path of the field, for example `user.slack_team_id`."""
    description: str
    """The rule, without the value."""


class MeshError(Exception):
    """Something a caller can act on.

    `metadata` holds short strings, never secrets: keys as error_reason.proto documents them. `retry_delay` tells when
    the same call may succeed; None says nothing.
    """

    def __init__(
        self,
        reason: Reason,
        metadata: Mapping[str, str] | None = None,
        retry_delay: timedelta | None = None,
        violations: tuple[FieldViolation, ...] = (),
    ) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.retry_delay = retry_delay
        self.violations = violations

    @property
    def code(self) -> Code:
        """The gRPC code of the reason."""
        return CODES[self.reason]
