"""P85: ending a meeting from Slack."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from tests.integration.meetings.conftest import ADA, ROOM, Mesh
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

NUMBER = "85012345678"
HOST = SlackUser("", "T0ACME", "U0ADA")
OURS, ANOTHER = "ourRun==", "another=="


async def end(mesh: Mesh, meeting: pb.Meeting, user: slack_pb2.SlackUser = ADA) -> pb.Meeting:
    request = pb.EndMeetingRequest(user=user, meeting_id=meeting.meeting_id)
    return (await mesh.stub.EndMeeting(request, timeout=5)).meeting


async def shown(mesh: Mesh) -> pb.Meeting:
    """Leases the card and returns what it shows."""
    [delivery] = await mesh.lease()
    return delivery.card.meeting


async def test_P85_zoom_ends_what_runs_and_its_event_ends_the_card(mesh: Mesh) -> None:
    meeting = (await mesh.start()).meeting
    await mesh.record(zoom.started())
    request = pb.EndMeetingRequest(user=ADA, meeting_id=meeting.meeting_id)
    first = await mesh.stub.EndMeeting(request, timeout=5)
    assert (first.meeting.state, first.was_over) == (pb.MEETING_STATE_STARTED, False)
    assert mesh.zoom.ended == [(HOST, NUMBER)]
    await mesh.record(zoom.ended())
    leased = {str(delivery.WhichOneof("content")): delivery for delivery in await mesh.lease()}
    assert leased["card"].card.meeting.state == pb.MEETING_STATE_ENDED
    assert leased["summary"].summary.meeting.end_time.ToJsonString() == "2026-10-30T12:34:15Z"
    again = await mesh.stub.EndMeeting(request, timeout=5)
    assert (again.meeting.state, again.was_over) == (pb.MEETING_STATE_ENDED, True)
    assert len(mesh.zoom.ended) == 1, "what is over is not ended again"


async def test_P85_nobody_else_can_end_it(mesh: Mesh) -> None:
    meeting = (await mesh.start()).meeting
    await mesh.record(zoom.started())
    for stranger in (("T0ACME", "U0GRACE"), ("T0OTHER", "U0ADA")):
        with pytest.raises(MeshError) as failure:
            await end(mesh, meeting, slack_pb2.SlackUser(slack_team_id=stranger[0], slack_user_id=stranger[1]))
        assert failure.value.reason is Reason.MEETING_NOT_FOUND
    assert mesh.zoom.ended == []


async def test_N12_a_meeting_of_another_workspace_is_told_from_one_that_nobody_has(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    colleague = slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0GRACE")
    stranger = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
    for kind in (pb.GetMeetingRequest, pb.EndMeetingRequest):
        assert await mesh.servicer.belongs_elsewhere(kind(user=stranger, meeting_id=meeting_id))
        assert await mesh.servicer.belongs_elsewhere(kind(user=stranger, meeting_id=meeting_id.upper()))
        assert not await mesh.servicer.belongs_elsewhere(kind(user=stranger, meeting_id=str(uuid.uuid4())))
        assert not await mesh.servicer.belongs_elsewhere(kind(user=colleague, meeting_id=meeting_id))
    assert not await mesh.servicer.belongs_elsewhere(pb.ListMeetingsRequest(user=stranger))


async def test_P85_what_nobody_opened_ends_here_and_opening_it_later_shows_nothing(mesh: Mesh) -> None:
    meeting = (await mesh.start()).meeting
    card = await mesh.lease()
    await mesh.complete(card[0], slack_call_id="R0CALL")
    mesh.clock.advance(30)
    ended = await end(mesh, meeting)
    assert ended.state == pb.MEETING_STATE_ENDED
    assert ended.end_time.ToDatetime() - ended.create_time.ToDatetime() == timedelta(seconds=30)
    assert not ended.HasField("start_time")
    assert await shown(mesh) == ended
    assert mesh.zoom.ended == []
    assert await end(mesh, meeting) == ended
    assert await mesh.record(zoom.started()) == pb.EVENT_DISPOSITION_IGNORED


async def test_P85_a_meeting_whose_start_has_not_been_heard_of_is_ended_at_zoom(mesh: Mesh) -> None:
    meeting = (await mesh.start()).meeting
    mesh.zoom.runs[NUMBER] = OURS
    assert (await end(mesh, meeting)).state == pb.MEETING_STATE_CREATED
    assert mesh.zoom.ended == [(HOST, NUMBER)]
    for event in (zoom.ended(), zoom.started()):
        assert await mesh.record(event) == pb.EVENT_DISPOSITION_APPLIED


async def test_P85_a_refusal_of_zooms_reaches_the_caller_and_changes_nothing(mesh: Mesh) -> None:
    meeting = (await mesh.start()).meeting
    await mesh.record(zoom.started())
    mesh.zoom.before.append(MeshError(Reason.ZOOM_SCOPE_MISSING, {"scopes": "meeting:update:status"}))
    with pytest.raises(MeshError) as failure:
        await end(mesh, meeting)
    assert failure.value.metadata == {"scopes": "meeting:update:status"}
    assert (await shown(mesh)).state == pb.MEETING_STATE_STARTED


async def test_P85_in_a_room_the_run_of_this_meeting_is_ended(mesh: Mesh) -> None:
    meeting = (await mesh.start(personal_room=True)).meeting
    await mesh.record(zoom.started(id=ROOM, uuid=OURS))
    mesh.zoom.runs[ROOM] = OURS
    await end(mesh, meeting)
    assert mesh.zoom.ended == [(HOST, ROOM)]


async def test_P85_another_run_of_the_room_goes_on(mesh: Mesh) -> None:
    meeting = (await mesh.start(personal_room=True)).meeting
    await mesh.record(zoom.started(id=ROOM, uuid=OURS))
    mesh.zoom.runs[ROOM] = ANOTHER  # the end of ours has not been heard of
    assert (await end(mesh, meeting)).state == pb.MEETING_STATE_STARTED
    assert mesh.zoom.ended == []


async def test_P85_a_room_that_was_not_opened_for_this_meeting_is_left_alone_and_its_card_ends(mesh: Mesh) -> None:
    meeting = (await mesh.start(personal_room=True)).meeting
    mesh.zoom.runs[ROOM] = ANOTHER
    assert (await end(mesh, meeting)).state == pb.MEETING_STATE_ENDED
    assert mesh.zoom.ended == []
    assert await mesh.record(zoom.joined("1", "Lin", id=ROOM, uuid=ANOTHER)) == pb.EVENT_DISPOSITION_IGNORED
    assert (await shown(mesh)).state == pb.MEETING_STATE_ENDED
