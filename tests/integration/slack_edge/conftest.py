"""The real edge between the Slack simulator and services in memory, joined by real HTTP and real gRPC."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web

from mesh.clock import Clock, SystemClock
from mesh.server import MeshServer, ServerOptions
from services.slack_edge.edge import Edge
from services.slack_edge.settings import EdgeSettings
from simulators.slack.app import create_app
from simulators.slack.config import SlackConfig
from tests.support.fake_auth import FakeAuth
from tests.support.fake_meetings import FakeMeetings
from tests.support.fake_phone import FakePhone
from tests.support.modals import state_values
from zoomslack.auth.v1.auth_service_pb2_grpc import add_AuthServiceServicer_to_server
from zoomslack.meetings.v1.meetings_service_pb2_grpc import add_MeetingsServiceServicer_to_server
from zoomslack.phone.v1.phone_service_pb2_grpc import add_PhoneServiceServicer_to_server
from zoomslack.type.v1 import slack_pb2

ADA, GRACE = "U0ADA0001", "U0GRACE01"
GENERAL, SECRET, GROUP, DIRECT = "C0GENERAL", "C0SECRET1", "C0MPIM001", "D0ADAGRAC"
USER = slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id=ADA)
ZOOM_SECRETS = ("zoom-user-secret", "zoom-account-secret")
FORM = "application/x-www-form-urlencoded"

Json = dict[str, Any]
T = TypeVar("T")


class JumpingClock(SystemClock):
    """The machine's clock, until a test lets time pass."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def jump(self, seconds: float) -> None:
        """Lets `seconds` pass, for what is measured."""
        self._ahead += seconds

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead


class WatchedMeetings(FakeMeetings):
    """Lets a test do something while a command is carried out."""

    def __init__(self) -> None:
        super().__init__()
        self.at_progress: Callable[[], None] = lambda: None

    async def RecordDeliveryProgress(self, request: Any, context: Any) -> Any:
        self.at_progress()
        return await super().RecordDeliveryProgress(request, context)


@dataclass
class World:
    """Everything that a test can touch."""

    clock: JumpingClock

    slack_url: str
    edge: Edge
    edge_url: str
    slack: SlackConfig
    auth: FakeAuth
    meetings: WatchedMeetings
    phone: FakePhone
    http: aiohttp.ClientSession
    stop_service: dict[str, Callable[[], Any]]

    async def control(self, verb: str, path: str, /, **body: Any) -> Any:
        """Calls the simulator's control API."""
        options: Json = {"json": body} if verb == "POST" else {"params": body}
        async with self.http.request(verb, f"{self.slack_url}/control/{path}", **options) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def type(self, text: str, *, channel: str = GENERAL, **more: Any) -> Json:
        """Types `/zoom <text>` as Ada."""
        result: Json = await self.control(
            "POST", "commands", user_id=ADA, channel_id=channel, command="/zoom", text=text, **more
        )
        return result

    async def seen(self, channel: str = GENERAL, user: str = ADA) -> list[Json]:
        """Returns what a person sees in a conversation."""
        answer = await self.control("GET", "messages", channel_id=channel, user_id=user)
        found: list[Json] = answer["messages"]
        return found

    async def calls(self) -> list[Json]:
        """Returns the calls that Slack knows."""
        found: list[Json] = (await self.control("GET", "calls"))["calls"]
        return found

    async def requests(self, method: str) -> list[Json]:
        """Returns what the edge asked of Slack."""
        found: list[Json] = (await self.control("GET", "requests", method=method))["requests"]
        return found

    async def press(self, action_id: str, *, user: str = ADA, channel: str = GENERAL) -> None:
        """Presses a button in the newest message that has it."""
        for message in reversed(await self.seen(channel, user)):
            if action_id in str(message["blocks"]):
                where = {"user_id": user, "channel_id": channel, "ts": message["ts"], "action_id": action_id}
                pressed = await self.control("POST", "actions", **where)
                assert (pressed["status"], pressed["error"]) == (200, None)
                return
        raise AssertionError(f"nobody sees {action_id}")

    async def use(self, callback_id: str, *, user: str = ADA, **on: str) -> None:
        """Uses a shortcut, with `channel_id` and `ts` on that message."""
        used = await self.control("POST", "shortcuts", user_id=user, callback_id=callback_id, **on)
        assert used == {"status": 200, "error": None}

    async def modal(self, user: str = ADA) -> Json | None:
        """Returns the modal that a person has before her."""
        found: Json | None = (await self.control("GET", "views", user_id=user))["modal"]
        return found

    async def home(self, user: str = ADA) -> Json | None:
        """Returns the Home tab that a person has."""
        found: Json | None = (await self.control("GET", "views", user_id=user))["home"]
        return found

    async def send(self, user: str = ADA, **typed: str) -> Json:
        """Sends a person's modal with `typed` in its inputs, by their block ids; returns what was answered."""
        modal = await self.modal(user)
        assert modal is not None
        values = state_values(modal["blocks"], typed)
        sent = await self.control("POST", "submit", user_id=user, values=values)
        assert sent["status"] == 200
        answer: Json = json.loads(sent["answer"] or "{}")
        return answer

    async def interact(self, payload: Json) -> tuple[int, str]:
        """Posts a rightly signed interaction as Slack does."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.post("/slack/interactions", body, headers=self.signed(body))

    async def texts(self, channel: str = GENERAL, user: str = ADA) -> list[str]:
        """Returns the texts that a person sees in a conversation."""
        return [str(message["text"]) for message in await self.seen(channel, user)]

    async def fault(self, method: str, kind: str, /, **more: Any) -> None:
        """Lets the next request of the edge to Slack fail."""
        await self.control("POST", "faults", method=method, kind=kind, **more)

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str = FORM,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        """Posts to the edge; returns status and text."""
        all_headers = {"Content-Type": content_type, **(headers or {})}
        async with self.http.post(self.edge_url + path, data=body, headers=all_headers) as response:
            return response.status, await response.text()

    async def command(self, form: dict[str, str]) -> tuple[int, Json]:
        """Posts a rightly signed form as Slack does."""
        body = urlencode(form).encode()
        status, text = await self.post("/slack/commands", body, headers=self.signed(body))
        return status, json.loads(text)

    def signed(self, body: bytes, *, age: int = 0, secret: str = "") -> dict[str, str]:
        """Returns the headers with which Slack would send `body`."""
        timestamp, signature = sign(secret or self.slack.signing_secret, body, age)
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def sign(secret: str, body: bytes, age: int = 0) -> tuple[str, str]:
    """Returns time and signature v0 of `body`, by other means than the edge's own."""
    timestamp = str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return timestamp, f"v0={digest}"


async def until(probe: Callable[[], Awaitable[T]]) -> T:
    """Looks again and again until there is something to see: what the edge does after its answer has no other end."""
    async with asyncio.timeout(10):
        while True:
            if found := await probe():
                return found


async def _always() -> bool:
    return True


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """The edge and its surroundings; the app is installed. An indirect parameter is settings beside the usual ones."""
    async with running_edge(getattr(request, "param", {})) as made:
        yield made


@asynccontextmanager
async def running_edge(
    settings: dict[str, str], other_clock: Clock | None = None, **knobs: Any
) -> AsyncIterator[World]:
    """Gives the edge and its surroundings; the app is installed. `settings` are beside the usual ones.

    `other_clock` is for an edge that shares its time with others; `knobs` are the simulator's.
    """
    async with AsyncExitStack() as stack:
        auth, meetings, phone = FakeAuth(), WatchedMeetings(), FakePhone()
        registrations: dict[str, Callable[[Any], None]] = {
            "auth.v1.AuthService": lambda server: add_AuthServiceServicer_to_server(auth, server),
            "meetings.v1.MeetingsService": lambda server: add_MeetingsServiceServicer_to_server(meetings, server),
            "phone.v1.PhoneService": lambda server: add_PhoneServiceServicer_to_server(phone, server),
        }
        targets, stops = {}, {}
        options = ServerOptions("127.0.0.1:0", drain_delay=0.0, drain_grace=0.0, health_interval=0.2)
        for name, register in registrations.items():
            server = MeshServer(options, f"zoomslack.{name}", register, _always)
            await server.start()
            stack.push_async_callback(server.drain)
            area = name.partition(".")[0]
            targets[area], stops[area] = f"127.0.0.1:{server.port}", server.drain
        # The simulator's port is needed before its application can be made, which needs the edge's.
        slack_socket = socket.socket()
        slack_socket.bind(("127.0.0.1", 0))
        slack_url = f"http://127.0.0.1:{slack_socket.getsockname()[1]}"
        slack = SlackConfig(public_url=slack_url)
        clock = JumpingClock()
        edge = Edge(_settings(slack, targets, settings), other_clock or clock)
        await edge.start()
        stack.push_async_callback(edge.drain)
        edge_url = f"http://127.0.0.1:{edge.port}"
        slack = SlackConfig(public_url=slack_url, app_url=edge_url, **knobs)
        await _serve(stack, create_app(slack), slack_socket)
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
        auth.slack_url, auth.edge_url, phone.edge_url = slack_url, edge_url, edge_url
        auth.slack_client = (slack.client_id, slack.client_secret)
        made = World(clock, slack_url, edge, edge_url, slack, auth, meetings, phone, http, stops)
        installed = await made.control("POST", "install", user_id=ADA)
        assert installed == {"installed": True, "status": 200, "final_path": "/slack/installed"}
        auth.asked.clear()
        yield made


def _settings(slack: SlackConfig, targets: dict[str, str], more: dict[str, str]) -> EdgeSettings:
    return EdgeSettings.load(
        {
            "ZOOMSLACK_EDGE_LISTEN": "127.0.0.1:0",
            "ZOOMSLACK_SLACK_API_URL": f"{slack.public_url}/api",
            "ZOOMSLACK_SLACK_SIGNING_SECRET": f"{slack.signing_secret},previous-secret",
            "ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET": ZOOM_SECRETS[0],
            "ZOOMSLACK_ZOOM_ACCOUNT_WEBHOOK_SECRET": ZOOM_SECRETS[1],
            "ZOOMSLACK_EDGE_DRAIN_SECONDS": "0",
            **{f"ZOOMSLACK_{area.upper()}_TARGET": target for area, target in targets.items()},
            **more,
        }
    )


async def _serve(stack: AsyncExitStack, app: web.Application, sock: socket.socket) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, sock).start()
