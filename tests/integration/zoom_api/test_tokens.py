"""Whose token it is decides what stands for the person in Zoom's paths: auth over real gRPC, Zoom over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from mesh.channel import open_channel
from mesh.server import MeshServer, ServerOptions
from mesh.slack_user import SlackUser
from tests.support.clock import FakeClock
from zoom_api.client import ZoomClient, open_http_client
from zoom_api.tokens import KEEP, AccessTokens
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.auth.v1.auth_service_pb2_grpc import (
    AuthServiceServicer,
    AuthServiceStub,
    add_AuthServiceServicer_to_server,
)

ADA = SlackUser("", "T0ACME", "U0ADA")
AUTH = pb.DESCRIPTOR.services_by_name["AuthService"]


class StandInAuth(AuthServiceServicer):
    """Gives a token under which the person has `path_user_id` for a name."""

    def __init__(self, path_user_id: str, clock: FakeClock) -> None:
        self.path_user_id = path_user_id
        self._clock = clock

    async def IssueZoomAccessToken(self, request: pb.IssueZoomAccessTokenRequest, context: Any) -> Any:
        response = pb.IssueZoomAccessTokenResponse(
            access_token="invented-access-token",
            zoom_user_id="adaZoomId",
            zoom_account_id="account",
            zoom_path_user_id=self.path_user_id,
        )
        response.expire_time.FromDatetime(self._clock.now() + timedelta(hours=1))
        return response


async def _zoom(resources: AsyncExitStack) -> str:
    """Serves a Zoom that answers with the path it was asked for, and returns its address."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"path": request.raw_path})

    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    resources.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}/v2"


@asynccontextmanager
async def client_of(auth: StandInAuth, clock: FakeClock) -> AsyncIterator[ZoomClient]:
    async def ready() -> bool:
        return True

    async with AsyncExitStack() as resources:
        server = MeshServer(
            ServerOptions("127.0.0.1:0", drain_delay=0, drain_grace=1),
            AUTH.full_name,
            lambda grpc_server: add_AuthServiceServicer_to_server(auth, grpc_server),
            ready,
        )
        await server.start()
        resources.push_async_callback(server.drain)
        channel = await resources.enter_async_context(open_channel(f"127.0.0.1:{server.port}", AUTH))
        http = await resources.enter_async_context(open_http_client())
        yield ZoomClient(http, await _zoom(resources), AccessTokens(AuthServiceStub(channel), clock), clock)


@pytest.mark.parametrize(
    ("path_user_id", "segment"),
    [
        ("adaZoomId", "adaZoomId"),  # a token of the account: Zoom would not know who "me" is
        ("ada/Zoom Id", "ada%2FZoom%20Id"),
        ("me", "me"),
        ("", "me"),  # from an auth of before the field
    ],
)
async def test_the_path_names_the_person_as_the_token_demands(path_user_id: str, segment: str) -> None:
    clock = FakeClock()
    auth = StandInAuth(path_user_id, clock)  # type: ignore[abstract]  # plays only the one RPC
    async with client_of(auth, clock) as client:
        answer = await client.call(ADA, "GET", "/users/{userId}/settings")
    assert answer == {"path": f"/v2/users/{segment}/settings"}


async def test_a_person_whose_administrator_installs_for_all_is_named_anew_within_a_minute() -> None:
    clock = FakeClock()
    auth = StandInAuth("me", clock)  # type: ignore[abstract]  # plays only the one RPC
    async with client_of(auth, clock) as client:
        await client.call(ADA, "GET", "/users/{userId}")
        auth.path_user_id = "adaZoomId"
        clock.advance(KEEP.total_seconds())
        assert await client.call(ADA, "GET", "/users/{userId}") == {"path": "/v2/users/adaZoomId"}
