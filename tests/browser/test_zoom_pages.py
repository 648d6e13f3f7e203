"""The Zoom simulator's own pages, without the product: a person does everything there, and they follow what happens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Locator, Page

from tests.browser.looking import inspect
from tests.browser.watching import IN_A_BROWSER, SEEN, Person
from tests.unit.simulators.zoom_harness import ADA, BEN, RunningClock, Zoom, running_zoom

pytestmark = IN_A_BROWSER


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def zoom() -> AsyncIterator[Zoom]:
    """A Zoom that runs by itself, with an app that Ada has added."""
    async with running_zoom(clock=RunningClock()) as running:
        await running.ask_for_summaries()
        await running.access_token()
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def board(zoom: Zoom, person: Person) -> Page:
    """The board, by somebody who plays everybody."""
    return await person.opens(zoom.base)


async def told(zoom: Zoom, word: str) -> list[str]:
    """The events with `word` in their names that the app was told."""
    await zoom.idle()
    return [name for name in zoom.app.names() if word in name]


async def scheduled(board: Page, topic: str) -> Locator:
    """Schedules a meeting on the board; returns its card."""
    form = board.get_by_role("form", name="Schedule")
    await form.get_by_label("Who schedules").select_option(label="Ada Lovelace")
    await form.get_by_label("Topic").fill(topic)
    await form.get_by_label("Topic").press("Enter")
    return board.get_by_role("article").filter(has_text=topic)


async def link(zoom: Zoom, topic: str) -> str:
    """The join link of a meeting."""
    meetings = (await zoom.control("GET", "meetings"))["meetings"]
    return next(str(meeting["join_url"]) for meeting in meetings if meeting["topic"] == topic)


async def goes_in(person: Person, url: str, *, name: str = "", signed_in_as: str = "a guest") -> Page:
    """Presses Join on the page behind a link."""
    page = await person.opens(url)
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("Signed in as").select_option(label=signed_in_as)
    await page.get_by_role("button", name="Join").click()
    return page


async def test_a_waiting_room_two_devices_and_a_summary(
    zoom: Zoom, chromium: Browser, person: Person, board: Page
) -> None:
    meeting = await scheduled(board, "Interview")
    await meeting.get_by_label("Waiting room").check()
    url = await link(zoom, "Interview")
    host = await goes_in(person, url, signed_in_as="Ada Lovelace")
    await host.get_by_text("Nobody else is here.").wait_for()

    async with Person.in_front_of(chromium) as somebody:
        guest = await goes_in(somebody, url, name="Sam Guest")
        await guest.get_by_role("heading", name="You are in the waiting room").wait_for()
        await inspect(guest, "zoom-waiting-room")
        await host.get_by_role("button", name="Admit Sam Guest").wait_for()
        await inspect(host, "zoom-host-admits")
        await meeting.get_by_role("button", name="Admit: Sam Guest").wait_for()
        await inspect(board, "zoom-board-waiting")
        await host.get_by_role("button", name="Admit Sam Guest").press("Enter")
        await guest.get_by_role("heading", name="You are in the meeting").wait_for()
        await guest.get_by_text("With you: Ada Lovelace.").wait_for()

        await meeting.get_by_role("button", name="Second device: Sam Guest").click()
        await meeting.get_by_role("button", name="Refuse: Sam Guest").click()
        await meeting.get_by_role("button", name="Second device: Ada Lovelace").click()
        await guest.get_by_text("With you: Ada Lovelace, Ada Lovelace.").wait_for()
        await host.get_by_role("button", name="Leave").click()
        await guest.get_by_text("With you: Ada Lovelace.").wait_for()
        await meeting.get_by_role("button", name="End for all").click()
        await guest.get_by_role("heading", name="You are not in the meeting").wait_for()
        somebody.check()
    seen = [event["event"] for event in (hook.event for hook in zoom.app.received) if "waiting" in event["event"]]
    assert seen == [f"meeting.participant_{step}_waiting_room" for step in ("joined", "left", "joined", "left")]

    for button in ("Finish AI summary", "Share AI summary", "Trash AI summary", "Recover AI summary"):
        await meeting.get_by_role("button", name=button).click()
    await meeting.get_by_role("button", name="Finish recording").click()
    for button in ("Trash recording", "Recover recording", "Delete recording", "Delete AI summary"):
        await meeting.get_by_role("button", name=button).click()
    await meeting.get_by_text("AI summary deleted").wait_for()
    steps = ("completed", "shared", "trashed", "recovered", "deleted")
    assert await told(zoom, "summary") == [f"meeting.summary_{step}" for step in steps]
    assert await told(zoom, "recording") == [f"recording.{step}" for step in ("completed", *steps[2:])]


async def test_who_left_the_waiting_room_and_came_back_is_let_in(zoom: Zoom, board: Page, person: Person) -> None:
    meeting = await scheduled(board, "Revolving door")
    await meeting.get_by_label("Waiting room").check()
    host = await goes_in(person, await link(zoom, "Revolving door"), signed_in_as="Ada Lovelace")
    number = next(
        m["id"] for m in (await zoom.control("GET", "meetings"))["meetings"] if m["topic"] == "Revolving door"
    )
    first = await zoom.control("POST", f"meetings/{number}/join", {"name": "Lin"})
    await host.get_by_role("button", name="Admit Lin").wait_for()
    # While nobody looks, the page hears nothing: afterwards it says the same as before.
    await host.evaluate(SEEN, False)
    await zoom.control("POST", f"meetings/{number}/leave", {"user_id": first["user_id"]})
    again = await zoom.control("POST", f"meetings/{number}/join", {"name": "Lin"})
    await host.evaluate(SEEN, True)
    await host.locator(f"button[value='{again['user_id']}']", has_text="Admit Lin").press("Enter")
    await host.get_by_text("With you: Lin.").wait_for()


async def test_plans_settings_and_leave_are_changed_on_the_cards(zoom: Zoom, board: Page) -> None:
    card = board.locator("#people article").filter(has=board.get_by_role("heading", name="Ada Lovelace"))
    await card.get_by_text("Settings").click()
    assert await card.get_by_label("Cloud recording").is_checked()
    await zoom.control("POST", f"users/{ADA}", {"cloud_recording": False})
    await card.locator("[name=cloud_recording]:not(:checked)").wait_for()
    await card.get_by_label("Passcode of the personal room").fill("N3w-code")
    await card.get_by_label("Passcode of the personal room").press("Enter")
    await card.get_by_label("Passcode for the personal room").select_option(label="Never")
    await card.get_by_label("Use Personal Meeting ID when scheduling").check()
    await card.get_by_label("Waiting room").check()
    await card.get_by_label("Plan").select_option(label="Basic")
    await board.locator("#rooms").get_by_text("Passcode none").first.wait_for()
    await card.get_by_text("Passcode N3w-code").wait_for()
    await inspect(board, "zoom-board-settings")
    ada = next(user for user in (await zoom.control("GET", "state"))["users"] if user["id"] == ADA)
    assert (ada["plan"], ada["settings"]["waiting_room"]) == ("Basic", True)
    assert ada["settings"]["use_pmi_for_scheduled_meetings"]

    dials = board.get_by_role("form", name="Dial").get_by_label("Who dials")
    await dials.get_by_role("option", name="Ben Basic").wait_for(state="attached")
    await board.locator("#accounts article").filter(has_text="Acme").get_by_label("Zoom Phone").uncheck()
    await dials.get_by_role("option", name="Ben Basic").wait_for(state="detached")

    app = board.locator("#apps article").first
    await app.get_by_label("Asks for AI summaries").uncheck()
    await app.get_by_role("button", name="Check its endpoint").click()
    await board.get_by_role("status").get_by_text("The endpoint fails: the answer is not JSON.").wait_for()
    assert "meeting:read:summary" not in (await zoom.control("GET", "state"))["apps"][0]["scopes"]

    await card.get_by_role("button", name="Remove the app").click()
    await card.get_by_text("Has not added the app").wait_for()
    assert await told(zoom, "app_deauthorized") == ["app_deauthorized"]


async def test_faults_time_and_the_log_by_keyboard(zoom: Zoom, person: Person) -> None:
    token = await zoom.access_token(BEN)
    page = await person.opens(f"{zoom.base}/controls")
    form = page.get_by_role("form", name="Set a fault")
    await form.get_by_label("What happens").select_option(label="429, too many requests")
    await form.get_by_label("Path").fill("/v2/users/*")
    await form.get_by_label("Seconds").fill("7")
    await form.get_by_label("Seconds").press("Enter")
    await page.get_by_text("Any method /v2/users/*: status 429, once").wait_for()
    await inspect(page, "zoom-controls")
    refused = await zoom.api("GET", "users/me", token)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "7")
    await page.get_by_text("No fault waits for a request.").wait_for()

    await page.get_by_role("form", name="Webhook faults").get_by_label("Copies of each").fill("2")
    await page.get_by_role("button", name="Apply").press("Enter")
    await page.get_by_role("form", name="Speed").get_by_label("Speed").select_option(value="60")
    await page.get_by_role("button", name="Run").press("Enter")
    await page.get_by_text("Time runs 60 times as fast.").wait_for()
    await page.get_by_role("form", name="Skip time").get_by_role("button").press("Enter")
    state = await zoom.control("GET", "state")
    assert (state["speed"], state["webhook_faults"]["copies"]) == (60, 2)

    entry = page.get_by_role("article").filter(has_text="GET /v2/users/me429user app")
    await page.get_by_label("With").fill("users/me")
    await entry.wait_for()
    await inspect(page, "zoom-log")
    await person.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=zoom.base)
    await entry.get_by_role("button", name="Copy as test fixture").press("Enter")
    await page.get_by_role("status").get_by_text("Copied: GET /v2/users/me").wait_for()
    copied = json.loads(await page.evaluate("navigator.clipboard.readText()"))
    assert (copied["method"], copied["path"], copied["answer"]["status"]) == ("GET", "/v2/users/me", 429)
    assert token not in json.dumps(copied)
    await page.get_by_label("With").fill("nothing like it")
    await page.get_by_text("Nothing was received or sent.").wait_for()
