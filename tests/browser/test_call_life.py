"""The whole life of a phone call: typed in Slack, dialled on the Zoom simulator's page, summed up in Slack."""

from __future__ import annotations

from tests.browser.looking import inspect
from tests.browser.watching import IN_A_BROWSER, Person, board, focused, message
from tests.e2e.people import Office

pytestmark = IN_A_BROWSER

GRACES_NUMBER, AS_SHOWN = "+12025550187", "(202) 555-0187"
"""As it stands in her Slack profile."""


async def test_a_call_from_typing_to_its_summary(office: Office, person: Person) -> None:
    slack = await person.slack(office)
    await slack.locator("#text").press_sequentially("/zoom call @")
    names = slack.get_by_role("listbox", name="People")
    await names.get_by_role("option", name="Ada Lovelace").wait_for()
    await inspect(slack, "slack-names")
    await slack.keyboard.type("hop")
    assert await names.get_by_role("option").count() == 1
    await slack.keyboard.press("Enter")
    assert await slack.locator("#text").input_value() == "/zoom call @grace "
    await slack.keyboard.press("Enter")
    ready = message(slack, "Your call is ready")
    await ready.get_by_text("@Grace Hopper").wait_for()
    await inspect(slack, "slack-call-ready")

    tab = await person.follows(ready.get_by_role("button", name="Call"))
    await person.went_to(f"zoomphonecall://{GRACES_NUMBER}")
    await tab.get_by_role("link", name="Open Zoom and call").wait_for()
    await tab.get_by_role("link", name=GRACES_NUMBER).wait_for()
    await inspect(tab, "edge-call")

    zoom = await board(person, slack)
    form = zoom.get_by_role("form", name="Dial")
    await form.get_by_label("Who dials").select_option(label="Ada Lovelace")
    await form.get_by_role("textbox").fill(GRACES_NUMBER)
    await form.get_by_role("button", name="Call").press("Enter")

    await slack.bring_to_front()
    await slack.get_by_role("button", name="◆ Zoom").click()
    await message(slack, AS_SHOWN).get_by_text("Calling").wait_for()
    await zoom.get_by_role("button", name="Answer", exact=True).wait_for()
    await inspect(zoom, "zoom-phone-ringing")
    await zoom.get_by_role("button", name="Answer", exact=True).press("Enter")
    await focused(zoom, zoom.get_by_role("button", name="Hang up")).wait_for()
    await message(slack, AS_SHOWN).get_by_text("In a call").wait_for()
    await zoom.keyboard.press("Enter")
    summary = message(slack, "Call ended")
    for words in ("@Ada Lovelace", "@Grace Hopper", AS_SHOWN, "Duration:", "Result: answered"):
        await summary.get_by_text(words).first.wait_for()
    assert await slack.locator(".message", has_text=AS_SHOWN).count() == 1, "one message tells the whole call"
    await inspect(slack, "slack-call-summary")


async def test_a_link_to_a_call_that_does_not_work_any_more_says_so(office: Office, person: Person) -> None:
    tab = await person.opens(f"{office.system.urls['edge']}/call/altered", status=404)
    await tab.get_by_text("older than fifteen minutes").wait_for()
    await inspect(tab, "edge-call-expired")
