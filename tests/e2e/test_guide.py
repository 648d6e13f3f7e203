"""The product page and the guide, as a browser walks them."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import aiohttp
import pytest

from tests.e2e.people import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")

_LINK = re.compile(r'(?:href|src)="(/[^"]*)"')


async def test_S6_every_page_and_picture_of_the_guide_is_reached_from_the_product_page(office: Office) -> None:
    seen: dict[str, str] = {}
    left, first = ["/"], set[str]()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        while left:
            path = left.pop()
            if path in seen:
                continue
            async with session.get(urljoin(office.system.urls["edge"], path)) as response:
                assert response.status == 200, path
                seen[path] = response.content_type
                if path == "/":
                    first = set(_LINK.findall(await response.text()))
                if path == "/" or path.startswith("/guide/"):
                    assert "no-store" in response.headers["Cache-Control"] or seen[path] == "image/png"
                    left += _LINK.findall(await response.text()) if seen[path] == "text/html" else []
    pages = {path.removeprefix("/guide/") for path, kind in seen.items() if kind == "text/html" and "/guide/" in path}
    assert pages >= {"index", "installing", "using", "configuring", "removing", "results", "older", "limits"}
    assert {f"/guide/{page}" for page in pages - {"index"}} <= first, "all of it is one step away"
    assert sum(kind == "image/png" for kind in seen.values()) >= 3
    assert len(seen) < 50, "no page leads on and on"


@pytest.mark.parametrize(
    "path", ["/guide/nothing", "/guide/pictures/nothing.png", "/guide/..%2fpages", "/guide/using.html"]
)
async def test_nothing_else_is_served_as_a_page_of_the_guide(office: Office, path: str) -> None:
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session,
        session.get(office.system.urls["edge"] + path) as response,
    ):
        assert response.status == 404


async def test_pages_load_pictures_of_their_own_address_only(office: Office) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        for path, images in (("/guide/index", "img-src 'self'"), ("/", "default-src 'none'")):
            async with session.get(office.system.urls["edge"] + path) as response:
                assert images in response.headers["Content-Security-Policy"]
                assert "script-src" not in response.headers["Content-Security-Policy"]
