"""N12: meetings for a time to come, made at the simulator of Zoom and looked up there when no event tells of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from mesh.errors import MeshError
from services.meetings.reconciling import UNOPENED
from services.meetings.schedules import Schedule
from services.meetings.zoom_meetings import ZoomMeetings
from tests.integration.meetings.conftest import Mesh
from tests.integration.meetings.healing import USER, Healing, healing, hold, names, shown
from tests.integration.meetings.test_scheduling import get
from tests.unit.simulators.zoom_harness import ADA
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
NEXT_WEEK = Schedule(NOON + WEEK, timedelta(minutes=30, seconds=1))


@pytest.fixture
async def held(mesh: Mesh) -> AsyncIterator[Healing]:
    async with healing(mesh) as running:
        yield running


async def at_zoom(held: Healing, number: str) -> dict[str, object]:
    """Returns a meeting as Zoom answers of it."""
    return dict((await held.zoom.api("GET", f"meetings/{number}", held.tokens.value)).json)


async def test_N12_zoom_gets_the_time_in_utc_and_whole_minutes(held: Healing) -> None:
    meeting = await held.start(schedule=NEXT_WEEK)
    found = await at_zoom(held, meeting.zoom_meeting_id)
    assert (found["type"], found["start_time"], found["duration"]) == (2, "2026-11-06T12:00:00Z", 31)
    assert found["topic"] == "Weekly sync"


async def test_N12_it_is_never_in_the_personal_room_whatever_the_settings_say(held: Healing) -> None:
    await held.zoom.control("POST", f"users/{ADA}", {"use_pmi_for_scheduled_meetings": True})
    scheduled, started = await held.start(schedule=NEXT_WEEK), await held.start()
    assert (await at_zoom(held, scheduled.zoom_meeting_id)).get("pmi") is None
    assert scheduled.zoom_meeting_id != started.zoom_meeting_id == "5551234567"


async def test_N12_a_meeting_almost_a_year_ahead_is_found_again_by_its_reference(held: Healing) -> None:
    meetings = ZoomMeetings(held.client, held.mesh.clock)
    schedule = Schedule(NOON + timedelta(days=364), timedelta(hours=1))
    fault = {"method": "POST", "path": "/v2/*", "kind": "status", "status": 502, "after": True, "times": 1}
    await held.zoom.control("POST", "faults", fault)
    with pytest.raises(MeshError):
        await meetings.create(USER, topic="Anniversary", reference="a-reference", schedule=schedule)
    found = await meetings.find(USER, reference="a-reference")
    assert found is not None
    assert (await at_zoom(held, found.zoom_meeting_id))["start_time"] == "2027-10-29T12:00:00Z"


async def test_N12_until_its_time_nobody_asks_and_a_day_after_it_the_card_is_closed(held: Healing) -> None:
    await held.start(schedule=NEXT_WEEK)
    await held.asked()
    for _ in range(7):
        assert await held.reconcile(timedelta(days=1)) == 0
    assert await held.asked() == []
    looks = sum([await held.reconcile(timedelta(minutes=15)) for _ in range(4 * 23)])
    assert 1 <= looks <= 10
    card = (await shown(held.mesh))["card"]
    assert card.card.meeting.state == pb.MEETING_STATE_CREATED
    await held.mesh.complete(card, slack_call_id="R0CALL")
    await held.reconcile(timedelta(hours=1, minutes=1))
    found = await shown(held.mesh)
    assert found.keys() == {"card"}
    assert found["card"].card.meeting.state == pb.MEETING_STATE_ENDED
    assert held.repairs == {"closed": 1}
    assert await held.reconcile(UNOPENED) == 0


async def test_N12_one_of_which_every_event_was_lost_is_right_after_one_look(held: Healing) -> None:
    meeting = await held.start(schedule=NEXT_WEEK)
    held.pass_time(WEEK)
    await hold(held, meeting)
    assert await held.reconcile() == 1
    found = await shown(held.mesh)
    assert found["card"].card.meeting.state == pb.MEETING_STATE_ENDED
    assert names(found["summary"]) == ["Ada Lovelace", "Grace Hopper", "Sam Guest"]
    assert found["summary"].summary.meeting.start_time.ToJsonString() == "2026-11-06T12:00:30Z"


async def test_N12_one_that_begins_before_its_time_is_followed_from_then_on(held: Healing) -> None:
    meeting = await held.start(schedule=NEXT_WEEK)
    held.pass_time(timedelta(days=1))
    await held.act(meeting, "start")
    await held.tell("meeting.started")
    held.pass_time(timedelta(minutes=20))
    await held.act(meeting, "end")
    await held.events()  # lost
    assert await held.reconcile() == 1
    found = await shown(held.mesh)
    assert found["card"].card.meeting.state == pb.MEETING_STATE_ENDED
    assert found["summary"].summary.meeting.end_time.ToJsonString() == "2026-10-31T12:20:00Z"


async def test_N12_a_meeting_that_is_cancelled_is_gone_at_zoom_and_again_is_fine(held: Healing) -> None:
    meeting = await held.start(schedule=NEXT_WEEK)
    meetings = ZoomMeetings(held.client, held.mesh.clock)
    await meetings.cancel(USER, meeting.zoom_meeting_id)
    assert (await at_zoom(held, meeting.zoom_meeting_id))["code"] == 3001
    await meetings.cancel(USER, meeting.zoom_meeting_id)


async def test_N12_one_that_is_deleted_in_zoom_is_closed_and_nobody_asks_any_more(held: Healing) -> None:
    meeting = await held.start(schedule=NEXT_WEEK)
    answer = await held.zoom.api("DELETE", f"meetings/{meeting.zoom_meeting_id}", held.tokens.value)
    assert answer.status == 204
    await held.tell("meeting.deleted")
    card = (await shown(held.mesh))["card"]
    assert card.card.meeting.state == pb.MEETING_STATE_ENDED
    assert await held.reconcile(WEEK + UNOPENED) == 0


async def test_N12_one_that_is_moved_in_zoom_is_asked_about_after_its_new_time(held: Healing) -> None:
    meeting = await held.start(schedule=NEXT_WEEK)
    later_on = {"start_time": "2026-11-20T12:00:00Z", "duration": 45}
    answer = await held.zoom.api("PATCH", f"meetings/{meeting.zoom_meeting_id}", held.tokens.value, later_on)
    assert answer.status == 204
    await held.tell("meeting.updated")
    card = (await shown(held.mesh))["card"]
    assert card.card.meeting.scheduled_time.ToJsonString() == "2026-11-20T12:00:00Z"
    assert card.card.meeting.scheduled_duration.ToTimedelta() == timedelta(minutes=45)
    assert await held.reconcile(3 * WEEK) == 0
    assert await held.reconcile() == 1
    assert held.repairs == {}
    await held.reconcile(UNOPENED)
    assert held.repairs == {"closed": 1}


async def test_N12_one_that_is_moved_forward_is_asked_about_earlier(held: Healing) -> None:
    meeting = await held.start(schedule=NEXT_WEEK)
    tomorrow = {"start_time": "2026-10-31T12:00:00Z"}
    await held.zoom.api("PATCH", f"meetings/{meeting.zoom_meeting_id}", held.tokens.value, tomorrow)
    await held.tell("meeting.updated")
    held.pass_time(timedelta(days=1))
    await hold(held, meeting)
    assert await held.reconcile() == 1
    found = await shown(held.mesh)
    assert found["summary"].summary.meeting.start_time.ToJsonString() == "2026-10-31T12:00:30Z"


async def test_N12_one_that_is_deleted_while_it_runs_goes_on_also_where_its_run_has_no_name_yet(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.events()  # lost
    assert await held.reconcile() == 1
    await held.zoom.api("DELETE", f"meetings/{meeting.zoom_meeting_id}", held.tokens.value)
    await held.tell("meeting.deleted")
    assert (await get(held.mesh, meeting.meeting_id)).state == pb.MEETING_STATE_STARTED
