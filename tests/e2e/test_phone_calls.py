"""Zoom Phone from Slack: whom to call, the page that dials, the call's life, and its summary."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e import views
from tests.e2e.calling import CALL, Json, dials, does, newest, opened, own, ready
from tests.e2e.people import (
    ADA,
    ADA_AT_ZOOM,
    BEN,
    BEN_AT_ZOOM,
    GRACE,
    GRACE_AT_ZOOM,
    LIN,
    Office,
    browser,
    eventually,
    link_in,
    written,
)
from tests.e2e.system import running

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

NUMBER, DIALLED, SHOWN = "+1 202 555 0143", "+12025550143", "(202) 555-0143"
PROFILE_NUMBER = "+12025550187"
"""Grace's, in Slack."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Ada has Zoom Phone, Ben has it without an outside line, Grace has none; all three are connected."""
    async with running(tmp_path_factory.mktemp("data")) as system:
        office = Office(system)
        result = await office.type(f"call {NUMBER}")
        async with browser() as person:  # who is not connected gets the button that connects
            assert (await person.connect_zoom(link_in(result["answer"]), ADA_AT_ZOOM)).status == 200
        await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)
        await office.connect(user=BEN, zoom_user_id=BEN_AT_ZOOM)
        yield office


@pytest.mark.parametrize("typed", [NUMBER, "(202) 555-0143", "202.555.0143"])
async def test_S3_S29_S31_S54_a_number_becomes_a_button_whose_page_dials(office: Office, typed: str) -> None:
    reply = await ready(office, typed)
    said = written(reply)
    assert f"Caller: <@{ADA}>" in said
    assert f"Number: {SHOWN}" in said
    link = link_in(reply, CALL)
    async with browser() as person:
        page = await person.get(link)
        altered = await person.get(link[:-1] + ("A" if link[-1] != "A" else "Q"))
    assert f'href="zoomphonecall://{DIALLED}"' in page.text
    assert f'href="tel:{DIALLED}"' in page.text
    assert altered.status == 404
    assert "2025550143" not in altered.text


async def test_S54_a_number_of_another_country_is_shown_with_its_country(office: Office) -> None:
    assert "Number: +44 20 7183 8750" in written(await ready(office, "+44 (20) 71838750"))


@pytest.mark.parametrize("kind", ["public", "private", "mpim", "im"])
async def test_S29_a_call_is_placed_from_every_kind_of_conversation(office: Office, kind: str) -> None:
    members = (ADA, GRACE, LIN) if kind == "mpim" else (ADA, GRACE)
    here = await office.conversation(kind, *members)
    assert await opened(await ready(office, NUMBER, channel=here)) == DIALLED
    assert await office.messages(channel=here, user=GRACE) == []


@pytest.mark.parametrize("kind", ["public", "im"])
async def test_S29_S34_a_person_is_called_by_the_number_in_her_profile(office: Office, kind: str) -> None:
    reply = await ready(office, "@grace", channel=await office.conversation(kind))
    assert f"Callee: <@{GRACE}>" in written(reply)
    assert await opened(reply) == PROFILE_NUMBER


async def test_S29_an_extension_is_called_as_one(office: Office) -> None:
    reply = await ready(office, "1003")
    assert "Number: extension 1003" in written(reply)
    assert await opened(reply) == "1003"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("call", "Whom shall I call?"),
        ("call @nobody", "choose the person"),
        ("call @grace @ben", "at a time"),
        ("call @ada", "That is you"),
        ("call @lin", "only where Zoom for Slack is installed for your whole company"),
        ("call 911", "Emergency"),
        ("call +1 900 555 1234", "cost more"),
        ("call ring my mother", "Whom shall I call?"),
        ("call 1-800-FLOWERS", "neither a phone number"),
        ("call " + "9" * 40, "neither a phone number"),
        ("call tel:+12025550143;ext=5", "neither a phone number"),
        ("call zoomphonecall://+12025550143", "neither a phone number"),
    ],
)
async def test_what_cannot_be_dialled_gives_a_sentence_and_no_button(office: Office, text: str, words: str) -> None:
    result = await office.type(text)
    assert result["error"] is None
    assert words in result["answer"]["text"]
    assert f"'{CALL}'" not in str(result["answer"])


@pytest.mark.parametrize(
    ("actions", "result"),
    [
        (("decline",), "declined by the other side"),
        (("busy",), "the other side was busy"),
        (("no-answer",), "nobody answered"),
        (("cancel",), "canceled before anybody answered"),
        (("voicemail",), "went to voicemail"),
    ],
)
async def test_S32_what_becomes_of_a_call_that_nobody_answers_is_told(
    office: Office, actions: tuple[str, ...], result: str
) -> None:
    call = await dials(office, NUMBER)
    await newest(office, "It rings")
    await does(office, call, *actions)
    said = await newest(office, f"Result: {result}")
    assert "Duration" not in said


async def test_S31_when_the_call_is_over_the_reply_says_so_and_its_page_dials_nobody(office: Office) -> None:
    here = await office.conversation("private")
    link = link_in(await ready(office, NUMBER, channel=here), CALL)
    [shown] = [one for one in await office.messages(channel=here) if CALL in str(one["blocks"])]
    await office.press(CALL, shown, channel=here)
    async with browser() as person:
        assert "<script" in (await person.get(link)).text
        call = (await office.zoom("POST", "phone/calls", {"caller": ADA_AT_ZOOM, "to": DIALLED}))["call_id"]
        await does(office, call, "busy")
        [over] = await eventually(
            lambda: _own_of_app(office, here), lambda found: "the other side was busy" in written(found[-1])
        )
        page = (await person.get(link)).text
    assert f"'{CALL}'" not in written(over)
    assert ("This call is over" in page, ">Call again<" in page, "<script" in page) == (True, True, False)
    await office.press("zoom_call_again", over, channel=here)
    await eventually(lambda: _own_of_app(office, here), lambda found: CALL + "'" in written(found[-1]))


async def test_S32_several_calls_at_once_have_a_message_each(office: Office) -> None:
    before = len(await own(office))
    one, other = await dials(office, NUMBER), await dials(office, "+1 202 555 0199")
    await does(office, other, "answer")
    await does(office, one, "decline")
    posts = await eventually(
        lambda: own(office),
        lambda posts: "declined" in str(posts[before:]) and "In a call" in str(posts[before:]),
    )
    assert len(posts) == before + 2
    await does(office, other, "hang-up")


async def test_S32_a_call_that_is_put_through_says_so(office: Office) -> None:
    call = await dials(office, "1003")
    await does(office, call, "answer")
    await office.zoom("POST", f"phone/calls/{call}/transfer", {"to": "+12025550177", "by": "caller"})
    await newest(office, "put through to somebody else")


async def test_S32_calls_that_were_not_placed_from_slack_appear_where_she_wants_that(office: Office) -> None:
    before = len(await own(office))
    for choice, shown in (("", 0), ("all", 1), ("slack", 1)):
        if choice:
            chosen = (await office.type(f"config my-calls {choice}"))["answer"]["text"]
            assert ("all your Zoom Phone calls" in chosen) == (choice == "all")
        incoming = {"from": "+12025550177", "to": ADA_AT_ZOOM, "name": "Bob <!channel>"}
        call = await office.zoom("POST", "phone/calls/incoming", incoming)
        if choice == "all":
            await newest(office, "Incoming call", "(202) 555-0177")
        await does(office, call["call_id"], "no-answer")
        if choice == "all":
            assert "<!channel>" in await newest(office, "Missed call"), "a name is shown as it is, and pings nobody"
        marker = await dials(office, NUMBER)  # what came before it has been heard by now
        await newest(office, "It rings", SHOWN)
        await does(office, marker, "cancel")
        await newest(office, "Result: canceled")
        before += 1
        assert len(await own(office)) == before + shown, choice


@pytest.mark.parametrize("kind", ["public", "im"])
async def test_S30_who_has_no_phone_or_no_outside_line_is_told_which(office: Office, kind: str) -> None:
    with_grace, with_ben = await office.conversation(kind, ADA, GRACE), await office.conversation(kind, ADA, BEN)
    none = (await office.type(f"call {NUMBER}", user=GRACE, channel=with_grace))["answer"]
    assert "no Zoom Phone for you" in none["text"]
    inside = (await office.type(f"call {NUMBER}", user=BEN, channel=with_ben))["answer"]
    assert "extensions of your company only" in inside["text"]
    assert await opened(await ready(office, "1001", user=BEN, channel=with_ben)) == "1001"
    nameless = (await office.type("call @lin", user=BEN, channel=with_ben))["answer"]["text"]
    assert ("Type the extension" in nameless, "Type the number" in nameless) == (True, False)
    for answer in (none, inside):
        assert f"'{CALL}'" not in str(answer)


async def test_S30_the_home_tab_says_what_each_has_of_zoom_phone(office: Office) -> None:
    hers = str(await views.home(office, ADA))
    assert "You can call anybody" in hers
    assert "only where Zoom for Slack is installed for your whole company" in hers
    assert "Your plan has no outside line" in str(await views.home(office, BEN))
    assert "no Zoom Phone for you" in str(await views.home(office, GRACE))


async def test_S16_S30_help_and_config_tell_what_each_has_and_sees(office: Office) -> None:
    for user, words in (
        (ADA, "you can call anybody"),
        (BEN, "you can call extensions of your company"),
        (GRACE, "you have none"),
    ):
        assert f"*Zoom Phone:* {words}." in (await office.type("help", user=user))["answer"]["text"]
    told = (await office.type("config my-calls everything"))["answer"]["text"]
    assert "I don't know `everything` there" in told
    assert "those that you place from Slack" in told


async def test_S30_where_the_account_has_no_zoom_phone_that_is_what_is_told(office: Office) -> None:
    await office.zoom("POST", "accounts/AcmeZoomAccount0000001", {"phone_enabled": False})
    try:
        answer = (await office.type(f"call {NUMBER}"))["answer"]
        assert "off for your whole Zoom account" in answer["text"]
        assert "off for your whole Zoom account" in str(await views.home(office, ADA))
    finally:
        await office.zoom("POST", "accounts/AcmeZoomAccount0000001", {"phone_enabled": True})


async def test_S34_in_a_direct_message_phone_is_the_other_choice_and_dials_the_contact(office: Office) -> None:
    here = await office.conversation("im")
    await views.use_shortcut(office, "zoom_start")
    assert await views.send(office, how="phone", where=here, person=GRACE) == {}
    assert await opened(await _in(office, here)) == PROFILE_NUMBER
    assert await office.messages(channel=here, user=GRACE) == []


async def test_S34_S35_who_wrote_a_message_is_called_from_it(office: Office) -> None:
    here = await office.conversation("im")
    typed = await office.slack("POST", "type", {"user_id": GRACE, "channel_id": here, "text": "Call me"})
    await views.use_shortcut(office, "zoom_call_author", channel_id=here, ts=typed["ts"])
    reply = await _in(office, here)
    assert f"Callee: <@{GRACE}>" in written(reply)
    assert await opened(reply) == PROFILE_NUMBER


async def test_S35_a_person_is_chosen_on_the_home_tab_and_called(office: Office) -> None:
    here = await office.conversation("private")
    await views.home(office)
    await views.press(office, "zoom_home_start")
    assert await views.send(office, how="phone", where=here, person=GRACE) == {}
    assert await opened(await _in(office, here)) == PROFILE_NUMBER


async def test_S37_where_no_phone_calls_are_offered_nobody_is_called(office: Office) -> None:
    await office.type("config calls video")
    try:
        answer = (await office.type(f"call {NUMBER}"))["answer"]
        assert "do not offer phone calls" in answer["text"]
    finally:
        await office.type("config calls both")


async def test_S36_S38_who_signs_out_during_a_call_reads_that_it_is_not_followed_any_more(office: Office) -> None:
    call = await dials(office, "1001", user=BEN, at_zoom=BEN_AT_ZOOM)
    await does(office, call, "answer")
    await newest(office, "In a call", user=BEN)
    [before] = await office.posts("app", BEN)
    await office.type("logout", user=BEN)
    [after] = await eventually(
        lambda: office.posts("app", BEN), lambda posts: "not followed any more" in written(posts[-1])
    )
    assert (after["ts"], "1001" in written(after)) == (before["ts"], False)
    await does(office, call, "hang-up")
    await office.connect(user=BEN, zoom_user_id=BEN_AT_ZOOM)


async def test_S32_S54_S55_the_call_is_followed_to_its_summary_in_the_apps_own_conversation(office: Office) -> None:
    """The last one: it moves Zoom's clock."""
    call = await dials(office, NUMBER)
    await newest(office, "Calling", SHOWN)
    await does(office, call, "answer")
    await newest(office, "In a call", "Connected since")
    await office.zoom("POST", "clock", {"advance_seconds": 65})
    await does(office, call, "hang-up")
    summary = await newest(office, "Call ended", "Duration: 1 min", "Result: answered")
    for part in (f"Caller: <@{ADA}>", f"Number: {SHOWN}", "Started: <!date^"):
        assert part in summary
    posts = [post for post in await own(office) if "Duration: 1 min" in written(post)]
    assert len(posts) == 1, "one message, brought up to date"
    assert await own(office, GRACE) == []


async def _in(office: Office, channel: str) -> Json:
    """Waits for the reply in a conversation; returns it."""

    async def look() -> list[Json]:
        return [one for one in await office.messages(channel=channel) if CALL in str(one["blocks"])]

    [reply] = await eventually(look, bool)
    assert reply["visible_to"] == [ADA]
    return reply


async def _own_of_app(office: Office, channel: str) -> list[Json]:
    """Returns what the app says to Ada in a conversation."""
    return [one for one in await office.messages(channel=channel) if one.get("visible_to") == [ADA]]
