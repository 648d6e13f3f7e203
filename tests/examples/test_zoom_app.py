"""How somebody tests an app for Zoom with the simulator: nothing of this project is imported here.

The app of this example counts who is in its meetings. What it would have in a file of its own is `Counter`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sys
from collections import Counter as Numbers
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET = "simulatedUserAppId0001", "our-client-secret", "our-webhook-secret"
ADA = "adaZoomUserId000000001"


class Counter:
    """An app for Zoom: it creates meetings, and knows by the webhooks how many people are in each."""

    def __init__(self, url: str, zoom: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.people: Numbers[str] = Numbers()
        self.ended: asyncio.Queue[str] = asyncio.Queue()
        self._zoom = zoom
        self._http = http
        self._token = ""

    async def finish_login(self, code: str) -> None:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": f"{self.url}/back"}
        login = {"Authorization": "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()}
        async with self._http.post(f"{self._zoom}/oauth/token", data=form, headers=login) as answer:
            self._token = (await answer.json())["access_token"]

    async def create(self, topic: str) -> str:
        """Create a meeting, patiently: returns its number."""
        headers, body = {"Authorization": f"Bearer {self._token}"}, {"topic": topic, "type": 1}
        while True:
            async with self._http.post(f"{self._zoom}/v2/users/me/meetings", json=body, headers=headers) as answer:
                if answer.status == 429:
                    await asyncio.sleep(float(answer.headers["Retry-After"]))
                    continue
                answer.raise_for_status()
                return str((await answer.json())["id"])

    async def hear(self, request: web.Request) -> web.Response:
        body, sent_at = await request.read(), request.headers["x-zm-request-timestamp"]
        right = hmac.new(WEBHOOK_SECRET.encode(), f"v0:{sent_at}:".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers.get("x-zm-signature", ""), f"v0={right}"):
            return web.Response(status=401)
        event = json.loads(body)
        number = event["payload"]["object"]["id"]
        if event["event"] == "meeting.participant_joined":
            self.people[number] += 1
        elif event["event"] == "meeting.participant_left":
            self.people[number] -= 1
        elif event["event"] == "meeting.ended":
            await self.ended.put(number)
        return web.Response()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def zoom() -> AsyncIterator[str]:
    """The simulator as a process of its own; where it is."""
    command = [sys.executable, "-m", "simulators", "--slack-listen", "127.0.0.1:0", "--zoom-listen", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(2)]
    yield lines[1].split()[-1]
    process.terminate()
    await process.communicate()


@pytest.fixture
async def app(zoom: str, http: aiohttp.ClientSession) -> AsyncIterator[Counter]:
    """The app, registered at Zoom, and added by Ada."""
    async with _served(zoom, http) as counter:
        registration = {
            "app": "user",
            "client_secret": CLIENT_SECRET,
            "webhook_secret": WEBHOOK_SECRET,
            "redirect_uri": f"{counter.url}/back",
            "webhook_url": f"{counter.url}/zoom",
        }
        await _control(http, zoom, "apps", registration)
        form = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": registration["redirect_uri"],
            "zoom_user_id": ADA,
            "decision": "allow",
        }
        async with http.post(f"{zoom}/oauth/authorize/decide", data=form, allow_redirects=False) as consent:
            await counter.finish_login(parse_qs(urlsplit(consent.headers["Location"]).query)["code"][0])
        yield counter


@asynccontextmanager
async def _served(zoom: str, http: aiohttp.ClientSession) -> AsyncIterator[Counter]:
    server = web.Application()
    runner = web.AppRunner(server)
    counter = Counter("", zoom, http)
    server.router.add_post("/zoom", counter.hear)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    counter.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield counter
    finally:
        await runner.cleanup()


async def _control(http: aiohttp.ClientSession, zoom: str, path: str, body: object) -> None:
    async with http.post(f"{zoom}/control/{path}", json=body) as answer:
        assert answer.status < 300, await answer.text()


async def test_people_are_counted_from_the_first_to_the_last(
    zoom: str, app: Counter, http: aiohttp.ClientSession
) -> None:
    number = await app.create("Weekly sync")
    await _control(http, zoom, f"meetings/{number}/start", {})
    await _control(http, zoom, f"meetings/{number}/join", {"name": "Lin"})
    async with http.get(f"{zoom}/control/webhooks/idle"):
        assert app.people[number] == 2
    await _control(http, zoom, f"meetings/{number}/end", {})
    assert await asyncio.wait_for(app.ended.get(), 10) == number
    assert app.people[number] == 0


async def test_a_meeting_is_created_however_busy_zoom_is(zoom: str, app: Counter, http: aiohttp.ClientSession) -> None:
    busy = {"path": "/v2/*", "kind": "status", "status": 429, "headers": {"Retry-After": "0.1"}, "times": 2}
    await _control(http, zoom, "faults", busy)
    number = await app.create("Weekly sync")
    async with http.get(f"{zoom}/control/requests", params={"path": "/v2/*"}) as answer:
        assert [entry["status"] for entry in (await answer.json())["requests"]] == [429, 429, 201]
    async with http.get(f"{zoom}/control/meetings") as answer:
        assert (await answer.json())["meetings"][0]["id"] == number


async def test_nobody_else_is_believed(zoom: str, app: Counter, http: aiohttp.ClientSession) -> None:
    forged = {"event": "meeting.participant_joined", "payload": {"object": {"id": "81234567890"}}}
    async with http.post(f"{zoom}/control/webhooks/send", json={"event": forged, "signature": "bad"}) as answer:
        assert (await answer.json())["status"] == 401
    assert app.people["81234567890"] == 0
