"""`/zoom join`: by number, link, personal link name, and into one's own room."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.e2e.people import (
    ADA_AT_ZOOM,
    GRACE,
    GRACE_AT_ZOOM,
    Office,
    browser,
    digits,
    ended,
    link_in,
    names,
    written,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADAS_ROOM = "5551234567"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def connected(office: Office) -> None:
    """Ada has connected Zoom, Grace has not: joining needs no Zoom account."""
    await office.connect()


async def way_in(office: Office, typed: str, *, user: str = GRACE) -> str:
    """Types `/zoom join …`; returns where the button in the answer leads, having looked that nobody else sees it."""
    here, before = await office.conversation("im"), await office.meetings()
    result = await office.type(f"join {typed}", user=user, channel=here)
    assert (result["error"], result["answer"]["response_type"]) == (None, "ephemeral")
    assert await office.messages(channel=here) == []
    assert await office.meetings() == before, "nothing is made by joining"
    return link_in(result["answer"], "zoom_join")


@pytest.mark.parametrize("form", ["{0}", "{0:.3} {1} {2}", "{0:.3}-{1}-{2}"])
async def test_S2_S26_a_meeting_that_was_scheduled_in_zoom_is_joined_by_its_number(office: Office, form: str) -> None:
    made = await office.zoom("POST", "meetings", {"zoom_user_id": ADA_AT_ZOOM, "topic": "Scheduled last week"})
    number = made["id"]
    url = await way_in(office, form.format(number, number[3:-4], number[-4:]))
    assert url == f"{office.system.urls['zoom']}/j/{number}"
    await office.zoom("POST", f"meetings/{number}/start")
    async with browser() as grace:
        page = await grace.enter(url, "Grace Hopper", passcode=made["password"])
    assert "You are in the meeting" in page.text
    assert "Scheduled last week, as Grace Hopper." in page.text


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("123 456 789", "/j/123456789"),
        ("161-234-5678", "/j/1612345678"),
        ("https://zoom.us/j/85012345678", "https://zoom.us/j/85012345678"),
        (
            "https://us02web.zoom.us/j/85012345678?pwd=INVENTED.1&omn=8",
            "https://us02web.zoom.us/j/85012345678?pwd=INVENTED.1",
        ),
        ("https://acme.zoomgov.com/j/1612345678?pwd=x", "https://acme.zoomgov.com/j/1612345678?pwd=x"),
        ("https://zoom.us/wc/join/85012345678", "https://zoom.us/j/85012345678"),
    ],
)
async def test_S26_numbers_and_pasted_links_lead_to_zoom_with_their_passcode(
    office: Office, typed: str, url: str
) -> None:
    assert await way_in(office, typed) == (url if url.startswith("https") else office.system.urls["zoom"] + url)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345678",
        "123456789012",
        "the weekly",
        "https://zoom.us.evil.example/j/85012345678",
        "https://zoom.us@evil.example/j/85012345678",
        "https://evil.example/zoom.us/j/85012345678",
        "http://zoom.us/j/85012345678",
        "https://zoom.us/signin",
        "javascript://zoom.us/j/85012345678",
    ],
)
async def test_S26_what_is_no_meeting_of_zooms_leads_nowhere_and_is_explained(office: Office, typed: str) -> None:
    answer = (await office.type(f"join {typed}", user=GRACE, channel=await office.conversation("im")))["answer"]
    assert (answer["response_type"], answer.get("blocks")) == ("ephemeral", None), "no button"
    assert "Type its number, its link or a personal link name" in answer["text"]
    assert "evil" not in str(answer)


async def test_S26_the_link_that_makes_whoever_opens_it_the_host_is_not_passed_on(office: Office) -> None:
    typed = "join https://us02web.zoom.us/s/85012345678?zak=INVENTED"
    answer = (await office.type(typed, channel=await office.conversation("im")))["answer"]
    assert "whoever opens it is the host" in answer["text"]
    assert "INVENTED" not in str(answer)


# Before the other tests that run Ada's room: a run that ended within the same second cannot be told from the next one.
async def test_S28_join_me_opens_the_own_room_with_its_card(office: Office) -> None:
    here, before = await office.conversation("private"), await office.meetings()
    answer = (await office.type("join me", channel=here))["answer"]
    assert answer["response_type"] == "in_channel"
    assert await office.meetings() == before, "the room is there already"
    [room] = [one for one in (await office.zoom("GET", "meetings"))["meetings"] if one["id"] == ADAS_ROOM]
    [shown] = [one for one in await office.messages(channel=here, user=GRACE) if one["calls"]]
    assert f"Meeting passcode: {room['password']}" in written(shown)
    card = shown["calls"][0]
    assert (card["title"], digits(card["external_display_id"])) == ("Zoom meeting started by ada", ADAS_ROOM)
    await office.zoom("POST", f"meetings/{ADAS_ROOM}/start")
    async with browser() as grace:
        assert "You are in the meeting" in (await grace.enter(card["join_url"], "Grace Hopper")).text
    await office.card_when(lambda card: "Grace Hopper" in names(card), here)
    await office.zoom("POST", f"meetings/{ADAS_ROOM}/end")
    await office.card_when(ended, here)


@pytest.mark.parametrize("name", ["ada.lovelace", "Ada.Lovelace", "https://zoom.us/my/ada.lovelace"])
async def test_S27_a_personal_link_name_leads_into_that_persons_room(office: Office, name: str) -> None:
    url = await way_in(office, name)
    if name.startswith("https"):
        assert url == name
        return
    assert url == f"{office.system.urls['zoom']}/my/{name}"
    await office.zoom("POST", f"meetings/{ADAS_ROOM}/start")
    async with browser() as grace:
        page = await grace.get(url)  # Zoom leads on to the room
        assert f"/j/{ADAS_ROOM}" in page.url
        assert "You are in the meeting" in (await grace.answer(page, name="Grace Hopper", zoom_user_id="guest")).text
    await office.zoom("POST", f"meetings/{ADAS_ROOM}/end")


async def test_S27_a_name_that_nobody_has_is_told_by_zoom(office: Office) -> None:
    async with browser() as grace:
        page = await grace.get(await way_in(office, "nobody.at.all"))
    assert (page.status, "no such personal link" in page.text) == (404, True)


async def test_S28_a_room_that_her_settings_disable_is_said_to_be(office: Office) -> None:
    here = await office.conversation("im")
    await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"personal_meeting": False})
    try:
        answer = (await office.type("join me", channel=here))["answer"]
    finally:
        await office.zoom("POST", f"users/{ADA_AT_ZOOM}", {"personal_meeting": True})
    assert answer["response_type"] == "ephemeral"
    assert "You can turn it on in Zoom, under Settings, Meeting." in answer["text"]
    assert await office.messages(channel=here, user=GRACE) == []


async def test_S28_who_has_no_zoom_account_connected_is_asked_to(office: Office) -> None:
    here = await office.conversation("im")
    answer = (await office.type("join me", user=GRACE, channel=here))["answer"]
    async with browser() as grace:
        await grace.connect_zoom(link_in(answer), GRACE_AT_ZOOM)
    card = await office.card_when(bool, here)
    assert digits(card["external_display_id"]) == "5557654321"
