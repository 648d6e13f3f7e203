"""The client package against the real service, as a program of another team uses it."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from mesh.errors import MeshError, Reason
from mesh.wire_errors import to_status
from tests.integration.meetings.conftest import ADA, GENERAL, Mesh
from zoomslack.client import AsyncClient, CallError, Client
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

SERVICE = "zoomslack.meetings.v1.MeetingsService"


def start() -> pb.StartMeetingRequest:
    return pb.StartMeetingRequest(user=ADA, request_id=str(uuid.uuid4()), conversation=GENERAL, topic="Standup")


def get(meeting_id: str) -> pb.GetMeetingRequest:
    return pb.GetMeetingRequest(user=ADA, meeting_id=meeting_id)


async def test_N12_a_program_with_asyncio_starts_a_meeting_and_ends_it(mesh: Mesh) -> None:
    async with AsyncClient(meetings=mesh.target) as client:
        request = start()
        started = await client.meetings.StartMeeting(request)
        again = await client.meetings.StartMeeting(request)
        assert again.meeting.meeting_id == started.meeting.meeting_id
        assert mesh.zoom.creations == 1
        listed = await client.meetings.ListMeetings(pb.ListMeetingsRequest(user=ADA))
        assert [meeting.topic for meeting in listed.meetings] == ["Standup"]
        ended = pb.EndMeetingRequest(user=ADA, meeting_id=started.meeting.meeting_id)
        assert not (await client.meetings.EndMeeting(ended)).was_over


async def test_N12_a_program_without_asyncio_starts_a_meeting(mesh: Mesh) -> None:
    def program() -> str:
        with Client(meetings=mesh.target) as client:
            started = client.meetings.StartMeeting(start())
            return client.meetings.GetMeeting(get(started.meeting.meeting_id)).meeting.topic

    assert await asyncio.to_thread(program) == "Standup"


async def test_N12_what_fails_says_why_to_both_clients(mesh: Mesh) -> None:
    def refusals(client: Client) -> list[CallError]:
        found = []
        for meeting_id in (str(uuid.uuid4()), "no uuid"):
            with pytest.raises(CallError) as refused:
                client.meetings.GetMeeting(get(meeting_id))
            found.append(refused.value)
        return found

    def program() -> list[CallError]:
        with Client(meetings=mesh.target) as client:
            return refusals(client)

    unknown, wrong = await asyncio.to_thread(program)
    assert (unknown.code, unknown.reason) == (grpc.StatusCode.NOT_FOUND, "MEETING_NOT_FOUND")
    assert wrong.reason == "INVALID_REQUEST"
    assert [violation.field for violation in wrong.violations] == ["meeting_id"]
    mesh.zoom.before = [MeshError(Reason.ZOOM_RATE_LIMITED, retry_delay=timedelta(seconds=7))]
    async with AsyncClient(meetings=mesh.target) as client:
        with pytest.raises(CallError) as refused:
            await client.meetings.GetMeeting(get("no uuid"))
        assert str(refused.value) == str(wrong)
        with pytest.raises(CallError) as limited:
            await client.meetings.StartMeeting(start())
    assert (limited.value.reason, limited.value.retry_delay) == ("ZOOM_RATE_LIMITED", timedelta(seconds=7))


async def test_N12_a_person_reads_in_her_language_why_it_failed(mesh: Mesh) -> None:
    unknown = get(str(uuid.uuid4()))
    watch = pb.WatchMeetingRequest(user=ADA, meeting_id=unknown.meeting_id)

    def program() -> list[str]:
        told = []
        with Client(meetings=mesh.target, language="de-CH, fr;q=0.5") as client:
            for metadata in (None, (("accept-language", "ja"),)):
                with pytest.raises(CallError) as refused:
                    client.meetings.GetMeeting(unknown, metadata=metadata)
                told.append(refused.value.message)
            with pytest.raises(CallError) as refused:
                next(client.follow_meeting(watch))
            told.append(refused.value.message)
        return told

    german, japanese, followed = await asyncio.to_thread(program)
    assert german == followed == "Dieses Meeting gibt es hier nicht. Vielleicht ist es schon vorbei."
    assert japanese == "そのミーティングは見つかりません。終了した可能性があります。"
    async with AsyncClient(meetings=mesh.target, language="es") as client:
        with pytest.raises(CallError) as refused:
            await client.meetings.GetMeeting(get("no uuid"))
        assert refused.value.message == "Hay algo incorrecto en esta solicitud, así que no se ha hecho nada."
        with pytest.raises(CallError) as refused:
            await client.meetings.GetMeeting(unknown, metadata=[("accept-language", "fr")])
        assert refused.value.message == "Cette réunion est introuvable. Elle est peut-être terminée."
        with pytest.raises(CallError) as refused:
            await anext(client.follow_meeting(watch))
        assert refused.value.message == "No se encuentra esa reunión. Puede que haya terminado."
    async with AsyncClient(meetings=mesh.target) as client:
        with pytest.raises(CallError) as refused:
            await client.meetings.GetMeeting(unknown)
        assert refused.value.message == ""


async def test_N12_a_call_ends_in_the_time_that_it_was_given(mesh: Mesh) -> None:
    async with AsyncClient(meetings=mesh.target, timeout=0.01) as hasty:
        with pytest.raises(CallError) as late:
            await hasty.meetings.GetMeeting(get(str(uuid.uuid4())))
        assert late.value.reason == "DEADLINE_TOO_SHORT"
        with pytest.raises(CallError) as unknown:
            await hasty.meetings.GetMeeting(get(str(uuid.uuid4())), timeout=5)
        assert unknown.value.reason == "MEETING_NOT_FOUND"


async def test_N12_a_client_knows_only_what_it_was_told_of(mesh: Mesh) -> None:
    async with AsyncClient(meetings=mesh.target) as client:
        with pytest.raises(ValueError, match="no target of phone"):
            _ = client.phone


@pytest.mark.parametrize("threads", [True, False], ids=["Client", "AsyncClient"])
@pytest.mark.parametrize(
    ("method", "began", "tries"),
    [("GetMeeting", False, 3), ("GetMeeting", True, 1), ("LeaseDeliveries", False, 1)],
)
async def test_N12_only_what_is_safe_and_has_not_begun_is_repeated(
    method: str, began: bool, tries: int, threads: bool
) -> None:
    seen = 0

    async def answer(_request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        nonlocal seen
        seen += 1
        if seen < 3 and began:
            status = rpc_status.to_status(to_status(MeshError(Reason.ZOOM_UNAVAILABLE)))
            pushback = (("grpc-retry-pushback-ms", "-1"),)
            await context.abort(status.code, status.details, (*status.trailing_metadata, *pushback))
        if seen < 3:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")
        return b""

    server = grpc.aio.server()
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {method: grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    request = get(str(uuid.uuid4())) if method == "GetMeeting" else pb.LeaseDeliveriesRequest()

    def program() -> str:
        with Client(meetings=target) as client:
            try:
                getattr(client.meetings, method)(request)
            except CallError as error:
                return error.reason
            return "done"

    async def asynchronous() -> str:
        async with AsyncClient(meetings=target) as client:
            try:
                await getattr(client.meetings, method)(request)
            except CallError as error:
                return error.reason
            return "done"

    reason = await (asyncio.to_thread(program) if threads else asynchronous())
    await server.stop(None)
    assert seen == tries
    assert reason == ("done" if tries == 3 else "ZOOM_UNAVAILABLE" if began else "SERVICE_UNAVAILABLE")
