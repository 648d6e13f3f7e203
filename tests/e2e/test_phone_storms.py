"""Bad days of phone calls, over processes: events repeated, shuffled and lost, processes killed, Slack away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.calling import Json, dials, does, own
from tests.e2e.people import Office, eventually, written
from tests.e2e.replicas import replicated
from tests.e2e.system import running
from tests.support.zoom_events import PHONE_EVENTS, examples

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

SOON = {"ZOOMSLACK_RECONCILE_INTERVAL_SECONDS": "5", "ZOOMSLACK_RECONCILE_QUIET_SECONDS": "10"}
ZOOM_SENDS_AGAIN = 5 * 60
"""Seconds after which Zoom repeats what was not taken. What moves Zoom's clock by them comes last here: a call belongs
to a link that was opened within ten minutes before it."""
ENDS = {
    "+1 202 555 0150": (("answer", "hang-up"), "Result: answered"),
    "+1 202 555 0151": (("decline",), "Result: declined by the other side"),
    "+1 202 555 0152": (("no-answer",), "Result: nobody answered"),
    "+1 202 555 0153": (("voicemail",), "Result: went to voicemail"),
    "+1 202 555 0154": (("cancel",), "Result: canceled before anybody answered"),
}
"""By number, what becomes of its call, and how that reads."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Ada's office: on SQLite a process of each service, on PostgreSQL two edges. Lost events are looked up soon."""
    folder = tmp_path_factory.mktemp("data")
    async with running(folder, SOON) if request.param == "sqlite" else replicated(folder, SOON) as system:
        office = Office(system)
        await office.connect()
        yield office


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def calm(office: Office) -> AsyncIterator[None]:
    """Ends each storm."""
    yield
    await office.zoom("POST", "webhooks/faults", {})
    await office.slack("DELETE", "faults")


async def all_placed(office: Office) -> None:
    """Places all the calls and lets them end."""
    for number, (actions, _) in ENDS.items():
        await does(office, await dials(office, number), *actions)


async def all_shown(office: Office, since: int, seconds: float) -> None:
    """Waits until every call since a moment is shown as it ended, each in one message."""

    async def look() -> list[str]:
        return [written(post) for post in (await own(office))[since:]]

    def wanted(posts: list[str]) -> bool:
        return len(posts) == len(ENDS) and all(_shows(posts, number, result) for number, (_, result) in ENDS.items())

    await eventually(look, wanted, seconds)


def _shows(posts: list[str], number: str, result: str) -> bool:
    shown = f"({number[3:6]}) {number[7:10]}-{number[11:]}"
    about = [post for post in posts if shown in post]
    return len(about) == 1 and result in about[0]


async def send_again(office: Office) -> None:
    """Lets the time pass after which Zoom repeats what was not taken."""
    if (await office.zoom("GET", "webhooks"))["retrying"]:
        await office.zoom("POST", "clock", {"advance_seconds": ZOOM_SENDS_AGAIN})
        await office.zoom("GET", "webhooks/idle?timeout_seconds=14")


async def test_N2_calls_of_which_no_event_came_are_found_in_zooms_history(office: Office) -> None:
    since = len(await own(office))
    await office.zoom("POST", "webhooks/faults", {"drop_percent": 100})
    await all_placed(office)
    await all_shown(office, since, 60)


async def test_while_slack_is_away_calls_go_on_and_are_shown_when_it_is_back(office: Office) -> None:
    since = len(await own(office))
    for method in ("chat.postMessage", "chat.update"):
        await office.slack("POST", "faults", {"method": method, "kind": "error", "error": "internal_error", "times": 6})
    await all_placed(office)
    await office.slack("DELETE", "faults")
    await all_shown(office, since, 60)


@pytest.mark.needs_shared
@pytest.mark.skipif(not PHONE_EVENTS.exists(), reason="Zoom's specification is not part of this tree")
async def test_every_phone_event_of_the_specification_is_answered_and_shows_nobody_anything(office: Office) -> None:
    since = len(await own(office))
    for name, events in examples(PHONE_EVENTS, "phone.").items():
        for event in events:
            sent = await office.zoom("POST", "webhooks/send", {"event": _of_nobody(event)})
            assert sent["status"] == 200, name
    assert len(await own(office)) == since


def _of_nobody(event: Json) -> Any:
    """Returns an example whose account nobody is of, and whose users nobody is."""
    return json.loads(json.dumps(event).replace('"account_id": "', '"account_id": "not'))


async def test_N1_a_call_whose_edge_is_killed_is_shown_as_it_ended(office: Office) -> None:
    since = len(await own(office))
    call = await dials(office, "+1 202 555 0160")
    office.system.kill("slack_edge")
    await does(office, call, "answer", "hang-up")
    await is_up(office)
    await send_again(office)

    async def look() -> list[str]:
        return [written(post) for post in (await own(office))[since:]]

    # A message whose ts was not recorded before the edge died is posted again (decision 0004): the last one counts.
    await eventually(look, lambda posts: bool(posts) and "Result: answered" in posts[-1], 40)


async def test_N1_events_come_four_times_in_any_order_while_phone_is_killed(office: Office) -> None:
    since = len(await own(office))
    await office.zoom("POST", "webhooks/faults", {"copies": 4, "shuffle": True, "hold": True})
    await all_placed(office)
    assert len(await own(office)) == since, "nothing has been heard"
    office.system.kill("phone")
    status, _ = await office.system.exchange("POST", "zoom", "/control/webhooks/release", {}, seconds=90)
    assert status == 200
    await office.zoom("POST", "webhooks/faults", {})
    await is_up(office)
    await send_again(office)
    await all_shown(office, since, 40)


async def is_up(office: Office) -> None:
    """Waits until calls are placed again: that takes every service."""

    async def answer() -> str:
        return str((await office.type("call +1 202 555 0199"))["answer"])

    await eventually(answer, lambda text: "zoom_call" in text, seconds=40)
