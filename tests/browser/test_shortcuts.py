"""Shortcuts, their modals and the Home tab: with the mouse, and with nothing but the keyboard."""

from __future__ import annotations

from playwright.async_api import Page

from tests.browser.looking import inspect
from tests.browser.watching import IN_A_BROWSER, Person, card, focused, message, types
from tests.e2e.people import ADA, DM, GRACE, Office

pytestmark = IN_A_BROWSER

APP = "app"


_FOCUSED = """() => {
  const at = document.activeElement;
  if (at === document.body) return "";
  return (at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent).trim();
}"""
_MOST_STEPS = 60


async def tabs_to(page: Page, name: str) -> None:
    """Presses Tab until what is called `name` has the focus. Raises AssertionError with what was on the way."""
    way: list[str] = [await page.evaluate(_FOCUSED)]
    while way[-1].removesuffix(" ↗") != name:
        assert len(way) < _MOST_STEPS, f"the keyboard does not lead to {name}: {way}"
        await page.keyboard.press("Tab")
        way.append(await page.evaluate(_FOCUSED))


async def test_a_shortcut_starts_a_meeting_with_the_mouse(office: Office, person: Person) -> None:
    slack = await person.slack(office)
    await slack.get_by_role("button", name="Shortcuts").click()
    await slack.get_by_role("dialog", name="Shortcuts").get_by_role("button", name="Start a Zoom meeting").click()
    modal = slack.get_by_role("dialog", name="Start with Zoom")
    await inspect(slack, "slack-modal-start")
    assert await modal.get_by_role("radio", name="Audio & Video: Zoom").is_checked()
    assert await modal.get_by_label("Where").locator("option:checked").inner_text() == "# general", "where she is"
    await modal.get_by_label("Topic").fill("From a shortcut")
    await modal.get_by_role("button", name="Start").click()
    await modal.wait_for(state="hidden")
    await card(slack, "From a shortcut").get_by_role("link", name="Join").wait_for()


async def test_a_shortcut_calls_somebody_with_the_keyboard_alone(office: Office, person: Person) -> None:
    slack = await person.slack(office, channel=DM)
    await tabs_to(slack, "Shortcuts")
    await slack.keyboard.press("Enter")
    await tabs_to(slack, "Start a Zoom meeting")
    await slack.keyboard.press("Enter")
    modal = slack.get_by_role("dialog", name="Start with Zoom")
    await modal.wait_for()
    await focused(slack, modal.get_by_role("radio", name="Audio & Video: Zoom")).wait_for()
    await slack.keyboard.press("ArrowDown")
    await tabs_to(slack, "Start")
    await slack.keyboard.press("Enter")

    number = modal.get_by_label("Or a number")
    await modal.get_by_role("alert").filter(has_text="number").wait_for()
    await focused(slack, number).wait_for()
    await inspect(slack, "slack-modal-wrong")
    await slack.keyboard.type("+1 202 555 0143")
    await slack.keyboard.press("Enter")
    await modal.wait_for(state="hidden")
    await focused(slack, slack.get_by_role("button", name="Shortcuts")).wait_for()
    await message(slack, "(202) 555-0143").get_by_role("button", name="Call").wait_for()


async def test_escape_closes_a_modal_and_nothing_is_started(office: Office, person: Person) -> None:
    slack = await person.slack(office, channel=DM)
    meetings = len(await office.meetings())
    opener = slack.get_by_role("button", name="Shortcuts")
    await opener.click()
    await slack.keyboard.press("Enter")
    modal = slack.get_by_role("dialog", name="Start with Zoom")
    await modal.wait_for()
    await slack.keyboard.press("Escape")
    await modal.wait_for(state="hidden")
    await focused(slack, opener).wait_for()
    await slack.reload()
    await opener.wait_for()
    assert not await modal.is_visible(), "Slack does not keep it either"
    assert len(await office.meetings()) == meetings


async def test_a_message_is_met_about_and_its_author_called(office: Office, person: Person) -> None:
    hers = await person.slack(office, user=GRACE, channel="C0SECRET1")
    await types(hers, "Shall we talk about the launch?")
    slack = await person.slack(office, user=ADA, channel="C0SECRET1")
    said = message(slack, "Shall we talk about the launch?")

    await said.hover()
    await said.get_by_role("button", name="More actions for the message of Grace Hopper").click()
    menu = slack.get_by_role("dialog", name="More actions")
    await inspect(slack, "slack-message-shortcuts")
    await menu.get_by_role("button", name="Call the author").click()
    await message(slack, "Your call is ready").get_by_text("@Grace Hopper").wait_for()

    await slack.locator("#title").click()
    await tabs_to(slack, "More actions for the message of Grace Hopper")
    await slack.keyboard.press("Enter")
    await tabs_to(slack, "Meet about this")
    await slack.keyboard.press("Enter")
    await card(slack, "Shall we talk about the launch?").get_by_role("link", name="Join").wait_for()
    assert await slack.locator(".message.reply").filter(has=card(slack, "Shall we talk")).count() == 1


async def test_home_starts_and_lists_what_runs(office: Office, person: Person) -> None:
    slack = await person.slack(office, channel=APP)
    await slack.get_by_role("button", name="Home").click()
    home = slack.get_by_role("region", name="App home")
    await home.get_by_text("Your Zoom account is connected.").wait_for()
    await inspect(slack, "slack-home")

    await tabs_to(slack, "Join a meeting")
    await slack.keyboard.press("Enter")
    modal = slack.get_by_role("dialog", name="Join a meeting")
    await focused(slack, modal.get_by_label("Meeting")).wait_for()
    await slack.keyboard.type("123 4567 8901")
    await slack.keyboard.press("Enter")
    answer = slack.get_by_role("dialog", name="Zoom", exact=True)
    await focused(slack, answer.get_by_role("button", name="Join")).wait_for()
    await inspect(slack, "slack-modal-join")
    await tabs_to(slack, "Close")
    await slack.keyboard.press("Enter")
    await answer.wait_for(state="hidden")

    await tabs_to(slack, "Start")
    await slack.keyboard.press("Enter")
    modal = slack.get_by_role("dialog", name="Start with Zoom")
    await modal.get_by_label("Where").select_option(label="# random")
    await modal.get_by_label("Topic").fill("From Home")
    await slack.keyboard.press("Enter")
    await modal.wait_for(state="hidden")
    await slack.get_by_role("button", name="# random").click()
    await card(slack, "From Home").wait_for()
    await slack.get_by_role("button", name="◆ Zoom").click()
    await slack.get_by_role("button", name="Home").click()
    await home.get_by_text("From Home").wait_for()
    await home.get_by_role("button", name="End for everybody").first.wait_for()
    await inspect(slack, "slack-home-running")

    switch = home.get_by_role("button", name="Show all my calls")
    await switch.press("Enter")
    await focused(slack, home.get_by_role("button", name="Show only calls from Slack")).wait_for()


async def test_who_is_not_connected_connects_from_home(office: Office, person: Person) -> None:
    slack = await person.slack(office, user=GRACE, channel=APP)
    await slack.get_by_role("button", name="Home").click()
    home = slack.get_by_role("region", name="App home")
    await home.get_by_role("button", name="Connect Zoom").click()
    modal = slack.get_by_role("dialog")
    tab = await person.follows(modal.get_by_role("button", name="Authorize Zoom"))
    await tab.get_by_role("button", name="Continue to Zoom").click()
    await tab.get_by_label("Signed in to Zoom as").select_option(label="Grace Hopper (grace@acme.example)")
    await tab.get_by_role("button", name="Authorize", exact=True).click()
    await tab.get_by_text("You are connected as grace@acme.example").wait_for()
    await tab.close()
    await slack.keyboard.press("Escape")
    await home.get_by_text("Your Zoom account is connected.").wait_for()
