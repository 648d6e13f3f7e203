"""What a person gets: from the first /zoom to the recording."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e.people import (
    ADA,
    DM,
    GENERAL,
    GRACE,
    GRACE_AT_ZOOM,
    GROUP_DM,
    SECRET,
    Office,
    browser,
    eventually,
    link_in,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def names(call: dict[str, Any]) -> set[str]:
    """Returns who is on a call card: display names, and Slack ids where Slack knows the person."""
    return {person.get("display_name") or person.get("slack_id") for person in call.get("users") or []}


async def test_the_first_use_leads_through_zooms_consent_and_the_meeting_starts_by_itself(office: Office) -> None:
    result = await office.type("")
    assert result["error"] is None
    assert result["answer"]["response_type"] == "ephemeral"
    assert not await office.calls(), "nobody but Ada sees anything yet"
    link = link_in(result["answer"])
    async with browser() as person:
        page = await person.connect_zoom(link, "adaZoomUserId000000001")
        assert page.status == 200
        assert "connected" in page.text.lower()
        assert "code=" not in page.text
        [call] = await eventually(office.calls, bool)
        assert call["title"].startswith("Zoom meeting")
        assert call["join_url"]
        again = await person.get(link)
        assert again.status >= 400, "a link works once"
    assert len(await office.meetings()) == 1


async def test_a_meeting_with_a_topic_from_start_to_recording(office: Office) -> None:
    here = await office.conversation()
    number, result = await office.fresh_meeting("Weekly sync", channel=here)
    assert result["error"] is None
    assert result["elapsed_ms"] < 2500
    assert result["answer"]["response_type"] == "in_channel"
    [meeting] = [m for m in await office.meetings() if str(m["id"]) == number]

    async def card() -> dict[str, Any]:
        return next(call for call in await office.calls(channel=here) if "Weekly sync" in call["title"])

    first = await card()
    assert re.sub(r"\D", "", first["external_display_id"]) == number
    assert f"/j/{number}" in first["join_url"]
    assert meeting["password"] in str(result["answer"]), "people type the passcode"

    await office.zoom("POST", f"meetings/{number}/start")
    grace = await office.zoom("POST", f"meetings/{number}/join", {"name": "Grace Hopper"})
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Sam <!channel> Guest"})
    shown = await eventually(card, lambda call: len(names(call)) == 3)
    assert names(shown) == {ADA, "Grace Hopper", "Sam <!channel> Guest"}
    await office.zoom("POST", f"meetings/{number}/leave", {"user_id": grace["user_id"]})
    await eventually(card, lambda call: "Grace Hopper" not in names(call))

    await office.zoom("POST", f"meetings/{number}/end")
    over = await eventually(card, lambda call: bool(call.get("date_end")))
    assert over["date_end"] >= over["date_start"]

    async def posts(word: str) -> list[dict[str, Any]]:
        return [
            m
            for m in await office.messages(channel=here)
            if m["kind"] == "message" and word in str(m) and not m["calls"]
        ]

    [summary] = await eventually(lambda: posts("Grace Hopper"), bool)
    written = str(summary["blocks"]) + summary["text"]
    assert "Weekly sync" in written
    assert re.search(r"\D?".join(number), written), "the summary names the meeting id"
    assert "<!channel>" not in summary["text"]

    await office.zoom("POST", f"meetings/{number}/recording", {"password": "Rec0rd!ng"})
    [recording] = await eventually(lambda: posts("Rec0rd!ng"), bool)
    assert "/rec/" in str(recording["blocks"])
    assert len(await posts("Grace Hopper")) == 1


@pytest.mark.parametrize("channel", [GENERAL, SECRET, GROUP_DM, DM])
async def test_it_works_in_every_kind_of_conversation(office: Office, channel: str) -> None:
    topic = f"In {channel}"
    await office.fresh_meeting(topic, channel=channel)
    titles = [call["title"] for call in await office.calls(channel=channel)]
    assert sum(topic in title for title in titles) == 1


async def test_a_command_repeated_by_its_trigger_starts_nothing_twice(office: Office) -> None:
    here = await office.conversation("im")
    before = len(await office.meetings())
    first = await office.type("meeting Once", channel=here)
    again = await office.type("meeting Once", channel=here, trigger_id=first["trigger_id"])
    assert again["answer"]["response_type"] == "ephemeral"
    assert len(await office.meetings()) == before + 1
    assert sum("Once" in call["title"] for call in await office.calls(channel=here)) == 1


async def test_help_lists_the_commands_and_unknown_words_get_the_usage(office: Office) -> None:
    help_text = (await office.type("help"))["answer"]
    assert help_text["response_type"] == "ephemeral"
    for command in ("/zoom", "/zoom meeting", "/zoom call", "/zoom logout", "/zoom help"):
        assert command in str(help_text)
    before = len(await office.meetings())
    unknown = (await office.type("foo"))["answer"]
    assert unknown["response_type"] == "ephemeral"
    assert "foo" in str(unknown)
    assert "/zoom help" in str(unknown)
    assert len(await office.meetings()) == before


async def test_hostile_topics_ping_nobody_and_break_nothing(office: Office) -> None:
    here = await office.conversation("im")
    topic = "<!channel> @everyone *bold* <https://evil.example|zoom.us> \u202egnol " + "x" * 300
    result = await office.type(f"meeting {topic}", channel=here)
    assert result["error"] is None
    assert result["answer"]["response_type"] == "in_channel"
    assert "<!channel>" not in str(result["answer"])


async def test_a_phone_number_gets_a_call_button(office: Office) -> None:
    here = await office.conversation("im")
    result = await office.type("call +1 202 555 0187", channel=here)
    url = link_in(result["answer"], "zoom_call")
    async with browser() as person:
        page = await person.get(url)
        assert page.status == 200
        assert "zoomphonecall://+12025550187" in page.text
        assert (await person.get(url[:-1] + ("A" if url[-1] != "A" else "B"))).status == 404
    refused = await office.type("call 555-CALL-NOW", channel=here)
    assert refused["answer"]["response_type"] == "ephemeral"


async def test_declining_at_zoom_is_answered_in_plain_words(office: Office) -> None:
    result = await office.type("", user=GRACE, channel=await office.conversation())
    async with browser() as person:
        page = await person.connect_zoom(link_in(result["answer"]), GRACE_AT_ZOOM, decision="deny")
    assert page.status >= 400
    assert "/zoom" in page.text


async def test_a_link_completed_in_another_browser_connects_nobody(office: Office) -> None:
    result = await office.type("", user=GRACE, channel=await office.conversation())
    async with browser() as hers, browser() as stranger:
        action, fields = (await hers.get(link_in(result["answer"]))).form()
        consent = await hers.post(action, fields)
        action, fields = consent.form()
        page = await stranger.post(action, {**fields, "zoom_user_id": GRACE_AT_ZOOM, "decision": "allow"})
        assert page.status >= 400
    still = await office.type("", user=GRACE, channel=await office.conversation())
    assert link_in(still["answer"])


async def test_logout_ends_it_and_the_next_command_asks_again(office: Office) -> None:
    await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)
    await office.fresh_meeting("Before", user=GRACE, channel=await office.conversation())
    await office.zoom("DELETE", "requests")
    answer = (await office.type("logout", user=GRACE))["answer"]
    assert answer["response_type"] == "ephemeral"
    revoked = await eventually(lambda: office.zoom("GET", "requests?path=/oauth/revoke"), lambda r: bool(r["requests"]))
    assert revoked["requests"][0]["status"] == 200
    assert link_in((await office.type("", user=GRACE, channel=await office.conversation()))["answer"])
    again = (await office.type("logout", user=GRACE))["answer"]
    assert again["response_type"] == "ephemeral"


async def test_a_refused_token_is_refreshed_and_a_dead_one_asks_to_connect_again(office: Office) -> None:
    here = await office.conversation("im")
    await office.zoom("POST", "tokens/expire", {"zoom_user_id": "adaZoomUserId000000001"})
    await office.fresh_meeting("After expiry", channel=here)
    await office.zoom("POST", "tokens/revoke", {"zoom_user_id": "adaZoomUserId000000001"})
    here = await office.conversation("im")
    asked = await office.type("meeting After revocation", channel=here)
    async with browser() as person:
        await person.connect_zoom(link_in(asked["answer"]), "adaZoomUserId000000001")
    await eventually(
        lambda: office.calls(channel=here), lambda calls: any("After revocation" in c["title"] for c in calls)
    )


async def test_the_persons_own_settings_decide(office: Office) -> None:
    """S18 to S21: nothing is overridden, the meeting is in her list, the personal room and the passcode as she set."""
    here = await office.conversation("im")
    number, _ = await office.fresh_meeting("Listed", channel=here)
    [listed] = [meeting for meeting in await office.meetings() if str(meeting["id"]) == number]
    assert listed["type"] == 2, "only scheduled meetings are in the meeting list"
    sent = (await office.zoom("GET", "requests?path=/v2/users/me/meetings"))["requests"][-1]["body"]
    assert "settings" not in sent
    assert not {"password", "default_password", "duration", "timezone", "schedule_for"} & set(sent)

    her = "users/adaZoomUserId000000001"
    await office.zoom("POST", her, {"use_pmi_for_scheduled_meetings": True})
    try:
        here = await office.conversation("im")
        result = await office.type("meeting In my own room", channel=here)
        [card] = [call for call in await office.calls(channel=here) if "In my own room" in call["title"]]
        assert re.sub(r"\D", "", card["external_display_id"]) == "5551234567"
        assert "/j/5551234567" in card["join_url"]
        assert "passcode" in str(result["answer"]).lower()
        await office.zoom("POST", "meetings/5551234567/join", {"name": "Room guest"})

        async def card_of_the_room() -> dict[str, Any]:
            return next(call for call in await office.calls(channel=here) if "In my own room" in call["title"])

        await eventually(card_of_the_room, lambda call: "Room guest" in names(call))
        await office.zoom("POST", "meetings/5551234567/end")
        await eventually(card_of_the_room, lambda call: bool(call.get("date_end")))
    finally:
        await office.zoom("POST", her, {"use_pmi_for_scheduled_meetings": False})

    await office.zoom("POST", her, {"require_password_for_scheduling_new_meetings": False})
    try:
        here = await office.conversation("im")
        _, result = await office.fresh_meeting("Without passcode", channel=here)
        assert "passcode" not in str(result["answer"]).lower()
    finally:
        await office.zoom("POST", her, {"require_password_for_scheduling_new_meetings": True})
