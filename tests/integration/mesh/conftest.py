"""A small service on the mesh, told by each request what to do."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesh.channel import open_channel
from mesh.errors import MeshError, Reason
from mesh.server import MeshServer, ServerOptions
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.phone.v1.phone_service_pb2_grpc import (
    PhoneServiceServicer,
    PhoneServiceStub,
    add_PhoneServiceServicer_to_server,
)
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

SERVICE = pb.DESCRIPTOR.services_by_name["PhoneService"]
Behaviour = Callable[[pb.PlaceCallRequest], Awaitable[pb.PlaceCallResponse]]


class Told(PhoneServiceServicer):
    """Does what the test says."""

    def __init__(self) -> None:
        self.calls = 0
        self.behaviour: Behaviour = self.answer

    async def PlaceCall(self, request: pb.PlaceCallRequest, context: Any) -> pb.PlaceCallResponse:
        self.calls += 1
        return await self.behaviour(request)

    async def GetCall(self, request: pb.GetCallRequest, context: Any) -> pb.GetCallResponse:
        self.calls += 1
        raise MeshError(Reason.CALL_NOT_FOUND)

    async def answer(self, request: pb.PlaceCallRequest) -> pb.PlaceCallResponse:
        return pb.PlaceCallResponse(call_url="https://example.com/call/1")


def request(phone_number: str = "+12025550187") -> pb.PlaceCallRequest:
    """Returns a valid request."""
    return pb.PlaceCallRequest(
        user=slack_pb2.SlackUser(slack_team_id="T1", slack_user_id="U1"),
        request_id=str(uuid.uuid4()),
        conversation=slack_pb2.SlackConversation(slack_channel_id="C1"),
        phone_number=phone_number,
    )


class Ready:
    """A readiness that tests change."""

    def __init__(self) -> None:
        self.value = True

    async def __call__(self) -> bool:
        return self.value


class Running:
    """A server and a stub to it."""

    def __init__(self, servicer: Told, server: MeshServer, stub: PhoneServiceAsyncStub, ready: Ready) -> None:
        self.servicer, self.server, self.stub, self.ready = servicer, server, stub, ready


def make_server(servicer: Told, ready: Ready, **options: Any) -> MeshServer:
    """Returns a server that is not started."""
    defaults = {"listen": "127.0.0.1:0", "drain_delay": 0.3, "drain_grace": 5.0, "health_interval": 0.1}
    return MeshServer(
        ServerOptions(**{**defaults, **options}),
        SERVICE.full_name,
        lambda grpc_server: add_PhoneServiceServicer_to_server(servicer, grpc_server),
        ready,
    )


@asynccontextmanager
async def running(
    *, client_tls: Path | None = None, target: str = "127.0.0.1", **options: Any
) -> AsyncIterator[Running]:
    """Yields a running service."""
    servicer, ready = Told(), Ready()  # type: ignore[abstract]  # plays only two RPCs
    server = make_server(servicer, ready, **options)
    await server.start()
    async with open_channel(f"{target}:{server.port}", SERVICE, client_tls) as channel:
        yield Running(servicer, server, PhoneServiceStub(channel), ready)
    await server.drain()


@pytest.fixture
async def service() -> AsyncIterator[Running]:
    async with running(drain_delay=0) as one:
        yield one


async def pause(seconds: float) -> pb.PlaceCallResponse:
    """A slow answer."""
    await asyncio.sleep(seconds)
    return pb.PlaceCallResponse()
