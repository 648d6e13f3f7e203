"""Healing while Zoom fails: what is asked again, what is put off, and what is given up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from services.meetings.deliveries import LEASE as DELIVERY_LEASE
from services.meetings.tables import meetings
from tests.integration.meetings.conftest import Mesh, later
from tests.integration.meetings.healing import Healing, healing, names, shown
from zoomslack.meetings.v1 import meetings_service_pb2 as pb


@pytest.fixture
async def held(mesh: Mesh) -> AsyncIterator[Healing]:
    async with healing(mesh) as running:
        yield running


async def test_N2_a_hiccup_of_zoom_costs_nobody_her_place_in_the_summary(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.act(meeting, "join", name="Sam Guest")
    held.pass_time(timedelta(minutes=5))
    await held.act(meeting, "end")
    await held.tell("meeting.started", "meeting.ended")
    await held.fault("/v2/past_meetings/*", 503)
    await held.reconcile()
    assert held.repairs == {}
    await held.reconcile()
    assert names((await shown(held.mesh))["summary"]) == ["Ada Lovelace", "Sam Guest"]


async def test_N2_where_zoom_fails_for_a_day_after_the_end_it_is_asked_no_more(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.act(meeting, "end")
    await held.tell("meeting.started", "meeting.ended")
    await held.fault("/v2/*", 503, 10_000)
    for _ in range(30):
        await held.reconcile(timedelta(hours=1))
    await held.asked()
    assert await held.reconcile(timedelta(hours=1)) == 0
    assert await held.asked() == []


async def test_N2_where_zoom_fails_for_ever_it_is_over_when_no_meeting_runs_any_more(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.tell("meeting.started")
    await held.fault("/v2/*", 503, 10_000)
    for _ in range(29):
        await held.reconcile(timedelta(hours=1))
    assert (await shown(held.mesh))["card"].card.meeting.state == pb.MEETING_STATE_STARTED
    later(held.mesh.clock, DELIVERY_LEASE)
    for _ in range(3):
        await held.reconcile(timedelta(hours=1))
    assert (await shown(held.mesh))["card"].card.meeting.state == pb.MEETING_STATE_ENDED


async def test_N2_an_account_that_zoom_refuses_holds_up_no_other(held: Healing) -> None:
    broken = [await held.start() for _ in range(5)]
    later(held.mesh.clock, timedelta(seconds=1))
    healthy = await held.start()
    for meeting in (*broken, healthy):
        await held.act(meeting, "start")
        await held.act(meeting, "end")
    await held.events()
    async with held.mesh.database.transaction("move to another account") as connection:
        theirs = meetings.c.meeting_id != healthy.meeting_id
        await connection.execute(update(meetings).where(theirs).values(zoom_account_id="BrokenAccount000000001"))
    await held.asked()
    await held.fault("/v2/*", 500)
    assert await held.reconcile() == 2, "the others of the account wait with the one that was refused"
    assert held.repairs["ended"] == 1
    await held.reconcile()
    assert held.repairs["ended"] == 6


async def test_N2_where_three_accounts_in_a_row_fail_zoom_is_left_alone_for_now(held: Healing) -> None:
    for n in range(6):
        meeting = await held.start()
        async with held.mesh.database.transaction("move to another account") as connection:
            theirs = meetings.c.meeting_id == meeting.meeting_id
            await connection.execute(update(meetings).where(theirs).values(zoom_account_id=f"Account{n}"))
    await held.asked()
    await held.fault("/v2/*", 503, 10_000)
    assert await held.reconcile() == 3
    assert len(await held.asked()) == 3
    assert await held.reconcile(timedelta(0)) == 3


async def test_N2_a_limit_is_waited_for_and_no_longer(held: Healing) -> None:
    """Not until the lease of the look that met it ends, which is longer."""
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.act(meeting, "end")
    await held.events()
    await held.fault("/v2/*", 429, code=429, headers={"Retry-After": "20"})
    assert await held.reconcile() == 1
    assert await held.reconcile(timedelta(seconds=25)) == 1
    assert held.repairs["ended"] == 1


async def test_N2_however_much_is_due_one_round_works_it_off(held: Healing) -> None:
    for _ in range(40):
        await held.start()
    await held.asked()
    assert await held.reconcile() == 40
