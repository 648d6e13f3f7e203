"""Buttons, modals, the Home tab, and events with their retries."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from tests.unit.simulators.slack_harness import (
    ADA,
    GRACE,
    SDK_WARNINGS,
    Hand,
    Received,
    SlackUnderTest,
    refusal,
    running_slack,
)

pytestmark = SDK_WARNINGS

LINK = "https://zoom.example/connect"
BLOCKS = [
    {
        "type": "actions",
        "block_id": "b1",
        "elements": [
            {"type": "button", "action_id": "go", "value": "v1", "text": {"type": "plain_text", "text": "Go"}},
            {"type": "button", "action_id": "open", "url": LINK, "text": {"type": "plain_text", "text": "Open"}},
        ],
    }
]


async def posted(slack: SlackUnderTest, channel: str = "C0GENERAL") -> str:
    await slack.install()
    answer = await slack.bot.chat_postMessage(channel=channel, text="x", blocks=BLOCKS)
    return str(answer["ts"])


async def click(slack: SlackUnderTest, ts: str, action_id: str, user_id: str = GRACE) -> Any:
    body = {"user_id": user_id, "channel_id": "C0GENERAL", "ts": ts, "action_id": action_id}
    return await slack.control("POST", "actions", body)


async def test_a_click_tells_the_app_who_pressed_what_where() -> None:
    hand = Hand()
    async with running_slack(clock=hand) as slack:
        ts = await posted(slack)
        assert await click(slack, ts, "go") == {"status": 200, "url": None, "error": None}
        payload = slack.app.received[0].payload
        assert (payload["type"], payload["user"]["id"], payload["team"]["id"]) == ("block_actions", GRACE, "T0ACME001")
        assert payload["container"] == {
            "type": "message",
            "message_ts": ts,
            "channel_id": "C0GENERAL",
            "is_ephemeral": False,
        }
        [action] = payload["actions"]
        assert (action["action_id"], action["block_id"], action["value"]) == ("go", "b1", "v1")
        assert payload["message"]["bot_id"]
        await slack.answer_url(payload["response_url"], {"text": "done", "replace_original": True})
        [message] = await slack.messages("C0GENERAL")
        assert (message["text"], message["blocks"]) == ("done", [])
        hand.time += 1
        await slack.answer_url(payload["response_url"], {"delete_original": True})
        assert await slack.messages("C0GENERAL") == []


async def test_a_link_button_opens_its_link_and_is_told_too() -> None:
    async with running_slack() as slack:
        ts = await posted(slack)
        slack.app.answer_json({}, status=500)
        assert await click(slack, ts, "open") == {"status": 500, "url": LINK, "error": None}
        assert slack.app.received[0].payload["actions"][0]["url"] == LINK


async def test_an_ephemeral_original_stays_ephemeral() -> None:
    async with running_slack() as slack:
        await slack.install()
        slack.app.answer_json({"text": "x", "blocks": BLOCKS})
        await slack.command("")
        [message] = await slack.messages("C0GENERAL")
        await click(slack, message["ts"], "go", ADA)
        payload = slack.app.received[-1].payload
        assert payload["container"]["is_ephemeral"] is True
        assert "message" not in payload
        answer = {"text": "now all", "response_type": "in_channel", "replace_original": True}
        await slack.answer_url(payload["response_url"], answer)
        assert await slack.messages("C0GENERAL", GRACE) == []
        assert [m["text"] for m in await slack.messages("C0GENERAL", ADA)] == ["now all"]


async def test_a_person_can_only_press_what_she_sees() -> None:
    async with running_slack() as slack:
        ts = await posted(slack)
        body = {"user_id": GRACE, "channel_id": "C0GENERAL", "ts": ts, "action_id": "missing"}
        assert (await slack.control("POST", "actions", body, status=400))["error"] == "action_not_found"
        body = {"user_id": "U0LIN0001", "channel_id": "C0GENERAL", "ts": ts, "action_id": "go"}
        assert (await slack.control("POST", "actions", body, status=400))["error"] == "channel_not_found"


async def test_the_home_tab_is_published_and_its_buttons_work() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "home", {"user_id": ADA})
        event = slack.app.received[0].json["event"]
        assert (event["type"], event["user"], event["tab"]) == ("app_home_opened", ADA, "home")
        await slack.bot.views_publish(user_id=ADA, view={"type": "home", "blocks": BLOCKS})
        assert (await slack.control("GET", f"views?user_id={ADA}"))["home"]["blocks"][0]["block_id"] == "b1"
        await slack.control("POST", "actions", {"user_id": ADA, "view": "home", "action_id": "go"})
        payload = slack.app.received[1].payload
        assert payload["container"]["type"] == "view"
        assert "response_url" not in payload
        answer = await refusal(slack.bot.views_publish(user_id=ADA, view={"type": "home", "blocks": []}, hash="old"))
        assert answer["error"] == "hash_conflict"


async def test_a_modal_is_sent_with_its_values_and_closes() -> None:
    element = {"type": "plain_text_input", "action_id": "topic"}
    field = {
        "type": "input",
        "block_id": "in",
        "label": {"type": "plain_text", "text": "Topic"},
        "element": element,
    }
    title = {"type": "plain_text", "text": "Zoom"}
    view: dict[str, Any] = {"type": "modal", "callback_id": "start", "title": title, "blocks": [field]}
    async with running_slack() as slack:
        await slack.install()
        trigger_id = (await slack.command(""))["trigger_id"]
        answer = await refusal(slack.bot.views_open(trigger_id=trigger_id, view=view))
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] missing required field: submit [json-pointer:/view]"
        ]
        await slack.bot.views_open(trigger_id=trigger_id, view={**view, "submit": title})
        values = {"in": {"topic": {"type": "plain_text_input", "value": "Hello"}}}
        await slack.control("POST", "submit", {"user_id": ADA, "values": values})
        payload = slack.app.received[-1].payload
        assert (payload["type"], payload["view"]["callback_id"]) == ("view_submission", "start")
        assert payload["view"]["state"]["values"] == values
        assert (await slack.control("GET", f"views?user_id={ADA}"))["modal"] is None


async def test_an_event_has_its_envelope_and_copies_share_their_id() -> None:
    async with running_slack() as slack:
        await slack.install()
        event = {"type": "channel_id_changed", "old_channel_id": "G1", "new_channel_id": "C1"}
        result = await slack.control("POST", "events", {"event": event, "copies": 3})
        assert result["statuses"] == [200, 200, 200]
        assert {received.json["event_id"] for received in slack.app.received} == {result["event_id"]}
        envelope = slack.app.received[0].json
        assert (envelope["type"], envelope["team_id"], envelope["event"]) == ("event_callback", "T0ACME001", event)
        assert envelope["authorizations"][0]["user_id"] == slack.app.tokens["bot_user_id"]


async def test_an_event_is_sent_again_at_once_then_later() -> None:
    async with running_slack() as slack:
        await slack.install()
        slack.app.answer_json({}, status=500)
        await slack.control("POST", "events", {"event": {"type": "call_rejected"}})
        await slack.control("POST", "clock", {"advance_seconds": 60})
        await slack.control("POST", "clock", {"advance_seconds": 300})
        assert await slack.control("GET", "deliveries/idle") == {"idle": True}
        headers = [received.headers for received in slack.app.received]
        assert [h.get("x-slack-retry-num") for h in headers] == [None, "1", "2", "3"]
        assert {h.get("x-slack-retry-reason") for h in headers[1:]} == {"http_error"}


async def test_an_app_can_refuse_retries() -> None:
    async def answer(_received: Received) -> web.Response:
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    async with running_slack() as slack:
        await slack.install()
        slack.app.respond = answer
        await slack.control("POST", "events", {"event": {"type": "call_rejected"}})
        assert await slack.control("GET", "deliveries/idle") == {"idle": True}
        assert len(slack.app.received) == 1


async def test_url_verification_needs_the_challenge_back() -> None:
    async def answer(received: Received) -> web.Response:
        return web.Response(text=received.json["challenge"])

    async with running_slack() as slack:
        assert await slack.control("POST", "url_verification") == {"ok": False}
        slack.app.respond = answer
        assert await slack.control("POST", "url_verification") == {"ok": True}


async def test_a_channel_that_is_shared_gets_another_id_and_the_old_one_is_nobodys() -> None:
    async with running_slack() as slack:
        await slack.install()
        changed = await slack.control("POST", "channels/C0SECRET1/rename")
        event = slack.app.received[0].json["event"]
        assert (event["type"], event["old_channel_id"]) == ("channel_id_changed", "C0SECRET1")
        assert event["new_channel_id"] == changed["id"]
        assert (await slack.control("POST", "channels/C0SECRET1/rename", status=400))["error"] == "channel_not_found"
        assert (await slack.control("POST", "channels/C0GENERAL/rename", status=400))["error"] == "channel_not_found"


async def test_inviting_the_app_is_told_as_far_as_scopes_allow() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "invite", {"channel_id": "C0SECRET1"})
        event = slack.app.received[0].json["event"]
        assert (event["type"], event["channel"]) == ("member_joined_channel", "C0SECRET1")
        assert event["user"] == slack.app.tokens["bot_user_id"]
        body = {"channel_id": "D0ADAGRAC"}
        answer = await slack.control("POST", "invite", body, status=400)
        assert answer["error"] == "method_not_supported_for_channel_type"
    async with running_slack(scopes="commands") as slack:
        await slack.install()
        await slack.control("POST", "invite", {"channel_id": "C0SECRET1"})
        assert slack.app.received == []


async def test_invite_can_be_typed() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "type", {"user_id": ADA, "channel_id": "C0SECRET1", "text": "/invite @Zoom"})
        assert (await slack.bot.chat_postMessage(channel="C0SECRET1", text="hi"))["ok"] is True


@pytest.mark.parametrize("old", ["D0ADAGRAC", "C0MPIM001"])
async def test_inviting_to_a_direct_message_begins_a_new_chat(old: str) -> None:
    async with running_slack() as slack:
        await slack.install()
        typed = {"user_id": ADA, "channel_id": old, "text": "/invite @Zoom"}
        new = (await slack.control("POST", "type", typed))["channel_id"]
        assert (await slack.bot.chat_postMessage(channel=new, text="hi"))["ok"] is True
        assert (await refusal(slack.bot.chat_postMessage(channel=old, text="hi")))["error"] == "channel_not_found"
        members = {one["id"]: one["members"] for one in (await slack.control("GET", "state"))["channels"]}
        assert members[new] == members[old]
        assert slack.app.received == [], "Slack tells apps of channels only"


async def test_uninstalling_kills_the_tokens_and_says_so() -> None:
    async with running_slack(user_scopes="users.profile:write") as slack:
        await slack.install()
        await slack.control("POST", "uninstall")
        events = {received.json["event"]["type"]: received.json for received in slack.app.received}
        assert events["tokens_revoked"]["event"]["tokens"] == {
            "oauth": [ADA],
            "bot": [slack.app.tokens["bot_user_id"]],
        }
        assert events["app_uninstalled"]["team_id"] == "T0ACME001"
        assert (await refusal(slack.bot.auth_test()))["error"] == "account_inactive"
        user = slack.client(slack.app.tokens["authed_user"]["access_token"])
        assert (await refusal(user.auth_test()))["error"] == "token_revoked"
        assert (await slack.control("GET", "state"))["installs"] == []
