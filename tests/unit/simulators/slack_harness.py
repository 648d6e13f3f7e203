"""A running Slack simulator beside a stand-in for the app: what the tests of the simulator talk to."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from simulators.slack.app import create_app
from simulators.slack.config import SlackConfig

NOW = 1_760_000_000.0
BOT_SCOPES = "commands,calls:read,calls:write,chat:write,chat:write.public,users:read,channels:read,groups:read,im:read"
EVENTS = (
    *("app_home_opened", "app_uninstalled", "tokens_revoked", "team_access_granted", "team_access_revoked"),
    *("member_joined_channel", "member_left_channel", "channel_id_changed", "call_rejected"),
    *("channel_archive", "channel_unarchive", "group_archive", "group_unarchive"),
)
"""All that the simulator tells of by itself: the stand-in subscribes to everything."""
# slack_sdk hands its Basic credentials to aiohttp in a way that aiohttp 3.14 warns of.
SDK_WARNINGS = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
ADA, GRACE, LIN = "U0ADA0001", "U0GRACE01", "U0LIN0001"


class Hand:
    """The real time, standing where it is put: limits that count by it are passed by moving it."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> float:
        return self.time


class FrozenClock(Clock):
    """slack_sdk's clock, stopped at the simulator's start time."""

    def now(self) -> float:
        return NOW


@dataclass
class Received:
    """One request of the simulator to the app, already verified."""

    path: str
    headers: dict[str, str]
    form: dict[str, str] = field(default_factory=dict)
    json: Any = None

    @property
    def payload(self) -> Any:
        return json.loads(self.form["payload"])


Responder = Callable[[Received], Awaitable[web.Response]]


async def _ok(_received: Received) -> web.Response:
    return web.Response()


class AppStandIn:
    """An app: verifies signatures with slack_sdk, remembers what came, answers as told, installs itself by OAuth."""

    def __init__(self, slack_url: str, config: SlackConfig, scopes: str, user_scopes: str) -> None:
        self.received: list[Received] = []
        self.respond: Responder = _ok
        self.tokens: dict[str, Any] = {}
        self._slack_url, self._config = slack_url, config
        self._scopes, self._user_scopes = scopes, user_scopes
        self._verifier = SignatureVerifier(config.signing_secret, clock=FrozenClock())
        self.app = web.Application()
        self.app.add_routes(
            [
                web.post("/slack/{what}", self._receive),
                web.get("/slack/install", self._install),
                web.get("/slack/oauth/callback", self._callback),
                web.get("/done", self._done),
            ]
        )

    def answer_json(self, body: Any, status: int = 200) -> None:
        """Answer everything from now on with this JSON."""

        async def respond(_received: Received) -> web.Response:
            return web.json_response(body, status=status)

        self.respond = respond

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not self._verifier.is_valid_request(body, headers):
            return web.Response(status=401)
        received = Received(request.path, headers)
        if request.content_type == "application/json":
            received.json = json.loads(body)
        else:
            form = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True)
            received.form = {name: values[0] for name, values in form.items()}
        self.received.append(received)
        return await self.respond(received)

    async def _install(self, _request: web.Request) -> web.Response:
        query = {
            "client_id": self._config.client_id,
            "scope": self._scopes,
            "user_scope": self._user_scopes,
            "redirect_uri": f"{self._config.app_url}/slack/oauth/callback",
            "state": "state-of-this-browser",
        }
        response = web.Response(
            status=302, headers={"Location": f"{self._slack_url}/oauth/v2/authorize?{urlencode(query)}"}
        )
        response.set_cookie("state", "state-of-this-browser")
        return response

    async def _callback(self, request: web.Request) -> web.Response:
        if request.cookies.get("state") != request.query.get("state") or "code" not in request.query:
            return web.Response(status=403)
        self.tokens = await self.exchange(request.query["code"])
        return web.Response(status=302, headers={"Location": "/done"})

    async def exchange(self, code: str, **changes: str) -> dict[str, Any]:
        """Exchange a code with slack_sdk."""
        args = {
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret,
            "redirect_uri": f"{self._config.app_url}/slack/oauth/callback",
            **changes,
        }
        answer = await AsyncWebClient(base_url=f"{self._slack_url}/api/").oauth_v2_access(code=code, **args)
        assert isinstance(answer.data, dict)
        return answer.data

    @staticmethod
    async def _done(_request: web.Request) -> web.Response:
        return web.Response(text="installed")


@dataclass
class SlackUnderTest:
    """The running simulator: `control` drives it, `bot` speaks to it as the installed app."""

    url: str
    config: SlackConfig
    app: AppStandIn
    http: aiohttp.ClientSession

    async def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        async with self.http.request(method, f"{self.url}/control/{path}", json=body) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def install(self, user_id: str = ADA) -> None:
        result = await self.control("POST", "install", {"user_id": user_id})
        assert result == {"installed": True, "status": 200, "final_path": "/done"}

    @property
    def bot(self) -> AsyncWebClient:
        return self.client(self.app.tokens["access_token"])

    def client(self, token: str) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=f"{self.url}/api/")

    def heard(self, kind: str = "") -> list[dict[str, Any]]:
        """Return the events that came to the app, or those of one type, oldest first."""
        told = [one.json["event"] for one in self.app.received if one.json and "event" in one.json]
        return [event for event in told if kind in ("", event["type"])]

    async def messages(self, channel_id: str, user_id: str = ADA) -> list[dict[str, Any]]:
        answer = await self.control("GET", f"messages?channel_id={channel_id}&user_id={user_id}")
        found: list[dict[str, Any]] = answer["messages"]
        return found

    async def command(self, text: str, channel_id: str = "C0GENERAL", user_id: str = ADA, **more: Any) -> Any:
        body = {"user_id": user_id, "channel_id": channel_id, "command": "/zoom", "text": text, **more}
        return await self.control("POST", "commands", body)

    async def answer_url(self, url: str, body: Any) -> tuple[int, str]:
        async with self.http.post(url, json=body) as response:
            return response.status, await response.text()


@asynccontextmanager
async def running_slack(
    *, scopes: str = BOT_SCOPES, user_scopes: str = "", clock: Callable[[], float] = lambda: NOW, **settings: Any
) -> AsyncIterator[SlackUnderTest]:
    """Run simulator and app stand-in on free ports of 127.0.0.1, the simulator's clock stopped at `NOW`, or `clock`."""
    slack_socket, app_socket = _free_socket(), _free_socket()
    slack_url, app_url = (f"http://127.0.0.1:{s.getsockname()[1]}" for s in (slack_socket, app_socket))
    config = replace(SlackConfig(app_url=app_url, public_url=slack_url, bot_events=EVENTS), **settings)
    app = AppStandIn(slack_url, config, scopes, user_scopes)
    runners = [web.AppRunner(create_app(config, clock=clock)), web.AppRunner(app.app)]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
        try:
            for runner, listening in zip(runners, (slack_socket, app_socket), strict=True):
                await runner.setup()
                await web.SockSite(runner, listening).start()
            yield SlackUnderTest(slack_url, config, app, http)
        finally:
            await asyncio.gather(*(runner.cleanup() for runner in runners))


async def refusal(call: Awaitable[Any]) -> dict[str, Any]:
    """Return the answer of a Web API call that must be refused."""
    with pytest.raises(SlackApiError) as refused:
        await call
    answer = refused.value.response.data
    assert isinstance(answer, dict)
    return answer


def _free_socket() -> socket.socket:
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    return made
