"""How a page looks and reads: pictures of it at a desk and on a phone, by day and by night, and what axe says."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, ViewportSize

from tests.e2e.system import ROOT

PICTURES = ROOT / "build" / "screenshots"
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
_SIZES = {"desk": DESK, "phone": PHONE}
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_EVERYTHING: dict[str, object] = {"resultTypes": ["violations"]}
_COLOURS: dict[str, object] = {**_EVERYTHING, "runOnly": ["color-contrast"]}
"""Night changes nothing but colours."""


async def inspect(page: Page, name: str) -> None:
    """Takes pictures of a page as it is now, and raises AssertionError with whatever makes it hard to use."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    await page.bring_to_front()  # Chromium takes its time with what nobody sees
    for size, viewport in _SIZES.items():
        await page.set_viewport_size(viewport)
        for scheme in _SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            look = f"{name}-{size}-{scheme}"
            await page.screenshot(path=PICTURES / f"{look}.png", full_page=True)
            found += [f"{look}: {fault}" for fault in await faults(page, colours_only=scheme == "dark")]
        if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(f"{name}-{size}: the page is wider than the screen")
    await page.set_viewport_size(DESK)
    await page.emulate_media(color_scheme="light")
    assert found == [], "\n".join(found)


async def faults(page: Page, *, colours_only: bool = False) -> list[str]:
    """Returns what axe finds wrong on a page, be it grave or not: the rule, where, and why."""
    results = await Axe().run(page, options=_COLOURS if colours_only else _EVERYTHING)
    return [
        f"{rule['id']} ({rule['impact']}) at {node['target']}: {node['failureSummary']}"
        for rule in results.response["violations"]
        for node in rule["nodes"]
    ]
