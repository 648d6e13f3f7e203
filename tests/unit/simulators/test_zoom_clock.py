"""The time of the Zoom simulator: it can be skipped and made to run faster, and never goes back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from simulators.zoom.config import ZoomConfig
from tests.unit.simulators.zoom_harness import ADA, NOON, RunningClock, Zoom, running_zoom


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _clock(zoom: Zoom, **body: object) -> dict[str, Any]:
    return dict(await zoom.control("POST", "clock", body))


async def test_another_speed_goes_on_from_where_the_time_is(zoom: Zoom) -> None:
    assert await _clock(zoom, speed=60) == {"now": NOON, "speed": 60}
    zoom.clock.value += 10
    assert (await _clock(zoom, advance_seconds=5))["now"] == NOON + 605
    assert await _clock(zoom, speed=1) == {"now": NOON + 605, "speed": 1}
    zoom.clock.value += 10
    assert await _clock(zoom, speed=10, advance_seconds=1) == {"now": NOON + 616, "speed": 10}
    assert (await zoom.control("GET", "state"))["speed"] == 10
    await zoom.control("POST", "reset")
    assert await zoom.control("GET", "clock") == {"now": NOON + 616, "speed": 1}, "the time stays"


async def test_time_can_be_slow(zoom: Zoom) -> None:
    await _clock(zoom, speed=0.1)
    zoom.clock.value += 10
    assert await zoom.control("GET", "clock") == {"now": NOON + 1, "speed": 0.1}


async def test_a_wall_clock_that_is_set_back_does_not_set_the_time_back(zoom: Zoom) -> None:
    await _clock(zoom, advance_seconds=100, speed=60)
    zoom.clock.value -= 10
    assert (await _clock(zoom, speed=1))["now"] == NOON + 100
    assert (await _clock(zoom, advance_seconds=1))["now"] == NOON + 101
    zoom.clock.value += 5
    assert (await _clock(zoom, advance_seconds=0))["now"] == NOON + 106


async def test_tokens_live_by_the_faster_clock_and_signatures_by_the_real_one(zoom: Zoom) -> None:
    token = await zoom.access_token(ADA)
    await _clock(zoom, speed=3600)
    await zoom.create(token)
    await zoom.control("POST", "meetings/5551234567/start")
    await zoom.idle()
    assert zoom.app.received[0].headers["x-zm-request-timestamp"] == str(int(NOON))
    zoom.clock.value += 1
    expired = await zoom.api("GET", "users/me", token)
    assert (expired.status, expired.json["code"]) == (401, 124)


async def test_the_limit_per_second_is_one_of_real_seconds() -> None:
    async with running_zoom(ZoomConfig()) as zoom:
        token = await zoom.access_token()
        for _ in range(30):
            assert (await zoom.api("GET", "users/me", token)).status == 200
        await _clock(zoom, advance_seconds=5, speed=100)
        zoom.clock.value += 0.5
        assert (await zoom.api("GET", "users/me", token)).status == 429, "the caller has not become faster"


async def test_who_waits_for_a_moment_is_woken_by_another_speed() -> None:
    again = asyncio.Event()
    async with running_zoom(clock=RunningClock()) as zoom:

        async def answer(_request: web.Request) -> web.Response:
            again.set()
            return web.Response()

        zoom.app.answers = [web.Response(status=503)]
        await zoom.access_token()
        await zoom.control("POST", "meetings/5551234567/start", {"host_joins": False})
        await zoom.idle()
        zoom.app.answer = answer
        assert (await zoom.control("GET", "webhooks"))["retrying"] == 1
        await _clock(zoom, speed=3600)
        await asyncio.wait_for(again.wait(), 10)  # five minutes at this speed are a twelfth of a second
        assert zoom.app.names() == ["meeting.started", "meeting.started"]


@pytest.mark.parametrize("speed", [0, -1, 0.09, 10_001, True, "60", float("nan"), float("inf")])
async def test_time_neither_stands_nor_goes_back(zoom: Zoom, speed: object) -> None:
    assert (await zoom.request("POST", "/control/clock", json={"speed": speed})).status == 400
