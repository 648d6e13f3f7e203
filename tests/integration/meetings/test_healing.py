"""Healing: what no event told is looked up at Zoom, by the real client at the simulator of Zoom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.meetings.events import Disposition
from services.meetings.reconciling import LEASE, LONGEST, RECORDING_AWAITED, UNOPENED
from services.meetings.store_events import EventStore
from services.meetings.store_reconciling import ReconcilingStore
from services.meetings.zoom_events import parse_all
from simulators.zoom.config import ZoomConfig
from tests.integration.meetings.conftest import KEYS, Mesh
from tests.integration.meetings.healing import Healing, healing, hold, make_basic, names, shown
from tests.unit.simulators.zoom_harness import ADA
from zoomslack.meetings.v1 import meetings_service_pb2 as pb


@pytest.fixture
async def held(mesh: Mesh) -> AsyncIterator[Healing]:
    async with healing(mesh) as running:
        yield running


def without(*scopes: str) -> ZoomConfig:
    """Returns a Zoom whose app lacks scopes."""
    config = ZoomConfig(enforce_rate_limits=False, uuid_style="plain")
    app = config.user_app
    return replace(config, user_app=replace(app, scopes=tuple(s for s in app.scopes if s not in scopes)))


async def test_N2_a_meeting_of_which_every_event_was_lost_is_right_after_one_look(held: Healing) -> None:
    meeting = await held.start()
    await hold(held, meeting)
    await held.act(meeting, "recording", share_url="https://zoom.example/rec/share/x", password="pw#1")
    await held.events()
    assert await held.reconcile() == 1
    found = await shown(held.mesh)
    assert found["card"].card.meeting.state == pb.MEETING_STATE_ENDED
    assert names(found["summary"]) == ["Ada Lovelace", "Grace Hopper", "Sam Guest"]
    summary = found["summary"].summary.meeting
    assert summary.start_time.ToJsonString() == "2026-10-30T12:00:30Z"
    assert summary.end_time.ToJsonString() == "2026-10-30T12:31:00Z"
    assert found["recording"].recording.passcode == "pw#1"
    assert held.repairs == {"started": 1, "joined": 3, "left": 3, "ended": 1, "recording": 1}


async def test_N2_events_that_come_after_all_change_nothing(held: Healing) -> None:
    meeting = await held.start()
    held.pass_time(timedelta(seconds=30))
    await held.act(meeting, "start")
    await held.act(meeting, "join", name="Sam Guest")
    held.pass_time(timedelta(minutes=5))
    await held.act(meeting, "end")
    late = await held.events()
    await held.reconcile()
    before = await shown(held.mesh)
    for delivery in before.values():
        await held.mesh.complete(delivery, slack_call_id="R0CALL", ended=True)
    held.pass_time(timedelta(minutes=1))
    for event in late:
        await held.mesh.record(event)
    assert await shown(held.mesh) == {}
    meeting_now = await held.mesh.stub.GetMeeting(
        pb.GetMeetingRequest(user=before["card"].user, meeting_id=meeting.meeting_id), timeout=5
    )
    assert [a.display_name for a in meeting_now.attendees] == ["Ada Lovelace", "Sam Guest"]


async def test_N2_a_meeting_that_runs_is_shown_as_running_and_asked_about_again(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.events()
    await held.reconcile()
    found = await shown(held.mesh)
    assert found["card"].card.meeting.state == pb.MEETING_STATE_STARTED
    await held.act(meeting, "end")
    await held.reconcile()
    found = await shown(held.mesh)
    assert names(found["summary"]) == ["Ada Lovelace"]
    assert found["summary"].summary.meeting.start_time.ToJsonString() == "2026-10-30T12:00:00Z", "the true one"


async def test_N2_the_true_beginning_that_is_told_late_replaces_the_moment_of_the_look(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    [started, _] = await held.events()
    await held.reconcile()
    await held.mesh.record(started)
    found = (await shown(held.mesh))["card"].card.meeting
    assert found.start_time.ToJsonString() == "2026-10-30T12:00:00Z"


async def test_N2_as_long_as_events_come_nobody_asks(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.asked()
    for n in range(4):
        held.pass_time(timedelta(minutes=9))
        await held.act(meeting, "join", name=f"Person {n}")
        for event in await held.events():
            await held.mesh.record(event)
        assert await held.reconcile(timedelta(0)) == 0
    assert await held.asked() == []


async def test_N2_a_person_who_is_known_by_an_event_is_not_doubled_by_the_list(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    first = await held.act(meeting, "join", name="Sam Guest")
    [*_, joined] = await held.events()
    await held.mesh.record(joined)
    await held.act(meeting, "leave", user_id=first["user_id"])
    await held.act(meeting, "join", name="Sam Guest", participant_uuid=first["participant_uuid"])
    held.pass_time(timedelta(minutes=5))
    await held.act(meeting, "end")
    await held.events()
    await held.reconcile()
    assert names((await shown(held.mesh))["summary"]) == ["Ada Lovelace", "Sam Guest"]


async def test_N11_a_host_who_never_came_is_taken_off_the_list(held: Healing) -> None:
    """A guest may open a meeting; Zoom's event of it names the host, and does not say who is there."""
    meeting = await held.start()
    await held.act(meeting, "start", host_joins=False)
    held.pass_time(timedelta(seconds=30))
    await held.act(meeting, "join", name="Sam Guest")
    events = await held.events()
    for event in events:
        await held.mesh.record(event)
    held.pass_time(timedelta(minutes=5))
    await held.act(meeting, "end")
    for event in await held.events():
        await held.mesh.record(event)
    first = await shown(held.mesh)
    assert names(first["summary"]) == ["", "Sam Guest"], "the host goes by who she is in Slack"
    for delivery in first.values():
        await held.mesh.complete(delivery, slack_call_id="R0CALL", ended=True)
    await held.reconcile()
    corrected = await shown(held.mesh)
    assert names(corrected["summary"]) == ["Sam Guest"]
    assert held.repairs == {"absent": 1}
    await held.mesh.complete(corrected["summary"])
    await held.mesh.record(events[0] + b" ")  # the beginning again, in other bytes
    assert await shown(held.mesh) == {}


async def test_N2_a_late_recording_is_looked_for_more_and_more_rarely_for_a_day(held: Healing) -> None:
    meeting = await held.start()
    await hold(held, meeting)
    await held.reconcile()
    await held.asked()
    looks = 0
    for _ in range(300):
        looks += await held.reconcile(timedelta(minutes=5))
    assert 6 <= looks <= 9
    assert len(await held.asked()) == looks - 1, "one call each; the last look, after a day, asks nothing"


async def test_N2_a_recording_whose_event_was_lost_is_posted_when_it_is_there(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    await held.act(meeting, "end")
    for event in await held.events():
        await held.mesh.record(event)
    await held.reconcile()
    assert "recording" not in await shown(held.mesh)
    await held.act(meeting, "recording")
    await held.events()
    await held.reconcile(timedelta(minutes=30))
    assert "recording" in await shown(held.mesh)
    assert await held.reconcile(RECORDING_AWAITED) == 0, "it was found: nothing is left to ask"


@pytest.mark.parametrize("seed", range(4))
async def test_N2_runs_whose_name_has_slashes_are_found(mesh: Mesh, seed: int) -> None:
    config = ZoomConfig(enforce_rate_limits=False, uuid_style="slashes", seed=seed)
    async with healing(mesh, config) as held:
        meeting = await held.start()
        await hold(held, meeting)
        await held.act(meeting, "recording")
        await held.events()
        await held.reconcile()
        assert {"card", "summary", "recording"} == set(await shown(mesh))


async def test_N2_nobody_opened_it_and_after_a_day_the_card_is_closed_without_a_summary(held: Healing) -> None:
    await held.start()
    looks = 0
    for _ in range(4 * 23):
        looks += await held.reconcile(timedelta(minutes=15))
    assert looks <= 10
    found = await shown(held.mesh)
    assert found["card"].card.meeting.state == pb.MEETING_STATE_CREATED
    await held.mesh.complete(found["card"], slack_call_id="R0CALL")
    await held.reconcile(UNOPENED)
    found = await shown(held.mesh)
    assert found["card"].card.meeting.state == pb.MEETING_STATE_ENDED
    assert set(found) == {"card"}
    assert held.repairs == {"closed": 1}
    assert await held.reconcile(UNOPENED) == 0


async def test_N2_in_a_room_only_a_run_that_began_in_time_is_the_meeting(held: Healing) -> None:
    meeting = await held.start(personal_room=True)
    held.pass_time(timedelta(hours=2))
    await hold(held, meeting)
    await held.reconcile()
    found = await shown(held.mesh)
    assert found["card"].card.meeting.state == pb.MEETING_STATE_CREATED
    assert set(found) == {"card"}


async def test_N2_in_a_room_the_run_that_began_in_time_is_found(held: Healing) -> None:
    meeting = await held.start(personal_room=True)
    await hold(held, meeting)
    await held.reconcile()
    assert names((await shown(held.mesh))["summary"]) == ["Ada Lovelace", "Grace Hopper", "Sam Guest"]


async def test_N2_the_meeting_of_a_basic_host_ends_by_its_status(held: Healing) -> None:
    await held.zoom.control("POST", f"users/{ADA}", {"type": 1})
    held.tokens.is_basic = True
    meeting = await held.start()
    await make_basic(held.mesh)
    await held.act(meeting, "start")
    for event in await held.events():
        await held.mesh.record(event)
    await held.reconcile()
    assert (await shown(held.mesh))["card"].card.meeting.state == pb.MEETING_STATE_STARTED
    await held.act(meeting, "end")
    await held.events()
    await held.asked()
    await held.reconcile(timedelta(minutes=15))
    found = await shown(held.mesh)
    assert found["card"].card.meeting.state == pb.MEETING_STATE_ENDED
    assert set(found) == {"card", "notice"}
    assert await held.asked() == [f"/v2/meetings/{meeting.zoom_meeting_id}"], "what Basic plans lack is not asked for"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("meeting:read:list_past_participants", {"card", "summary", "recording"}),
        ("cloud_recording:read:list_recording_files", {"card", "summary"}),
        ("meeting:read:past_meeting", {"card"}),
    ],
)
async def test_N2_a_missing_scope_costs_what_it_is_for_and_no_more(mesh: Mesh, scope: str, expected: set[str]) -> None:
    async with healing(mesh, without(scope)) as held:
        meeting = await held.start()
        await hold(held, meeting)
        await held.act(meeting, "recording")
        await held.events()
        await held.reconcile()
        assert set(await shown(mesh)) == expected


async def test_N2_where_nothing_may_be_asked_it_is_over_when_no_meeting_runs_any_more(mesh: Mesh) -> None:
    async with healing(mesh) as held:
        meeting = await held.start()
        await held.act(meeting, "start")
        for event in await held.events():
            await mesh.record(event)
        held.tokens.connected = False
        await held.asked()
        looks = 0
        for _ in range(25):
            looks += await held.reconcile(timedelta(hours=1))
        assert looks <= 1, "nobody is asked in vain again and again"
        await held.reconcile(LONGEST)
        assert {"card", "summary"} <= set(await shown(mesh))


async def test_N2_limits_put_off_everything_of_the_account(held: Healing) -> None:
    for _ in range(3):
        meeting = await held.start()
        await held.act(meeting, "start")
        await held.act(meeting, "end")
    await held.events()
    await held.asked()
    fault = {"path": "/v2/*", "kind": "status", "status": 429, "code": 429, "headers": {"Retry-After": "1800"}}
    await held.zoom.control("POST", "faults", fault)
    assert await held.reconcile() == 1
    assert len(await held.asked()) == 1
    assert await held.reconcile(timedelta(minutes=15)) == 0
    assert await held.reconcile(timedelta(minutes=16)) == 3
    assert held.repairs["ended"] == 3


async def test_N2_zoom_is_asked_twice_a_second_at_the_most(held: Healing) -> None:
    for _ in range(5):
        await held.start()
    await held.asked()
    before = held.mesh.clock.now()
    await held.reconcile()
    seconds = (held.mesh.clock.now() - before - timedelta(minutes=11)).total_seconds()
    assert len(await held.asked()) - 1 <= 2 * seconds


async def test_N2_replicas_share_the_work(held: Healing) -> None:
    for _ in range(6):
        await held.start()
    await held.asked()
    held.pass_time(timedelta(minutes=11))
    looked_up = await asyncio.gather(*(held.reconciler()() for _ in range(3)))
    assert sum(looked_up) == 6
    assert len(await held.asked()) == 12, "two questions each"


async def test_N2_an_end_that_is_told_during_the_look_has_the_attendance_looked_up_later(held: Healing) -> None:
    meeting = await held.start()
    await held.act(meeting, "start")
    for event in await held.events():
        await held.mesh.record(event)
    held.pass_time(timedelta(minutes=11))
    store = held.store()
    target = await store.claim(LEASE)
    assert target is not None
    await held.act(meeting, "join", name="Sam Guest")
    await held.act(meeting, "end")
    [*_, ended] = await held.events()
    await held.mesh.record(ended)
    await store.plan(target, held.mesh.clock.now() + timedelta(days=1), attempts=1)  # what the look came to, too late
    await held.reconcile()
    assert names((await shown(held.mesh))["summary"]) == ["Ada Lovelace", "Sam Guest"]


@pytest.mark.parametrize("quiet", [timedelta(seconds=10), timedelta(minutes=10)])
async def test_N2_every_event_puts_the_look_off_however_short_the_quiet_is(held: Healing, quiet: timedelta) -> None:
    meeting = await held.start()
    events = EventStore(held.mesh.database, KEYS, held.mesh.clock, quiet=quiet)
    store = ReconcilingStore(held.mesh.database, KEYS, held.mesh.clock, quiet=quiet)
    await held.act(meeting, "start")
    for n in range(5):
        await held.act(meeting, "join", name=f"Person {n}")
        for body in await held.events():
            assert await events.record(body, "meeting", parse_all(body)) is Disposition.APPLIED
        held.pass_time(quiet * 0.8)
        assert await store.claim(LEASE) is None
    held.pass_time(quiet * 0.3)
    assert await store.claim(LEASE) is not None
