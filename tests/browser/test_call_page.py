"""The page behind a Call button, in a real browser: it tries to open Zoom's client, and shows what else can be done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.conftest import CHROMIUM, HAS_CHROMIUM
from tests.e2e.people import Office, eventually, link_in
from tests.e2e.system import running

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.needs_chromium,
    pytest.mark.skipif(not HAS_CHROMIUM, reason=f"no Chromium at {CHROMIUM}"),
]

ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """An office in which Ada has connected Zoom."""
    async with running(tmp_path_factory.mktemp("data")) as system:
        office = Office(system)
        await office.connect()
        yield office


class Watched:
    """A page, and where it wanted to go."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wanted: list[str] = []
        self.problems: list[str] = []

    async def went_to(self, url: str) -> None:
        """Waits until the page wanted to go to `url`."""

        async def look() -> list[str]:
            return self.wanted

        await eventually(look, lambda wanted: url in wanted)


async def watched(chromium: Browser, **options: Any) -> Watched:
    """Returns an empty page of a browser of its own."""
    page = await (await chromium.new_context(**options)).new_page()
    found = Watched(page)
    page.on("console", lambda message: found.problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.problems.append(str(error)))
    page.on("request", lambda request: found.wanted.append(request.url))
    return found


async def link(office: Office, whom: str) -> str:
    answer = (await office.type(f"call {whom}"))["answer"]
    return link_in(answer, "zoom_call")


async def test_S31_the_page_tries_to_open_zoom_and_shows_the_number_beside_it(
    office: Office, chromium: Browser
) -> None:
    seen = await watched(chromium)
    await seen.page.goto(await link(office, "+1 202 555 0143"), wait_until="commit")
    await seen.went_to("zoomphonecall://+12025550143")
    assert await seen.page.get_by_role("link", name="Open Zoom and call").is_visible()
    telephone = seen.page.get_by_role("link", name="+12025550143")
    assert await telephone.is_visible()
    assert await telephone.get_attribute("href") == "tel:+12025550143"
    assert "(202) 555-0143" in await seen.page.inner_text("body")
    assert seen.problems == [], "nothing of its own is kept from it by its policy"


async def test_S31_the_button_dials_again_where_the_browser_asked_first(office: Office, chromium: Browser) -> None:
    seen = await watched(chromium)
    await seen.page.goto(await link(office, "1003"), wait_until="commit")
    await seen.went_to("zoomphonecall://1003")
    seen.wanted.clear()
    # Not `click`, which waits for the next page: there is none.
    await seen.page.get_by_role("link", name="Open Zoom and call").press("Enter", no_wait_after=True)
    await seen.went_to("zoomphonecall://1003")
    assert await seen.page.locator('a[href^="tel:"]').count() == 0, "an extension is nothing for other telephones"


async def test_S31_on_android_where_zoom_has_no_such_links_the_page_says_what_to_do(
    office: Office, chromium: Browser
) -> None:
    seen = await watched(chromium, user_agent=ANDROID)
    await seen.page.goto(await link(office, "+1 202 555 0143"), wait_until="commit")
    assert "dial the number in the Zoom app" in " ".join((await seen.page.inner_text("body")).split())
    await seen.page.get_by_role("link", name="+12025550143").wait_for()
    assert [url for url in seen.wanted if url.startswith("zoomphonecall:")] == []


async def test_S31_a_link_that_was_altered_opens_nothing(office: Office, chromium: Browser) -> None:
    url = await link(office, "+1 202 555 0143")
    seen = await watched(chromium)
    answer = await seen.page.goto(url[:-1] + ("A" if url[-1] != "A" else "Q"), wait_until="commit")
    assert answer is not None
    assert answer.status == 404
    text = await seen.page.inner_text("body")
    assert "older than fifteen minutes" in text
    assert "2025550143" not in await seen.page.content()
    assert [url for url in seen.wanted if url.startswith("zoomphonecall:")] == []
