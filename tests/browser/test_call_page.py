"""The page behind a Call button, in a real browser: it tries to open Zoom's client, and shows what else can be done."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.watching import IN_A_BROWSER, Person
from tests.e2e.people import Office, link_in

pytestmark = IN_A_BROWSER

ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


@pytest_asyncio.fixture(loop_scope="session")
async def on_android(chromium: Browser) -> AsyncIterator[Person]:
    """Somebody with a browser that says it runs on Android."""
    async with Person.in_front_of(chromium, user_agent=ANDROID) as somebody:
        yield somebody
    somebody.check()


async def opens(person: Person, url: str, *, status: int = 200) -> Page:
    """Opens the page without waiting for where it leads: there is no client here."""
    return await person.opens(url, status=status, to_its_end=False)


def dialled(person: Person) -> list[str]:
    """Returns what was handed to Zoom's client."""
    return [url for url in person.wanted if url.startswith("zoomphonecall:")]


async def link(office: Office, whom: str) -> str:
    answer = (await office.type(f"call {whom}"))["answer"]
    return link_in(answer, "zoom_call")


async def test_S31_the_page_tries_to_open_zoom_and_shows_the_number_beside_it(office: Office, person: Person) -> None:
    page = await opens(person, await link(office, "+1 202 555 0143"))
    await person.went_to("zoomphonecall://+12025550143")
    assert await page.get_by_role("link", name="Open Zoom and call").is_visible()
    telephone = page.get_by_role("link", name="+12025550143")
    assert await telephone.is_visible()
    assert await telephone.get_attribute("href") == "tel:+12025550143"
    assert "(202) 555-0143" in await page.inner_text("body")


async def test_S31_the_button_dials_again_where_the_browser_asked_first(office: Office, person: Person) -> None:
    page = await opens(person, await link(office, "1003"))
    await person.went_to("zoomphonecall://1003")
    person.wanted.clear()
    # Not `click`, which waits for the next page: there is none.
    await page.get_by_role("link", name="Open Zoom and call").press("Enter", no_wait_after=True)
    await person.went_to("zoomphonecall://1003")
    assert await page.locator('a[href^="tel:"]').count() == 0, "an extension is nothing for other telephones"


async def test_S31_a_page_that_is_opened_again_asks_before_it_dials(office: Office, person: Person) -> None:
    url = await link(office, "+1 202 555 0143")
    await opens(person, url)
    await person.went_to("zoomphonecall://+12025550143")
    person.wanted.clear()
    page = await opens(person, url)
    again = page.get_by_role("link", name="Call again")
    await again.wait_for()
    assert dialled(person) == []
    await again.press("Enter", no_wait_after=True)
    await person.went_to("zoomphonecall://+12025550143")


async def test_S31_on_android_where_zoom_has_no_such_links_the_page_says_what_to_do(
    office: Office, on_android: Person
) -> None:
    page = await opens(on_android, await link(office, "+1 202 555 0143"))
    assert "dial the number in the Zoom app" in " ".join((await page.inner_text("body")).split())
    await page.get_by_role("link", name="+12025550143").wait_for()
    assert dialled(on_android) == []


async def test_S31_a_link_that_was_altered_opens_nothing(office: Office, person: Person) -> None:
    url = await link(office, "+1 202 555 0143")
    page = await opens(person, url[:-1] + ("A" if url[-1] != "A" else "Q"), status=404)
    text = await page.inner_text("body")
    assert "older than fifteen minutes" in text
    assert "2025550143" not in await page.content()
    assert dialled(person) == []
