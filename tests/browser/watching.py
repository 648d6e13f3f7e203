"""Somebody in front of a browser: what she opens, what its pages ask for and complain of."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, ViewportSize

from tests.browser.looking import DESK
from tests.e2e.people import ADA, GENERAL, Office, eventually

CHROMIUM = Path(os.environ.get("ZOOMSLACK_CHROMIUM", "/usr/bin/chromium"))
IN_A_BROWSER = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
    pytest.mark.needs_chromium,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}"),
]
"""What holds for every test that opens pages."""
SEEN = """(seen) => {
  Object.defineProperty(document, "hidden", { value: !seen, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""As if somebody looked at a tab, or at another one. Without a screen all tabs count as seen."""

_CLIENTS = ("zoomphonecall", "zoommtg", "tel")
"""What leads out of the browser, to a program of this machine."""
_WAIT = 15_000.0


class Person:
    """A browser of her own, with all its tabs."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.problems: list[str] = []
        self.wanted: list[str] = []
        """Every address that a page asked for, those for other programs too."""
        self._pages: set[str] = set()
        context.set_default_timeout(_WAIT)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        context.on("request", self._note)

    @classmethod
    @asynccontextmanager
    async def in_front_of(cls, chromium: Browser, screen: ViewportSize = DESK, **options: Any) -> AsyncIterator[Person]:
        """Yields somebody with an empty browser."""
        context = await chromium.new_context(viewport=screen, **options)
        try:
            yield cls(context)
        finally:
            await context.close()

    async def opens(self, url: str, *, status: int = 200, to_its_end: bool = True) -> Page:
        """Opens an address in a tab of its own. Without `to_its_end` it may lead on to where nothing answers."""
        page = await self.context.new_page()
        answer = await page.goto(url, wait_until="load" if to_its_end else "commit")
        assert answer is not None
        assert answer.status == status, f"{answer.status} from {url}"
        return page

    async def slack(self, office: Office, *, user: str = ADA, channel: str = GENERAL) -> Page:
        """Opens Slack at a conversation."""
        page = await self.opens(f"{office.system.urls['slack']}/#user={user}&channel={channel}")
        await page.locator("#conversations button").first.wait_for()
        return page

    async def follows(self, link: Locator) -> Page:
        """Clicks what opens a tab; returns that tab."""
        async with self.context.expect_page() as opening:
            await link.click()
        return await opening.value

    async def went_to(self, url: str) -> None:
        """Waits until a page asked for an address."""

        async def look() -> list[str]:
            return self.wanted

        await eventually(look, lambda wanted: url in wanted)

    def check(self) -> None:
        """Raises AssertionError if a page complained, or asked for something that is not on this machine."""
        elsewhere = [url for url in self.wanted if not _is_here(url)]
        assert elsewhere == [], f"pages asked for something that is not on this machine: {elsewhere}"
        assert self.problems == [], f"a page complained: {self.problems}"
        assert self.wanted, "nothing was opened"

    def _hear(self, message: ConsoleMessage) -> None:
        # What Chromium notes by itself: that a page's status is an error (pages of errors are pages, too), and that it
        # hands nothing to another program before anybody touched the page.
        about_a_page = message.text.startswith("Failed to load resource") and message.location["url"] in self._pages
        untouched = message.text.startswith("Not allowed to launch") and "user gesture" in message.text
        if message.type == "error" and not about_a_page and not untouched:
            self.problems.append(f"{message.text} ({message.location['url']})")

    def _note(self, request: Request) -> None:
        self.wanted.append(request.url)
        if request.is_navigation_request():
            self._pages.add(request.url)


def _is_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in (*_CLIENTS, "data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost")


async def types(page: Page, text: str) -> None:
    """Types into Slack's composer and presses Enter."""
    await page.locator("#text").press_sequentially(text)
    await page.keyboard.press("Enter")


def focused(page: Page, part: Locator) -> Locator:
    """Returns `part` once it has the focus."""
    return part.and_(page.locator(":focus"))


def message(page: Page, words: str) -> Locator:
    """Returns the newest message in Slack that says `words`."""
    return page.locator(".message", has_text=words).last


def card(page: Page, topic: str) -> Locator:
    """Returns the newest card of a meeting in Slack."""
    return page.get_by_role("article", name="Call", exact=True).filter(has_text=topic).last


async def board(person: Person, slack: Page) -> Page:
    """Opens the Zoom simulator from Slack's page, as a person finds it."""
    return await person.follows(slack.get_by_role("link", name="Open the Zoom simulator"))
