"""The Zoom simulator's own page, in a real browser: it rings, answers, declines and ends calls, as Slack then shows."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.conftest import CHROMIUM, HAS_CHROMIUM
from tests.e2e.calling import newest, opened, ready
from tests.e2e.people import ADA, Office
from tests.e2e.system import running

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.needs_chromium,
    pytest.mark.skipif(not HAS_CHROMIUM, reason=f"no Chromium at {CHROMIUM}"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """An office in which Ada has connected Zoom."""
    async with running(tmp_path_factory.mktemp("data")) as system:
        office = Office(system)
        await office.connect()
        yield office


@pytest_asyncio.fixture(loop_scope="module")
async def board(office: Office, chromium: Browser) -> AsyncIterator[Page]:
    """The page, which must raise no error."""
    page = await (await chromium.new_context()).new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(office.system.urls["zoom"])
    yield page
    await page.context.close()
    assert problems == []


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
    await board.get_by_role("button", name="Answer").first.click()
    await newest(office, "In a call")
    await board.get_by_role("button", name="Hang up").first.click()
    said = await newest(office, "Call ended", "Result: answered")
    assert f"Caller: <@{ADA}>" in said


async def test_S32_a_call_is_declined_from_the_page(office: Office, board: Page) -> None:
    await dials_from_slack(office, board, "+1 202 555 0144")
    await newest(office, "Calling", "(202) 555-0144")
    await board.get_by_role("button", name="Decline").first.click()
    await newest(office, "Call declined")
