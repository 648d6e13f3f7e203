"""What goes to one person instead of a conversation, and what takes back what was posted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.slack_edge.conftest import ADA, DIRECT, GENERAL, GRACE, SECRET, USER, World
from tests.support.fake_meetings import card, leased, new_meeting
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2


def a_meeting(channel: str = GENERAL, **changes: Any) -> pb.Meeting:
    return new_meeting(USER, slack_pb2.SlackConversation(slack_channel_id=channel), **changes)


async def deliver(world: World, delivery: pb.Delivery) -> pb.Delivered:
    world.meetings.offer(delivery)
    report = await world.meetings.outcome()
    assert report.HasField("delivered"), report
    return report.delivered


async def test_S23_a_host_on_basic_is_told_why_nothing_comes(world: World) -> None:
    notice = pb.Notice(kind=pb.NOTICE_KIND_BASIC_PLAN, meeting=a_meeting(topic="Weekly <!channel>"))
    delivered = await deliver(world, leased(notice.meeting, notice=notice, recipient_slack_user_id=ADA))
    [told] = await world.seen("app")
    assert "no summaries and recordings for Basic accounts" in told["text"]
    assert told["blocks"][1]["text"]["text"] == "Weekly <!channel>\nMeeting ID: 850 1234 5678"
    assert (delivered.slack_message_ts, delivered.slack_channel_id.startswith("D")) == (told["ts"], True)
    assert await world.seen() == []


async def test_S40_a_host_is_told_how_results_get_into_a_private_channel(world: World) -> None:
    notice = pb.Notice(kind=pb.NOTICE_KIND_INVITE_APP, meeting=a_meeting(SECRET))
    await deliver(world, leased(notice.meeting, notice=notice, recipient_slack_user_id=ADA))
    [told] = await world.seen("app")
    assert f"<#{SECRET}>" in told["text"]
    assert "`/invite @Zoom`" in told["text"]


async def test_a_notice_of_tomorrow_is_left_for_another_edge(world: World) -> None:
    meeting = a_meeting()
    world.meetings.offer(leased(meeting, notice=pb.Notice(meeting=meeting), recipient_slack_user_id=ADA))
    assert (await world.meetings.outcome()).postponed.cause == "unknown_content"


async def test_N4_results_of_a_direct_message_go_to_each_in_her_own_conversation(world: World) -> None:
    meeting = a_meeting(DIRECT)
    summary = pb.MeetingSummary(meeting=meeting)
    delivery = leased(meeting, summary=summary, recipient_slack_user_id=GRACE, slack_thread_ts="1760000000.000100")
    delivered = await deliver(world, delivery)
    [told] = await world.seen("app", GRACE)
    assert "has ended" in told["text"]
    assert (told["thread_ts"], await world.seen("app", ADA), await world.seen(DIRECT)) == (None, [], [])
    # What changes later is changed there.
    more = pb.MeetingSummary(meeting=meeting, attendees=[pb.Attendee(attendee_id="z", display_name="Sam")])
    again = leased(meeting, summary=more, version=2, recipient_slack_user_id=GRACE, delivered=delivered)
    await deliver(world, again)
    [told] = await world.seen("app", GRACE)
    assert "Sam" in str(told["blocks"])


async def test_S24_a_deleted_recording_leaves_no_dead_link(world: World) -> None:
    meeting = a_meeting(topic="Weekly")
    link = "https://zoom.example/rec/INVENTED"
    recording = pb.MeetingRecording(meeting=meeting, play_url=link, passcode="s3cret")
    delivered = await deliver(world, leased(meeting, recording=recording))
    assert link in str(await world.seen())
    recording.deleted = True
    await deliver(world, leased(meeting, recording=recording, version=2, delivered=delivered))
    [shown] = await world.seen()
    assert shown["text"] == "The recording of the Zoom meeting 850 1234 5678 was deleted."
    assert not any(secret in str(shown) for secret in (link, "s3cret", "zoom_recording"))
    assert "Weekly" in str(shown["blocks"])
    # Brought back at Zoom, it is there again.
    recording.deleted = False
    await deliver(world, leased(meeting, recording=recording, version=3, delivered=delivered))
    [shown] = await world.seen()
    assert link in str(shown["blocks"])


@pytest.mark.parametrize("what", ["card", "summary"])
async def test_P69_what_belongs_to_a_thread_that_is_gone_is_posted_without_it(world: World, what: str) -> None:
    meeting, gone = a_meeting(), "1760000000.000100"
    delivery = card(meeting) if what == "card" else leased(meeting, summary=pb.MeetingSummary(meeting=meeting))
    delivery.slack_thread_ts = gone
    await deliver(world, delivery)
    [shown] = await world.seen()
    assert shown["thread_ts"] is None
