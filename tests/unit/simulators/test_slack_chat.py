"""Where the app may post, and what a message may be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.slack_harness import ADA, BOT_SCOPES, GRACE, LIN, SDK_WARNINGS, refusal, running_slack

pytestmark = SDK_WARNINGS

BUTTON = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}}


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0SECRET1", "channel_not_found"),
        ("C0MPIM001", "channel_not_found"),
        ("D0ADAGRAC", "channel_not_found"),
        ("C0UNKNOWN", "channel_not_found"),
        ("U0UNKNOWN", "channel_not_found"),
    ],
)
async def test_hidden_conversations_are_not_found(channel: str, error: str) -> None:
    async with running_slack() as slack:
        await slack.install()
        assert (await refusal(slack.bot.chat_postMessage(channel=channel, text="hi")))["error"] == error


async def test_public_channels_need_membership_or_the_public_scope() -> None:
    async with running_slack() as slack:
        await slack.install()
        assert (await slack.bot.chat_postMessage(channel="C0GENERAL", text="hi"))["ok"] is True
    async with running_slack(scopes=BOT_SCOPES.replace("chat:write.public,", "")) as slack:
        await slack.install()
        answer = await refusal(slack.bot.chat_postMessage(channel="C0GENERAL", text="hi"))
        assert answer["error"] == "not_in_channel"
        await slack.control("POST", "invite", {"channel_id": "C0GENERAL"})
        assert (await slack.bot.chat_postMessage(channel="C0GENERAL", text="hi"))["ok"] is True


async def test_a_person_as_channel_is_her_conversation_with_the_app() -> None:
    async with running_slack() as slack:
        await slack.install()
        posted = await slack.bot.chat_postMessage(channel=ADA, text="hello")
        assert posted["channel"].startswith("D")
        assert [m["text"] for m in await slack.messages("app")] == ["hello"]
        assert await slack.messages("app", GRACE) == []


async def test_ephemeral_messages_are_for_one_member_and_only_where_the_app_is() -> None:
    async with running_slack() as slack:
        await slack.install()
        attempt = slack.bot.chat_postEphemeral(channel="C0GENERAL", user=ADA, text="psst")
        assert (await refusal(attempt))["error"] == "not_in_channel"
        await slack.control("POST", "invite", {"channel_id": "C0GENERAL"})
        await slack.bot.chat_postEphemeral(channel="C0GENERAL", user=ADA, text="psst")
        attempt = slack.bot.chat_postEphemeral(channel="C0GENERAL", user=LIN, text="psst")
        assert (await refusal(attempt))["error"] == "user_not_in_channel"
        await slack.control("POST", f"users/{GRACE}", {"deleted": True})
        attempt = slack.bot.chat_postEphemeral(channel="C0GENERAL", user=GRACE, text="psst")
        assert (await refusal(attempt))["error"] == "user_not_in_channel", "she is not active"
        assert [m["visible_to"] for m in await slack.messages("C0GENERAL")] == [[ADA]]
        assert await slack.messages("C0GENERAL", GRACE) == []


async def test_update_changes_own_messages_and_text_alone_drops_the_blocks() -> None:
    async with running_slack() as slack:
        await slack.install()
        posted = await slack.bot.chat_postMessage(channel="C0GENERAL", text="one", blocks=[{"type": "divider"}])
        await slack.bot.chat_update(channel="C0GENERAL", ts=posted["ts"], text="two")
        [message] = await slack.messages("C0GENERAL")
        assert (message["text"], message["blocks"], message["edited"]) == ("two", [], True)
        typed = await slack.control("POST", "type", {"user_id": ADA, "channel_id": "C0GENERAL", "text": "mine"})
        attempt = slack.bot.chat_update(channel="C0GENERAL", ts=typed["ts"], text="yours")
        assert (await refusal(attempt))["error"] == "cant_update_message"
        attempt = slack.bot.chat_update(channel="C0GENERAL", ts="1.000000", text="x")
        assert (await refusal(attempt))["error"] == "message_not_found"


async def test_threads_need_a_message_to_answer() -> None:
    async with running_slack() as slack:
        await slack.install()
        parent = await slack.bot.chat_postMessage(channel="C0GENERAL", text="one")
        await slack.bot.chat_postMessage(channel="C0GENERAL", text="two", thread_ts=parent["ts"])
        assert [m["thread_ts"] for m in await slack.messages("C0GENERAL")] == [None, parent["ts"]]
        attempt = slack.bot.chat_postMessage(channel="C0GENERAL", text="three", thread_ts="1.000000")
        assert (await refusal(attempt))["error"] == "cannot_reply_to_message"


async def test_a_message_needs_text_or_blocks() -> None:
    async with running_slack() as slack:
        await slack.install()
        cases: list[dict[str, Any]] = [{}, {"text": " "}, {"blocks": []}]
        for empty in cases:
            attempt = slack.bot.api_call("chat.postMessage", json={"channel": "C0GENERAL", **empty})
            assert (await refusal(attempt))["error"] == "no_text"


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("blocks", "pointer"),
    [
        ([{"type": "divider"}] * 51, "/blocks"),
        ([section("x" * 3001)], "/blocks/0/text/text"),
        ([section("")], "/blocks/0/text/text"),
        ([{"type": "section"}], "/blocks/0"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "/blocks/0/text/text"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text/type"),
        ([{"type": "context", "elements": []}], "/blocks/0/elements"),
        ([{"type": "context", "elements": [section("x")["text"]] * 11}], "/blocks/0/elements"),
        ([{"type": "actions", "elements": [BUTTON, BUTTON]}], "/blocks/0/elements"),
        (
            [{"type": "actions", "elements": [{**BUTTON, "text": {"type": "plain_text", "text": "x" * 76}}]}],
            "/blocks/0/elements/0/text/text",
        ),
        ([{"type": "actions", "elements": [{**BUTTON, "style": "huge"}]}], "/blocks/0/elements/0/style"),
        ([{"type": "actions", "elements": [{**BUTTON, "value": "x" * 2001}]}], "/blocks/0/elements/0/value"),
        ([{"type": "actions", "elements": [{**BUTTON, "url": "javascript:x"}]}], "/blocks/0/elements/0/url"),
        ([{**section("x"), "accessory": {"type": "marquee"}}], "/blocks/0/accessory/type"),
        ([{**section("x"), "colour": "red"}], "/blocks/0"),
        ([{**section("x"), "block_id": "x" * 256}], "/blocks/0/block_id"),
        ([{**section("x"), "block_id": "b"}, {**section("y"), "block_id": "b"}], "/blocks"),
        ([{"type": "image", "image_url": "https://x.example/a.png"}], "/blocks/0"),
        ([{"type": "carousel"}], "/blocks/0/type"),
        ([{"type": "call", "call_id": "R0UNKNOWN"}], "/blocks/0/call_id"),
    ],
)
async def test_blocks_beyond_the_limits_are_refused_with_the_place(blocks: list[Any], pointer: str) -> None:
    async with running_slack() as slack:
        await slack.install()
        answer = await refusal(slack.bot.chat_postMessage(channel="C0GENERAL", text="x", blocks=blocks))
        assert answer["error"] == "invalid_blocks"
        assert all(message.endswith(f"[json-pointer:{pointer}]") for message in answer["response_metadata"]["messages"])


async def test_metadata_is_flat() -> None:
    async with running_slack() as slack:
        await slack.install()
        good: dict[str, Any] = {"event_type": "started", "event_payload": {"uuid": "abc", "list": ["a"]}}
        await slack.bot.chat_postMessage(channel="C0GENERAL", text="x", metadata=good)
        nested = {"event_type": "started", "event_payload": {"deep": {"er": 1}}}
        answer = await refusal(slack.bot.chat_postMessage(channel="C0GENERAL", text="x", metadata=nested))
        assert answer["error"] == "invalid_metadata_schema"


async def test_markdown_text_has_a_limit_of_its_own() -> None:
    async with running_slack() as slack:
        await slack.install()
        for length, refused in ((12_000, None), (12_001, "msg_too_long")):
            attempt = slack.bot.api_call(
                "chat.postMessage", json={"channel": "C0GENERAL", "markdown_text": "x" * length}
            )
            answer = await refusal(attempt) if refused else (await attempt).data
            assert isinstance(answer, dict)
            assert answer.get("error") == refused
