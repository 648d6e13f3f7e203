"""N12: meetings for a time to come, from the request to the end of the card."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.meetings.meetings import RECENT, WORK_LEASE
from services.meetings.schedules import AHEAD, LATE, Schedule
from services.meetings.store import MeetingStore
from services.meetings.store_requests import RequestStore
from tests.integration.meetings.conftest import ADA, KEYS, Mesh, later
from tests.integration.meetings.test_watching import told, watch
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)
NEXT_WEEK = NOON + timedelta(days=7)
AT_NEXT_WEEK: dict[str, Any] = {"start_time": "2026-11-06T12:00:05Z"}
STRANGER = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
HOST, NUMBER = SlackUser("", "T0ACME", "U0ADA"), "85012345678"


async def get(mesh: Mesh, meeting_id: str, user: slack_pb2.SlackUser = ADA) -> pb.Meeting:
    return (await mesh.stub.GetMeeting(pb.GetMeetingRequest(user=user, meeting_id=meeting_id), timeout=5)).meeting


async def listed(mesh: Mesh, user: slack_pb2.SlackUser = ADA) -> list[str]:
    response = await mesh.stub.ListMeetings(pb.ListMeetingsRequest(user=user), timeout=5)
    return [meeting.meeting_id for meeting in response.meetings]


async def running(mesh: Mesh) -> list[str]:
    response = await mesh.stub.ListRunningMeetings(pb.ListRunningMeetingsRequest(user=ADA), timeout=5)
    return [one.meeting.meeting_id for one in response.meetings]


async def end(mesh: Mesh, meeting_id: str) -> pb.EndMeetingResponse:
    return await mesh.stub.EndMeeting(pb.EndMeetingRequest(user=ADA, meeting_id=meeting_id), timeout=5)


async def refusal(attempt: Any) -> MeshError:
    with pytest.raises(MeshError) as failure:
        await attempt
    return failure.value


async def test_N12_a_meeting_is_scheduled_and_its_card_comes_at_once(mesh: Mesh) -> None:
    thread = "1793361600.000100"
    answer = await mesh.schedule(NEXT_WEEK, scheduled_duration=timedelta(minutes=45), slack_thread_ts=thread)
    meeting = answer.meeting
    assert not answer.pending
    assert meeting.scheduled_time.ToDatetime(UTC) == NEXT_WEEK
    assert meeting.scheduled_duration.ToTimedelta() == timedelta(minutes=45)
    assert (meeting.state, meeting.HasField("start_time")) == (pb.MEETING_STATE_CREATED, False)
    assert mesh.zoom.schedules == [Schedule(NEXT_WEEK, timedelta(minutes=45))]
    [delivery] = await mesh.lease()
    assert (delivery.card.meeting, delivery.slack_thread_ts) == (meeting, thread)
    assert await get(mesh, meeting.meeting_id) == meeting
    assert await listed(mesh) == [meeting.meeting_id]


async def test_N12_where_nobody_says_how_long_it_is_half_an_hour(mesh: Mesh) -> None:
    meeting = (await mesh.schedule(NEXT_WEEK)).meeting
    assert meeting.scheduled_duration.ToTimedelta() == timedelta(minutes=30)
    started = (await mesh.start()).meeting
    assert not started.HasField("scheduled_time")
    assert not started.HasField("scheduled_duration")


async def test_N12_the_same_request_is_the_same_meeting_also_after_its_time(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    first = (await mesh.schedule(NEXT_WEEK, request_id)).meeting
    assert (await mesh.schedule(NEXT_WEEK, request_id, scheduled_duration=timedelta(minutes=30))).meeting == first
    mesh.clock.advance(timedelta(days=13).total_seconds())
    await RequestStore(mesh.database, KEYS, mesh.clock).forget_old(timedelta(days=7))
    assert (await mesh.schedule(NEXT_WEEK, request_id)).meeting == first
    assert mesh.zoom.creations == 1
    later(mesh.clock, timedelta(days=1))
    await RequestStore(mesh.database, KEYS, mesh.clock).forget_old(timedelta(days=7))
    assert (await refusal(mesh.schedule(NEXT_WEEK, request_id))).reason is Reason.INVALID_REQUEST


async def test_N12_one_that_came_to_nothing_tells_why_for_a_week(mesh: Mesh) -> None:
    next_month, request_id = NOON + timedelta(days=30), str(uuid.uuid4())
    mesh.zoom.after.append(MeshError(Reason.ZOOM_OUTCOME_UNKNOWN))
    mesh.zoom.blind = 100
    assert (await mesh.schedule(next_month, request_id)).pending
    later(mesh.clock, timedelta(hours=1) + WORK_LEASE)
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    assert (await refusal(mesh.schedule(next_month, request_id))).reason is Reason.ZOOM_UNAVAILABLE
    mesh.clock.advance(timedelta(days=7).total_seconds())
    await RequestStore(mesh.database, KEYS, mesh.clock).forget_old(timedelta(days=7))
    mesh.zoom.blind = 0
    assert (await mesh.schedule(next_month, request_id)).meeting.meeting_id


@pytest.mark.parametrize(
    "other",
    [{"scheduled_time": NEXT_WEEK + timedelta(hours=1)}, {"scheduled_duration": timedelta(hours=1)}],
    ids=["time", "duration"],
)
async def test_N12_one_request_id_does_not_stand_for_two_schedules(mesh: Mesh, other: dict[str, Any]) -> None:
    request_id = str(uuid.uuid4())
    await mesh.schedule(NEXT_WEEK, request_id)
    again: dict[str, Any] = {"scheduled_time": NEXT_WEEK, **other}
    assert (await refusal(mesh.schedule(request_id=request_id, **again))).reason is Reason.REQUEST_ID_REUSED
    assert (await refusal(mesh.start(request_id, topic="Planning"))).reason is Reason.REQUEST_ID_REUSED
    assert mesh.zoom.creations == 1


@pytest.mark.parametrize(
    ("scheduled_time", "problem"),
    [
        (NOON - LATE - timedelta(seconds=1), "has passed"),
        (NOON + AHEAD + timedelta(seconds=1), "is more than 365 days ahead"),
        (datetime(1969, 7, 20, tzinfo=UTC), "has passed"),
        (datetime(9999, 12, 31, tzinfo=UTC), "is more than 365 days ahead"),
    ],
)
async def test_N12_a_time_that_cannot_be_is_refused_with_the_field(
    mesh: Mesh, scheduled_time: datetime, problem: str
) -> None:
    error = await refusal(mesh.schedule(scheduled_time))
    assert error.reason is Reason.INVALID_REQUEST
    assert [(violation.field, violation.description) for violation in error.violations] == [("scheduled_time", problem)]
    assert mesh.zoom.creations == 0


@pytest.mark.parametrize("scheduled_time", [NOON - LATE, NOON + AHEAD])
async def test_N12_a_minute_late_and_a_year_ahead_are_fine(mesh: Mesh, scheduled_time: datetime) -> None:
    assert (await mesh.schedule(scheduled_time)).meeting.scheduled_time.ToDatetime(UTC) == scheduled_time


@pytest.mark.parametrize("seconds", [10**18, -(10**18)])
async def test_N12_a_moment_that_no_calendar_has_is_refused_with_the_field(mesh: Mesh, seconds: int) -> None:
    request = pb.ScheduleMeetingRequest(user=ADA, request_id=str(uuid.uuid4()))
    request.conversation.slack_channel_id = "C0GENERAL"
    request.scheduled_time.seconds = seconds
    error = await refusal(mesh.stub.ScheduleMeeting(request, timeout=5))
    assert error.reason is Reason.INVALID_REQUEST
    assert [violation.field for violation in error.violations] == ["scheduled_time"]


@pytest.mark.parametrize("length", [timedelta(seconds=59), timedelta(days=1, seconds=1)])
async def test_N12_a_length_that_cannot_be_is_refused_with_the_field(mesh: Mesh, length: timedelta) -> None:
    error = await refusal(mesh.schedule(NEXT_WEEK, scheduled_duration=length))
    assert error.reason is Reason.INVALID_REQUEST
    assert [violation.field for violation in error.violations] == ["scheduled_duration"]


async def test_N12_what_was_scheduled_here_is_no_reason_to_ask_and_nobody_who_schedules_is_asked(mesh: Mesh) -> None:
    await mesh.start(start_another=False)
    assert (await mesh.schedule(NEXT_WEEK)).HasField("meeting")
    later(mesh.clock, RECENT)
    assert (await mesh.schedule(NEXT_WEEK, topic="More planning")).HasField("meeting")
    assert (await mesh.start(start_another=False)).HasField("meeting")


async def test_N12_a_lost_answer_of_zooms_makes_no_second_meeting_and_keeps_the_time(mesh: Mesh) -> None:
    mesh.zoom.after.append(asyncio.CancelledError())
    request_id = str(uuid.uuid4())
    assert (await mesh.schedule(NEXT_WEEK, request_id, scheduled_duration=timedelta(hours=2))).pending
    later(mesh.clock, WORK_LEASE)
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    [delivery] = await mesh.lease()
    assert delivery.card.meeting.scheduled_time.ToDatetime(UTC) == NEXT_WEEK
    again = await mesh.schedule(NEXT_WEEK, request_id, scheduled_duration=timedelta(hours=2))
    assert again.meeting == delivery.card.meeting
    assert mesh.zoom.creations == 1


async def test_N12_whoever_takes_over_before_anything_was_made_makes_it_for_the_same_time(mesh: Mesh) -> None:
    mesh.zoom.after.append(asyncio.CancelledError())
    assert (await mesh.schedule(NEXT_WEEK)).pending
    mesh.zoom.made.clear()
    later(mesh.clock, WORK_LEASE)
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    assert mesh.zoom.schedules == [Schedule(NEXT_WEEK, timedelta(minutes=30))] * 2


async def test_N12_it_waits_then_begins_and_ends_like_every_other(mesh: Mesh) -> None:
    meeting = (await mesh.schedule(NEXT_WEEK)).meeting
    reader = watch(mesh, meeting.meeting_id)
    first = await reader.next()
    assert first is not None
    assert (told(first), first.meeting) == (("snapshot", ""), meeting)
    assert await running(mesh) == [], "it waits for its time"
    mesh.clock.advance(timedelta(days=7).total_seconds())
    await mesh.record(zoom.started(**AT_NEXT_WEEK))
    assert told(await reader.next()) == ("started", "")
    assert await running(mesh) == [meeting.meeting_id]
    [delivery] = await mesh.lease()
    assert delivery.card.meeting.state == pb.MEETING_STATE_STARTED
    assert delivery.card.meeting.scheduled_time == meeting.scheduled_time
    await mesh.record(zoom.ended("2026-11-06T12:34:15Z", **AT_NEXT_WEEK))
    assert [told(response) for response in await reader.rest()][-1] == ("ended", "")
    assert {str(delivery.WhichOneof("content")) for delivery in await mesh.lease()} == {"summary"}
    assert await running(mesh) == []


async def test_N12_before_it_begins_its_host_cancels_it_here_and_at_zoom(mesh: Mesh) -> None:
    meeting_id = (await mesh.schedule(NEXT_WEEK)).meeting.meeting_id
    [card] = await mesh.lease()
    await mesh.complete(card, slack_call_id="R0CALL")
    mesh.clock.advance(30)
    answer = await end(mesh, meeting_id)
    assert (answer.meeting.state, answer.was_over) == (pb.MEETING_STATE_ENDED, False)
    assert (mesh.zoom.cancelled, mesh.zoom.ended) == ([(HOST, NUMBER)], [])
    [shown] = await mesh.lease()
    assert shown.card.meeting == answer.meeting
    assert (await end(mesh, meeting_id)).was_over
    assert len(mesh.zoom.cancelled) == 1


async def test_N12_what_zoom_refuses_to_cancel_waits_on(mesh: Mesh) -> None:
    meeting_id = (await mesh.schedule(NEXT_WEEK)).meeting.meeting_id
    mesh.zoom.before.append(MeshError(Reason.ZOOM_SCOPE_MISSING, {"scopes": "meeting:delete:meeting"}))
    error = await refusal(end(mesh, meeting_id))
    assert (error.reason, error.metadata) == (Reason.ZOOM_SCOPE_MISSING, {"scopes": "meeting:delete:meeting"})
    assert (await get(mesh, meeting_id)).state == pb.MEETING_STATE_CREATED


async def test_N12_one_that_runs_is_ended_and_not_cancelled(mesh: Mesh) -> None:
    meeting_id = (await mesh.schedule(NEXT_WEEK)).meeting.meeting_id
    await mesh.record(zoom.started())
    await end(mesh, meeting_id)
    assert (mesh.zoom.cancelled, mesh.zoom.ended) == ([], [(HOST, NUMBER)])


async def test_N12_nobody_sees_what_another_workspace_has_scheduled(mesh: Mesh) -> None:
    meeting_id = (await mesh.schedule(NEXT_WEEK)).meeting.meeting_id
    for attempt in (get(mesh, meeting_id, STRANGER), watch(mesh, meeting_id, user=STRANGER).next()):
        assert (await refusal(attempt)).reason is Reason.MEETING_NOT_FOUND
    assert await listed(mesh, STRANGER) == []


async def test_N12_however_long_ago_it_was_scheduled_what_is_kept_counts_from_its_end(mesh: Mesh) -> None:
    next_year = NOON + timedelta(days=360)
    meeting = (await mesh.schedule(next_year)).meeting
    store, kept = MeetingStore(mesh.database, KEYS, mesh.clock), timedelta(days=60)
    mesh.clock.advance(timedelta(days=360).total_seconds())
    await store.forget_old(kept)
    start_time = "2027-10-25T12:00:05Z"
    await mesh.record(zoom.started(start_time=start_time))
    await mesh.record(zoom.ended("2027-10-25T12:30:00Z", start_time=start_time))
    mesh.clock.advance(timedelta(days=59).total_seconds())
    await store.forget_old(kept)
    assert await listed(mesh) == [meeting.meeting_id]
    later(mesh.clock, timedelta(days=2))
    await store.forget_old(kept)
    assert await listed(mesh) == []
