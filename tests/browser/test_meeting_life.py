"""The whole life of a meeting in two browsers: Slack's page is never loaded anew, and shows everything that happens."""

from __future__ import annotations

import re

from playwright.async_api import Browser, Page

from tests.browser.looking import inspect
from tests.browser.watching import IN_A_BROWSER, Person, board, card, focused, message, types
from tests.e2e.people import ADA, GENERAL, GRACE, Office

pytestmark = IN_A_BROWSER


async def joins(person: Person, slack: Page, topic: str, signed_in_as: str, name: str = "") -> Page:
    """Presses Join on the card and goes in; returns Zoom's page."""
    zoom = await person.follows(card(slack, topic).get_by_role("link", name="Join"))
    await zoom.get_by_label("Signed in as").select_option(label=signed_in_as)
    await zoom.get_by_label("Your name").fill(name)
    await zoom.get_by_role("button", name="Join").click()
    await zoom.get_by_role("heading", name="You are in the meeting").wait_for()
    return zoom


async def test_a_meeting_from_its_card_to_its_recording(office: Office, chromium: Browser, person: Person) -> None:
    topic = "Weekly sync"
    slack = await person.slack(office)
    await types(slack, f"/zoom meeting {topic}")
    shown = card(slack, topic)
    await shown.get_by_text("Waiting for people to join").wait_for()
    await inspect(slack, "slack-card-waiting")

    host = await joins(person, slack, topic, "Ada Lovelace")
    people = shown.get_by_role("listitem")
    await people.filter(has_text="Ada Lovelace").wait_for()
    join = shown.get_by_role("link", name="Join")
    await join.focus()
    async with Person.in_front_of(chromium) as grace:
        hers = await grace.slack(office, user=GRACE, channel=GENERAL)
        inside = await joins(grace, hers, topic, "a guest", "Sam Guest")
        await inspect(inside, "zoom-in-meeting")
        await inspect(await grace.follows(card(hers, topic).get_by_role("link", name="Join")), "zoom-join")
        for page in (slack, hers):
            await card(page, topic).get_by_role("listitem").filter(has_text="Sam Guest").wait_for()
        await focused(slack, join).wait_for()
        await inspect(slack, "slack-card-live")
        await inside.get_by_role("button", name="Leave").click()
        await people.filter(has_text="Sam Guest").wait_for(state="detached")
        assert await people.count() == 1, "who stayed is still there"
        grace.check()
    await host.close()

    zoom = await board(person, slack)
    running = zoom.get_by_role("article").filter(has_text=topic)
    await running.get_by_text("In progress, 1 in").wait_for()
    await inspect(zoom, "zoom-board-live")
    await running.get_by_role("button", name="End for all").click()
    await shown.get_by_text("Ended").wait_for()
    assert await join.count() == 0
    await message(slack, "Zoom meeting ended").get_by_text("Ada Lovelace").first.wait_for()

    await running.get_by_role("button", name="Finish recording").click()
    watch = message(slack, "Recording ready").get_by_role("button", name="Watch recording")
    await watch.wait_for()
    await inspect(slack, "slack-results")
    watched = await person.follows(watch)
    await watched.get_by_role("heading", name=re.compile("Recording of")).wait_for()
    await inspect(watched, "zoom-recording")


async def test_whoever_started_it_ends_it_for_everybody_from_slack(office: Office, person: Person) -> None:
    topic = "Short talk"
    slack = await person.slack(office, user=ADA, channel="C0SECRET1")
    await types(slack, f"/zoom meeting {topic}")
    zoom = await joins(person, slack, topic, "Ada Lovelace")
    await card(slack, topic).get_by_role("listitem").filter(has_text="Ada Lovelace").wait_for()
    await slack.bring_to_front()
    end = message(slack, "You started the Zoom meeting").get_by_role("button", name="End for everybody")
    question = slack.get_by_role("dialog", name="End this meeting?")

    await end.click()
    await question.get_by_text("It ends for everybody who is in it.").wait_for()
    await inspect(slack, "slack-question")
    await question.get_by_role("button", name="Keep it running").click()
    await question.wait_for(state="hidden")
    await zoom.reload()
    await zoom.get_by_role("heading", name="You are in the meeting").wait_for()

    await slack.bring_to_front()
    await end.click()
    await question.get_by_role("button", name="End for everybody").click()
    await card(slack, topic).get_by_text("Ended").wait_for()
    await zoom.reload()
    await zoom.get_by_role("heading", name="You are not in the meeting").wait_for()
    await inspect(zoom, "zoom-over")
