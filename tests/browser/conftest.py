"""Chromium, for what only a browser does. Debian's package `chromium`, or where ZOOMSLACK_CHROMIUM says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.watching import CHROMIUM, Person
from tests.e2e.people import Office
from tests.e2e.system import running

_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
"""The tests stay on loopback, and so does the browser."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A real browser without a screen, the same one for all tests."""
    async with async_playwright() as playwright:
        # Chromium's sandbox needs rights that containers do not have; it opens loopback only.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *_QUIET])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fresh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """An office on its first day: the app is installed in Slack, and nobody has connected Zoom."""
    async with running(tmp_path_factory.mktemp("data")) as system:
        yield Office(system)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(fresh: Office) -> Office:
    """An office in which Ada has connected Zoom."""
    await fresh.connect()
    return fresh


@pytest_asyncio.fixture(loop_scope="session")
async def person(chromium: Browser) -> AsyncIterator[Person]:
    """Somebody with a browser of her own, whose pages must raise no error and ask for nothing elsewhere."""
    async with Person.in_front_of(chromium) as somebody:
        yield somebody
    somebody.check()
