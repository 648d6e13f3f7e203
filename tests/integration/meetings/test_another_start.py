"""P68: a second start in one conversation, seconds after the first, asks before it makes anything."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from mesh.errors import MeshError, Reason
from services.meetings.meetings import RECENT, WORK_LEASE
from tests.integration.meetings.conftest import ADA, Mesh, later
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

GRACE = slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0GRACE")
STRANGER = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0GRACE")
RANDOM = slack_pb2.SlackConversation(slack_channel_id="C0RANDOM")


async def second_start(mesh: Mesh, **options: object) -> pb.StartMeetingResponse:
    """Starts what Grace wants, without word that another meeting is welcome."""
    return await mesh.start(**{"user": GRACE, "topic": "Another", "start_another": False, **options})  # type: ignore[arg-type]


async def test_P68_the_second_start_makes_nothing_and_shows_the_way_to_the_first(mesh: Mesh) -> None:
    first = (await mesh.start(start_another=False)).meeting
    answer = await second_start(mesh)
    assert answer == pb.StartMeetingResponse(
        recent=pb.RecentMeeting(host=ADA, join_url=first.join_url, topic="Weekly sync")
    )
    assert mesh.zoom.creations == 1
    assert len(await mesh.lease()) == 1


async def test_P68_the_same_command_goes_on_when_another_meeting_is_wanted(mesh: Mesh) -> None:
    await mesh.start()
    request_id = str(uuid.uuid4())
    assert (await second_start(mesh, request_id=request_id)).HasField("recent")
    answer = await second_start(mesh, request_id=request_id, start_another=True)
    assert answer.meeting.topic == "Another"
    assert mesh.zoom.creations == 2


async def test_P68_while_the_first_is_being_made_there_is_nothing_to_join_yet(mesh: Mesh) -> None:
    release = mesh.zoom.hold()
    starting = mesh.begin_start()
    await mesh.zoom.reached()
    answer = await second_start(mesh)
    assert answer.recent == pb.RecentMeeting(host=ADA, topic="Weekly sync")
    release()
    assert (await starting).meeting.meeting_id


async def test_P68_of_many_at_the_same_moment_one_starts(mesh: Mesh) -> None:
    # More than once: the first time the database's connections are still being opened, one after the other.
    for place in ("C0ONE", "C0TWO", "C0THREE", "C0FOUR"):
        where = slack_pb2.SlackConversation(slack_channel_id=place)
        answers = await asyncio.gather(
            *(mesh.start(topic=f"{n}", start_another=False, conversation=where) for n in range(8))
        )
        [started] = [answer.meeting for answer in answers if answer.HasField("meeting")]
        assert {answer.recent.topic for answer in answers if answer.HasField("recent")} == {started.topic}
    assert mesh.zoom.creations == 4


async def test_P68_a_repeated_request_gets_its_own_answer(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    first = await mesh.start(request_id, start_another=False)
    assert (await mesh.start(request_id, start_another=False)).meeting == first.meeting
    assert (await second_start(mesh)).HasField("recent")
    assert (await mesh.start(request_id, start_another=False)).meeting == first.meeting


async def test_P68_after_half_a_minute_nobody_is_asked(mesh: Mesh) -> None:
    await mesh.start()
    mesh.clock.advance(RECENT.total_seconds() - 1)
    assert (await second_start(mesh)).HasField("recent")
    later(mesh.clock, RECENT)
    assert (await second_start(mesh)).HasField("meeting")


@pytest.mark.parametrize("where", [{"conversation": RANDOM}, {"user": STRANGER}], ids=["channel", "workspace"])
async def test_P68_another_conversation_is_no_reason_to_ask(mesh: Mesh, where: dict[str, object]) -> None:
    await mesh.start()
    assert (await second_start(mesh, **where)).HasField("meeting")


async def test_P68_a_meeting_that_is_over_is_no_reason_to_ask(mesh: Mesh) -> None:
    await mesh.start()
    await mesh.record(zoom.started())
    assert (await second_start(mesh)).HasField("recent")
    await mesh.record(zoom.ended())
    assert (await second_start(mesh)).HasField("meeting")


async def test_P68_a_request_that_came_to_nothing_is_no_reason_to_ask(mesh: Mesh) -> None:
    mesh.zoom.before.append(MeshError(Reason.ZOOM_NOT_CONNECTED))
    with pytest.raises(MeshError):
        await mesh.start()
    assert (await second_start(mesh)).HasField("meeting")


async def test_P68_a_failure_that_its_caller_was_not_there_to_hear_is_no_reason_to_ask(mesh: Mesh) -> None:
    mesh.zoom.after.append(asyncio.CancelledError())
    assert (await mesh.start()).pending
    mesh.zoom.made.clear()
    mesh.zoom.before.append(MeshError(Reason.ZOOM_DAILY_LIMIT))
    later(mesh.clock, WORK_LEASE)
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    [told] = await mesh.lease()
    assert told.failure.reason == "ZOOM_DAILY_LIMIT"
    assert (await second_start(mesh)).HasField("meeting")


async def test_P69_card_summary_and_recording_go_to_the_thread_of_the_command(mesh: Mesh) -> None:
    thread = "1793361600.000100"
    request_id = str(uuid.uuid4())
    card = (await mesh.start(request_id, holder="edge-1", slack_thread_ts=thread)).delivery
    assert card.slack_thread_ts == thread
    for event in (zoom.started(), zoom.ended(), zoom.recorded()):
        await mesh.record(event)
    await mesh.complete(card, slack_call_id="R0CALL")
    mesh.clock.advance(3)
    threads = {str(d.WhichOneof("content")): d.slack_thread_ts for d in await mesh.lease()}
    assert threads == {"card": thread, "summary": thread, "recording": thread}
    with pytest.raises(MeshError) as failure:
        await mesh.start(request_id, slack_thread_ts="1793361600.000200")
    assert failure.value.reason is Reason.REQUEST_ID_REUSED


async def test_P69_the_word_of_a_failure_goes_to_the_thread_too(mesh: Mesh) -> None:
    mesh.zoom.after.append(asyncio.CancelledError())
    thread = "1793361600.000100"
    assert (await mesh.start(slack_thread_ts=thread)).pending
    later(mesh.clock, RECENT * 10)
    mesh.zoom.made.clear()
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    [told] = await mesh.lease()
    assert told.failure.reason == "ZOOM_UNAVAILABLE"
    assert told.slack_thread_ts == thread
