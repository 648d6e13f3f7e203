"""Another cloud of Zoom's, by its settings: everything happens there, and nothing at the usual one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.e2e.people import ADA, Office, browser, digits, ended, eventually, link_in, names, written
from tests.e2e.system import ROOT, free_ports, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOUD = "https://acme.zoomgov.com"
"""What links of this cloud begin with. Its API and its sign-in are a second simulator on this machine."""


@asynccontextmanager
async def cloud(port: int, app_url: str) -> AsyncIterator[None]:
    """Runs a second Zoom, of which only the addresses are others."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators", "--slack-listen", "127.0.0.1:0"),
        *("--zoom-listen", f"127.0.0.1:{port}", "--zoom-url", CLOUD, "--app-url", app_url),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            while b"Zoom simulator listening" not in await process.stdout.readline():
                pass
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """An office whose Zoom is in another cloud; `zoom` of its system is that one, `usual` the one beside it."""
    [port] = free_ports(1)
    address = f"http://127.0.0.1:{port}"
    settings = {
        "ZOOMSLACK_ZOOM_API_URL": f"{address}/v2",
        "ZOOMSLACK_ZOOM_OAUTH_URL": f"{address}/oauth",
        "ZOOMSLACK_ZOOM_JOIN_URL": "https://zoomgov.com",
    }
    async with running(tmp_path_factory.mktemp("data"), settings) as system, cloud(port, system.urls["edge"]):
        system.urls |= {"usual": system.urls["zoom"], "zoom": address}
        yield Office(system)


async def test_P72_a_meeting_lives_in_the_cloud_that_the_settings_name(office: Office) -> None:
    assert (await office.connect()).status == 200
    here = await office.conversation("public")
    number, _ = await office.fresh_meeting("Elsewhere", channel=here)
    card = await office.card(here)
    assert digits(card["external_display_id"]) == number
    assert card["join_url"].startswith(f"{CLOUD}/j/{number}?pwd=")
    assert card["desktop_app_join_url"].startswith(f"zoommtg://zoomgov.com/join?confno={number}&pwd=")
    await office.zoom("POST", f"meetings/{number}/start")
    await office.card_when(lambda card: names(card) == {ADA}, here)
    await office.zoom("POST", f"meetings/{number}/end")
    await office.card_when(ended, here)
    await office.zoom("POST", f"meetings/{number}/recording", {})
    posts = await eventually(lambda: office.posts(here), lambda posts: len(posts) == 2)
    [recording] = [post for post in posts if "zoom_recording" in written(post)]
    assert link_in(recording, "zoom_recording").startswith(f"{CLOUD}/rec/")


async def test_P72_joining_and_leaving_are_of_that_cloud_too(office: Office) -> None:
    for typed, url in (
        ("161 234 5678", "https://zoomgov.com/j/1612345678"),
        ("ada.lovelace", "https://zoomgov.com/my/ada.lovelace"),
        ("https://acme.zoomgov.com/j/1612345678?pwd=x", "https://acme.zoomgov.com/j/1612345678?pwd=x"),
    ):
        answer = (await office.type(f"join {typed}", channel=await office.conversation("im")))["answer"]
        assert link_in(answer, "zoom_join") == url
    here = await office.conversation("im")
    assert (await office.type("join me", channel=here))["answer"]["response_type"] == "in_channel"
    assert (await office.card(here))["join_url"].startswith(f"{CLOUD}/j/5551234567")
    asked = (await office.type("call +1 202 555 0143", channel=here))["answer"]
    async with browser() as person:
        assert "zoomphonecall://+12025550143" in (await person.get(link_in(asked, "zoom_call"))).text
    await office.zoom("DELETE", "requests")
    await office.type("logout")
    revoked = await eventually(lambda: office.zoom("GET", "requests?path=/oauth/revoke"), lambda r: bool(r["requests"]))
    assert revoked["requests"][0]["status"] == 200


async def test_P72_the_usual_cloud_hears_of_nothing(office: Office) -> None:
    _, journal = await office.system.get("usual", "/control/requests")
    assert journal == {"requests": []}
    _, answer = await office.system.get("zoom", "/control/secrets")
    assert office.system.leaks(answer["secrets"]) == [], "its secrets are kept as well"
