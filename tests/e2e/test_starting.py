"""Starting meetings: anywhere, once, by everybody's own settings; and what is said where it does not work."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.e2e.people import (
    ADA,
    ADA_AT_ZOOM,
    BEN,
    BEN_AT_ZOOM,
    GRACE,
    GRACE_AT_ZOOM,
    GUS,
    LIN,
    Office,
    browser,
    digits,
    ended,
    eventually,
    is_asked,
    link_in,
    names,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

GUS_AT_ZOOM = "gusZoomUserId000000007"
CREATE = {"method": "POST", "path": "/v2/users/me/meetings"}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def connected(office: Office) -> None:
    """Ada, Grace and Ben have connected Zoom; Ben is on the Basic plan."""
    for user, zoom_user_id in ((ADA, ADA_AT_ZOOM), (GRACE, GRACE_AT_ZOOM), (BEN, BEN_AT_ZOOM)):
        await office.connect(user=user, zoom_user_id=zoom_user_id)


@pytest.mark.parametrize("kind", ["public", "private", "mpim", "im"])
async def test_S1_a_meeting_is_started_in_every_kind_of_conversation(office: Office, kind: str) -> None:
    members = (ADA, GRACE, LIN) if kind == "mpim" else (ADA, GRACE)
    here = await office.conversation(kind, *members)
    number, result = await office.fresh_meeting(f"In {kind}", channel=here)
    assert result["answer"]["response_type"] == "in_channel"
    for user in members:  # everybody there sees the way in, and the app is no member
        [card] = await office.calls(channel=here, user=user)
        assert (card["title"], digits(card["external_display_id"])) == (f"In {kind} started by ada", number)
    await office.zoom("POST", f"meetings/{number}/start")
    async with browser() as person:
        assert "You are in the meeting" in (await person.enter(card["join_url"], "Sam Guest")).text
    await office.card_when(lambda card: "Sam Guest" in names(card), here)


async def test_S1_people_of_another_company_see_what_is_started_in_a_channel_they_share(office: Office) -> None:
    await office.slack("POST", "workspaces", {"seed": "globex"})
    number, _ = await office.fresh_meeting("With Globex", user=GRACE, channel="C0SHARED1")
    [card] = await office.calls(channel="C0SHARED1", user="U0HEDY001")
    assert card["title"] == "With Globex started by grace"
    await office.zoom("POST", f"meetings/{number}/start")
    async with browser() as hedy:
        assert "You are in the meeting" in (await hedy.enter(card["join_url"], "Hedy Lamarr")).text


async def test_S17_S25_the_command_alone_starts_a_meeting_and_words_after_meeting_are_its_topic(office: Office) -> None:
    for typed, topic in (
        ("", "Zoom meeting"),
        ("meeting", "Zoom meeting"),
        ("meeting Weekly sync", "Weekly sync"),
        ("MEETING  two   words ", "two words"),
        ("meeting " + "long " * 60, ("long " * 40).strip()),
    ):
        before = {meeting["id"] for meeting in await office.meetings()}
        here = await office.conversation("im")
        result = await office.type(typed, channel=here)
        assert (result["error"], result["answer"]["response_type"]) == (None, "in_channel")
        assert result["elapsed_ms"] < 2500
        [made] = [meeting for meeting in await office.meetings() if meeting["id"] not in before]
        assert (made["topic"], made["host_id"]) == (topic, ADA_AT_ZOOM)
        assert (await office.card(here))["title"] == f"{topic} started by ada"


async def test_S25_a_hostile_topic_pings_nobody_and_breaks_nothing(office: Office) -> None:
    here = await office.conversation("im")
    topic = "<!channel> @everyone *bold* <https://evil.example|zoom.us> \u202egnol " + "x" * 300
    result = await office.type(f"meeting {topic}", channel=here)
    assert (result["error"], result["answer"]["response_type"]) == (None, "in_channel")
    assert "<!channel>" not in str(result["answer"])
    [card] = await office.calls(channel=here, user=GRACE)
    assert card["title"].startswith("<!channel> @everyone *bold* ")  # a call's title is text, in which nothing rings
    assert "\u202e" not in card["title"]


async def test_S18_S19_no_setting_is_overridden_and_the_meeting_is_in_her_list_at_zoom(office: Office) -> None:
    number, _ = await office.fresh_meeting("Listed", channel=await office.conversation("im"))
    [made] = [meeting for meeting in await office.meetings() if meeting["id"] == number]
    assert made["listed"], "it is in the list of meetings that Zoom shows its host"
    sent = (await office.zoom("GET", "requests?path=/v2/users/me/meetings"))["requests"][-1]["body"]
    assert sent.keys() == {"topic", "type", "start_time", "agenda"}, "anything else would override what she has set"


async def test_S20_the_personal_room_is_used_where_her_settings_say_so(office: Office) -> None:
    here, there = await office.conversation("im"), await office.conversation("im")
    await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"use_pmi_for_scheduled_meetings": True})
    try:
        for channel in (here, there):  # two cards may show one room
            await office.type("meeting In my own room", channel=channel)
            card = await office.card(channel)
            assert digits(card["external_display_id"]) == "5551234567"
            assert "/j/5551234567" in card["join_url"]
        await office.zoom("POST", "meetings/5551234567/start")
        await office.zoom("POST", "meetings/5551234567/join", {"name": "Room guest"})
        for channel in (here, there):
            await office.card_when(lambda card: "Room guest" in names(card), channel)
        await office.zoom("POST", "meetings/5551234567/end")
        for channel in (here, there):
            await office.card_when(ended, channel)
    finally:
        await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"use_pmi_for_scheduled_meetings": False})
    number, _ = await office.fresh_meeting("Elsewhere", channel=await office.conversation("im"))
    assert number != "5551234567"


async def test_S21_the_passcode_that_people_type_is_shown_to_everybody_and_opens_the_door(office: Office) -> None:
    here = await office.conversation("private")
    number, _ = await office.fresh_meeting("With a passcode", channel=here)
    [made] = [meeting for meeting in await office.meetings() if meeting["id"] == number]
    [shown] = [one for one in await office.messages(channel=here, user=GRACE) if one["calls"]]
    assert shown["blocks"][0]["text"]["text"] == f"Meeting passcode: {made['password']}"
    await office.zoom("POST", f"meetings/{number}/start")
    async with browser() as phone:  # without the link, as by typing the number into Zoom
        door = f"{office.system.urls['zoom']}/j/{number}"
        assert "Wrong passcode" in (await phone.enter(door, "Sam", passcode="guess")).text
        assert "You are in the meeting" in (await phone.enter(door, "Sam", passcode=made["password"])).text


async def test_S21_where_no_passcode_is_asked_for_none_is_shown(office: Office) -> None:
    here = await office.conversation("im")
    await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"require_password_for_scheduling_new_meetings": False})
    try:
        _, result = await office.fresh_meeting("Without a passcode", channel=here)
    finally:
        await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"require_password_for_scheduling_new_meetings": True})
    assert "passcode" not in str(result["answer"]).lower()


async def test_S16_help_lists_the_commands_and_unknown_words_get_the_usage(office: Office) -> None:
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


@pytest.mark.parametrize(("user", "name"), [(BEN, "ben"), (GRACE, "grace")])
async def test_S7_meetings_work_with_basic_and_with_paid_accounts(office: Office, user: str, name: str) -> None:
    here = await office.conversation("im", ADA, user)
    number, result = await office.fresh_meeting("Any plan", user=user, channel=here)
    assert result["answer"]["response_type"] == "in_channel"
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Sam"})
    card = await office.card_when(lambda card: "Sam" in names(card), here)
    assert card["title"] == f"Any plan started by {name}"


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("", "Zoom meeting started by gus"),
        ("meeting Weekly sync", "Weekly sync started by gus"),
        ("join me", "Zoom meeting started by gus"),
    ],
)
async def test_P71_the_first_command_goes_on_by_itself_once_zoom_is_connected(
    office: Office, typed: str, title: str
) -> None:
    await office.type("logout", user=GUS, channel=await office.conversation("im", GUS, ADA))
    here = await office.conversation("private", GUS, ADA)
    asked = (await office.type(typed, user=GUS, channel=here))["answer"]
    assert asked["response_type"] == "ephemeral"
    assert await office.messages(channel=here) == [], "nobody but Gus sees anything yet"
    before, link = len(await office.meetings()), link_in(asked)
    async with browser() as person:
        declined = await person.connect_zoom(link, GUS_AT_ZOOM, decision="deny")
        assert declined.status >= 400
        assert await office.calls(channel=here) == [], "who declines starts nothing"
        asked = (await office.type(typed, user=GUS, channel=here))["answer"]
        link = link_in(asked)
        page = await person.connect_zoom(link, GUS_AT_ZOOM)
        assert (page.status, "Your meeting is starting in Slack" in page.text) == (200, True)
        assert "code=" not in page.text
        [card] = await eventually(lambda: office.calls(channel=here), bool)
        assert (await person.get(link)).status >= 400, "a link works once"
    assert card["title"] == title
    assert (digits(card["external_display_id"]) == "5551000007") == (typed == "join me")
    assert len(await office.meetings()) == before + (0 if typed == "join me" else 1)


async def test_P68_a_second_start_within_seconds_asks_first(office: Office) -> None:
    here = await office.conversation("public", ADA, GRACE, BEN)
    number, _ = await office.fresh_meeting("The first", channel=here)
    before = len(await office.meetings())
    asked = (await office.type("meeting The second", user=GRACE, channel=here))["answer"]
    assert (asked["response_type"], is_asked(asked)) == ("ephemeral", True)
    assert f"<@{ADA}> started a meeting here seconds ago." in asked["text"]
    assert (len(await office.meetings()), len(await office.calls(channel=here))) == (before, 1), "nothing was made"
    await office.zoom("POST", f"meetings/{number}/start")
    async with browser() as person:  # "Join it" leads into the first one
        assert "The first" in (await person.enter(link_in(asked, "zoom_join"), "Grace Hopper")).text
    elsewhere = (await office.type("meeting Elsewhere", channel=await office.conversation("im")))["answer"]
    assert not is_asked(elsewhere)
    await office.start_another(user=GRACE, channel=here)
    second = await eventually(lambda: office.calls(channel=here), lambda calls: len(calls) == 2)
    assert [card["title"] for card in second] == ["The first started by ada", "The second started by grace"]
    await office.zoom("POST", f"meetings/{number}/end")


async def test_P68_a_meeting_that_is_over_is_no_reason_to_ask(office: Office) -> None:
    here = await office.conversation("im")
    number, _ = await office.fresh_meeting("Short", channel=here)
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/end")
    await office.card_when(ended, here)
    assert not is_asked((await office.type("meeting Next", channel=here))["answer"])


async def test_N1_a_command_repeated_by_its_trigger_starts_nothing_twice(office: Office) -> None:
    here = await office.conversation("im")
    before = len(await office.meetings())
    first = await office.type("meeting Once", channel=here)
    again = await office.type("meeting Once", channel=here, trigger_id=first["trigger_id"])
    assert again["answer"]["response_type"] == "ephemeral"
    assert (len(await office.meetings()), len(await office.calls(channel=here))) == (before + 1, 1)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (
            {
                "status": 429,
                "code": 429,
                "message": "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests "
                "permitted for this particular user. You may resume these requests at GMT 00:00:00.",
            },
            "limit of meetings a day. It ends at midnight GMT",
        ),
        ({"status": 400, "code": 3161, "message": "not allowed"}, "Ask the administrator of your Zoom account"),
    ],
)
async def test_S17_what_zoom_refuses_is_told_to_who_typed_with_what_to_do(
    office: Office, refusal: dict[str, object], words: str
) -> None:
    here = await office.conversation("im")
    await office.zoom("POST", "faults", {**CREATE, "kind": "status", **refusal, "times": 1})
    answer = (await office.type("meeting Refused", channel=here))["answer"]
    assert answer["response_type"] == "ephemeral"
    assert words in answer["text"]
    assert await office.messages(channel=here, user=GRACE) == []
    _, result = await office.fresh_meeting("Accepted", channel=here)
    assert result["answer"]["response_type"] == "in_channel"


async def test_S17_a_host_who_was_deactivated_is_told_so(office: Office) -> None:
    here = await office.conversation("im", BEN, ADA)
    await office.zoom("POST", f"users/{BEN_AT_ZOOM}", {"type": 4})
    try:
        answer = (await office.type("", user=BEN, channel=here))["answer"]
    finally:
        await office.zoom("POST", f"users/{BEN_AT_ZOOM}", {"type": 1})
    assert "may not host meetings" in answer["text"]
    assert await office.messages(channel=here) == []
