"""Events of Zoom's that never come: what they would have told is asked for at Zoom."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.people import ADA, GRACE_AT_ZOOM, Office, ended, eventually, names, written
from tests.e2e.system import running

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

SOON = {"ZOOMSLACK_RECONCILE_INTERVAL_SECONDS": "5", "ZOOMSLACK_RECONCILE_QUIET_SECONDS": "10"}
PATIENCE = 40.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """An office in which Ada has connected Zoom, and which asks Zoom before ten minutes are over."""
    async with running(tmp_path_factory.mktemp("data"), SOON) as system:
        office = Office(system)
        await office.connect()
        yield office


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def held(office: Office) -> dict[str, tuple[str, str]]:
    """Two meetings of which no event arrives, one of them over; their numbers and conversations by topic."""
    await office.zoom("POST", "webhooks/faults", {"drop_percent": 100})
    made = {}
    for topic in ("It is over", "It goes on"):
        here = await office.conversation("public")
        number, _ = await office.fresh_meeting(topic, channel=here)
        await office.zoom("POST", f"meetings/{number}/start")
        made[topic] = (number, here)
    over = f"meetings/{made['It is over'][0]}"
    sam = await office.zoom("POST", f"{over}/join", {"name": "Sam Guest"})
    await office.zoom("POST", f"{over}/join", {"zoom_user_id": GRACE_AT_ZOOM})
    await office.zoom("POST", f"{over}/leave", {"user_id": sam["user_id"]})
    await office.zoom("POST", over, {"waiting_room": True})
    refused = await office.zoom("POST", f"{over}/join", {"name": "Rita Refused"})
    await office.zoom("POST", f"{over}/refuse", {"user_id": refused["user_id"]})
    await office.zoom("POST", f"{over}/end")
    await office.zoom("POST", f"{over}/recording", {"password": "Rec0rd!ng"})
    for _, here in made.values():
        assert names(await office.card(here)) == set(), "nothing has been heard"
    return made


async def test_N2_P85_a_meeting_of_which_nothing_is_heard_ends_with_all_its_results(
    office: Office, held: dict[str, tuple[str, str]]
) -> None:
    _, here = held["It is over"]
    await eventually(lambda: office.card(here), ended, seconds=PATIENCE)
    posts = await eventually(lambda: office.posts(here), lambda posts: len(posts) == 2)
    shown = "".join(map(written, posts))
    assert "3 attendees: Ada Lovelace, Sam Guest, Grace Hopper" in shown
    assert "Passcode: Rec0rd!ng" in shown


async def test_N2_a_meeting_that_goes_on_is_shown_to_run_and_ends_by_its_own_event(
    office: Office, held: dict[str, tuple[str, str]]
) -> None:
    number, here = held["It goes on"]
    card = await eventually(lambda: office.card(here), lambda card: names(card) == {ADA}, seconds=PATIENCE)
    assert not ended(card)
    await office.zoom("POST", "webhooks/faults", {"drop_percent": 0})
    await office.zoom("POST", f"meetings/{number}/end")
    await office.card_when(ended, here)
    assert len(await office.calls(channel=here)) == 1
