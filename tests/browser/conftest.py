"""Chromium, for what only a browser does. Debian's package `chromium`, or where ZOOMSLACK_CHROMIUM says."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

CHROMIUM = Path(os.environ.get("ZOOMSLACK_CHROMIUM", "/usr/bin/chromium"))
HAS_CHROMIUM = CHROMIUM.exists()
_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
"""The tests stay on loopback, and so does the browser."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """A real browser without a screen."""
    async with async_playwright() as playwright:
        # Chromium's sandbox needs rights that containers do not have; it opens loopback only.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *_QUIET])
        yield browser
        await browser.close()
