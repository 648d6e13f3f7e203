"""N12: methods that answer with a stream go through the same layers as all others."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from mesh import deadline
from mesh.channel import open_channel
from mesh.errors import MeshError, Reason
from mesh.server import MeshServer, ServerOptions
from mesh.wire_errors import from_rpc_error
from tests.integration.mesh.conftest import Ready
from tests.support.certificates import Authority
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.meetings.v1.meetings_service_pb2_grpc import (
    MeetingsServiceServicer,
    MeetingsServiceStub,
    add_MeetingsServiceServicer_to_server,
)
from zoomslack.type.v1 import slack_pb2

SERVICE = pb.DESCRIPTOR.services_by_name["MeetingsService"]
ADA = slack_pb2.SlackUser(slack_team_id="T1", slack_user_id="U1")
REQUEST = pb.WatchMeetingRequest(user=ADA, meeting_id=str(uuid.uuid4()))
Behaviour = Callable[[], AsyncGenerator[pb.WatchMeetingResponse, None]]


class Streaming(MeetingsServiceServicer):
    """Streams what the test says."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.calls = 0

    async def WatchMeeting(
        self, request: pb.WatchMeetingRequest, context: Any
    ) -> AsyncGenerator[pb.WatchMeetingResponse, None]:
        self.calls += 1
        async for response in self.behaviour():
            yield response


@asynccontextmanager
async def serving(behaviour: Behaviour, **options: Any) -> AsyncIterator[tuple[Streaming, MeshServer]]:
    servicer = Streaming(behaviour)  # type: ignore[abstract]  # plays only the one RPC
    server = MeshServer(
        ServerOptions("127.0.0.1:0", drain_delay=0, drain_grace=1, **options),
        SERVICE.full_name,
        lambda grpc_server: add_MeetingsServiceServicer_to_server(servicer, grpc_server),
        Ready(),
    )
    await server.start()
    yield servicer, server
    await server.drain()


@asynccontextmanager
async def calling(
    server: MeshServer, tls_dir: Path | None = None, request: pb.WatchMeetingRequest = REQUEST, **options: Any
) -> AsyncIterator[Any]:
    """Gives a call to the server."""
    host = "127.0.0.1" if tls_dir is None else "localhost"
    async with open_channel(f"{host}:{server.port}", SERVICE, tls_dir) as channel:
        yield MeetingsServiceStub(channel).WatchMeeting(request, **options)


async def failure_of(call: Any) -> MeshError:
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        async with asyncio.timeout(10):
            await call.read()
    return from_rpc_error(failure.value)


def numbered(number: int, size: int = 0) -> pb.WatchMeetingResponse:
    return pb.WatchMeetingResponse(resume_token=f"{number}" + size * "x")


async def two() -> AsyncGenerator[pb.WatchMeetingResponse, None]:
    for number in range(2):
        yield numbered(number)


async def test_N12_only_callers_on_the_list_get_a_stream(tmp_path: Path) -> None:
    authority = Authority()
    folders = {
        name: authority.write(tmp_path / name, f"{name}.zoomslack") for name in ("meetings", "slack-edge", "stranger")
    }
    callers = {"WatchMeeting": frozenset({"slack-edge.zoomslack"})}
    async with serving(two, tls_dir=folders["meetings"], callers=callers) as (servicer, server):
        async with calling(server, folders["slack-edge"]) as call:
            assert [response.resume_token async for response in call] == ["0", "1"]
        async with calling(server, folders["stranger"]) as call:
            assert (await failure_of(call)).reason is Reason.CALLER_NOT_ALLOWED
        assert servicer.calls == 1


async def test_N12_a_request_for_a_stream_is_validated() -> None:
    async with serving(two) as (servicer, server):
        async with calling(server, request=pb.WatchMeetingRequest(user=ADA, meeting_id="no uuid")) as call:
            failure = await failure_of(call)
        assert (failure.reason, [v.field for v in failure.violations]) == (Reason.INVALID_REQUEST, ["meeting_id"])
        assert servicer.calls == 0


async def test_N12_a_stream_has_the_deadline_of_its_caller_and_else_none() -> None:
    left: list[float | None] = []

    async def measured() -> AsyncGenerator[pb.WatchMeetingResponse, None]:
        left.append(deadline.remaining())
        yield numbered(0)

    async with serving(measured) as (_, server):
        async with calling(server) as call:
            await call.read()
        async with calling(server, timeout=3600) as call:
            await call.read()
        async with calling(server, timeout=0.09) as call:
            assert (await failure_of(call)).reason is Reason.DEADLINE_TOO_SHORT
    assert left[0] is None
    assert left[1] is not None
    assert 3500 < left[1] < 3600


async def test_N12_what_goes_wrong_within_a_stream_reaches_its_reader_and_tells_nothing() -> None:
    failures: list[Exception] = [MeshError(Reason.MEETING_NOT_FOUND), RuntimeError("SECRET")]

    async def failing() -> AsyncGenerator[pb.WatchMeetingResponse, None]:
        yield numbered(0)
        raise failures.pop(0)

    async with serving(failing) as (_, server):
        for reason in (Reason.MEETING_NOT_FOUND, Reason.INTERNAL):
            async with calling(server) as call:
                assert (await call.read()).resume_token == "0"
                failure = await failure_of(call)
                assert failure.reason is reason
                assert "SECRET" not in str(await call.details())
        assert set(failure.metadata) == {"trace_id"}


async def test_N12_a_reader_that_stands_still_holds_the_stream_up_and_one_that_goes_ends_it() -> None:
    made, ended = 0, asyncio.Event()

    async def endless() -> AsyncGenerator[pb.WatchMeetingResponse, None]:
        nonlocal made
        try:
            while True:
                yield numbered(made, size=100_000)
                made += 1
        finally:
            ended.set()

    async with serving(endless) as (_, server):
        async with calling(server) as call:
            await call.read()
            for _ in range(1000):  # every other task has its turn, many times
                await asyncio.sleep(0)
            before = made
            assert before < 100, "what nobody reads piles up"
            for _ in range(200):
                await call.read()
            assert made > before
            call.cancel()
        async with asyncio.timeout(5):
            await ended.wait()


@pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
async def test_N12_a_method_that_no_layer_would_protect_is_not_served(kind: str) -> None:
    async def unprotected(requests: AsyncIterator[bytes], context: Any) -> bytes:
        return b"SECRET"

    handler = getattr(grpc, f"{kind}_rpc_method_handler")(unprotected)
    server = MeshServer(
        ServerOptions("127.0.0.1:0", drain_delay=0, drain_grace=1),
        SERVICE.full_name,
        lambda grpc_server: grpc_server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE.full_name, {"Upload": handler}),)
        ),
        Ready(),
    )
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        call: Any = channel.stream_unary(f"/{SERVICE.full_name}/Upload")
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await call(iter([b"x"]), timeout=5)
    assert failure.value.code() is grpc.StatusCode.UNIMPLEMENTED
    await server.drain()
