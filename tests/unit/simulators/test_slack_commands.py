"""Slash commands and response URLs: what the app receives and what people see."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from simulators.slack.clock import SimulatedClock
from simulators.slack.commands import escape
from simulators.slack.world import World
from tests.unit.simulators.slack_harness import ADA, GRACE, NOW, SDK_WARNINGS, Received, refusal, running_slack

pytestmark = SDK_WARNINGS


async def test_a_command_carries_every_field() -> None:
    async with running_slack() as slack:
        await slack.install()
        result = await slack.command("call @grace")
        [received] = slack.app.received
        assert received.path == "/slack/commands"
        assert received.form.pop("token")
        assert received.form == {
            "team_id": "T0ACME001",
            "team_domain": "acme",
            "channel_id": "C0GENERAL",
            "channel_name": "general",
            "user_id": ADA,
            "user_name": "ada",
            "command": "/zoom",
            "text": f"call <@{GRACE}|grace>",
            "api_app_id": "A0ZOOMSIM1",
            "is_enterprise_install": "false",
            "response_url": result["response_url"],
            "trigger_id": result["trigger_id"],
        }
        assert (result["status"], result["answer"], result["error"]) == (200, None, None)
        assert await slack.messages("C0GENERAL") == []


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("C0SECRET1", "privategroup"),
        ("C0MPIM001", "mpdm-ada--grace--lin-1"),
        ("D0ADAGRAC", "directmessage"),
        ("app", "directmessage"),
    ],
)
async def test_channel_names_are_what_slack_gives_away(channel: str, name: str) -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.command("", channel)
        assert slack.app.received[0].form["channel_name"] == name


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("meeting R&D <now>", "meeting R&amp;D &lt;now&gt;"),
        ("join https://zoom.example/j/1?a=1&b=2 now", "join <https://zoom.example/j/1?a=1&amp;b=2> now"),
        ("@grace and @nobody", "<@U0GRACE01|grace> and @nobody"),
        ("in #general and #secret-plans", "in <#C0GENERAL|general> and <#C0SECRET1|>"),
        ("mail ada@acme.example", "mail ada@acme.example"),
        ("<@U0GRACE01>", "&lt;@U0GRACE01&gt;"),
    ],
)
async def test_typed_text_is_escaped_as_slack_does(typed: str, sent: str) -> None:
    assert escape(World(SimulatedClock(lambda: NOW)), "T0ACME001", typed) == sent


async def test_an_ephemeral_answer_is_for_the_person_alone() -> None:
    async with running_slack() as slack:
        await slack.install()
        slack.app.answer_json({"text": "Only for you"})
        await slack.command("")
        assert [(m["kind"], m["text"]) for m in await slack.messages("C0GENERAL")] == [("ephemeral", "Only for you")]
        assert await slack.messages("C0GENERAL", GRACE) == []


async def test_an_in_channel_answer_shows_the_typed_command_to_everybody() -> None:
    async with running_slack() as slack:
        await slack.install()
        slack.app.answer_json({"response_type": "in_channel", "text": "Started"})
        await slack.command("meeting Weekly sync", "C0SECRET1")
        shown = await slack.messages("C0SECRET1", GRACE)
        assert [(m["kind"], m["text"]) for m in shown] == [
            ("command", "/zoom meeting Weekly sync"),
            ("message", "Started"),
        ]


async def test_plain_text_answers_are_ephemeral() -> None:
    async def answer(_received: Received) -> web.Response:
        return web.Response(text="plain")

    async with running_slack() as slack:
        await slack.install()
        slack.app.respond = answer
        assert (await slack.command(""))["answer"] == "plain"
        assert (await slack.messages("C0GENERAL"))[0]["visible_to"] == [ADA]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, {"text": "x"}, "http_service_error"),
        (401, {"text": "x"}, "http_client_error"),
        (302, {"text": "x"}, "dispatch_failed"),
        (200, ["x"], "invalid_command_response"),
        (200, {"text": "x", "response_type": "call"}, "invalid_arguments"),
        (200, {"text": "x", "colour": "red"}, "invalid_arguments"),
        (200, {"text": "x", "blocks": [{"type": "call", "call_id": "R0"}]}, "invalid_blocks"),
    ],
)
async def test_wrong_answers_become_an_error_that_the_person_sees(status: int, body: Any, error: str) -> None:
    async with running_slack() as slack:
        await slack.install()
        slack.app.answer_json(body, status)
        assert (await slack.command("secret"))["error"] == error
        [message] = await slack.messages("C0GENERAL")
        assert message["text"] == f"/zoom failed with the error {error}"
        assert message["visible_to"] == [ADA]


async def test_an_app_that_answers_too_late_is_a_timeout() -> None:
    never = asyncio.Event()

    async def answer(_received: Received) -> web.Response:
        await never.wait()
        return web.Response()

    async with running_slack(answer_deadline_seconds=0.05) as slack:
        await slack.install()
        slack.app.respond = answer
        assert (await slack.command(""))["error"] == "operation_timeout"
        [delivery] = (await slack.control("GET", "deliveries"))["deliveries"]
        assert (delivery["path"], delivery["failure"]) == ("/slack/commands", "http_timeout")
        never.set()


async def test_without_the_app_the_command_does_not_exist() -> None:
    async with running_slack() as slack:
        assert (await slack.command(""))["error"] == "unknown_command"
        assert slack.app.received == []


async def test_a_trigger_id_can_be_repeated_as_a_replay_would() -> None:
    async with running_slack() as slack:
        await slack.install()
        first = await slack.command("")
        second = await slack.command("", trigger_id=first["trigger_id"])
        assert first["trigger_id"] == second["trigger_id"]


async def test_a_response_url_works_where_the_app_is_no_member_five_times() -> None:
    async with running_slack(enforce_rate_limits=False) as slack:
        await slack.install()
        url = (await slack.command("", "D0ADAGRAC"))["response_url"]
        assert await slack.answer_url(url, {"response_type": "in_channel", "text": "all"}) == (200, "ok")
        assert await slack.answer_url(url, {"text": "one"}) == (200, "ok")
        assert (await slack.answer_url(url, {"response_type": "call", "text": "x"}))[0] == 400
        for _ in range(3):
            await slack.answer_url(url, {"text": "more"})
        assert await slack.answer_url(url, {"text": "six"}) == (404, "used_url")
        assert [m["text"] for m in await slack.messages("D0ADAGRAC", GRACE)] == ["all"]
        assert len(await slack.messages("D0ADAGRAC", ADA)) == 5


async def test_a_response_url_dies_after_thirty_minutes() -> None:
    async with running_slack() as slack:
        await slack.install()
        url = (await slack.command(""))["response_url"]
        await slack.control("POST", "clock", {"advance_seconds": 1799})
        assert await slack.answer_url(url, {"text": "in time"}) == (200, "ok")
        await slack.control("POST", "clock", {"advance_seconds": 1})
        assert await slack.answer_url(url, {"text": "late"}) == (404, "expired_url")
        log = await slack.control("GET", "requests?method=response_url")
        assert [entry["http_status"] for entry in log["requests"]] == [200, 404]


async def test_the_answer_to_a_command_replaces_nothing() -> None:
    async with running_slack() as slack:
        await slack.install()
        slack.app.answer_json({"text": "Starting…"})
        url = (await slack.command(""))["response_url"]
        await slack.answer_url(url, {"text": "Started", "replace_original": True})
        assert [m["text"] for m in await slack.messages("C0GENERAL")] == ["Starting…", "Started"]


async def test_a_trigger_opens_one_modal_within_three_seconds() -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Zoom"}, "blocks": [{"type": "divider"}]}
    async with running_slack() as slack:
        await slack.install()
        trigger_id = (await slack.command(""))["trigger_id"]
        assert (await slack.bot.views_open(trigger_id=trigger_id, view=view))["view"]["type"] == "modal"
        attempt = slack.bot.views_open(trigger_id=trigger_id, view=view)
        assert (await refusal(attempt))["error"] == "exchanged_trigger_id"
        late = (await slack.command(""))["trigger_id"]
        await slack.control("POST", "clock", {"advance_seconds": 4})
        assert (await refusal(slack.bot.views_open(trigger_id=late, view=view)))["error"] == "expired_trigger_id"
        assert (await refusal(slack.bot.views_open(trigger_id="1.2.3", view=view)))["error"] == "invalid_trigger_id"
