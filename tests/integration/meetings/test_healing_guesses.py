"""Healing where Zoom does not tell all: what is guessed then, and what becomes of a guess."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.meetings.deliveries import LEASE as DELIVERY_LEASE
from services.meetings.endings import Endings
from services.meetings.meeting import MeetingState
from services.meetings.reconciling import UNOPENED
from services.meetings.store import MeetingStore
from services.meetings.zoom_meetings import ZoomMeetings
from tests.integration.meetings.conftest import KEYS, Mesh, later
from tests.integration.meetings.healing import USER, Healing, healing, make_basic, names, shown
from tests.unit.simulators.zoom_harness import ADA
from zoomslack.meetings.v1 import meetings_service_pb2 as pb


@pytest.fixture
async def held(mesh: Mesh) -> AsyncIterator[Healing]:
    async with healing(mesh) as running:
        yield running


async def test_N2_a_guessed_end_gives_way_to_the_true_one(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.tell("meeting.started")
    held.pass_time(timedelta(minutes=5))
    await held.act(meeting, "end")
    true = await held.events()
    await held.fault("/v2/past_meetings/*", 404, 2, code=3001)
    await held.reconcile()
    await held.reconcile()
    guessed = await shown(held.mesh)
    assert guessed["summary"].summary.meeting.end_time.ToJsonString() > "2026-10-30T12:20:00Z"
    for delivery in guessed.values():
        await held.mesh.complete(delivery, slack_call_id="R0CALL", ended=True)
    later(held.mesh.clock, DELIVERY_LEASE)
    for event in true:
        await held.mesh.record(event)
    corrected = await shown(held.mesh)
    assert {"card", "summary"} == set(corrected)
    for kind in ("card", "summary"):
        told = getattr(corrected[kind], kind).meeting
        assert told.end_time.ToJsonString() == "2026-10-30T12:05:00Z"


async def test_N2_after_a_guessed_end_who_was_there_is_still_looked_up(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.tell("meeting.started")
    await held.act(meeting, "join", name="Sam Guest")
    held.pass_time(timedelta(minutes=5))
    await held.act(meeting, "end")
    await held.events()
    await held.fault("/v2/past_meetings/*", 404, 2, code=3001)
    for _ in range(3):
        await held.reconcile()
    assert names((await shown(held.mesh))["summary"]) == ["Ada Lovelace", "Sam Guest"]


@pytest.mark.parametrize("looks", [1, 4], ids=["before it was opened", "while it ran"])
async def test_N2_a_run_is_not_guessed_to_be_over_by_the_first_look_that_does_not_find_it(
    held: Healing, looks: int
) -> None:
    """Zoom may need a moment to know of a run that is over: it is asked twice, however often it was asked before."""
    meeting = await held.start()
    if looks == 1:
        await held.reconcile()
    await held.act(meeting, "start")
    await held.tell("meeting.started")
    for _ in range(looks - 1):
        await held.reconcile()
    await held.act(meeting, "end")
    await held.events()
    await held.fault("/v2/past_meetings/*", 404, code=3001)
    await held.reconcile()
    assert (await shown(held.mesh))["card"].card.meeting.state == pb.MEETING_STATE_STARTED
    await held.reconcile()
    ended = held.zoom.clock.value - 2 * 11 * 60
    [summary] = [d.summary for d in await held.mesh.lease() if d.HasField("summary")]
    assert abs(summary.meeting.end_time.ToSeconds() - ended) < 30, "the true one"


async def test_N2_a_meeting_in_a_room_runs_as_long_as_the_room_that_people_dial(held: Healing) -> None:
    await held.zoom.control("POST", f"users/{ADA}", {"use_pmi_for_scheduled_meetings": True})
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.tell("meeting.started")
    for _ in range(4):
        await held.reconcile()
    assert (await shown(held.mesh))["card"].card.meeting.state == pb.MEETING_STATE_STARTED


async def test_N2_the_room_of_a_basic_host_that_runs_for_something_else_does_not_keep_a_card_open(
    held: Healing,
) -> None:
    held.tokens.is_basic = True
    meeting = await held.start(personal_room=True)
    await make_basic(held.mesh)
    await held.act(meeting, "start")
    await held.tell("meeting.started")
    await held.act(meeting, "end")
    await held.act(meeting, "start")  # another run; the end of ours is lost
    await held.events()
    await held.reconcile()
    assert (await shown(held.mesh))["card"].card.meeting.state == pb.MEETING_STATE_ENDED


async def test_N2_what_was_closed_because_nobody_opened_it_shows_nothing_of_later_runs(held: Healing) -> None:
    meeting = await held.start()
    await held.reconcile(UNOPENED)
    [card] = await held.mesh.lease()
    await held.mesh.complete(card, slack_call_id="R0CALL", ended=True)
    later(held.mesh.clock, DELIVERY_LEASE)
    await held.events()
    await held.act(meeting, "start")
    await held.act(meeting, "join", name="Sam Guest")
    held.pass_time(timedelta(minutes=10))
    await held.act(meeting, "end")
    await held.act(meeting, "recording")
    for event in await held.events():
        assert await held.mesh.record(event) == pb.EVENT_DISPOSITION_IGNORED
    await held.reconcile(timedelta(hours=1))
    assert await held.mesh.lease() == []


async def test_P85_zoom_is_not_asked_about_what_was_ended_before_anybody_opened_it(held: Healing) -> None:
    meeting = await held.start()
    endings = Endings(
        MeetingStore(held.mesh.database, KEYS, held.mesh.clock), ZoomMeetings(held.client, held.mesh.clock)
    )
    ended, _ = await endings.end(USER, meeting.meeting_id)
    assert ended.state is MeetingState.ENDED
    await held.asked()
    for _ in range(6):
        assert await held.reconcile(timedelta(hours=2)) == 0
    assert await held.asked() == []
