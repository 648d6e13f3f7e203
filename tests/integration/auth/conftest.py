"""The real auth service, on each database, with the simulators of Zoom and Slack on free ports."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from aiohttp import web

from mesh.channel import open_channel
from mesh.database import Database, migrate
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.__main__ import MIGRATIONS, SERVICE, Auth, build
from services.auth.grants import AppLevel, Grant
from services.auth.settings import AuthSettings
from services.auth.store import ConnectionStore
from services.auth.store_grants import GrantStore
from services.auth.store_links import LinkStore
from services.auth.vault import Vault
from simulators.slack.app import create_app as create_slack
from simulators.slack.config import SlackConfig
from simulators.zoom.app import create_app as create_zoom
from simulators.zoom.config import ZoomConfig
from tests.support import databases
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

KEYS = "k1:" + "A" * 43 + "="
ADA = slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id="U0ADA0001")
GRACE = slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id="U0GRACE01")
ZOOM_ADA = "adaZoomUserId000000001"
ZOOM_GRACE = "graceZoomUserId0000002"


class ShiftedClock:
    """Runs like the machine's clock, and jumps when a test says so. Replicas and simulators share one."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._shift = 0.0

    def now(self) -> datetime:
        elapsed = time.monotonic() - self._began + self._shift
        return datetime(2026, 10, 30, 12, 0, tzinfo=UTC) + timedelta(seconds=elapsed)

    def monotonic(self) -> float:
        return time.monotonic() + self._shift

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def advance(self, seconds: float) -> None:
        self._shift += seconds


@dataclass
class Mesh:
    """The running service and what surrounds it."""

    settings: AuthSettings
    clock: ShiftedClock
    resources: AsyncExitStack
    zoom: httpx.AsyncClient
    slack: httpx.AsyncClient
    stubs: list[AuthServiceAsyncStub] = field(default_factory=list)
    replicas: list[Auth] = field(default_factory=list)
    browsers: dict[str, str] = field(default_factory=dict)
    """The secret that the administrator's browser holds, by the state that it began with."""

    @property
    def stub(self) -> AuthServiceAsyncStub:
        return self.stubs[0]

    async def add_replica(self) -> AuthServiceAsyncStub:
        """Starts one more process on the same database."""
        replica = await build(self.settings, self.resources, self.clock)
        await replica.server.start()
        self.resources.push_async_callback(replica.drain)
        stub = AuthServiceStub(
            await self.resources.enter_async_context(open_channel(f"127.0.0.1:{replica.server.port}", SERVICE))
        )
        self.replicas.append(replica)
        self.stubs.append(stub)
        return stub

    async def link(self, user: slack_pb2.SlackUser = ADA, continuation: bytes = b"") -> str:
        """Returns the state of a new connect link."""
        response = await self.stub.CreateConnectLink(
            pb.CreateConnectLinkRequest(
                user=user, slack_display_name="Ada", slack_team_name="Acme", continuation=continuation
            ),
            timeout=5,
        )
        return response.connect_url.rpartition("=")[2]

    async def authorize_url(self, state: str) -> str:
        response = await self.stub.GetConnectLink(pb.GetConnectLinkRequest(state=state), timeout=5)
        return response.authorize_url

    async def consent(self, authorize_url: str, zoom_user_id: str = ZOOM_ADA, decision: str = "allow") -> str:
        """Presses a button on Zoom's consent page. Returns the code, or the error."""
        page = await self.zoom.get(authorize_url)
        assert page.status_code == 200
        form = dict(parse_qsl(urlsplit(authorize_url).query))
        answer = await self.zoom.post(
            "/oauth/authorize/decide", data={**form, "zoom_user_id": zoom_user_id, "decision": decision}
        )
        back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        assert back["state"] == form["state"]
        return back.get("code") or back["error"]

    async def complete(
        self,
        state: str,
        code: str = "",
        *,
        error: str = "",
        timeout: float = 10,  # noqa: ASYNC109 (gRPC's deadline)
        stub: AuthServiceAsyncStub | None = None,
    ) -> pb.CompleteConnectionResponse:
        request = pb.CompleteConnectionRequest(state=state, code=code, error=error)
        return await (stub or self.stub).CompleteConnection(request, timeout=timeout)

    async def connect(self, user: slack_pb2.SlackUser = ADA, zoom_user_id: str = ZOOM_ADA) -> pb.Connection:
        """Leads a person through the whole connection."""
        state = await self.link(user)
        code = await self.consent(await self.authorize_url(state), zoom_user_id)
        return (await self.complete(state, code)).connection

    async def token(
        self,
        user: slack_pb2.SlackUser = ADA,
        *,
        rejected: str = "",
        timeout: float = 10,  # noqa: ASYNC109 (gRPC's deadline)
        stub: AuthServiceAsyncStub | None = None,
    ) -> str:
        """Returns an access token for `user`."""
        request = pb.IssueZoomAccessTokenRequest(user=user, rejected_token_sha256=rejected)
        return (await (stub or self.stub).IssueZoomAccessToken(request, timeout=timeout)).access_token

    async def zoom_status(self, access_token: str) -> int:
        """Returns what Zoom's API answers to a token."""
        answer = await self.zoom.get("/v2/users/me", headers={"Authorization": f"Bearer {access_token}"})
        return answer.status_code

    async def zoom_fault(self, path: str, **fault: Any) -> None:
        body = {"method": "POST" if "/oauth/" in path else "GET", "path": path, "times": 1000, **fault}
        assert (await self.zoom.post("/control/faults", json=body)).status_code == 201

    async def clear_faults(self) -> None:
        assert (await self.zoom.delete("/control/faults")).status_code == 200

    async def zoom_requests(self, grant_type: str) -> int:
        """Returns how many requests of a kind the token endpoint got."""
        answer = await self.zoom.get("/control/requests", params={"path": "/oauth/token"})
        return sum(request["body"]["grant_type"] == grant_type for request in answer.json()["requests"])

    @property
    def vault(self) -> Vault:
        return Vault(self.settings.key_ring())

    def database(self) -> Database:
        """Returns another door to the database, for looking and for breaking things."""
        database = Database(self.settings.database_url)
        self.resources.push_async_callback(database.dispose)
        return database

    def grants(self, level: AppLevel = AppLevel.USER) -> GrantStore:
        return GrantStore(self.database(), self.vault, self.clock, level)

    async def own_grant(self, user: slack_pb2.SlackUser = ADA) -> Grant | None:
        """Returns what is stored of the grant that a person gave herself."""
        store = ConnectionStore(self.database(), self.vault, self.clock)
        return (await store.standing(slack_user(user))).own

    def links(self) -> LinkStore:
        return LinkStore(self.database(), self.vault, self.clock)

    async def live_tokens(self) -> dict[str, int]:
        """Returns how many access and refresh tokens work at Zoom."""
        return (await self.zoom.get("/control/state")).json()["tokens"]  # type: ignore[no-any-return]


def slack_user(user: slack_pb2.SlackUser) -> SlackUser:
    return SlackUser(user.slack_enterprise_id, user.slack_team_id, user.slack_user_id)


async def reason_of(call: Any) -> Reason:
    """Returns the reason for which `call` fails."""
    with pytest.raises(MeshError) as caught:
        await call
    return caught.value.reason


async def _serve(app: web.Application, resources: AsyncExitStack) -> httpx.AsyncClient:
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    resources.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return await resources.enter_async_context(httpx.AsyncClient(base_url=base_url, trust_env=False))


@contextlib.asynccontextmanager
async def _running(database_url: str) -> AsyncIterator[Mesh]:
    clock = ShiftedClock()
    zoom_config, slack_config = ZoomConfig(), SlackConfig()
    async with AsyncExitStack() as resources:
        zoom = await _serve(create_zoom(zoom_config, clock=lambda: clock.now().timestamp()), resources)
        slack = await _serve(create_slack(slack_config, clock=lambda: clock.now().timestamp()), resources)
        settings = AuthSettings.load(
            {
                "ZOOMSLACK_AUTH_LISTEN": "127.0.0.1:0",
                "ZOOMSLACK_AUTH_DATABASE_URL": database_url,
                "ZOOMSLACK_AUTH_DRAIN_SECONDS": "0",
                "ZOOMSLACK_TOKEN_KEYS": KEYS,
                "ZOOMSLACK_ZOOM_API_URL": f"{zoom.base_url}/v2",
                "ZOOMSLACK_ZOOM_OAUTH_URL": f"{zoom.base_url}/oauth",
                "ZOOMSLACK_ZOOM_USER_CLIENT_ID": zoom_config.user_app.client_id,
                "ZOOMSLACK_ZOOM_USER_CLIENT_SECRET": zoom_config.user_app.client_secret,
                "ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_ID": zoom_config.account_app.client_id,
                "ZOOMSLACK_ZOOM_ACCOUNT_CLIENT_SECRET": zoom_config.account_app.client_secret,
                "ZOOMSLACK_SLACK_API_URL": f"{slack.base_url}/api",
                "ZOOMSLACK_SLACK_AUTHORIZE_URL": f"{slack.base_url}/oauth/v2/authorize",
                "ZOOMSLACK_SLACK_CLIENT_ID": slack_config.client_id,
                "ZOOMSLACK_SLACK_CLIENT_SECRET": slack_config.client_secret,
            }
        )
        mesh = Mesh(settings, clock, resources, zoom, slack)
        await migrate(mesh.database(), MIGRATIONS)
        await mesh.add_replica()
        yield mesh


@pytest.fixture(params=databases.KINDS)
async def mesh(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mesh]:
    """The service on each database."""
    async with _running(await databases.fresh_database_url(request.param, tmp_path)) as mesh:
        yield mesh


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Mesh]:
    """The service on PostgreSQL alone, for what SQLite, with its one writer, cannot come to."""
    async with _running(await databases.fresh_database_url("postgresql", tmp_path)) as mesh:
        yield mesh


@pytest.fixture
async def laptop(tmp_path: Path) -> AsyncIterator[Mesh]:
    """The service on SQLite alone, for what no database has a part in."""
    async with _running(await databases.fresh_database_url("sqlite", tmp_path)) as mesh:
        yield mesh
