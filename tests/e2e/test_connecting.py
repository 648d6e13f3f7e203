"""Connecting a Zoom account and what ends it: refusals, strangers, logging out, tokens that die."""

from __future__ import annotations

import pytest
import pytest_asyncio

from tests.e2e.people import ADA_AT_ZOOM, GRACE, GRACE_AT_ZOOM, Office, browser, eventually, link_in

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def connected(office: Office) -> None:
    """Ada has connected Zoom; nobody else has."""
    await office.connect()


async def test_declining_at_zoom_is_answered_in_plain_words(office: Office) -> None:
    result = await office.type("", user=GRACE, channel=await office.conversation())
    async with browser() as person:
        page = await person.connect_zoom(link_in(result["answer"]), GRACE_AT_ZOOM, decision="deny")
    assert page.status >= 400
    assert "/zoom" in page.text


async def test_a_link_completed_in_another_browser_connects_nobody(office: Office) -> None:
    result = await office.type("", user=GRACE, channel=await office.conversation())
    async with browser() as hers, browser() as stranger:
        action, fields = (await hers.get(link_in(result["answer"]))).form()
        consent = await hers.post(action, fields)
        action, fields = consent.form()
        page = await stranger.post(action, {**fields, "zoom_user_id": GRACE_AT_ZOOM, "decision": "allow"})
        assert page.status >= 400
    still = await office.type("", user=GRACE, channel=await office.conversation())
    assert link_in(still["answer"])


async def test_logout_ends_it_and_the_next_command_asks_again(office: Office) -> None:
    await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)
    await office.fresh_meeting("Before", user=GRACE, channel=await office.conversation())
    await office.zoom("DELETE", "requests")
    answer = (await office.type("logout", user=GRACE))["answer"]
    assert answer["response_type"] == "ephemeral"
    revoked = await eventually(lambda: office.zoom("GET", "requests?path=/oauth/revoke"), lambda r: bool(r["requests"]))
    assert revoked["requests"][0]["status"] == 200
    assert link_in((await office.type("", user=GRACE, channel=await office.conversation()))["answer"])
    again = (await office.type("logout", user=GRACE))["answer"]
    assert again["response_type"] == "ephemeral"


async def test_a_refused_token_is_refreshed_and_a_dead_one_asks_to_connect_again(office: Office) -> None:
    here = await office.conversation("im")
    await office.zoom("POST", "tokens/expire", {"zoom_user_id": ADA_AT_ZOOM})
    await office.fresh_meeting("After expiry", channel=here)
    await office.zoom("POST", "tokens/revoke", {"zoom_user_id": ADA_AT_ZOOM})
    here = await office.conversation("im")
    asked = await office.type("meeting After revocation", channel=here)
    async with browser() as person:
        await person.connect_zoom(link_in(asked["answer"]), ADA_AT_ZOOM)
    await eventually(
        lambda: office.calls(channel=here), lambda calls: any("After revocation" in c["title"] for c in calls)
    )
