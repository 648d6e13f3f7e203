"""P78: the meetings that run now and that a person may see."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from services.meetings.tables import participant_sessions
from tests.integration.meetings.conftest import ADA, Mesh, later
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

GRACE = slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0GRACE")
GRACE_ELSEWHERE = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0GRACE")


async def running(mesh: Mesh, user: slack_pb2.SlackUser = ADA) -> list[pb.RunningMeeting]:
    response = await mesh.stub.ListRunningMeetings(pb.ListRunningMeetingsRequest(user=user), timeout=5)
    return list(response.meetings)


async def link(mesh: Mesh, zoom_user_id: str, slack_user_id: str) -> None:
    """Has a Zoom user be known in Slack, as the look-up of attendees would."""
    async with mesh.database.transaction("link") as connection:
        await connection.execute(
            update(participant_sessions)
            .where(participant_sessions.c.attendee_id == zoom_user_id)
            .values(slack_user_id=slack_user_id)
        )


async def test_P78_what_she_started_is_listed_the_newest_first_until_it_ends(mesh: Mesh) -> None:
    assert await running(mesh) == []
    first = (await mesh.start(topic="First")).meeting
    mesh.clock.advance(1)
    second = (await mesh.start(topic="Second")).meeting
    assert [r.meeting for r in await running(mesh)] == [second, first]
    for event in (zoom.started(), zoom.joined("1", "Lin"), zoom.joined("2", "Max"), zoom.left("2", "Max")):
        await mesh.record(event)
    found = {r.meeting.topic: r for r in await running(mesh)}
    assert (found["First"].present_count, found["Second"].present_count) == (2, 0)  # with the host, without Max
    assert found["First"].meeting.state == pb.MEETING_STATE_STARTED
    await mesh.record(zoom.ended())
    assert [r.meeting.topic for r in await running(mesh)] == ["Second"]


async def test_P78_what_nobody_opens_is_listed_for_an_hour(mesh: Mesh) -> None:
    await mesh.start(topic="Opened")
    await mesh.start(topic="Not opened")
    await mesh.record(zoom.started())
    mesh.clock.advance(timedelta(hours=1).total_seconds() - 1)
    assert {r.meeting.topic for r in await running(mesh)} == {"Opened", "Not opened"}
    later(mesh.clock, timedelta(seconds=1))
    assert [r.meeting.topic for r in await running(mesh)] == ["Opened"]


async def test_P78_others_see_a_meeting_while_they_are_in_it_and_in_their_workspace_only(mesh: Mesh) -> None:
    meeting = (await mesh.start()).meeting
    for event in (zoom.started(), zoom.joined("1", "Grace Hopper", "graceZoomId")):
        await mesh.record(event)
    assert await running(mesh, GRACE) == [], "nobody knows yet that this is she"
    await link(mesh, "graceZoomId", "U0GRACE")
    [seen] = await running(mesh, GRACE)
    assert (seen.meeting.meeting_id, seen.present_count) == (meeting.meeting_id, 2)
    assert seen.meeting.join_url
    assert await running(mesh, GRACE_ELSEWHERE) == []
    await mesh.record(zoom.left("1", "Grace Hopper", "graceZoomId"))
    assert await running(mesh, GRACE) == []


async def test_P78_no_more_than_25(mesh: Mesh) -> None:
    for n in range(27):
        await mesh.start(topic=f"{n}")
        mesh.clock.advance(1)
    assert [r.meeting.topic for r in await running(mesh)] == [f"{n}" for n in range(26, 1, -1)]
