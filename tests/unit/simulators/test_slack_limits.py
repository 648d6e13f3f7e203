"""Slack's rate limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from simulators.slack.limits import PER_MINUTE, POSTS
from simulators.slack.webapi import METHODS
from tests.unit.simulators.slack_harness import SDK_WARNINGS, Hand, SlackUnderTest, running_slack

pytestmark = SDK_WARNINGS

METHODS_OF_SLACK = Path(__file__).parents[4] / "shared" / "specs" / "slack" / "current" / "web_methods.json"


async def limited(slack: SlackUnderTest, method: str, **arguments: Any) -> str:
    """Calls a method that is above its limit; returns `Retry-After`."""
    with pytest.raises(SlackApiError) as refused:
        await slack.bot.api_call(method, json=arguments)
    assert refused.value.response.status_code == 429
    assert refused.value.response.data == {"ok": False, "error": "ratelimited"}
    return str(refused.value.response.headers["Retry-After"])


async def test_a_method_has_a_limit_of_its_own_in_each_minute() -> None:
    hand = Hand()
    async with running_slack(clock=hand) as slack:
        await slack.install()
        for number in range(PER_MINUTE[3]):
            call = {
                "external_unique_id": str(number),
                "join_url": "https://zoom.example/j/1",
                "created_by": "U0ADA0001",
            }
            assert (await slack.bot.api_call("calls.add", json=call))["ok"]
        assert await limited(slack, "calls.add", external_unique_id="more", join_url="https://zoom.example/j/1") == "60"
        assert (await slack.bot.auth_test())["ok"], "another method"
        hand.time += 59
        assert await limited(slack, "calls.add", external_unique_id="more", join_url="https://zoom.example/j/1") == "1"
        hand.time += 1
        assert (await slack.bot.api_call("calls.add", json=call | {"external_unique_id": "later"}))["ok"]


async def test_a_channel_takes_one_message_a_second_and_short_bursts() -> None:
    hand = Hand()
    async with running_slack(clock=hand) as slack:
        await slack.install()
        for _ in range(POSTS):
            await slack.bot.chat_postMessage(channel="C0GENERAL", text="hello")
        assert await limited(slack, "chat.postMessage", channel="C0GENERAL", text="hello") == "5"
        assert (await slack.bot.chat_postMessage(channel="C0RANDOM1", text="hello"))["ok"], "another channel"
        hand.time += 5
        assert (await slack.bot.chat_postMessage(channel="C0GENERAL", text="hello"))["ok"]


async def test_a_response_url_is_used_once_a_second() -> None:
    hand = Hand()
    async with running_slack(clock=hand) as slack:
        await slack.install()
        urls = [(await slack.command("x"))["response_url"] for _ in range(2)]
        assert await slack.answer_url(urls[0], {"text": "hello"}) == (200, "ok")
        async with slack.http.post(urls[0], json={"text": "hello"}) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "1")
        assert await slack.answer_url(urls[1], {"text": "hello"}) == (200, "ok"), "another one"
        hand.time += 1
        assert await slack.answer_url(urls[0], {"text": "hello"}) == (200, "ok")


@pytest.mark.parametrize("speed", [0.1, 600])
async def test_limits_count_real_seconds_at_every_speed(speed: float) -> None:
    hand = Hand()
    async with running_slack(clock=hand) as slack:
        await slack.install()
        await slack.control("POST", "clock", {"speed": speed})
        for _ in range(POSTS):
            await slack.bot.chat_postMessage(channel="C0GENERAL", text="hello")
        await slack.control("POST", "clock", {"advance_seconds": 3600})
        hand.time += 1
        wait = await limited(slack, "chat.postMessage", channel="C0GENERAL", text="hello")
        assert wait == "4", "the app has waited one second"
        hand.time += int(wait)
        assert (await slack.bot.chat_postMessage(channel="C0GENERAL", text="hello"))["ok"], "it waited as it was told"


async def test_limits_can_be_left_out() -> None:
    async with running_slack(enforce_rate_limits=False) as slack:
        await slack.install()
        for _ in range(POSTS + 1):
            assert (await slack.bot.chat_postMessage(channel="C0GENERAL", text="hello"))["ok"]


@pytest.mark.needs_shared
@pytest.mark.skipif(not METHODS_OF_SLACK.exists(), reason="Slack's specification is not part of this tree")
def test_every_tier_is_slacks() -> None:
    told = json.loads(METHODS_OF_SLACK.read_text(encoding="utf-8"))["methods"]
    ours = {name: "t5" if method.tier is None else f"t{method.tier}" for name, method in METHODS.items()}
    assert ours == {name: told[name]["rate_limits"] for name in METHODS}
