# Copied from client/errors.py by tools/generate.py. DO NOT EDIT.
"""What a failed call meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_DOMAIN: Final = "zoomslack"
_STATUS_DETAILS: Final = "grpc-status-details-bin"
"""Where gRPC carries `google.rpc.Status` (grpc.io, richer error model)."""
_UNSENT: Final[Mapping[str, str]] = {
    "UNAVAILABLE": "SERVICE_UNAVAILABLE",
    "DEADLINE_EXCEEDED": "DEADLINE_TOO_SHORT",
    "PERMISSION_DENIED": "CALLER_NOT_ALLOWED",
}
"""What statuses mean that no service gave: there was none to be reached, or it had no time."""


@dataclass(frozen=True)
class FieldViolation:
    """One rule of a proto that a request breaks."""

    field: str
    """The path of the field, for example `user.slack_team_id`."""
    description: str
    """The rule, without the value."""


class CallError(Exception):
    """A call that failed.

    `reason` is a value of `zoomslack.errors.v1.ErrorReason` without its prefix (docs/api.md says what each means, and
    whether to try again); `metadata` holds what belongs to it. `retry_delay` says when the same call may succeed; None
    says nothing. `violations` names the fields of an INVALID_REQUEST. `message` is a sentence for the person for whom
    the call was made; empty where no language was asked for, and where no service was reached.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        metadata: Mapping[str, str] | None = None,
        retry_delay: timedelta | None = None,
        violations: tuple[FieldViolation, ...] = (),
        message: str = "",
    ) -> None:
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.retry_delay = retry_delay
        self.violations = violations
        self.message = message
        told = [f"{key}={value}" for key, value in sorted(self.metadata.items())]
        told += [f"{violation.field}: {violation.description}" for violation in violations]
        super().__init__(f"{code.name} {reason}" + (f" ({', '.join(told)})" if told else ""))


def error_from(error: grpc.RpcError) -> CallError:
    """Returns what a failed call of gRPC meant. A status that is not of this mesh has the reason nearest to it."""
    code: grpc.StatusCode = error.code()
    info, retry, bad = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo(), error_details_pb2.BadRequest()
    told = error_details_pb2.LocalizedMessage()
    details = _status(error).details
    found = {type(known) for detail in details for known in (info, retry, bad, told) if detail.Unpack(known)}
    if info.domain != _DOMAIN:
        return CallError(code, _UNSENT.get(code.name, code.name))
    return CallError(
        code,
        info.reason,
        info.metadata,
        retry.retry_delay.ToTimedelta() if error_details_pb2.RetryInfo in found else None,
        tuple(FieldViolation(each.field, each.description) for each in bad.field_violations),
        told.message,
    )


def _status(error: grpc.RpcError) -> status_pb2.Status:
    metadata: Iterable[tuple[str, str | bytes]] = error.trailing_metadata() or ()  # type: ignore[assignment]  # pairs
    for key, value in metadata:
        if key == _STATUS_DETAILS and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_pb2.Status()
