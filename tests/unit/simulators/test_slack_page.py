"""The workspace page: served whole, without foreign content, and told of changes."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import asdict

from services.slack_edge.manifest import manifest
from simulators.slack.config import SlackConfig
from simulators.slack.pages import STATIC
from simulators.slack.stream import MAX_WATCHERS
from tests.unit.simulators.slack_harness import ADA, SDK_WARNINGS, running_slack

pytestmark = SDK_WARNINGS

CHANGED = re.compile(rb"(retry: 1000\n)?id: ([0-9a-f]{8})-(\d+)\ndata: changed\n\n")


async def test_the_page_and_its_files_are_served_under_a_strict_policy() -> None:
    async with running_slack() as slack:
        async with slack.http.get(f"{slack.url}/") as response:
            assert response.status == 200
            assert "script-src 'self'" in response.headers["Content-Security-Policy"]
            page = await response.text()
        for name in sorted(file.name for file in STATIC.iterdir()):
            async with slack.http.get(f"{slack.url}/static/{name}") as response:
                assert response.status == 200
                text = await response.text()
                assert "innerHTML" not in text
        assert "onclick" not in page


async def test_watchers_hear_of_changes_with_their_number() -> None:
    async with running_slack() as slack:
        await slack.install()
        async with slack.http.get(f"{slack.url}/ui/stream") as response:
            assert response.content_type == "text/event-stream"
            lines = response.content
            first = CHANGED.fullmatch(await lines.readuntil(b"\n\n"))
            assert first
            assert first[1] == b"retry: 1000\n"
            for _ in range(3):
                await slack.bot.chat_postMessage(channel="C0GENERAL", text="hi")
            told: list[int] = []
            async with asyncio.timeout(5):
                while not told or told[-1] < int(first[3]) + 3:
                    event = CHANGED.fullmatch(await lines.readuntil(b"\n\n"))
                    assert event
                    assert event[2] == first[2], "the run of the simulator"
                    told.append(int(event[3]))
            assert told == sorted(set(told)), "the number of changes"
            run = (await slack.control("GET", "log"))["run"]
    assert run.encode() == first[2]
    async with running_slack() as slack:
        assert (await slack.control("GET", "log"))["run"] != run, "after a restart"


async def test_no_more_watch_than_the_simulator_can_bear() -> None:
    async with running_slack() as slack, AsyncExitStack() as pages:
        watch = f"{slack.url}/control/stream"
        for _ in range(MAX_WATCHERS):
            page = await pages.enter_async_context(slack.http.get(watch))
            assert page.status == 200
        async with slack.http.get(watch) as one_more:
            assert (one_more.status, one_more.headers["Retry-After"]) == (503, "5")
        page.close()
        async with asyncio.timeout(5):
            while True:
                async with slack.http.get(watch) as one_more:
                    if one_more.status == 200:
                        break
                # Somebody has to be told before it is noticed that she is gone.
                await slack.control("POST", "clock", {"advance_seconds": 1})


async def test_the_page_can_type_for_a_person() -> None:
    async with running_slack() as slack:
        body = {"user_id": ADA, "channel_id": "C0GENERAL", "text": "Hello @grace <b>"}
        async with slack.http.post(f"{slack.url}/ui/type", json=body) as response:
            assert response.status == 200
        [message] = await slack.messages("C0GENERAL")
        assert (message["user_id"], message["text"]) == (ADA, "Hello <@U0GRACE01|grace> &lt;b&gt;")


def test_the_page_offers_the_shortcuts_that_the_manifest_registers() -> None:
    registered = manifest("https://zoom.example")["features"]["shortcuts"]
    offered = [asdict(shortcut) for shortcut in SlackConfig().shortcuts]
    assert offered == [{name: one[name] for name in ("type", "name", "callback_id")} for one in registered]


def test_the_command_and_the_events_are_those_that_the_manifest_registers() -> None:
    made, config = manifest("https://zoom.example"), SlackConfig()
    [command] = made["features"]["slash_commands"]
    told = (config.command, config.command_description, config.command_usage_hint)
    assert told == (command["command"], command["description"], command["usage_hint"])
    assert list(config.bot_events) == made["settings"]["event_subscriptions"]["bot_events"]
