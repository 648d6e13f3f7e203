"""The Zoom simulator on a free port, with a stand-in for the app that it talks to."""

import base64
import hashlib
import hmac
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp import web
from yarl import URL

from simulators.zoom.app import create_app
from simulators.zoom.config import ZoomApp, ZoomConfig

ADA = "adaZoomUserId000000001"
GRACE = "graceZoomUserId0000002"
BEN = "benZoomUserId000000003"
HEDY = "hedyZoomUserId00000004"
RUTH = "ruthZoomUserId00000005"
OLAF = "olafZoomUserId00000006"
OTHERS_MAY_BEGIN = {"join_before_host": True}
"""Settings of a meeting; by Zoom's default nobody comes before the host."""
NOON = 1_793_361_600.0  # 2026-10-30T12:00:00Z


class FakeClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.value = NOON

    def __call__(self) -> float:
        return self.value


class RunningClock(FakeClock):
    """Begins at noon, too, and runs."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def __call__(self) -> float:
        return self.value + time.monotonic() - self._began


@dataclass
class Webhook:
    """One request that the stand-in app received."""

    headers: Mapping[str, str]
    raw: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.raw))

    @property
    def name(self) -> str:
        return str(self.event["event"])

    @property
    def object(self) -> dict[str, Any]:
        return dict(self.event["payload"]["object"])

    def is_signed_with(self, secret: str) -> bool:
        signed = f"v0:{self.headers['x-zm-request-timestamp']}:".encode() + self.raw
        wanted = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return self.headers["x-zm-signature"] == wanted


@dataclass
class StandInApp:
    """Records webhooks and answers them with `answers`, one after the other, then with `answer` or an empty 200."""

    received: list[Webhook] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    answer: Callable[[web.Request], Awaitable[web.Response]] | None = None

    async def receive(self, request: web.Request) -> web.Response:
        self.received.append(Webhook(dict(request.headers), await request.read()))
        if self.answers:
            return self.answers.pop(0)
        return web.Response(status=200) if self.answer is None else await self.answer(request)

    def names(self) -> list[str]:
        return [webhook.name for webhook in self.received]


@dataclass
class Answer:
    """Status, headers and body of one HTTP answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Zoom:
    """The running simulator, seen from outside."""

    base: str
    config: ZoomConfig
    clock: FakeClock
    app: StandInApp
    session: aiohttp.ClientSession

    async def request(self, method: str, path: str, **options: Any) -> Answer:
        url = URL(self.base + path, encoded=True)
        async with self.session.request(method, url, allow_redirects=False, **options) as answer:
            return Answer(answer.status, dict(answer.headers), await answer.text())

    async def control(self, method: str, path: str, body: object = None) -> Any:
        answer = await self.request(method, f"/control/{path}", json=body if method == "POST" else None)
        assert answer.status < 400, answer.text
        return answer.json

    async def api(self, method: str, path: str, token: str, body: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.request(method, f"/v2/{path}", headers=headers, json=body)

    async def consent(
        self, user: str, app: ZoomApp, decision: str = "allow", *, decline: str = "", grant: str = "", **query: str
    ) -> Answer:
        """Open the consent page and press a button on it, sending back what its hidden fields carry.

        `decline` and `grant` are optional scopes with spaces between.
        """
        wanted = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": self.config.redirect_uri,
            "state": "st-1",
            **query,
        }
        page = await self.request("GET", f"/oauth/authorize?{URL.build(query=wanted).raw_query_string}")
        if page.status != 200:
            return page
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
        form = [(name, unescape(value)) for name, value in hidden]
        form += [("zoom_user_id", user), ("decision", decision)]
        form += [*(("decline", scope) for scope in decline.split()), *(("grant", scope) for scope in grant.split())]
        return await self.request("POST", "/oauth/authorize/decide", data=form)

    async def code(self, user: str = ADA, app: ZoomApp | None = None, **query: str) -> str:
        answer = await self.consent(user, app or self.config.user_app, **query)
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    async def token_request(self, form: Mapping[str, str], app: ZoomApp | None = None, path: str = "token") -> Answer:
        app = app or self.config.user_app
        return await self.request("POST", f"/oauth/{path}", data=dict(form), headers=basic(app))

    async def redeem(self, code: str, app: ZoomApp | None = None, **extra: str) -> Answer:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.config.redirect_uri, **extra}
        return await self.token_request(form, app)

    async def refresh(self, token: str) -> Answer:
        return await self.token_request({"grant_type": "refresh_token", "refresh_token": token})

    async def authorize(self, user: str = ADA, app: ZoomApp | None = None) -> dict[str, str]:
        """The whole dance; gives the token answer."""
        answer = await self.redeem(await self.code(user, app), app)
        assert answer.status == 200, answer.text
        return dict(answer.json)

    async def access_token(self, user: str = ADA, app: ZoomApp | None = None) -> str:
        return (await self.authorize(user, app))["access_token"]

    async def create(self, token: str, **body: object) -> dict[str, Any]:
        answer = await self.api("POST", "users/me/meetings", token, {"topic": "Weekly sync", "type": 1, **body})
        assert answer.status == 201, answer.text
        return dict(answer.json)

    async def ask_for_summaries(self) -> None:
        """Lets the user-managed app ask for AI summaries, too, from the next consent on."""
        scopes = [*self.config.user_app.scopes, "meeting:read:summary"]
        await self.control("POST", "apps", {"app": "user", "scopes": scopes})

    async def idle(self) -> None:
        assert (await self.request("GET", "/control/webhooks/idle?timeout_seconds=10")).status == 200


def basic(app: ZoomApp, secret: str | None = None) -> dict[str, str]:
    pair = f"{app.client_id}:{app.client_secret if secret is None else secret}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


@asynccontextmanager
async def running_zoom(config: ZoomConfig | None = None, clock: FakeClock | None = None) -> AsyncIterator[Zoom]:
    """Both servers, on ports of their own. Rate limits are off unless `config` says otherwise: the clock stands."""
    stand_in, clock = StandInApp(), clock or FakeClock()
    app = web.Application()
    app.router.add_post("/zoom/webhooks", stand_in.receive)
    async with _served(app) as app_url:
        listener = _listener()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        wanted = config or ZoomConfig(enforce_rate_limits=False, uuid_style="plain")
        wanted = replace(wanted, app_url=app_url, public_url=base)
        async with _served(create_app(wanted, clock=clock), listener), aiohttp.ClientSession() as session:
            yield Zoom(base, wanted, clock, stand_in, session)


@asynccontextmanager
async def _served(app: web.Application, listener: socket.socket | None = None) -> AsyncIterator[str]:
    listener = listener or _listener()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await runner.cleanup()


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener
