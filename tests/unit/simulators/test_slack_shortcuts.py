"""Shortcuts, and modals that choose a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.slack_harness import ADA, GRACE, SDK_WARNINGS, SlackUnderTest, refusal, running_slack

pytestmark = SDK_WARNINGS

TITLE = {"type": "plain_text", "text": "Zoom"}
MENU = {"type": "conversations_select", "action_id": "c", "response_url_enabled": True}
WHERE = {"type": "input", "block_id": "where", "label": TITLE, "element": MENU}
MODAL: dict[str, Any] = {"type": "modal", "callback_id": "m", "title": TITLE, "submit": TITLE, "blocks": [WHERE]}


def chosen(channel_id: str) -> dict[str, Any]:
    return {"where": {"c": {"type": "conversations_select", "selected_conversation": channel_id}}}


async def opened(slack: SlackUnderTest) -> None:
    await slack.install()
    await slack.control("POST", "shortcuts", {"user_id": ADA, "callback_id": "start"})
    await slack.bot.views_open(trigger_id=slack.app.received[-1].payload["trigger_id"], view=MODAL)


async def test_a_global_shortcut_says_who_but_not_where() -> None:
    async with running_slack() as slack:
        await slack.install()
        used = await slack.control("POST", "shortcuts", {"user_id": ADA, "callback_id": "start"})
        assert used == {"status": 200, "error": None}
        payload = slack.app.received[-1].payload
        assert (payload["type"], payload["callback_id"], payload["user"]["id"]) == ("shortcut", "start", ADA)
        assert payload["trigger_id"]
        assert not {"channel", "message", "response_url"} & payload.keys()


async def test_a_message_shortcut_brings_the_message_and_a_way_to_answer() -> None:
    async with running_slack() as slack:
        await slack.install()
        ts = (await slack.control("POST", "type", {"user_id": GRACE, "channel_id": "D0ADAGRAC", "text": "R&D?"}))["ts"]
        body = {"user_id": ADA, "callback_id": "about", "channel_id": "D0ADAGRAC", "ts": ts}
        await slack.control("POST", "shortcuts", body)
        payload = slack.app.received[-1].payload
        assert (payload["type"], payload["callback_id"], payload["message_ts"]) == ("message_action", "about", ts)
        assert (payload["channel"]["id"], payload["message"]["text"]) == ("D0ADAGRAC", "R&amp;D?")
        answer = {"text": "here", "response_type": "in_channel", "thread_ts": ts}
        assert (await slack.answer_url(payload["response_url"], answer))[0] == 200
        assert (await slack.messages("D0ADAGRAC", GRACE))[-1]["thread_ts"] == ts


async def test_shortcuts_need_the_app_and_a_message_that_is_seen() -> None:
    async with running_slack() as slack:
        body = {"user_id": ADA, "callback_id": "start"}
        assert (await slack.control("POST", "shortcuts", body, status=400))["error"] == "app_not_installed"
        await slack.install()
        body |= {"channel_id": "C0GENERAL", "ts": "1.000001"}
        assert (await slack.control("POST", "shortcuts", body, status=400))["error"] == "message_not_found"


async def test_a_chosen_conversation_comes_with_its_address() -> None:
    async with running_slack() as slack:
        await opened(slack)
        await slack.control("POST", "submit", {"user_id": ADA, "values": chosen("D0ADAGRAC")})
        [url] = slack.app.received[-1].payload["response_urls"]
        assert (url["block_id"], url["action_id"], url["channel_id"]) == ("where", "c", "D0ADAGRAC")
        await slack.answer_url(url["response_url"], {"text": "hi", "response_type": "in_channel"})
        assert [message["text"] for message in await slack.messages("D0ADAGRAC", GRACE)] == ["hi"]


@pytest.mark.parametrize(
    ("values", "error"),
    [({"elsewhere": {}}, "block_not_found"), (chosen("C0NOWHERE"), "channel_not_found")],
)
async def test_nobody_sends_what_the_modal_does_not_offer(values: dict[str, Any], error: str) -> None:
    async with running_slack() as slack:
        await opened(slack)
        body = {"user_id": ADA, "values": values}
        assert (await slack.control("POST", "submit", body, status=400))["error"] == error


async def test_only_people_of_the_workspace_are_chosen() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "workspaces")
        await slack.control("POST", "shortcuts", {"user_id": ADA, "callback_id": "go"})
        people = {"type": "users_select", "action_id": "p"}
        block = {"type": "input", "block_id": "who", "label": TITLE, "element": people, "optional": True}
        trigger = slack.app.received[-1].payload["trigger_id"]
        await slack.bot.views_open(trigger_id=trigger, view={**MODAL, "blocks": [block]})
        for user_id, status in (("U0HEDY001", 400), ("U0NOBODY1", 400), (GRACE, 200)):
            values = {"who": {"p": {"type": "users_select", "selected_user": user_id}}}
            sent = await slack.control("POST", "submit", {"user_id": ADA, "values": values}, status=status)
            assert status == 200 or sent["error"] == "user_not_found"
        state = slack.app.received[-1].payload["view"]["state"]["values"]
        assert state["who"]["p"]["selected_user"] == GRACE


@pytest.mark.parametrize(
    "reply",
    [
        {"response_action": "update", "view": {"type": "modal", "blocks": []}},
        {"response_action": "update"},
        {"response_action": "errors", "errors": {"elsewhere": "x"}},
        {"response_action": "errors", "errors": {}},
    ],
)
async def test_an_answer_to_a_modal_keeps_slacks_rules(reply: dict[str, Any]) -> None:
    async with running_slack() as slack:
        await opened(slack)
        slack.app.answer_json(reply)
        body = {"user_id": ADA, "values": chosen("C0GENERAL")}
        assert (await slack.control("POST", "submit", body, status=400))["error"] == "invalid_arguments"


async def test_errors_leave_the_modal_open_and_an_update_changes_it() -> None:
    async with running_slack() as slack:
        await opened(slack)
        body = {"user_id": ADA, "values": chosen("C0GENERAL")}
        slack.app.answer_json({"response_action": "errors", "errors": {"where": "Not there."}})
        await slack.control("POST", "submit", body)
        modal = (await slack.control("GET", f"views?user_id={ADA}"))["modal"]
        assert modal["blocks"][0]["block_id"] == "where"
        section = {"type": "section", "text": TITLE}
        slack.app.answer_json({"response_action": "update", "view": {**MODAL, "blocks": [section]}})
        await slack.control("POST", "submit", body)
        changed = (await slack.control("GET", f"views?user_id={ADA}"))["modal"]
        assert changed["blocks"][0]["type"] == "section"
        assert (changed["id"], changed["hash"] == modal["hash"]) == (modal["id"], False), "the same modal, changed"


async def test_addresses_are_for_inputs_of_modals_only() -> None:
    async with running_slack() as slack:
        await slack.install()
        view = {"type": "home", "blocks": [{"type": "actions", "elements": [MENU]}]}
        answer = await refusal(slack.bot.views_publish(user_id=ADA, view=view))
        assert "response_url_enabled" in answer["response_metadata"]["messages"][0]
