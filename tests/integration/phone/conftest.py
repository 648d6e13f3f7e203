"""The real phone service behind a real server, on each database; auth and Zoom are played by stand-ins."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from mesh.channel import open_channel
from mesh.database import Database, migrate
from mesh.errors import MeshError
from mesh.sealing import KeyRing
from mesh.server import MeshServer, ServerOptions
from services.phone.__main__ import AUTH, MIGRATIONS, PHONE
from services.phone.calls import Calls
from services.phone.links import CallLinks
from services.phone.phone_numbers import PhoneNumbers
from services.phone.servicer import PhoneServicer
from services.phone.store import CallStore
from services.phone.zoom_phone import ZoomPhone
from tests.support import databases
from tests.support.clock import FakeClock
from zoom_api.client import ZoomClient, open_http_client
from zoom_api.tokens import AccessTokens
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.auth.v1.auth_service_pb2_grpc import (
    AuthServiceServicer,
    AuthServiceStub,
    add_AuthServiceServicer_to_server,
)
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceStub, add_PhoneServiceServicer_to_server
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

KEYS = KeyRing((("k1", bytes(range(32))),))
ADA = slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0ADA")
GENERAL = slack_pb2.SlackConversation(slack_channel_id="C0GENERAL")
TOKEN = "invented-access-token"


class StandInAuth(AuthServiceServicer):
    """Gives everybody the same access token, or fails when told so."""

    def __init__(self, clock: FakeClock) -> None:
        self.failure: MeshError | None = None
        self._clock = clock

    async def IssueZoomAccessToken(
        self, request: auth_service_pb2.IssueZoomAccessTokenRequest, context: Any
    ) -> auth_service_pb2.IssueZoomAccessTokenResponse:
        if self.failure is not None:
            raise self.failure
        response = auth_service_pb2.IssueZoomAccessTokenResponse(access_token=TOKEN, zoom_user_id="zoomAda")
        response.expire_time.FromDatetime(self._clock.now() + timedelta(hours=1))
        return response


@dataclass
class StandInZoom:
    """Answers `GET /v2/users/me/settings`."""

    status: int = 200
    answer: Any = field(default_factory=lambda: {"feature": {"zoom_phone": True}})
    requests: int = 0
    url: str = ""

    async def settings(self, request: web.Request) -> web.Response:
        self.requests += 1
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return web.json_response({"code": 124, "message": "Invalid access token."}, status=401)
        return web.json_response(self.answer, status=self.status)

    async def start(self, resources: AsyncExitStack) -> None:
        app = web.Application()
        app.router.add_get("/v2/users/me/settings", self.settings)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        resources.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v2"


@dataclass
class Mesh:
    """The running service and what surrounds it."""

    stub: PhoneServiceAsyncStub
    auth: StandInAuth
    zoom: StandInZoom
    clock: FakeClock
    database: Database
    url: str

    async def place(
        self, number: str = "+1 202 555 0143", *, request_id: str = "", user: slack_pb2.SlackUser = ADA
    ) -> pb.PlaceCallResponse:
        return await self.stub.PlaceCall(
            pb.PlaceCallRequest(
                user=user,
                request_id=request_id or str(uuid.uuid4()),
                conversation=GENERAL,
                phone_number=number,
            ),
            timeout=5,
        )

    async def resolve(self, signed_id: str) -> pb.PhoneCall:
        return (await self.stub.ResolveCallLink(pb.ResolveCallLinkRequest(signed_id=signed_id), timeout=5)).call


@pytest.fixture(params=databases.KINDS)
async def mesh(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mesh]:
    clock, zoom = FakeClock(), StandInZoom()
    auth = StandInAuth(clock)  # type: ignore[abstract]  # plays only the one RPC
    async with AsyncExitStack() as resources:
        await zoom.start(resources)
        url = await databases.fresh_database_url(request.param, tmp_path)
        database = Database(url)
        resources.push_async_callback(database.dispose)
        await migrate(database, MIGRATIONS)
        auth_server = await _serve(
            AUTH.full_name, lambda server: add_AuthServiceServicer_to_server(auth, server), resources
        )
        auth_channel = await resources.enter_async_context(open_channel(f"127.0.0.1:{auth_server.port}", AUTH))
        http = await resources.enter_async_context(open_http_client())
        tokens = AccessTokens(AuthServiceStub(auth_channel), clock)
        calls = Calls(
            store=CallStore(database),
            numbers=PhoneNumbers("US"),
            zoom_phone=ZoomPhone(ZoomClient(http, zoom.url, tokens, clock)),
            links=CallLinks(KEYS, "https://zoom.example", clock),
            clock=clock,
        )
        server = await _serve(
            PHONE.full_name,
            lambda grpc_server: add_PhoneServiceServicer_to_server(PhoneServicer(calls), grpc_server),
            resources,
        )
        channel = await resources.enter_async_context(open_channel(f"127.0.0.1:{server.port}", PHONE))
        yield Mesh(PhoneServiceStub(channel), auth, zoom, clock, database, url)


async def _serve(name: str, register: Any, resources: AsyncExitStack) -> MeshServer:
    async def ready() -> bool:
        return True

    server = MeshServer(ServerOptions("127.0.0.1:0", drain_delay=0, drain_grace=1), name, register, ready)
    await server.start()
    resources.push_async_callback(server.drain)
    return server
