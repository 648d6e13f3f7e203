"""The Call icon, which only partners' apps get."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.slack_harness import ADA, SDK_WARNINGS, running_slack

pytestmark = SDK_WARNINGS

OPENING = {"response_type": "call", "call_initiation_url": "https://zoom.example/j/1"}


@pytest.mark.parametrize(("kind", "more"), [("video", {}), ("audio", {"phone_number": "+12025550145"})])
async def test_the_icon_is_no_command(kind: str, more: dict[str, str]) -> None:
    async with running_slack() as slack:
        body = {"user_id": ADA, "channel_id": "D0ADAGRAC", "type": kind, **more}
        assert (await slack.control("POST", "call_icon", body, status=400))["error"] == "app_not_installed"
        await slack.install()
        assert (await slack.control("POST", "call_icon", body))["status"] == 200
        form = slack.app.received[-1].form
        assert slack.app.received[-1].path == "/slack/commands"
        assert (form["type"], form["channel_id"], form.get("phone_number")) == (
            kind,
            "D0ADAGRAC",
            more.get("phone_number"),
        )
        assert not {"command", "text", "trigger_id"} & form.keys()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (OPENING, 200),
        ({**OPENING, "response_type": "audio", "desktop_protocol_call_initiation_url": "zoomphonecall://+1"}, 200),
        ({"response_type": "ephemeral", "text": "not offered"}, 200),
        ({"response_type": "call"}, 400),
        ({**OPENING, "call_initiation_url": "zoommtg://zoom.us/start"}, 400),
        ({**OPENING, "text": "x"}, 400),
    ],
)
async def test_its_answer_opens_the_call(answer: dict[str, Any], status: int) -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "call_icon", {"user_id": ADA, "channel_id": "C0GENERAL", "type": "video"})
        url = slack.app.received[-1].form["response_url"]
        assert (await slack.answer_url(url, answer))[0] == status


async def test_an_archived_channel_has_no_icon_and_its_messages_keep_their_buttons() -> None:
    async with running_slack() as slack:
        await slack.install()
        button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
        blocks = [{"type": "actions", "elements": [button]}]
        posted = await slack.bot.chat_postMessage(channel="C0RANDOM1", text="x", blocks=blocks)
        await slack.control("POST", "channels/C0RANDOM1/archive")
        where = {"user_id": ADA, "channel_id": "C0RANDOM1"}
        refused = await slack.control("POST", "call_icon", {**where, "type": "video"}, status=400)
        assert refused["error"] == "is_archived"
        assert [one.path for one in slack.app.received if one.path == "/slack/commands"] == []
        clicked = await slack.control("POST", "actions", {**where, "ts": posted["ts"], "action_id": "go"})
        assert clicked["status"] == 200
        url = slack.app.received[-1].payload["response_url"]
        assert await slack.answer_url(url, {"text": "late"}) == (410, "channel_is_archived")


async def test_a_command_cannot_open_a_call() -> None:
    async with running_slack() as slack:
        await slack.install()
        url = (await slack.command("help"))["response_url"]
        assert (await slack.answer_url(url, OPENING))[0] == 400
