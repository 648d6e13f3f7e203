"""What everybody has instead of Slack's Call icon, and that icon where Slack gives it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e import views
from tests.e2e.people import (
    ADA,
    ADA_AT_ZOOM,
    GENERAL,
    GRACE,
    GRACE_AT_ZOOM,
    LIN,
    Office,
    browser,
    digits,
    ended,
    eventually,
    is_asked,
    link_in,
    names,
    written,
)
from tests.e2e.system import running

pytestmark = pytest.mark.asyncio(loop_scope="module")

START, MEET_ABOUT = "zoom_start", "zoom_meet_about"
NUMBER = "+1 202 555 0143"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """An office in which Ada has connected Zoom, and whose Slack made the app a provider of calls."""
    async with running(tmp_path_factory.mktemp("data"), {"ZOOMSLACK_SLACK_CALL_PROVIDER": "1"}) as system:
        office = Office(system)
        await office.connect()
        yield office


async def say(office: Office, text: str, channel: str, user: str = GRACE) -> str:
    """Posts a message; returns which."""
    typed = await office.slack("POST", "type", {"user_id": user, "channel_id": channel, "text": text})
    return str(typed["ts"])


async def seen_when(office: Office, word: str, channel: str, user: str = ADA) -> dict[str, Any]:
    """Waits until a person sees a message that holds a word; returns the newest one that does."""

    async def look() -> list[dict[str, Any]]:
        return [one for one in await office.messages(channel=channel, user=user) if word in written(one)]

    return (await eventually(look, bool))[-1]


async def opened(office: Office, kind: str, channel: str) -> dict[str, Any]:
    """Presses the Call icon; returns what Slack opens for who pressed."""
    await office.slack("DELETE", "requests")
    pressed = {"user_id": ADA, "channel_id": channel, "type": kind, "phone_number": NUMBER}
    assert await office.slack("POST", "call_icon", pressed) == {"status": 200, "error": None}

    async def look() -> list[dict[str, Any]]:
        answers = (await office.slack("GET", "requests?method=response_url"))["requests"]
        return [one["arguments"] for one in answers if "call_initiation_url" in one["arguments"]]

    [answer] = await eventually(look, bool)
    return answer


@pytest.mark.parametrize("kind", ["public", "private", "mpim", "im"])
async def test_S33_S34_S35_a_shortcut_starts_a_meeting_in_a_channel_or_with_a_person(office: Office, kind: str) -> None:
    members = (ADA, GRACE, LIN) if kind == "mpim" else (ADA, GRACE)
    here = await office.conversation(kind, *members)
    await views.use_shortcut(office, START)
    modal = await views.modal(office)
    assert views.fields(modal) == ["how", "where", "topic", "person", "number"]
    options = [one["text"]["text"] for one in modal["blocks"][0]["element"]["options"]]
    assert options == ["Audio & Video: Zoom", "Phone: Zoom"]
    assert await views.send(office, how="video", where=here, topic="Weekly <!channel>") == {}
    card = await office.card_when(bool, here)
    assert card["title"] == "Weekly <!channel> started by ada"
    assert (await office.slack("GET", f"views?user_id={ADA}"))["modal"] is None
    await office.zoom("POST", f"meetings/{digits(card['external_display_id'])}/start")
    async with browser() as grace:  # the others find the way in where it was started
        [seen] = await office.calls(channel=here, user=GRACE)
        assert "You are in the meeting" in (await grace.enter(seen["join_url"], "Grace Hopper")).text


async def test_S34_S35_phone_is_the_other_choice_and_dials(office: Office) -> None:
    here = await office.conversation("im")
    before = len(await office.meetings())
    await views.use_shortcut(office, START)
    refused = await views.send(office, how="phone", where=here, number="")
    assert list(refused["errors"]) == ["number"], "whom to call is asked for in the modal"
    refused = await views.send(office, how="video", where=here, person=GRACE)
    assert list(refused["errors"]) == ["person"], "nobody is called beside a meeting, and that is said"
    assert await views.send(office, how="phone", where=here, number=NUMBER) == {}
    ready = await seen_when(office, "zoom_call", here)
    assert ready["visible_to"] == [ADA]
    async with browser() as person:
        page = await person.get(link_in(ready, "zoom_call"))
    assert 'href="zoomphonecall://+12025550143"' in page.text
    assert (len(await office.meetings()), await office.messages(channel=here, user=GRACE)) == (before, [])


async def test_S33_a_start_needs_a_place_and_says_so_in_the_modal(office: Office) -> None:
    await views.use_shortcut(office, START)
    assert list((await views.send(office, topic="Nowhere"))["errors"]) == ["where"]
    await office.slack("POST", "dismiss", {"user_id": ADA})
    assert "Nowhere" not in str(await office.meetings())


async def test_S33_P68_a_start_by_shortcut_is_asked_about_too(office: Office) -> None:
    here = await office.conversation("private")
    await office.fresh_meeting("The first", channel=here)
    await views.use_shortcut(office, START)
    await views.send(office, where=here, topic="The second")
    assert is_asked(await seen_when(office, "seconds ago", here))
    assert len(await office.calls(channel=here)) == 1
    await office.start_another(user=ADA, channel=here)
    await eventually(lambda: office.calls(channel=here), lambda calls: len(calls) == 2)


async def test_S37_the_shortcut_asks_for_what_the_owner_offers_and_nothing_else(office: Office) -> None:
    try:
        for offered, fields in (("video", ["where", "topic"]), ("phone", ["person", "number"])):
            await office.type(f"config calls {offered}")
            await views.use_shortcut(office, START)
            asked = await eventually(
                lambda: office.slack("GET", f"views?user_id={ADA}"), lambda shown: bool(shown["modal"])
            )
            assert views.fields(asked["modal"]) == fields
            await office.slack("POST", "dismiss", {"user_id": ADA})
    finally:
        await office.type("config calls both")


@pytest.mark.parametrize("kind", ["public", "private", "im"])
async def test_P69_a_meeting_about_a_message_is_in_its_thread(office: Office, kind: str) -> None:
    here = await office.conversation(kind)
    ts = await say(office, "Shall we ship R&D <3 @ada?", here)
    await views.use_shortcut(office, MEET_ABOUT, channel_id=here, ts=ts)
    card = await office.card_when(bool, here)
    assert card["title"] == "Shall we ship R&D <3 @ada? started by ada"
    [shown] = [one for one in await office.messages(channel=here, user=GRACE) if one["calls"]]
    assert shown["thread_ts"] == ts
    beside = await seen_when(office, "zoom_end_meeting", here)
    assert (beside["thread_ts"], beside["visible_to"]) == (ts, [ADA])


async def test_P69_summary_and_recording_go_to_the_thread_too(office: Office) -> None:
    here = await office.conversation("public")
    ts = await say(office, "Let us talk", here)
    await views.use_shortcut(office, MEET_ABOUT, channel_id=here, ts=ts)
    number = digits((await office.card_when(bool, here))["external_display_id"])
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/end")
    await office.zoom("POST", f"meetings/{number}/recording", {})
    for word in ("Zoom meeting ended", "zoom_recording"):
        assert (await seen_when(office, word, here, GRACE))["thread_ts"] == ts


async def test_P69_P71_who_is_not_connected_is_asked_and_her_meeting_still_finds_the_thread(office: Office) -> None:
    here = await office.conversation("private")
    ts = await say(office, "Me too", here, ADA)
    await views.use_shortcut(office, MEET_ABOUT, user=GRACE, channel_id=here, ts=ts)
    asked = await seen_when(office, "zoom_connect", here, GRACE)
    assert "zoom_connect" not in str(await office.messages(channel=here))
    async with browser() as grace:
        await grace.connect_zoom(link_in(asked), GRACE_AT_ZOOM)
    card = await office.card_when(bool, here)
    [shown] = [one for one in await office.messages(channel=here) if one["calls"]]
    assert (card["title"], shown["thread_ts"]) == ("Me too started by grace", ts)


async def test_P69_what_goes_wrong_is_told_to_who_asked_alone(office: Office) -> None:
    here = await office.conversation("im")
    ts = await say(office, "Broken", here)
    await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"type": 4})
    try:
        await views.use_shortcut(office, MEET_ABOUT, channel_id=here, ts=ts)
        assert (await seen_when(office, "may not host meetings", here))["visible_to"] == [ADA]
    finally:
        await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"type": 2})
    assert "may not host" not in str(await office.messages(channel=here, user=GRACE))


@pytest.mark.parametrize("kind", ["public", "im"])
async def test_S33_S34_the_call_icon_opens_a_meeting_and_posts_its_card(office: Office, kind: str) -> None:
    here = await office.conversation(kind)
    answer = await opened(office, "video", here)
    card = await office.card_when(bool, here)
    number = digits(card["external_display_id"])
    assert answer["call_initiation_url"] == card["join_url"]
    assert answer["desktop_protocol_call_initiation_url"].startswith(f"zoommtg://zoom.us/join?confno={number}")
    assert [one["id"] for one in await office.calls(channel=here, user=GRACE)] == [card["id"]]
    await office.zoom("POST", f"meetings/{number}/start")
    await office.card_when(lambda card: names(card) == {ADA}, here)
    await office.zoom("POST", f"meetings/{number}/end")
    await office.card_when(ended, here)


async def test_S34_S35_the_call_icon_dials_the_contact(office: Office) -> None:
    here = await office.conversation("im")
    answer = await opened(office, "audio", here)
    assert answer["desktop_protocol_call_initiation_url"] == "zoomphonecall://+12025550143"
    async with browser() as person:
        assert "zoomphonecall://+12025550143" in (await person.get(answer["call_initiation_url"])).text
    assert await office.messages(channel=here, user=GRACE) == []


async def test_S37_what_is_not_offered_is_not_opened_by_the_icon(office: Office) -> None:
    here = await office.conversation("im")
    await office.type("config calls phone", channel=GENERAL)
    try:
        await office.slack("POST", "call_icon", {"user_id": ADA, "channel_id": here, "type": "video"})
        await seen_when(office, "do not offer meetings", here)
    finally:
        await office.type("config calls both", channel=GENERAL)
    assert await office.calls(channel=here) == []
