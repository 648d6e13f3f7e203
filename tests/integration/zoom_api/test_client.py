"""Calling Zoom: tokens, lost answers, exact bytes. A small server plays Zoom, because it has to misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web

from mesh import deadline
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from tests.support.clock import FakeClock
from zoom_api.client import ZoomClient, open_http_client
from zoom_api.tokens import AccessToken

ADA = SlackUser("", "T0ACME", "U0ADA")
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Tokens:
    """Gives a new token each time one was refused."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.issued = 0

    async def get(self, user: SlackUser, *, rejected: AccessToken | None = None) -> AccessToken:
        if rejected is not None or not self.issued:
            self.issued += 1
        expire_time = self.clock.now() + timedelta(hours=1)
        return AccessToken(f"token-{self.issued}", expire_time, "adaZoomId", "account")


@asynccontextmanager
async def zoom(handler: Handler, *, patience: float = 5.0) -> AsyncIterator[tuple[ZoomClient, Tokens]]:
    clock = FakeClock()
    tokens = Tokens(clock)
    server = web.Server(handler)
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with open_http_client(timeout=patience) as http:
        yield ZoomClient(http, f"http://127.0.0.1:{port}/v2", tokens, clock), tokens
    await runner.cleanup()


async def test_the_token_goes_in_the_header_and_the_answer_comes_back() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer token-1"
        return web.json_response({"method": request.method, "target": request.raw_path, "body": await request.json()})

    async with zoom(handler) as (client, _):
        answer = await client.call(ADA, "POST", "/users/{userId}/meetings", path={"userId": "me"}, body={"topic": "é"})
    assert answer == {"method": "POST", "target": "/v2/users/me/meetings", "body": {"topic": "é"}}


@pytest.mark.parametrize(
    ("uuid", "segment"),
    [
        ("aBc/dEf1gHi2JkL3mNo4Pw==", "aBc%2FdEf1gHi2JkL3mNo4Pw%3D%3D"),
        ("/qrS7tuVQ2aB3cD4eF5gHw==", "%252FqrS7tuVQ2aB3cD4eF5gHw%253D%253D"),
    ],
)
async def test_uuids_reach_zoom_with_exactly_these_bytes(uuid: str, segment: str) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"target": request.raw_path})

    async with zoom(handler) as (client, _):
        answer = await client.call(ADA, "GET", "/past_meetings/{meetingId}", path={"meetingId": uuid})
    assert answer["target"] == f"/v2/past_meetings/{segment}"


async def test_a_refused_token_is_replaced_once() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        fresh = request.headers["Authorization"] == "Bearer token-2"
        return web.json_response({"ok": True}) if fresh else web.json_response({"code": 124}, status=401)

    async with zoom(handler) as (client, tokens):
        assert await client.call(ADA, "GET", "/users/me") == {"ok": True}
        assert tokens.issued == 2


async def test_a_fresh_token_that_is_refused_too_means_that_nobody_is_connected() -> None:
    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"code": 124}, status=401)

    async with zoom(handler) as (client, tokens):
        with pytest.raises(MeshError) as failure:
            await client.call(ADA, "GET", "/users/me")
        assert failure.value.reason is Reason.ZOOM_NOT_CONNECTED
        assert tokens.issued == 2


@pytest.mark.parametrize(
    ("method", "reason"), [("POST", Reason.ZOOM_OUTCOME_UNKNOWN), ("GET", Reason.ZOOM_UNAVAILABLE)]
)
async def test_a_lost_answer_leaves_open_what_a_change_came_to(method: str, reason: Reason) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.close()
        return web.Response()

    async with zoom(handler) as (client, _):
        with pytest.raises(MeshError) as failure:
            await client.call(ADA, method, "/users/me/meetings", body={} if method == "POST" else None)
        assert failure.value.reason is reason


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(
    ("method", "reason"), [("POST", Reason.ZOOM_OUTCOME_UNKNOWN), ("GET", Reason.ZOOM_UNAVAILABLE)]
)
async def test_a_server_that_fails_may_have_made_the_change_before(method: str, reason: Reason, status: int) -> None:
    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="<html>gateway</html>", status=status, headers={"Retry-After": "7"})

    async with zoom(handler) as (client, _):
        with pytest.raises(MeshError) as failure:
            await client.call(ADA, method, "/users/me/meetings", body={} if method == "POST" else None)
    assert failure.value.reason is reason
    assert failure.value.retry_delay == timedelta(seconds=7)


async def test_an_answer_that_takes_too_long_is_a_lost_answer() -> None:
    release = asyncio.Event()

    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        await release.wait()
        return web.json_response({})

    async with zoom(handler, patience=0.2) as (client, _):
        with pytest.raises(MeshError) as failure:
            await client.call(ADA, "POST", "/users/me/meetings", body={})
        release.set()
    assert failure.value.reason is Reason.ZOOM_OUTCOME_UNKNOWN


async def test_nothing_was_done_where_nobody_listens() -> None:
    clock = FakeClock()
    async with open_http_client() as http:
        client = ZoomClient(http, "http://127.0.0.1:1/v2", Tokens(clock), clock)
        with pytest.raises(MeshError) as failure:
            await client.call(ADA, "POST", "/users/me/meetings", body={})
    assert failure.value.reason is Reason.ZOOM_UNAVAILABLE


@pytest.mark.parametrize("body", [b"<html>maintenance</html>", b"", b"\xff\xfe"])
async def test_a_success_without_json_is_no_success(body: bytes) -> None:
    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body)

    async with zoom(handler) as (client, _):
        with pytest.raises(MeshError) as failure:
            await client.call(ADA, "POST", "/users/me/meetings", body={})
    assert failure.value.reason is Reason.ZOOM_OUTCOME_UNKNOWN


async def test_an_endless_answer_is_cut_off() -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(6):
            await response.write(b"[" * 1_000_000)
        return response

    async with zoom(handler) as (client, _):
        with pytest.raises(MeshError) as failure:
            await client.call(ADA, "GET", "/users/me")
    assert failure.value.reason is Reason.ZOOM_UNAVAILABLE


async def test_an_empty_answer_of_a_change_is_fine() -> None:
    async def handler(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=204)

    async with zoom(handler) as (client, _):
        assert await client.call(ADA, "PUT", "/meetings/{meetingId}/status", path={"meetingId": "1"}, body={}) == {}


PER_SECOND = {
    "code": 429,
    "message": "You have reached the maximum per-second rate limit for this API. Try again later.",
}
DAILY = {"code": 429, "message": "You have reached the maximum daily rate limit for this API."}


class Busy:
    """Answers so many requests with a limit, and all others with success."""

    def __init__(self, times: int, limit: dict[str, object], **headers: str) -> None:
        self.asked = 0
        self._times = times
        self._limit = limit
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def __call__(self, _: web.BaseRequest) -> web.StreamResponse:
        self.asked += 1
        if self.asked <= self._times:
            return web.json_response(self._limit, status=429, headers=self._headers)
        return web.json_response({"ok": True})


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("limit", "headers"), [(PER_SECOND, {}), ({"code": 429, "message": "slow"}, {"X_RateLimit_Type": "QPS"})]
)
async def test_a_limit_per_second_is_waited_for_whatever_was_asked(
    method: str, limit: dict[str, object], headers: dict[str, str]
) -> None:
    busy = Busy(1, limit, **headers)
    async with zoom(busy) as (client, tokens):
        before = tokens.clock.monotonic()
        assert await client.call(ADA, method, "/users/me/meetings") == {"ok": True}
        assert 1.0 <= tokens.clock.monotonic() - before <= 1.25
    assert (busy.asked, tokens.issued) == (2, 1)


@pytest.mark.parametrize(
    ("times", "limit", "headers", "asked", "reason"),
    [
        pytest.param(2, PER_SECOND, {}, 2, Reason.ZOOM_RATE_LIMITED, id="twice"),
        pytest.param(1, DAILY, {}, 1, Reason.ZOOM_DAILY_LIMIT, id="a day is not waited for"),
        pytest.param(1, PER_SECOND, {"Retry_After": "20"}, 1, Reason.ZOOM_RATE_LIMITED, id="nor what Zoom says"),
        pytest.param(1, {"code": 429, "message": "slow"}, {}, 1, Reason.ZOOM_RATE_LIMITED, id="nor what nobody says"),
    ],
)
async def test_a_limit_that_does_not_end_with_the_second_is_told(
    times: int, limit: dict[str, object], headers: dict[str, str], asked: int, reason: Reason
) -> None:
    busy = Busy(times, limit, **headers)
    async with zoom(busy) as (client, _):
        with pytest.raises(MeshError) as failure:
            await client.call(ADA, "POST", "/users/me/meetings", body={})
    assert (failure.value.reason, busy.asked) == (reason, asked)


@pytest.mark.parametrize(("seconds", "asked"), [(1.4, 1), (5.0, 2)])
async def test_who_has_no_time_left_hears_of_the_limit_at_once(seconds: float, asked: int) -> None:
    busy = Busy(2, PER_SECOND)
    async with zoom(busy) as (client, _):
        with deadline.budget(seconds), pytest.raises(MeshError) as failure:
            await client.call(ADA, "POST", "/users/me/meetings", body={})
    assert (failure.value.reason, busy.asked) == (Reason.ZOOM_RATE_LIMITED, asked)
