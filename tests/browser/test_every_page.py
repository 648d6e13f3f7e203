"""Every page that no walk comes past: nothing on it keeps anybody from reading and using it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.looking import PHONE, PICTURES, faults, inspect
from tests.browser.watching import IN_A_BROWSER, Person, types
from tests.e2e.people import ADA, GENERAL, Office
from tests.e2e.system import ROOT

pytestmark = IN_A_BROWSER

GUIDE = sorted(page.stem for page in Path(ROOT, "services", "slack_edge", "guide").glob("*.html"))


async def test_the_guide_and_the_product_page(fresh: Office, person: Person) -> None:
    page = await person.opens(fresh.system.urls["edge"])
    await inspect(page, "edge-product")
    assert len(GUIDE) >= 8
    for name in GUIDE:
        await page.goto(f"{fresh.system.urls['edge']}/guide/{name}")
        await page.get_by_role("article").wait_for()
        await inspect(page, f"edge-guide-{name}")


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("nowhere", "/nothing/here", 404),
        ("connect-expired", "/zoom/connect?link=nothing", 404),
        ("back-from-zoom-unasked", "/zoom/oauth/callback?code=x&state=y", 403),
        ("back-from-slack-unasked", "/slack/oauth/callback?code=x&state=y", 403),
    ],
)
async def test_an_error_of_the_edge(fresh: Office, person: Person, name: str, path: str, status: int) -> None:
    page = await person.opens(fresh.system.urls["edge"] + path, status=status)
    await page.get_by_role("heading", level=1).wait_for()
    await inspect(page, f"edge-error-{name}")


async def test_more_permissions_are_asked_for(fresh: Office, person: Person) -> None:
    slack = await person.slack(fresh)
    await types(slack, "/zoom permissions")
    await slack.get_by_role("button", name="Authorize Zoom").wait_for()
    await inspect(slack, "slack-permissions")
    page = await person.opens(f"{fresh.system.urls['edge']}/install?zoom_scopes=phone:read:admin")
    await inspect(page, "edge-allow")


async def test_the_pages_of_slack(fresh: Office, person: Person) -> None:
    page = await person.slack(fresh)
    await types(page, "/zoom help")
    await page.locator(".message").filter(has_text="/zoom join").wait_for()
    await inspect(page, "slack-help")
    await page.goto(f"{fresh.system.urls['slack']}/oauth/v2/authorize?client_id=nobody")
    await page.get_by_role("heading", name="Something went wrong").wait_for()
    await inspect(page, "slack-consent-refused")


async def test_the_pages_of_zoom(fresh: Office, person: Person) -> None:
    page = await person.opens(fresh.system.urls["zoom"])
    await page.get_by_role("heading", name="Ada Lovelace").first.wait_for()
    await inspect(page, "zoom-board")
    for name, path in (("meeting", "/j/12345678901"), ("consent", "/oauth/authorize?client_id=nobody")):
        await page.goto(fresh.system.urls["zoom"] + path)
        await page.get_by_role("heading", level=1).wait_for()
        await inspect(page, f"zoom-no-such-{name}")


async def test_slack_on_a_phone(fresh: Office, chromium: Browser) -> None:
    async with Person.in_front_of(chromium, PHONE, has_touch=True, is_mobile=True) as person:
        page = await person.opens(f"{fresh.system.urls['slack']}/#user={ADA}&channel={GENERAL}")
        menu = page.get_by_role("button", name="Show conversations")
        await menu.tap()
        await page.get_by_role("button", name="secret-plans").wait_for()
        await page.screenshot(path=PICTURES / "slack-phone-menu.png")
        assert await faults(page) == []
        await page.get_by_role("button", name="secret-plans").tap()
        await page.get_by_role("heading", name=re.compile("secret-plans")).wait_for()
        await page.get_by_role("button", name="secret-plans").wait_for(state="hidden")
        await menu.tap()
        await page.get_by_role("button", name="Zoom").tap()
        await page.get_by_role("button", name="Home", exact=True).tap()
        await page.get_by_role("region", name="App home").get_by_role("button", name="Start").tap()
        dialog = page.get_by_role("dialog")
        await dialog.wait_for()
        box = await dialog.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"], "the modal is on the screen"
        person.check()
