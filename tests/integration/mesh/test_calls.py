"""What happens around every RPC, seen from the caller."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from mesh import deadline
from mesh.channel import service_config
from mesh.errors import MeshError, Reason
from tests.integration.mesh.conftest import Running, pause, request
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2
from zoomslack.phone.v1 import phone_service_pb2 as pb


async def failure(service: Running, *, seconds: float = 5.0, number: str = "+12025550187") -> MeshError:
    with pytest.raises(MeshError) as raised:
        await service.stub.PlaceCall(request(number), timeout=seconds)
    return raised.value


async def test_an_error_of_the_service_arrives_as_what_it_was(service: Running) -> None:
    async def refuse(_: pb.PlaceCallRequest) -> pb.PlaceCallResponse:
        raise MeshError(Reason.PHONE_NOT_AVAILABLE, {"plan": "none"}, timedelta(seconds=3))

    service.servicer.behaviour = refuse
    error = await failure(service)
    assert (error.reason, error.metadata) == (Reason.PHONE_NOT_AVAILABLE, {"plan": "none"})
    assert error.retry_delay == timedelta(seconds=3)


async def test_an_unexpected_error_tells_nothing_but_a_trace_id(
    service: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down(_: pb.PlaceCallRequest) -> pb.PlaceCallResponse:
        raise KeyError("token xoxb-123")

    service.servicer.behaviour = break_down
    error = await failure(service)
    assert error.reason is Reason.INTERNAL
    assert set(error.metadata) == {"trace_id"}
    assert "xoxb" not in str(error.metadata)
    assert "unexpected error" in caplog.text, "but the operator can read what it was"


async def test_a_stray_cancellation_is_an_answer_and_not_silence(service: Running) -> None:
    async def vanish(_: pb.PlaceCallRequest) -> pb.PlaceCallResponse:
        raise asyncio.CancelledError

    service.servicer.behaviour = vanish
    assert (await failure(service, seconds=20)).reason is Reason.SERVICE_UNAVAILABLE


async def test_zoom_being_unavailable_is_not_asked_again_by_the_transport(service: Running) -> None:
    async def refuse(_: pb.PlaceCallRequest) -> pb.PlaceCallResponse:
        raise MeshError(Reason.ZOOM_UNAVAILABLE)

    service.servicer.behaviour = refuse
    assert (await failure(service)).reason is Reason.ZOOM_UNAVAILABLE
    assert service.servicer.calls == 1


async def test_a_service_that_is_unavailable_is_asked_again_where_that_is_safe(service: Running) -> None:
    async def refuse_twice(message: pb.PlaceCallRequest) -> pb.PlaceCallResponse:
        if service.servicer.calls < 3:
            raise MeshError(Reason.SERVICE_UNAVAILABLE)
        return await service.servicer.answer(message)

    service.servicer.behaviour = refuse_twice
    assert (await service.stub.PlaceCall(request(), timeout=5)).call_url
    assert service.servicer.calls == 3


def test_only_methods_that_are_safe_to_repeat_are_repeated() -> None:
    def repeated(module: object, name: str) -> set[str]:
        config = service_config(module.DESCRIPTOR.services_by_name[name])  # type: ignore[attr-defined]
        return {entry["method"] for method in config["methodConfig"] for entry in method["name"]}

    assert "LeaseDeliveries" not in repeated(meetings_service_pb2, "MeetingsService")
    assert "StartMeeting" in repeated(meetings_service_pb2, "MeetingsService")
    assert "CompleteSlackInstallation" not in repeated(auth_service_pb2, "AuthService")
    assert "IssueZoomAccessToken" in repeated(auth_service_pb2, "AuthService")


async def test_the_deadline_is_handed_on_and_shaved(service: Running) -> None:
    seen: list[float | None] = []

    async def look(message: pb.PlaceCallRequest) -> pb.PlaceCallResponse:
        seen.append(deadline.remaining())
        if len(seen) == 1:  # a second hop
            await service.stub.PlaceCall(message, timeout=60)
        return pb.PlaceCallResponse()

    service.servicer.behaviour = look
    # Short, as the transport sends a deadline of a connection's last call again where it is within some percent.
    await service.stub.PlaceCall(request(), timeout=0.3)
    first, second = seen
    assert first is not None
    assert second is not None
    assert second < first < 0.3 - deadline.RETURN_OVERHEAD / 2
    assert second > 0.1


async def test_work_is_not_begun_with_too_little_time(service: Running) -> None:
    assert (await failure(service, seconds=0.08)).reason is Reason.DEADLINE_TOO_SHORT
    assert service.servicer.calls == 0


async def test_a_call_without_a_deadline_gets_one(service: Running) -> None:
    seen: list[float | None] = []

    async def look(_: pb.PlaceCallRequest) -> pb.PlaceCallResponse:
        seen.append(deadline.remaining())
        return pb.PlaceCallResponse()

    service.servicer.behaviour = look
    await service.stub.PlaceCall(request())
    assert seen[0] is not None
    assert 5 < seen[0] <= 10


async def test_time_that_runs_out_is_named_so(service: Running) -> None:
    service.servicer.behaviour = lambda _: pause(5)
    assert (await failure(service, seconds=0.3)).reason is Reason.DEADLINE_TOO_SHORT


async def test_a_request_against_the_rules_does_not_reach_the_service(service: Running) -> None:
    error = await failure(service, number="x" * 65)
    assert error.reason is Reason.INVALID_REQUEST
    assert [violation.field for violation in error.violations] == ["phone_number"]
    assert "xxx" not in error.violations[0].description
    assert service.servicer.calls == 0


async def test_a_server_that_is_gone_is_named_at_once(service: Running) -> None:
    await service.stub.PlaceCall(request(), timeout=5)
    await service.server.drain()
    error = await failure(service, seconds=2)
    assert error.reason is Reason.SERVICE_UNAVAILABLE
