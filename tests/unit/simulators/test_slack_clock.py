"""The simulator's time: moved on, and sped up, never back."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from aiohttp import web

from simulators.slack.clock import SimulatedClock
from tests.unit.simulators.slack_harness import NOW, SDK_WARNINGS, Hand, Received, running_slack

pytestmark = SDK_WARNINGS


async def test_time_runs_faster_from_now_on_without_a_jump() -> None:
    hand = Hand()
    async with running_slack(clock=hand) as slack:
        assert await slack.control("GET", "clock") == {"now": NOW, "speed": 1.0}
        hand.time += 10
        assert await slack.control("POST", "clock", {"speed": 60}) == {"now": NOW + 10, "speed": 60}
        hand.time += 2
        assert (await slack.control("GET", "clock"))["now"] == NOW + 130
        told = await slack.control("POST", "clock", {"speed": 1, "advance_seconds": 70})
        assert told == {"now": NOW + 200, "speed": 1}
        hand.time += 5
        assert (await slack.control("GET", "clock"))["now"] == NOW + 205


async def test_time_never_goes_back_even_if_the_machines_does() -> None:
    hand = Hand()
    async with running_slack(clock=hand) as slack:
        await slack.control("POST", "clock", {"speed": 100})
        hand.time += 1
        assert (await slack.control("GET", "clock"))["now"] == NOW + 100
        hand.time -= 1
        assert (await slack.control("GET", "clock"))["now"] == NOW + 100
        assert await slack.control("POST", "clock", {"speed": 1}) == {"now": NOW + 100, "speed": 1}


async def test_a_reset_keeps_the_time_and_not_the_speed() -> None:
    async with running_slack() as slack:
        await slack.control("POST", "clock", {"speed": 5, "advance_seconds": 30})
        await slack.control("POST", "reset")
        assert await slack.control("GET", "clock") == {"now": NOW + 30, "speed": 1.0}


async def test_retries_come_as_much_earlier() -> None:
    begun = time.monotonic()
    async with running_slack(clock=lambda: NOW + time.monotonic() - begun) as slack:
        await slack.install()

        async def refuse(_received: Received) -> web.Response:
            return web.Response(status=500)

        slack.app.respond = refuse
        # Six minutes of retries: asleep at the old speed first, and woken by the new one.
        await slack.control("POST", "home", {"user_id": "U0ADA0001"})
        await slack.control("POST", "clock", {"speed": 2000})
        assert await slack.control("GET", "deliveries/idle") == {"idle": True}
        tried = (await slack.control("GET", "deliveries?about=app_home_opened"))["deliveries"]
        assert [entry["retry_num"] for entry in tried] == [None, "1", "2", "3"]
        assert tried[2]["time"] - tried[0]["time"] >= 60
        assert tried[3]["time"] - tried[0]["time"] >= 360
        assert time.monotonic() - begun < 30


class ReadHand(Hand):
    """It tells when it was looked at so often."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.read = asyncio.Event()

    def __call__(self) -> float:
        self.looks -= 1
        if self.looks == 0:
            self.read.set()
        return super().__call__()


async def test_who_sleeps_is_woken_by_a_new_speed_and_not_too_early() -> None:
    hand = ReadHand()
    clock = SimulatedClock(hand)
    asleep = asyncio.create_task(clock.sleep_until(NOW + 3600))
    await asyncio.sleep(0)
    clock.run_at(1_000_000)
    hand.looks = 5
    async with asyncio.timeout(5):
        await hand.read.wait()
    assert not asleep.done(), "she has looked at the clock again and again, and no time has passed by it"
    hand.time += 0.5
    async with asyncio.timeout(5):
        await asleep


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"speed": 0},
        {"speed": -1},
        {"speed": 20_000},
        {"speed": True},
        {"speed": "2"},
        {"advance_seconds": -1},
        {"advance_seconds": None},
        {"advance_seconds": 1, "faster": 2},
    ],
)
async def test_what_makes_no_sense_is_refused(body: dict[str, Any]) -> None:
    async with running_slack() as slack:
        refused = await slack.control("POST", "clock", body, status=400)
        assert refused["error"] == "invalid_arguments"
        assert await slack.control("GET", "clock") == {"now": NOW, "speed": 1.0}
