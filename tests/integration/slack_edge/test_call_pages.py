"""The page behind a Call button."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.slack_edge.conftest import World
from zoomslack.phone.v1 import phone_service_pb2 as pb

LINK = "/call/signed.id"


async def get(
    world: World, path: str = LINK, headers: Mapping[str, str] | None = None
) -> tuple[int, str, Mapping[str, str]]:
    async with world.http.get(world.edge_url + path, headers=headers) as response:
        return response.status, await response.text(), response.headers


async def test_S31_the_page_dials(world: World) -> None:
    status, page, headers = await get(world)
    assert status == 200
    assert 'href="zoomphonecall://+12025550145"' in page
    assert 'href="tel:+12025550145"' in page
    assert "(202) 555-0145" in page
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", headers["Content-Security-Policy"])
    assert nonce is not None
    assert f'<script nonce="{nonce[1]}">' in page
    assert world.phone.resolved == ["signed.id"]


async def test_S31_a_page_that_is_opened_again_dials_only_once_somebody_says_so(world: World) -> None:
    _, first, _ = await get(world)
    assert ("<script" in first, "Call again" in first) == (True, False)
    _, again, _ = await get(world)
    assert "opened before" in again
    assert 'href="zoomphonecall://+12025550145">Call again<' in again
    assert "<script" not in again


async def test_S31_the_first_page_dials_also_where_the_answer_to_it_was_lost_once(world: World) -> None:
    world.phone.lost_answers = 1
    _, first, _ = await get(world)
    assert len(world.phone.resolved) == 2
    assert "<script" in first, "it is still the first opening"
    assert "<script" not in (await get(world))[1]


async def test_S31_a_page_whose_call_is_over_says_so_and_dials_nobody(world: World) -> None:
    world.phone.call = {"state": pb.PHONE_CALL_STATE_ENDED}
    _, page, _ = await get(world)
    assert "This call is over" in page
    assert ">Call again<" in page
    assert "<script" not in page


ANDROID_LIFE = (
    (pb.PHONE_CALL_STATE_PREPARED, "<h1>Call "),
    (pb.PHONE_CALL_STATE_PREPARED, "This page was opened before."),
    (pb.PHONE_CALL_STATE_ENDED, "This call is over."),
)
"""States in which the page is opened one after the other, and what it says."""


@pytest.mark.parametrize("call", [{}, {"phone_number": "", "extension_number": "1234"}])
async def test_S31_who_cannot_be_helped_on_android_is_told_there_alone(world: World, call: dict[str, Any]) -> None:
    for state, says in ANDROID_LIFE:
        world.phone.call = {**call, "state": state}
        _, page, _ = await get(world, headers={"User-Agent": "Mozilla/5.0 (Linux; Android 15; Pixel 9) Mobile"})
        assert says in page
        assert "On Android Zoom cannot be opened from here" in page
        assert "zoomphonecall:" not in page, "a button that does nothing"
        assert "the button" not in page
    _, elsewhere, _ = await get(world)
    assert "Android" not in elsewhere


async def test_the_page_is_nobody_elses(world: World) -> None:
    for path, status in ((LINK, 200), ("/call/other", 404)):
        answer, _, headers = await get(world, path)
        assert answer == status
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Robots-Tag"] == "noindex, nofollow"


async def test_an_extension_is_dialled_by_zoom_alone(world: World) -> None:
    world.phone.call = {"phone_number": "", "national_number": "", "extension_number": "1234"}
    _, page, _ = await get(world)
    assert 'href="zoomphonecall://1234"' in page
    assert "tel:" not in page
    assert "dial extension 1234 in the Zoom app" in page


async def test_a_hostile_name_is_text(world: World) -> None:
    world.phone.call = {"contact_name": "<script>alert(1)</script>\u202e"}
    _, page, _ = await get(world)
    assert "Calling &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<script") == 1


@pytest.mark.parametrize("number", ["+1202x", "javascript:alert(1)", "", '1"onclick="x', "+" + "1" * 40, "١٢٣٤٥"])
async def test_S31_only_a_number_is_dialled(world: World, number: str) -> None:
    world.phone.number = number
    status, page, _ = await get(world)
    assert status == 404
    assert "zoomphonecall:" not in page


@pytest.mark.parametrize("extension", ["12;ext", "+12", "1" * 16, "١٢"])
async def test_S31_only_an_extension_is_dialled(world: World, extension: str) -> None:
    world.phone.call = {"phone_number": "", "extension_number": extension}
    assert (await get(world))[0] == 404


@pytest.mark.parametrize("signed_id", ["other", "x" * 3000, "%00", "%3Cscript%3E"])
async def test_links_that_are_altered_or_too_old_say_so(world: World, signed_id: str) -> None:
    status, page, _ = await get(world, f"/call/{signed_id}")
    assert status == 404
    assert "older than fifteen minutes" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"X-Moz": "prefetch"},
        {"X-Purpose": "preview"},
    ],
)
async def test_a_browser_that_only_looks_ahead_has_opened_nothing(world: World, headers: dict[str, str]) -> None:
    status, page, _ = await get(world, headers=headers)
    assert status == 403  # thrown away: the browser asks again once the link is opened
    assert "zoomphonecall:" not in page
    assert world.phone.resolved == []


async def test_a_program_that_only_looks_has_opened_nothing(world: World) -> None:
    async with world.http.head(world.edge_url + LINK) as response:
        assert (response.status, response.content_type) == (200, "text/html")
    assert world.phone.resolved == []


async def test_a_phone_service_that_is_down_is_a_page(world: World) -> None:
    await world.stop_service["phone"]()
    status, page, _ = await get(world)
    assert status == 503
    assert "restarting" in page
