"""Takes the pictures of the docs from a system that runs with simulators: they show what is to be seen today.

python -m tools.pictures   write docs/guide/pictures/*.png and docs/simulators/pictures/*.png, then run tools/guide.py

Needs Chromium, at /usr/bin/chromium or where ZOOMSLACK_CHROMIUM says.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, async_playwright

from tests.e2e.people import ADA, DM, GENERAL, Office, eventually
from tests.e2e.system import ROOT, running

GUIDE = ROOT / "docs" / "guide" / "pictures"
SIMULATORS = ROOT / "docs" / "simulators" / "pictures"
CHROMIUM = os.environ.get("ZOOMSLACK_CHROMIUM", "/usr/bin/chromium")
_SIZE = {"width": 1000, "height": 640}
_MOST_BYTES = 150_000
_PEOPLE = 2


async def take() -> None:
    """Plays a meeting from its start to its recording and takes a picture of each step."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as system, async_playwright() as playwright:
            # Chromium's sandbox needs rights that containers do not have; it opens loopback only.
            chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                await _take(Office(system), chromium)
            finally:
                await chromium.close()


async def _take(office: Office, chromium: Browser) -> None:
    page = await chromium.new_page(viewport=_SIZE, device_scale_factor=1)  # type: ignore[arg-type]
    await page.goto(f"{office.system.urls['edge']}/install")
    await _save(page.locator("body"), GUIDE / "install.png")

    await office.connect(channel=DM)
    number, _ = await office.fresh_meeting("Weekly sync")
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Grace Hopper"})
    await eventually(office.calls, lambda calls: len(calls[-1].get("users") or []) == _PEOPLE)
    await page.goto(f"{office.system.urls['slack']}/#user={ADA}&channel={GENERAL}")
    await _save(page.locator(".message", has_text="Weekly sync").last, GUIDE / "card.png")
    await _take_simulators(office, page, number)

    await page.goto(f"{office.system.urls['slack']}/#user={ADA}&channel={GENERAL}")
    await office.zoom("POST", f"meetings/{number}/end")
    await office.zoom("POST", f"meetings/{number}/recording", {"password": "Rec0rd!ng"})
    await page.get_by_text("Rec0rd!ng").wait_for()
    await _save(page.locator("#messages"), GUIDE / "results.png", last=2)


async def _take_simulators(office: Office, page: Page, number: str) -> None:
    """Takes the pages of both simulators while a meeting runs, and leaves `page` on the last of them."""
    await _save(page.locator("body"), SIMULATORS / "slack.png")
    await page.get_by_role("button", name="Control the simulator").click()
    await page.get_by_text("Events to the app", exact=True).click()
    await _save(page.locator("body"), SIMULATORS / "slack-control.png")
    zoom = office.system.urls["zoom"]
    for path, name in (("/", "zoom"), (f"/j/{number}", "zoom-meeting"), ("/controls", "zoom-controls")):
        await page.goto(zoom + path)
        await page.get_by_role("heading").first.wait_for()
        _keep(await page.screenshot(), SIMULATORS / f"{name}.png")


async def _save(part: Locator, path: Path, last: int = 0) -> None:
    """Saves how `part` looks, or its last messages."""
    await part.wait_for()
    if last:  # the others leave this page only: the simulator keeps them
        await part.evaluate("(node, last) => node.replaceChildren(...[...node.children].slice(-last))", last)
        await part.evaluate("(node) => { node.style.flex = 'none'; }")
    _keep(await part.screenshot(), path)


def _keep(taken: bytes, path: Path) -> None:
    if len(taken) > _MOST_BYTES:
        raise ValueError(f"{path.name} has {len(taken)} bytes: too heavy for the tree")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(taken)


if __name__ == "__main__":
    asyncio.run(take())
