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
from google.protobuf.duration_pb2 import Duration

from mesh.channel import open_channel
from mesh.database import Database, migrate
from mesh.errors import MeshError, Reason
from mesh.server import MeshServer, ServerOptions
from services.phone.__main__ import AUTH, MIGRATIONS, PHONE, Phone, build
from services.phone.settings import PhoneSettings
from tests.support import databases
from tests.support.clock import FakeClock
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceServicer, add_AuthServiceServicer_to_server
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceStub
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

ADA = slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0ADA")
GRACE = slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0GRACE")
GENERAL = slack_pb2.SlackConversation(slack_channel_id="C0GENERAL")
TOKEN = "invented-access-token"
ACCOUNT = "zoomAcme"
FULL = {
    "status": "activate",
    "extension_number": 1001,
    "phone_numbers": [{"id": "n1", "number": "12025550101"}],
    "calling_plans": [{"type": 200}],
}
"""What Zoom says of a telephone that reaches everybody; the number is without `+`, as Zoom writes it there."""


class StandInAuth(AuthServiceServicer):
    """Gives everybody an access token of her own or of her company, or fails when told so."""

    def __init__(self, clock: FakeClock) -> None:
        self.failure: MeshError | None = None
        self.by_company = False
        self.unconnected: set[str] = set()
        """Slack users whom auth does not know (any more)."""
        self.accounts: dict[str, str] = {}
        """By Slack user: the Zoom account, where it is not the usual one."""
        self.shared: dict[str, str] = {}
        """By Slack user: who she is at Zoom, where that is not the usual one."""
        self._clock = clock

    async def IssueZoomAccessToken(
        self, request: auth_service_pb2.IssueZoomAccessTokenRequest, context: Any
    ) -> auth_service_pb2.IssueZoomAccessTokenResponse:
        if self.failure is not None:
            raise self.failure
        user_id = request.user.slack_user_id
        if user_id in self.unconnected:
            raise MeshError(Reason.ZOOM_NOT_CONNECTED)
        response = auth_service_pb2.IssueZoomAccessTokenResponse(
            access_token=TOKEN,
            zoom_user_id=self.at_zoom(user_id),
            zoom_account_id=self.accounts.get(user_id, ACCOUNT),
            zoom_path_user_id=self.at_zoom(user_id) if self.by_company else "me",
        )
        response.expire_time.FromDatetime(self._clock.now() + timedelta(hours=1))
        return response

    async def FindConnectedUsers(
        self, request: auth_service_pb2.FindConnectedUsersRequest, context: Any
    ) -> auth_service_pb2.FindConnectedUsersResponse:
        if self.failure is not None:
            raise self.failure
        people = {"U0ADA", request.user.slack_user_id} - self.unconnected
        known = [(self.at_zoom(user_id), user_id) for user_id in sorted(people)]
        return auth_service_pb2.FindConnectedUsersResponse(
            users=[
                auth_service_pb2.ConnectedUser(zoom_user_id=zoom_id, slack_user_id=slack_id)
                for zoom_id, slack_id in known
                if zoom_id in request.zoom_user_ids
            ]
        )

    def at_zoom(self, slack_user_id: str) -> str:
        """Returns who somebody is at Zoom."""
        return self.shared.get(slack_user_id) or zoom_user(slack_user_id)


def zoom_user(slack_user_id: str) -> str:
    """Returns who somebody is at Zoom: `U0ADA` is `zoomAda`."""
    return f"zoom{slack_user_id.removeprefix('U0').capitalize()}"


@dataclass
class StandInZoom:
    """Answers what phone asks of Zoom: of each user the same, unless told otherwise."""

    status: int = 200
    answer: Any = field(default_factory=lambda: dict(FULL))
    """The status and the answer of `GET /phone/users/{userId}`."""
    telephones: dict[str, Any] = field(default_factory=dict)
    """By Zoom user: her answer, where it is not the usual one."""
    settings_status: int = 200
    settings: Any = field(default_factory=lambda: {"feature": {"zoom_phone": True}})
    history_status: int = 200
    calls: list[dict[str, Any]] = field(default_factory=list)
    """The call history, whosever it is."""
    history_requests: list[dict[str, str]] = field(default_factory=list)
    requests: int = 0
    url: str = ""

    async def _phone_user(self, request: web.Request) -> web.Response:
        answer = self.telephones.get(request.match_info["user"], self.answer)
        return self._reply(request, self.status, answer)

    async def _settings(self, request: web.Request) -> web.Response:
        return self._reply(request, self.settings_status, self.settings)

    async def _history(self, request: web.Request) -> web.Response:
        self.history_requests.append(dict(request.query))
        return self._reply(request, self.history_status, {"call_elements": self.calls, "next_page_token": ""})

    def _reply(self, request: web.Request, status: int, answer: Any) -> web.Response:
        self.requests += 1
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return web.json_response({"code": 124, "message": "Invalid access token."}, status=401)
        return web.json_response(answer, status=status)

    async def start(self, resources: AsyncExitStack) -> None:
        app = web.Application()
        app.router.add_get("/v2/phone/users/{user}", self._phone_user)
        app.router.add_get("/v2/phone/users/{user}/call_history", self._history)
        app.router.add_get("/v2/users/{user}/settings", self._settings)
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
    phone: Phone

    async def place(
        self,
        number: str = "+1 202 555 0143",
        *,
        request_id: str = "",
        user: slack_pb2.SlackUser = ADA,
        contact: pb.Contact | None = None,
    ) -> pb.PlaceCallResponse:
        request = pb.PlaceCallRequest(
            user=user,
            request_id=request_id or str(uuid.uuid4()),
            conversation=GENERAL,
            phone_number="" if contact else number,
            contact=contact,
        )
        return await self.stub.PlaceCall(request, timeout=5)

    async def resolve(self, signed_id: str) -> pb.PhoneCall:
        return (await self.stub.ResolveCallLink(pb.ResolveCallLinkRequest(signed_id=signed_id), timeout=5)).call

    async def dialled(self, number: str = "+1 202 555 0143", *, user: slack_pb2.SlackUser = ADA) -> pb.PhoneCall:
        """Places a call and opens its link."""
        placed = await self.place(number, user=user)
        return await self.resolve(placed.call_url.rpartition("/")[2])

    async def record(self, body: bytes) -> pb.EventDisposition.ValueType:
        return (await self.stub.RecordZoomEvent(pb.RecordZoomEventRequest(body=body), timeout=5)).disposition

    async def calls(self, user: slack_pb2.SlackUser = ADA, **wanted: Any) -> list[pb.PhoneCall]:
        """Returns the calls of somebody, the newest first."""
        return list((await self.stub.ListCalls(pb.ListCallsRequest(user=user, **wanted), timeout=5)).calls)

    async def call(self, user: slack_pb2.SlackUser = ADA) -> pb.PhoneCall:
        """Returns the one call of somebody."""
        [only] = await self.calls(user)
        return only

    async def show_all(self, user: slack_pb2.SlackUser = ADA) -> None:
        await self.stub.UpdateShownCalls(
            pb.UpdateShownCallsRequest(user=user, shown_calls=pb.SHOWN_CALLS_ALL), timeout=5
        )

    async def lease(self, holder: str = "edge-1", *, count: int = 50) -> list[pb.Delivery]:
        request = pb.LeaseDeliveriesRequest(lease_holder=holder, max_deliveries=count, wait=Duration())
        return list((await self.stub.LeaseDeliveries(request, timeout=5)).deliveries)

    async def complete(self, delivery: pb.Delivery, *, ts: str = "1700000000.000100") -> None:
        """Reports that Slack shows a delivery."""
        shown = pb.Delivered(version=delivery.version, slack_channel_id="D0ADA", slack_message_ts=ts)
        request = pb.CompleteDeliveryRequest(
            user=delivery.user, delivery_id=delivery.delivery_id, lease_token=delivery.lease_token, delivered=shown
        )
        await self.stub.CompleteDelivery(request, timeout=5)


@pytest.fixture(params=databases.KINDS)
async def mesh(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mesh]:
    url = await databases.fresh_database_url(request.param, tmp_path)
    async with AsyncExitStack() as resources:
        yield await running_mesh(url, tmp_path, resources)


async def running_mesh(url: str, folder: Path, resources: AsyncExitStack, **settings: str) -> Mesh:
    """Returns the service as it is wired, with some of its settings, on a database that is migrated here."""
    clock, zoom = FakeClock(), StandInZoom()
    auth = StandInAuth(clock)  # type: ignore[abstract]  # plays only two RPCs
    await zoom.start(resources)
    database = Database(url)
    resources.push_async_callback(database.dispose)
    await migrate(database, MIGRATIONS)
    auth_server = MeshServer(
        ServerOptions("127.0.0.1:0", drain_delay=0, drain_grace=1),
        AUTH.full_name,
        lambda server: add_AuthServiceServicer_to_server(auth, server),
        database.ready,
    )
    await auth_server.start()
    resources.push_async_callback(auth_server.drain)
    told = {
        "ZOOMSLACK_DATA_DIR": str(folder),
        "ZOOMSLACK_PHONE_LISTEN": "127.0.0.1:0",
        "ZOOMSLACK_PHONE_DRAIN_SECONDS": "0",
        "ZOOMSLACK_PHONE_DATABASE_URL": url,
        "ZOOMSLACK_AUTH_TARGET": f"127.0.0.1:{auth_server.port}",
        "ZOOMSLACK_ZOOM_API_URL": zoom.url,
        "ZOOMSLACK_PUBLIC_URL": "https://zoom.example",
        **settings,
    }
    phone = await build(PhoneSettings.load(told), resources, clock)
    await phone.server.start()
    resources.push_async_callback(phone.server.drain)
    channel = await resources.enter_async_context(open_channel(f"127.0.0.1:{phone.server.port}", PHONE))
    return Mesh(PhoneServiceStub(channel), auth, zoom, clock, database, url, phone)
