"""The card of a meeting while it runs: what it shows, who is in it, and how it ends."""

from __future__ import annotations

import time
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.people import (
    ADA,
    ADA_AT_ZOOM,
    GRACE,
    GRACE_AT_ZOOM,
    LIN,
    Office,
    browser,
    digits,
    ended,
    eventually,
    names,
    written,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

END = "zoom_end_meeting"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def connected(office: Office) -> None:
    """Ada and Grace have connected Zoom."""
    await office.connect()
    await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)


async def controls(office: Office, channel: str) -> dict[str, Any]:
    """Waits for the message beside a card in which Ada can end her meeting."""

    async def look() -> list[dict[str, Any]]:
        return [one for one in await office.messages(channel=channel) if END in str(one["blocks"])]

    [found] = await eventually(look, bool)
    return found


async def requests(office: Office, method: str) -> list[dict[str, Any]]:
    """Returns what the app has asked Slack for by one method."""
    found: list[dict[str, Any]] = (await office.slack("GET", f"requests?method={method}"))["requests"]
    return found


async def test_S50_the_card_has_id_topic_start_passcode_link_and_attendees(office: Office) -> None:
    here, began = await office.conversation("private"), int(time.time())
    number, _ = await office.fresh_meeting("Weekly sync", channel=here)
    [made] = [meeting for meeting in await office.meetings() if meeting["id"] == number]
    [shown] = [one for one in await office.messages(channel=here, user=GRACE) if one["calls"]]
    card = shown["calls"][0]
    assert digits(card["external_display_id"]) == number
    assert card["external_display_id"].count(" ") == 2, "grouped, as Zoom prints it"
    assert card["title"] == "Weekly sync started by ada"
    assert began - 1 <= card["date_start"] <= time.time() + 1
    assert f"Meeting passcode: {made['password']}" in written(shown)
    assert card["join_url"] == made["join_url"]
    await office.zoom("POST", f"meetings/{number}/start")
    async with browser() as person:
        assert "You are in the meeting" in (await person.enter(card["join_url"], "Sam Guest")).text
    await office.card_when(lambda card: "Sam Guest" in names(card), here)


async def test_S51_who_waits_to_be_let_in_is_on_the_card_once_she_is_admitted(office: Office) -> None:
    here = await office.conversation("public")
    number, _ = await office.fresh_meeting("Interview", channel=here)
    await office.zoom("POST", f"meetings/{number}", {"waiting_room": True})
    await office.zoom("POST", f"meetings/{number}/start")
    admitted, refused = [
        (await office.zoom("POST", f"meetings/{number}/join", {"name": name}))["user_id"]
        for name in ("Sam Guest", "Rita Refused")
    ]
    await office.zoom("POST", f"meetings/{number}/refuse", {"user_id": refused})
    await office.zoom("POST", f"meetings/{number}/admit", {"user_id": admitted})
    card = await office.card_when(lambda card: "Sam Guest" in names(card), here)
    assert names(card) == {ADA, "Sam Guest"}
    await office.zoom("POST", f"meetings/{number}/end")
    await office.card_when(ended, here)
    [summary] = await eventually(lambda: office.posts(here), bool)
    assert "2 attendees" in written(summary)


async def test_S51_attendees_come_and_go_on_the_card_while_the_meeting_runs(office: Office) -> None:
    here = await office.conversation("im")
    number, _ = await office.fresh_meeting("Live", channel=here)
    assert names(await office.card(here)) == set()
    await office.zoom("POST", f"meetings/{number}/start")
    grace = await office.zoom("POST", f"meetings/{number}/join", {"zoom_user_id": GRACE_AT_ZOOM})
    sam = await office.zoom("POST", f"meetings/{number}/join", {"name": "Sam <!channel> Guest"})
    # Who is connected is shown as who she is in Slack, everybody else by the name that they have in Zoom.
    await office.card_when(lambda card: names(card) == {ADA, GRACE, "Sam <!channel> Guest"}, here)
    await office.zoom("POST", f"meetings/{number}/leave", {"user_id": grace["user_id"]})
    await office.card_when(lambda card: names(card) == {ADA, "Sam <!channel> Guest"}, here)
    await office.zoom("POST", f"meetings/{number}/join", {"zoom_user_id": GRACE_AT_ZOOM})
    await office.zoom("POST", f"meetings/{number}/leave", {"user_id": sam["user_id"]})
    await office.card_when(lambda card: names(card) == {ADA, GRACE}, here)
    await office.zoom("POST", f"meetings/{number}/end")
    await office.card_when(ended, here)


async def test_P75_it_is_slacks_own_call_that_slack_redraws_and_that_ends_with_its_duration(office: Office) -> None:
    here = await office.conversation("mpim", ADA, GRACE, LIN)
    number, _ = await office.fresh_meeting("A call", channel=here)
    [shown] = [one for one in await office.messages(channel=here) if one["calls"]]
    assert [block["call_id"] for block in shown["blocks"] if block["type"] == "call"] == [shown["calls"][0]["id"]]
    [added] = [one for one in await requests(office, "calls.add") if "A call" in one["arguments"]["title"]]
    assert added["arguments"]["created_by"] == ADA
    assert shown["calls"][0]["desktop_app_join_url"].startswith(f"zoommtg://zoom.us/join?confno={number}&pwd=")
    await office.zoom("POST", f"meetings/{number}/start")
    await office.card_when(lambda card: names(card) == {ADA}, here)
    await office.zoom("POST", "clock", {"advance_seconds": 34 * 60})
    await office.zoom("POST", f"meetings/{number}/end")
    card = await office.card_when(ended, here)
    assert abs(card["duration"] - 34 * 60) <= 5
    call_id = shown["calls"][0]["id"]
    assert [one["arguments"]["id"] for one in await requests(office, "calls.end")].count(call_id) == 1
    # The message itself was posted once and never touched: Slack draws the call anew.
    [again] = [one for one in await office.messages(channel=here) if one["calls"]]
    assert (again["ts"], again["edited"]) == (shown["ts"], False)


async def test_P75_where_slack_refuses_the_call_the_host_still_gets_in(office: Office) -> None:
    here = await office.conversation("im")
    await office.slack("POST", "faults", {"method": "calls.add", "kind": "error", "error": "not_authorized"})
    answer = (await office.type("meeting Refused", channel=here))["answer"]
    assert answer["response_type"] == "ephemeral"
    assert "its card cannot be shown here. You can share this link yourself." in str(answer["blocks"])
    assert "Invite the app if it can join; otherwise use another conversation." in str(answer["blocks"])
    assert await office.messages(channel=here, user=GRACE) == []
    [made] = [meeting for meeting in await office.meetings() if meeting["topic"] == "Refused"]
    assert made["join_url"] in str(answer["blocks"])


async def test_P75_who_declines_a_call_is_told_to_its_host_and_the_meeting_goes_on(office: Office) -> None:
    here = await office.conversation("im")
    number, _ = await office.fresh_meeting("Declined", channel=here)
    await office.zoom("POST", f"meetings/{number}/start")
    card = await office.card_when(lambda card: names(card) == {ADA}, here)
    event = {
        "type": "call_rejected",
        "call_id": card["id"],
        "user_id": GRACE,
        "channel_id": here,
        "external_unique_id": card["external_unique_id"],
    }
    assert (await office.slack("POST", "events", {"event": event}))["statuses"] == [200]
    told = await eventually(
        lambda: office.posts("app"), lambda posts: any("declined your Zoom call" in one["text"] for one in posts)
    )
    assert f"<@{GRACE}>" in told[-1]["text"]
    assert names(await office.card(here)) == {ADA}
    assert not ended(await office.card(here))


async def test_S58_each_conversation_sees_the_people_of_its_own_meeting(office: Office) -> None:
    here, there = await office.conversation("im"), await office.conversation("private")
    first, _ = await office.fresh_meeting("Here", channel=here)
    second, _ = await office.fresh_meeting("There", channel=there)
    for number, guest in ((first, "Sam of here"), (second, "Sam of there")):
        await office.zoom("POST", f"meetings/{number}/start")
        await office.zoom("POST", f"meetings/{number}/join", {"name": guest})
    await office.card_when(lambda card: "Sam of here" in names(card), here)
    await office.card_when(lambda card: "Sam of there" in names(card), there)
    assert [card["title"] for card in await office.calls(channel=here)] == ["Here started by ada"]
    assert [card["title"] for card in await office.calls(channel=there)] == ["There started by ada"]
    assert "Sam of there" not in names(await office.card(here))


async def test_P76_a_host_key_that_zoom_gives_is_shown_to_who_started_alone(office: Office) -> None:
    here = await office.conversation("public")
    await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"dynamic_host_key": True})
    try:
        number, _ = await office.fresh_meeting("With a host key", channel=here)
    finally:
        await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"dynamic_host_key": False})
    [made] = [meeting for meeting in await office.meetings() if meeting["id"] == number]
    assert len(made["host_key"]) == 6
    beside = await controls(office, here)
    assert f"Host key: {made['host_key']}." in written(beside)
    assert beside["visible_to"] == [ADA]
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/end")
    await eventually(lambda: office.posts(here, GRACE), bool)
    assert made["host_key"] not in str([written(one) for one in await office.messages(channel=here, user=GRACE)])


async def test_P76_without_a_host_key_nothing_is_said_of_one(office: Office) -> None:
    here = await office.conversation("im")
    await office.fresh_meeting("Without", channel=here)
    assert "Host key" not in written(await controls(office, here))


async def test_P85_who_started_ends_it_for_everybody_and_nobody_else_can(office: Office) -> None:
    here = await office.conversation("private")
    number, _ = await office.fresh_meeting("To be ended", channel=here)
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Sam Guest"})
    await office.card_when(lambda card: "Sam Guest" in names(card), here)
    beside = await controls(office, here)
    assert (beside["kind"], beside["visible_to"]) == ("ephemeral", [ADA])
    assert END not in str(await office.messages(channel=here, user=GRACE)), "Grace has no such button"
    assert "End this meeting?" in str(beside["blocks"]), "it asks first"
    await office.press(END, beside, channel=here)
    await office.card_when(ended, here)
    [meeting] = [one for one in await office.meetings() if one["id"] == number]
    assert (meeting["state"], meeting["instance"]) == ("ended", None), "it is over at Zoom for everybody"
    await eventually(
        lambda: office.messages(channel=here), lambda seen: any("ended for everybody" in one["text"] for one in seen)
    )
    assert END not in str(await office.messages(channel=here)), "the button is gone"


async def test_P85_a_meeting_that_nobody_opened_is_ended_too_and_leaves_no_card_that_waits(office: Office) -> None:
    here = await office.conversation("public")
    await office.fresh_meeting("Nobody came", channel=here)
    await office.press(END, await controls(office, here), channel=here)
    await office.card_when(ended, here)
    assert await office.posts(here) == [], "there is nothing to summarize"


async def test_P85_the_button_that_stays_after_an_end_at_zoom_says_so_once_pressed(office: Office) -> None:
    here = await office.conversation("private")
    number, _ = await office.fresh_meeting("Ended at Zoom", channel=here)
    await office.zoom("POST", f"meetings/{number}/start")
    beside = await controls(office, here)
    assert "Slack keeps this message as it is" in str(beside["blocks"])
    await office.zoom("POST", f"meetings/{number}/end")
    await office.card_when(ended, here)
    await office.press(END, beside, channel=here)
    await eventually(
        lambda: office.messages(channel=here), lambda seen: any("is over already" in one["text"] for one in seen)
    )
    assert END not in str(await office.messages(channel=here))


async def test_P85_what_zoom_refuses_is_told_and_the_button_stays(office: Office) -> None:
    here = await office.conversation("im")
    number, _ = await office.fresh_meeting("Goes on", channel=here)
    await office.zoom("POST", f"meetings/{number}/start")
    await office.card_when(lambda card: names(card) == {ADA}, here)
    beside = await controls(office, here)
    fault = {"method": "PUT", "path": f"/v2/meetings/{number}/status", "kind": "status", "status": 503, "times": 5}
    await office.zoom("POST", "faults", fault)
    try:
        await office.press(END, beside, channel=here)
        await eventually(lambda: office.messages(channel=here), lambda seen: "Zoom does not answer" in seen[-1]["text"])
    finally:
        await office.zoom("DELETE", "faults")
    assert not ended(await office.card(here))
    await office.press(END, await controls(office, here), channel=here)
    await office.card_when(ended, here)
