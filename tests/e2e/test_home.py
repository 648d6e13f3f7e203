"""The app's Home tab: the connection, the meetings that run, and what its buttons do."""

from __future__ import annotations

import re

import pytest
import pytest_asyncio

from tests.e2e import views
from tests.e2e.people import (
    ADA,
    ADA_AT_ZOOM,
    GRACE,
    GRACE_AT_ZOOM,
    Office,
    browser,
    ended,
    eventually,
    link_in,
    names,
)
from tests.e2e.views import Json

pytestmark = pytest.mark.asyncio(loop_scope="module")

NONE_RUN = "None of the meetings that you started from Slack, or that you are in."


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def connected(office: Office) -> None:
    """Ada has connected Zoom, for a phone call, so that no meeting runs; nobody else has."""
    asked = (await office.type("call +1 202 555 0143"))["answer"]
    async with browser() as ada:
        await ada.connect_zoom(link_in(asked), ADA_AT_ZOOM)


async def home_when(office: Office, word: str, user: str = ADA) -> Json:
    """Opens the Home tab again and again until it holds a word."""
    return await eventually(lambda: views.home(office, user), lambda view: word in str(view))


async def unopened_home_when(office: Office, word: str, user: str = ADA) -> Json:
    """Waits until the Home tab holds a word, although nobody opens it."""

    async def look() -> Json:
        found: Json = (await office.slack("GET", f"views?user_id={user}"))["home"]
        return found

    return await eventually(look, lambda view: word in str(view))


async def run(office: Office, topic: str, channel: str) -> str:
    """Starts a meeting in which Ada and a guest are; returns its number."""
    number, _ = await office.fresh_meeting(topic, channel=channel)
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Sam Guest"})
    await office.card_when(lambda card: names(card) == {ADA, "Sam Guest"}, channel)
    return number


def link_beside(view: Json, topic: str) -> str:
    """Returns where the Join button of a listed meeting leads."""
    rows = view["blocks"]
    [at] = [n for n, block in enumerate(rows) if str(block.get("text", {}).get("text", "")).startswith(topic)]
    return str(rows[at + 1]["elements"][0]["url"])


async def test_P78_who_is_not_connected_connects_from_the_tab(office: Office) -> None:
    tab = await views.home(office, GRACE)
    assert views.buttons(tab) == ["Connect Zoom", "Start", "Join a meeting"]
    await views.press(office, "zoom_home_connect", user=GRACE)
    shown = await views.modal(office, GRACE)
    link = re.findall(r"'url': '([^']+)'", str(shown))[0]
    async with browser() as grace:
        assert (await grace.connect_zoom(link, GRACE_AT_ZOOM)).status == 200
    tab = await unopened_home_when(office, "Your Zoom account is connected.", GRACE)
    assert views.buttons(tab) == ["Start", "Join a meeting"]


async def test_P78_the_tab_lists_the_meetings_that_run_to_those_who_may_see_them(office: Office) -> None:
    assert NONE_RUN in str(await views.home(office, GRACE))
    number = await run(office, "Weekly <!channel>", await office.conversation("private"))
    grouped = f"{number[:3]} {number[3:-4]} {number[-4:]}"
    tab = await home_when(office, f"Weekly <!channel>\\n{grouped}, 2 people are in it")
    assert views.buttons(tab) == ["Start", "Join a meeting", "Join", "End for everybody", "Show all my calls"]
    assert NONE_RUN in str(await views.home(office, GRACE)), "it is no business of hers"
    await office.zoom("POST", f"meetings/{number}/join", {"zoom_user_id": GRACE_AT_ZOOM})
    hers = await home_when(office, "3 people are in it", GRACE)
    assert views.buttons(hers) == ["Start", "Join a meeting", "Join"], "she is in it, and is not its host"
    async with browser() as person:
        page = await person.enter(link_beside(hers, "Weekly <!channel>"), "Grace's phone")
    assert "You are in the meeting" in page.text
    await office.zoom("POST", f"meetings/{number}/end")
    await home_when(office, NONE_RUN)
    await home_when(office, NONE_RUN, GRACE)


async def test_P78_P85_a_meeting_is_ended_from_the_tab_which_then_lists_it_no_more(office: Office) -> None:
    here = await office.conversation("im")
    number = await run(office, "To be ended", here)
    await home_when(office, "To be ended")
    await views.press(office, "zoom_end_meeting_home")
    await office.card_when(ended, here)
    [meeting] = [one for one in await office.meetings() if one["id"] == number]
    assert (meeting["state"], meeting["instance"]) == ("ended", None)
    await eventually(
        lambda: office.slack("GET", f"views?user_id={ADA}"), lambda shown: "To be ended" not in str(shown["home"])
    )


async def test_S35_a_meeting_with_a_person_is_started_from_the_tab_which_then_lists_it(office: Office) -> None:
    here = await office.conversation("im")
    await views.home(office)
    await views.press(office, "zoom_home_start")
    assert await views.send(office, where=here, topic="With Grace") == {}
    card = await office.card_when(bool, here)
    assert [one["id"] for one in await office.calls(channel=here, user=GRACE)] == [card["id"]]
    await eventually(
        lambda: office.slack("GET", f"views?user_id={ADA}"), lambda shown: "With Grace" in str(shown["home"])
    )


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("850 1234 5678", "/j/85012345678"),
        ("https://acme.zoom.us/j/85012345678?pwd=INVENTED.1", "https://acme.zoom.us/j/85012345678?pwd=INVENTED.1"),
        ("ada.lovelace", "/my/ada.lovelace"),
    ],
)
async def test_S26_S27_a_meeting_is_joined_from_the_tab(office: Office, typed: str, url: str) -> None:
    await views.home(office)
    await views.press(office, "zoom_home_join")
    wrong = await views.send(office, target="https://zoom.us.evil.example/j/85012345678")
    assert "no meeting number" in wrong["errors"]["target"], "the modal stays, and says what is wrong"
    assert (await views.send(office, target=typed))["response_action"] == "update"
    shown = await views.modal(office)
    expected = url if url.startswith("https") else office.system.urls["zoom"] + url
    assert shown["blocks"][1]["elements"][0]["url"] == expected
    await office.slack("POST", "dismiss", {"user_id": ADA})


async def test_S36_the_tab_of_who_signed_out_asks_her_to_connect(office: Office) -> None:
    """The last one: Grace is signed out by it."""
    await office.type("logout", user=GRACE)
    assert "Connect Zoom" in views.buttons(await unopened_home_when(office, "is not connected", GRACE))
