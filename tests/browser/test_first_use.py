"""The first use, as a person walks it: type `/zoom`, connect Zoom in the tab that opens, find the meeting in Slack."""

from __future__ import annotations

from tests.browser.looking import inspect
from tests.browser.watching import IN_A_BROWSER, Person, card, message, types
from tests.e2e.people import DM, GRACE, Office

pytestmark = IN_A_BROWSER


async def test_the_first_zoom_leads_through_both_consents_to_a_meeting(fresh: Office, person: Person) -> None:
    slack = await person.slack(fresh)
    await types(slack, "/zoom")
    authorize = slack.get_by_role("button", name="Authorize Zoom")
    await authorize.wait_for()
    await inspect(slack, "slack-first-use")

    tab = await person.follows(authorize)
    await tab.get_by_role("heading", name="Connect Zoom").wait_for()
    await inspect(tab, "edge-connect")
    await tab.get_by_role("button", name="Continue to Zoom").click()
    await tab.get_by_label("Signed in to Zoom as").select_option(label="Ada Lovelace (ada@acme.example)")
    await inspect(tab, "zoom-consent")
    await tab.get_by_role("button", name="Authorize", exact=True).click()
    await tab.get_by_text("You are connected as ada@acme.example").wait_for()
    await inspect(tab, "edge-connected")
    await tab.close()

    await card(slack, "started by ada").get_by_role("link", name="Join").wait_for()
    assert await authorize.count() == 0, "what was pressed gives way to what came of it"
    await message(slack, "You started the Zoom meeting").get_by_role("button", name="End for everybody").wait_for()


async def test_who_declines_at_zoom_reads_what_to_do(fresh: Office, person: Person) -> None:
    slack = await person.slack(fresh, user=GRACE, channel=DM)
    await types(slack, "/zoom")
    tab = await person.follows(slack.get_by_role("button", name="Authorize Zoom").last)
    await tab.get_by_role("button", name="Continue to Zoom").click()
    await tab.get_by_role("button", name="Decline").click()
    await tab.get_by_text("/zoom").first.wait_for()
    await inspect(tab, "edge-declined")


async def test_a_workspace_is_added_through_slacks_consent(fresh: Office, person: Person) -> None:
    tab = await person.opens(f"{fresh.system.urls['edge']}/install")
    await inspect(tab, "edge-install")
    await tab.get_by_role("link", name="Add Zoom to ONLY my Slack account").click()
    await tab.get_by_label("You are").select_option(label="Ada Lovelace · Acme (admin)")
    await inspect(tab, "slack-consent")
    await tab.get_by_role("button", name="Allow").click()
    await tab.get_by_role("heading", name="Zoom is installed").wait_for()
    await inspect(tab, "edge-installed")


async def test_a_company_is_added_through_both_consents(fresh: Office, person: Person) -> None:
    tab = await person.opens(f"{fresh.system.urls['edge']}/install")
    await tab.get_by_role("button", name="Install Zoom for Slack company wide").click()
    await tab.get_by_label("Signed in to Zoom as").select_option(label="Ada Lovelace (ada@acme.example)")
    await inspect(tab, "zoom-consent-company")
    await tab.get_by_role("button", name="Authorize", exact=True).click()
    await tab.get_by_role("heading", name="Zoom agreed").wait_for()
    await inspect(tab, "edge-zoom-agreed")
    await tab.get_by_role("button", name="Connect to Slack workspace").click()
    await tab.get_by_label("You are").select_option(label="Ada Lovelace · Acme (admin)")
    await tab.get_by_role("checkbox", name="users:read.email").uncheck()
    await tab.get_by_role("button", name="Allow").click()
    await tab.get_by_role("heading", name="Zoom is installed").wait_for()
    await inspect(tab, "edge-installed-company")
