"""Reasons, their codes and their way over the wire."""

from __future__ import annotations

from datetime import timedelta

import grpc
import pytest

from mesh.errors import CODES, FieldViolation, MeshError, Reason
from mesh.wire_errors import from_rpc_error, to_status
from zoomslack.errors.v1 import error_reason_pb2


def as_received(error: MeshError) -> grpc.aio.AioRpcError:
    """Returns what a client's transport makes of the status of `error`."""
    status = to_status(error)
    trailers = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    code = next(member for member in grpc.StatusCode if member.value[0] == status.code)
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, status.message)


def test_the_proto_and_the_code_know_the_same_reasons_and_each_has_a_code() -> None:
    in_proto = {name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
    assert in_proto == {reason.value for reason in Reason} == {reason.value for reason in CODES}


def test_each_reason_is_documented_with_the_code_it_has() -> None:
    from pathlib import Path

    text = (Path(__file__).parents[3] / "protos/zoomslack/errors/v1/error_reason.proto").read_text()
    comment = ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("//"):
            comment += stripped
        elif stripped.startswith("ERROR_REASON_") and "UNSPECIFIED" not in stripped:
            reason = Reason(stripped.split()[0].removeprefix("ERROR_REASON_"))
            assert comment.removeprefix("// ").startswith(CODES[reason].value + " {"), reason
            comment = ""
        else:
            comment = ""


@pytest.mark.parametrize("reason", list(Reason))
def test_an_error_crosses_the_wire_whole(reason: Reason) -> None:
    sent = MeshError(reason, {"scopes": "a b"}, timedelta(seconds=90), (FieldViolation("topic", "too long"),))
    received = from_rpc_error(as_received(sent))
    assert received.reason is sent.reason
    assert received.metadata == sent.metadata
    assert received.retry_delay == sent.retry_delay
    assert received.violations == sent.violations


def test_what_says_nothing_stays_absent() -> None:
    received = from_rpc_error(as_received(MeshError(Reason.LINK_USED)))
    assert received.retry_delay is None
    assert received.violations == ()
    assert received.metadata == {}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, Reason.SERVICE_UNAVAILABLE),
        (grpc.StatusCode.DEADLINE_EXCEEDED, Reason.DEADLINE_TOO_SHORT),
        (grpc.StatusCode.UNIMPLEMENTED, Reason.INTERNAL),
    ],
)
def test_statuses_of_the_transport_get_a_reason_too(code: grpc.StatusCode, reason: Reason) -> None:
    bare = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), "text of somebody else")
    assert from_rpc_error(bare).reason is reason
