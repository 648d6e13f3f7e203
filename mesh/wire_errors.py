"""`MeshError` to `google.rpc.Status` and back. The only place that knows both."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from mesh.errors import DOMAIN, Code, FieldViolation, MeshError, Reason
from mesh.localizing import sentences

# What a bare gRPC status, made by the transport and not by a service of ours, means to a caller.
_TRANSPORT_REASONS = {
    grpc.StatusCode.UNAVAILABLE: Reason.SERVICE_UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: Reason.DEADLINE_TOO_SHORT,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Reason.SERVICE_UNAVAILABLE,
    grpc.StatusCode.PERMISSION_DENIED: Reason.CALLER_NOT_ALLOWED,
    grpc.StatusCode.CANCELLED: Reason.SERVICE_UNAVAILABLE,
}


def to_status(error: MeshError, language: str | None = None) -> status_pb2.Status:
    """Returns the status that carries `error`: one ErrorInfo, and RetryInfo and BadRequest where they say something.

    `language`, one of `mesh.localizing.LANGUAGES`, adds what a person is told.
    """
    code: int = code_pb2.Code.Value(error.code.value)
    status = status_pb2.Status(code=code, message=error.reason.value)
    status.details.append(
        _packed(error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=error.metadata))
    )
    if error.retry_delay is not None:
        delay = duration_pb2.Duration()
        delay.FromTimedelta(error.retry_delay)
        status.details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    if error.violations:
        status.details.append(
            _packed(
                error_details_pb2.BadRequest(
                    field_violations=[
                        error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description)
                        for v in error.violations
                    ]
                )
            )
        )
    if language is not None:
        sentence = sentences(language)[error.reason]
        status.details.append(_packed(error_details_pb2.LocalizedMessage(locale=language, message=sentence)))
    return status


def from_rpc_error(error: grpc.aio.AioRpcError) -> MeshError:
    """Returns what a failed call meant. Statuses of others become the nearest reason of ours."""
    try:
        status = rpc_status.from_call(error)  # type: ignore[arg-type]  # AioRpcError has what it reads
    except ValueError:  # details that contradict the status: not from a service of ours
        status = None
    if status is None:
        return MeshError(_TRANSPORT_REASONS.get(error.code(), Reason.INTERNAL))
    info, retry, bad = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo(), error_details_pb2.BadRequest()
    found = {type(message) for detail in status.details for message in (info, retry, bad) if detail.Unpack(message)}
    if info.domain != DOMAIN or info.reason not in Reason.__members__:
        return MeshError(_TRANSPORT_REASONS.get(error.code(), Reason.INTERNAL))
    return MeshError(
        Reason(info.reason),
        dict(info.metadata),
        retry.retry_delay.ToTimedelta() if error_details_pb2.RetryInfo in found else None,
        tuple(FieldViolation(v.field, v.description) for v in bad.field_violations),
    )


def grpc_code(code: Code) -> grpc.StatusCode:
    """Returns gRPC's own constant for `code`."""
    return grpc.StatusCode[code.value]


def _packed(message: Message) -> any_pb2.Any:
    detail = any_pb2.Any()
    detail.Pack(message)
    return detail
