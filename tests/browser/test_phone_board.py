"""The Zoom simulator's own page, in a real browser: it rings, answers, declines and ends calls, as Slack then shows."""

from __future__ import annotations

import pytest_asyncio
from playwright.async_api import Page

from tests.browser.watching import IN_A_BROWSER, Person
from tests.e2e.calling import newest, opened, ready
from tests.e2e.people import ADA, Office

pytestmark = IN_A_BROWSER


@pytest_asyncio.fixture(loop_scope="session")
async def board(office: Office, person: Person) -> Page:
    """The page."""
    return await person.opens(office.system.urls["zoom"])


async def dials_from_slack(office: Office, board: Page, number: str) -> None:
    """Types `/zoom call`, presses Call, and dials on the page what Zoom's client would have been handed."""
    dialled = await opened(await ready(office, number))
    form = board.get_by_role("form", name="Dial")
    await form.get_by_label("Who dials").select_option(label="Ada Lovelace")
    await form.get_by_role("textbox").fill(dialled)
    await form.get_by_role("button").click()


async def test_S3_S31_S32_a_call_rings_is_answered_and_ends_from_the_page(office: Office, board: Page) -> None:
    await dials_from_slack(office, board, "+1 202 555 0143")
    await newest(office, "Calling", "(202) 555-0143")
    await board.get_by_role("button", name="Answer", exact=True).first.click()
    await newest(office, "In a call")
    await board.get_by_role("button", name="Hang up").first.click()
    said = await newest(office, "Call ended", "Result: answered")
    assert f"Caller: <@{ADA}>" in said


async def test_S32_a_call_is_declined_from_the_page(office: Office, board: Page) -> None:
    await dials_from_slack(office, board, "+1 202 555 0144")
    await newest(office, "Calling", "(202) 555-0144")
    await board.get_by_role("button", name="Decline").first.click()
    await newest(office, "Call declined")
