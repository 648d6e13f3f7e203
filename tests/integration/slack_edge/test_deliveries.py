"""Deliveries: what Slack shows in the end, whatever happens on the way."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from simulators.slack.limits import POSTS, POSTS_WINDOW
from tests.integration.slack_edge.conftest import ADA, DIRECT, GENERAL, GRACE, SECRET, USER, World, running_edge
from tests.support.fake_meetings import card, leased, new_meeting
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

ADA_IN_ZOOM = pb.Attendee(attendee_id="zoom-ada", display_name="Ada Lovelace", slack_user_id=ADA)
SAM = pb.Attendee(attendee_id="zoom-sam", display_name="Sam Guest")
STRANGER = pb.Attendee(attendee_id="zoom-x", display_name="Hedy", slack_user_id="U0NOBODY1")
LIN = pb.Attendee(attendee_id="zoom-lin", display_name="Lin <!channel>")


def a_meeting(channel: str = GENERAL, **changes: Any) -> pb.Meeting:
    return new_meeting(USER, slack_pb2.SlackConversation(slack_channel_id=channel), **changes)


def ended(meeting: pb.Meeting) -> pb.Meeting:
    over = pb.Meeting()
    over.CopyFrom(meeting)
    over.state = pb.MEETING_STATE_ENDED
    over.start_time.CopyFrom(meeting.create_time)
    over.end_time.FromDatetime(meeting.create_time.ToDatetime(UTC) + timedelta(minutes=34))
    return over


async def deliver(world: World, delivery: pb.Delivery) -> pb.CompleteDeliveryRequest:
    """Puts `delivery` up and returns the report about it."""
    world.meetings.offer(delivery)
    report = await world.meetings.outcome()
    assert (report.delivery_id, report.lease_token) == (delivery.delivery_id, delivery.lease_token)
    return report


async def shown_card(world: World, meeting: pb.Meeting, *present: pb.Attendee) -> pb.Delivered:
    """Shows a card and returns what was reported of it."""
    report = await deliver(world, card(meeting, *present))
    assert report.HasField("delivered")
    return report.delivered


async def names(world: World) -> list[str]:
    [call] = await world.calls()
    return [user.get("slack_id") or user["display_name"] for user in call.get("users", [])]


async def response_url(world: World, channel: str) -> str:
    """Returns an address for answers, as a command brings it."""
    return str((await world.type("help", channel=channel))["response_url"])


async def test_a_card_comes_by_the_response_url_where_the_app_is_no_member(world: World) -> None:
    url = await response_url(world, DIRECT)
    report = await deliver(world, card(a_meeting(DIRECT), slack_response_url=url))
    [shown] = await world.seen(DIRECT, GRACE)
    assert shown["calls"][0]["title"] == "Zoom meeting started by ada"
    assert report.delivered.slack_message_ts == ""
    assert report.delivered.slack_call_id == shown["calls"][0]["id"]


async def test_a_card_is_posted_where_no_command_brought_an_address(world: World) -> None:
    delivered = await shown_card(world, a_meeting())
    [shown] = await world.seen()
    assert delivered.slack_message_ts == shown["ts"]
    assert delivered.slack_channel_id == GENERAL
    [request] = await world.requests("chat.postMessage")
    assert (request["arguments"]["unfurl_links"], request["arguments"]["unfurl_media"]) == (False, False)


async def test_a_response_url_that_is_used_up_falls_back_to_posting(world: World) -> None:
    url = await response_url(world, GENERAL)
    await world.control("POST", "clock", advance_seconds=1801)
    report = await deliver(world, card(a_meeting(), slack_response_url=url))
    assert report.delivered.slack_message_ts


async def test_people_come_and_go(world: World) -> None:
    meeting = a_meeting()
    delivered = await shown_card(world, meeting, ADA_IN_ZOOM, SAM)
    assert await names(world) == [ADA, "Sam Guest"]
    report = await deliver(world, card(meeting, SAM, LIN, version=5, delivered=delivered))
    assert await names(world) == ["Sam Guest", "Lin <!channel>"]
    assert report.delivered.version == 5
    assert [attendee.attendee_id for attendee in report.delivered.attendees] == ["zoom-sam", "zoom-lin"]
    assert len(await world.seen()) == 1


async def test_nothing_is_sent_where_nothing_changed(world: World) -> None:
    meeting = a_meeting()
    delivered = await shown_card(world, meeting, SAM)
    await world.control("DELETE", "requests")
    report = await deliver(world, card(meeting, SAM, version=2, delivered=delivered))
    assert report.delivered.version == 2
    assert (await world.control("GET", "requests"))["requests"] == []


async def test_a_card_that_differs_from_our_picture_is_looked_at(world: World) -> None:
    meeting = a_meeting()
    delivered = await shown_card(world, meeting, SAM)
    # An attempt that added Lin and removed Sam, and whose report got lost.
    await deliver(world, card(meeting, LIN, version=2, delivered=delivered))
    report = await deliver(world, card(meeting, LIN, ADA_IN_ZOOM, version=3, delivered=delivered))
    assert sorted(await names(world)) == sorted(["Lin <!channel>", ADA])
    assert {attendee.attendee_id for attendee in report.delivered.attendees} == {"zoom-lin", "zoom-ada"}


async def test_somebody_slack_does_not_know_is_shown_by_name(world: World) -> None:
    delivered = await shown_card(world, a_meeting(), STRANGER)
    assert await names(world) == ["Hedy"]
    assert delivered.attendees[0].slack_user_id == ""


@pytest.mark.parametrize("report_got_lost", [False, True])
async def test_somebody_slack_does_not_know_comes_as_somebody_else_goes(world: World, report_got_lost: bool) -> None:
    meeting = a_meeting()
    delivered = await shown_card(world, meeting, ADA_IN_ZOOM, SAM)
    if report_got_lost:  # of an attempt that removed Sam
        await deliver(world, card(meeting, ADA_IN_ZOOM, version=2, delivered=delivered))
    report = await deliver(world, card(meeting, ADA_IN_ZOOM, STRANGER, version=3, delivered=delivered))
    assert await names(world) == [ADA, "Hedy"]
    report = await deliver(world, card(meeting, STRANGER, LIN, version=4, delivered=report.delivered))
    assert await names(world) == ["Hedy", "Lin <!channel>"]
    assert [attendee.slack_user_id for attendee in report.delivered.attendees] == ["", ""]


async def test_the_end(world: World) -> None:
    meeting = a_meeting()
    delivered = await shown_card(world, meeting, SAM)
    report = await deliver(world, card(ended(meeting), version=2, delivered=delivered))
    assert report.delivered.ended
    assert await names(world) == []
    [call] = await world.calls()
    assert call["date_end"] - call["date_start"] == 34 * 60


async def test_a_meeting_that_ended_before_it_was_shown(world: World) -> None:
    delivered = await shown_card(world, ended(a_meeting()))
    assert delivered.ended
    [shown] = await world.seen()
    assert shown["calls"][0]["date_end"]


def scheduled(**changes: Any) -> pb.Meeting:
    meeting = a_meeting(**changes)
    meeting.scheduled_time.FromDatetime(meeting.create_time.ToDatetime(UTC) + timedelta(days=7))
    meeting.scheduled_duration.FromTimedelta(timedelta(minutes=30))
    return meeting


def cancelled(meeting: pb.Meeting) -> pb.Meeting:
    over = ended(meeting)
    over.ClearField("start_time")
    return over


@pytest.mark.parametrize("refusal", ["", "cant_update_message"])
async def test_N12_a_scheduled_meeting_that_is_cancelled_says_so_and_ends(world: World, refusal: str) -> None:
    meeting = scheduled()
    delivered = await shown_card(world, meeting)
    [shown] = await world.seen()
    assert "Scheduled for <!date^" in str(shown["blocks"])
    if refusal:
        await world.control("POST", "faults", method="chat.update", kind="error", error=refusal)
    report = await deliver(world, card(cancelled(meeting), version=2, delivered=delivered))
    assert report.delivered.ended
    [shown] = await world.seen()
    assert ("was not held" in str(shown["blocks"])) is not bool(refusal)
    [call] = await world.calls()
    assert call["date_end"] == call["date_start"]


def moved(meeting: pb.Meeting) -> pb.Meeting:
    other = pb.Meeting()
    other.CopyFrom(meeting)
    other.scheduled_time.FromDatetime(meeting.scheduled_time.ToDatetime(UTC) + timedelta(hours=3))
    return other


@pytest.mark.parametrize("refusal", ["", "cant_update_message"])
async def test_N12_a_scheduled_meeting_that_is_moved_says_so_in_its_message(world: World, refusal: str) -> None:
    meeting = scheduled()
    delivered = await shown_card(world, meeting)
    other = moved(meeting)
    if refusal:
        await world.control("POST", "faults", method="chat.update", kind="error", error=refusal)
    report = await deliver(world, card(other, version=2, delivered=delivered))
    assert (report.delivered.version, report.delivered.ended) == (2, False)
    [shown] = await world.seen()
    said = meeting if refusal else other
    assert f"Scheduled for <!date^{said.scheduled_time.seconds}^" in str(shown["blocks"])
    [call] = await world.calls()
    assert not call.get("date_end")


async def test_N12_a_scheduled_meeting_that_was_held_keeps_its_message(world: World) -> None:
    meeting = scheduled()
    delivered = await shown_card(world, meeting)
    await deliver(world, card(ended(meeting), version=2, delivered=delivered))
    assert await world.requests("chat.update") == []
    [shown] = await world.seen()
    assert "Scheduled for <!date^" in str(shown["blocks"])


async def test_an_end_that_slack_knows_already_is_no_failure(world: World) -> None:
    meeting = a_meeting()
    delivered = await shown_card(world, meeting)
    await deliver(world, card(ended(meeting), version=2, delivered=delivered))
    report = await deliver(world, card(ended(meeting), version=2, delivered=delivered))
    assert report.delivered.ended


async def test_a_call_that_slack_has_forgotten_is_left_alone(world: World) -> None:
    delivered = pb.Delivered(version=1, slack_call_id="R0FORGOTTEN")
    report = await deliver(world, card(a_meeting(), SAM, version=2, delivered=delivered))
    assert report.delivered.ended


async def test_an_edge_that_died_between_posting_and_reporting_leaves_one_card(world: World) -> None:
    meeting = a_meeting()
    delivered = await shown_card(world, meeting)
    report = await deliver(world, card(meeting, slack_call_id=delivered.slack_call_id))
    assert report.delivered.slack_call_id == delivered.slack_call_id
    assert len(await world.seen()) == 1


@pytest.mark.parametrize(("duplicate_external_id", "calls"), [("same", 1), ("error", 2)])
async def test_an_answer_of_slack_that_got_lost_costs_no_card(duplicate_external_id: str, calls: int) -> None:
    async with running_edge({}, duplicate_external_id=duplicate_external_id) as world:
        meeting = a_meeting()
        await world.fault("calls.add", "close", after=True)
        assert (await deliver(world, card(meeting))).HasField("postponed")
        await is_shown_by(world, card(meeting, failed_attempts=1))
        assert len(await world.calls()) == calls


async def test_however_many_answers_of_slack_get_lost_the_card_comes(world: World) -> None:
    meeting = a_meeting()
    await world.fault("calls.add", "close", after=True)
    assert (await deliver(world, card(meeting))).HasField("postponed")
    await world.fault("calls.add", "delay", delay_seconds=0)  # is refused: there is such a call
    await world.fault("calls.add", "close", after=True)
    assert (await deliver(world, card(meeting, failed_attempts=1))).HasField("postponed")
    await is_shown_by(world, card(meeting, failed_attempts=2))


async def is_shown_by(world: World, attempt: pb.Delivery) -> None:
    report = await deliver(world, attempt)
    [shown] = await world.seen()
    assert shown["calls"][0]["id"] == report.delivered.slack_call_id


async def test_what_slack_refuses_at_first_is_not_asked_for_under_another_name(world: World) -> None:
    await world.fault("calls.add", "error", error="invalid_arguments")
    assert (await deliver(world, card(a_meeting()))).refused.slack_error == "invalid_arguments"
    assert len(await world.requests("calls.add")) == 1


async def test_an_edge_that_died_before_posting_leaves_the_rest_to_the_next(world: World) -> None:
    meeting = a_meeting()
    await world.fault("chat.postMessage", "status", status=500)
    assert (await deliver(world, card(meeting))).HasField("postponed")
    await deliver(world, card(meeting, slack_call_id=world.meetings.progress[0].slack_call_id))
    assert len(await world.calls()) == 1
    assert len(await world.seen()) == 1


async def test_a_summary_where_the_app_may_post(world: World) -> None:
    meeting = ended(a_meeting(topic="Weekly <!channel>"))
    summary = pb.MeetingSummary(meeting=meeting, attendees=[ADA_IN_ZOOM, SAM])
    report = await deliver(world, leased(meeting, summary=summary))
    [shown] = await world.seen()
    assert report.delivered.slack_message_ts == shown["ts"]
    assert "850 1234 5678" in shown["text"]
    more = pb.MeetingSummary(meeting=meeting, attendees=[ADA_IN_ZOOM, SAM, LIN])
    await deliver(world, leased(meeting, version=2, summary=more, delivered=report.delivered))
    [shown] = await world.seen()
    assert "3 attendees" in str(shown["blocks"])


@pytest.mark.parametrize("channel", [SECRET, DIRECT])
async def test_a_summary_where_the_app_may_not_post_is_refused_with_slacks_word(world: World, channel: str) -> None:
    meeting = ended(a_meeting(channel))
    url = await response_url(world, channel)
    before = await world.seen(channel)
    report = await deliver(world, leased(meeting, summary=pb.MeetingSummary(meeting=meeting), slack_response_url=url))
    assert report.refused.slack_error == "channel_not_found"
    assert await world.seen(channel) == before


async def test_a_summary_in_a_private_channel_that_invited_the_app(world: World) -> None:
    await world.control("POST", "invite", channel_id=SECRET)
    meeting = ended(a_meeting(SECRET))
    report = await deliver(world, leased(meeting, summary=pb.MeetingSummary(meeting=meeting)))
    assert report.HasField("delivered")


async def test_a_recording(world: World) -> None:
    meeting = ended(a_meeting())
    recording = pb.MeetingRecording(meeting=meeting, play_url="https://zoom.example/rec/INVENTED", passcode="s3cret")
    await deliver(world, leased(meeting, recording=recording))
    [shown] = await world.seen()
    assert "https://zoom.example/rec/INVENTED" in str(shown["blocks"])
    assert "Passcode: s3cret" in str(shown["blocks"])


async def test_a_failure_is_told_to_the_person_where_she_typed(world: World) -> None:
    url = await response_url(world, GENERAL)
    failure = pb.CommandFailure(reason="ZOOM_DAILY_LIMIT")
    await deliver(world, leased(a_meeting(), failure=failure, slack_response_url=url))
    told = (await world.seen())[-1]
    assert (told["kind"], told["visible_to"]) == ("ephemeral", [ADA])
    assert "midnight GMT" in told["text"]


async def test_a_failure_goes_to_her_own_conversation_when_the_address_is_used_up(world: World) -> None:
    url = await response_url(world, GENERAL)
    await world.control("POST", "clock", advance_seconds=1801)
    failure = pb.CommandFailure(reason="A_REASON_OF_TOMORROW")
    report = await deliver(world, leased(a_meeting(), failure=failure, slack_response_url=url))
    [told] = await world.seen("app")
    assert "went wrong" in told["text"]
    assert report.delivered.slack_message_ts == told["ts"]


async def test_a_failure_for_want_of_a_connection_brings_the_link(world: World) -> None:
    failure = pb.CommandFailure(reason="ZOOM_NOT_CONNECTED")
    await deliver(world, leased(a_meeting(), failure=failure))
    [told] = await world.seen("app")
    assert "/zoom/connect?link=state-" in str(told["blocks"])


@pytest.mark.parametrize(
    ("kind", "details", "seconds", "cause"),
    [
        ("ratelimited", {"retry_after": 17}, 17, "ratelimited"),
        ("status", {"status": 503}, 3, "fatal_error"),
        ("error", {"error": "internal_error"}, 3, "internal_error"),
        ("close", {}, 3, "ServerDisconnectedError"),
    ],
)
async def test_what_passes_is_postponed(
    world: World, kind: str, details: dict[str, Any], seconds: int, cause: str
) -> None:
    await world.fault("calls.add", kind, **details)
    report = await deliver(world, card(a_meeting(), failed_attempts=1))
    assert report.postponed.retry_delay.ToTimedelta().total_seconds() == seconds
    assert report.postponed.cause == cause


async def test_while_slack_wants_to_be_left_alone_it_is_and_only_there(world: World) -> None:
    await world.fault("calls.add", "ratelimited", retry_after=17)
    for _ in range(3):
        left = (await deliver(world, card(a_meeting()))).postponed
        assert (left.cause, 16 < left.retry_delay.ToTimedelta().total_seconds() <= 17) == ("ratelimited", True)
    assert len(await world.requests("calls.add")) == 1
    meeting = ended(a_meeting())
    assert (await deliver(world, leased(meeting, summary=pb.MeetingSummary(meeting=meeting)))).HasField("delivered")
    elsewhere = a_meeting(host=slack_pb2.SlackUser(slack_team_id="T0ANOTHER", slack_user_id=ADA))
    assert (await deliver(world, card(elsewhere))).HasField("delivered")
    world.clock.jump(17)
    assert (await deliver(world, card(a_meeting()))).HasField("delivered")


async def test_one_busy_conversation_keeps_no_other_one_waiting(world: World) -> None:
    await world.fault("chat.postMessage", "ratelimited", retry_after=17)
    assert (await deliver(world, card(a_meeting()))).HasField("postponed")
    await world.control("POST", "invite", channel_id=SECRET)
    assert (await deliver(world, card(a_meeting(SECRET)))).HasField("delivered")
    assert (await deliver(world, card(a_meeting()))).HasField("postponed")


async def test_an_error_that_nobody_knows_is_final(world: World) -> None:
    await world.fault("calls.add", "error", error="word_of_tomorrow")
    assert (await deliver(world, card(a_meeting()))).refused.slack_error == "word_of_tomorrow"


async def test_the_host_gets_in_where_the_card_cannot_be_shown(world: World) -> None:
    url = await response_url(world, DIRECT)
    await world.control("POST", "clock", advance_seconds=1801)
    report = await deliver(world, card(a_meeting(DIRECT), slack_response_url=url))
    assert report.refused.slack_error == "channel_not_found"
    [told] = await world.seen("app")
    assert "https://zoom.example/j/85012345678" in str(told["blocks"])


async def test_N5_the_host_of_a_card_that_is_refused_again_under_another_name_is_told_once(world: World) -> None:
    refused = card(a_meeting(DIRECT))
    assert (await deliver(world, refused)).refused.slack_error == "channel_not_found"
    refused.refused_before, refused.slack_call_id = True, (await world.calls())[0]["id"]
    assert (await deliver(world, refused)).refused.slack_error == "channel_not_found"
    told = [one for one in await world.seen("app") if "its card cannot be shown here" in str(one["blocks"])]
    assert len(told) == 1


async def test_a_token_that_died_is_asked_for_again(world: World) -> None:
    await shown_card(world, a_meeting())
    await world.fault("calls.add", "error", error="token_revoked")
    good, world.auth.bot_token = world.auth.bot_token, "xoxb-dead"
    report = await deliver(world, card(a_meeting()))
    assert report.refused.slack_error == "invalid_auth"  # the fresh one was tried, and it is no better
    world.auth.bot_token = good
    assert (await deliver(world, card(a_meeting()))).HasField("delivered")


async def test_a_workspace_without_the_app(world: World) -> None:
    world.auth.failure = MeshError(Reason.SLACK_NOT_INSTALLED)
    assert (await deliver(world, card(a_meeting()))).refused.slack_error == "not_installed"


async def test_services_that_fail_postpone(world: World) -> None:
    world.auth.failure = MeshError(Reason.SERVICE_UNAVAILABLE, retry_delay=timedelta(seconds=7))
    report = await deliver(world, card(a_meeting()))
    assert report.postponed.retry_delay.ToTimedelta().total_seconds() == 7


async def test_a_lease_that_ended_on_the_way_is_not_used(world: World) -> None:
    late = card(a_meeting(), lease_expire_time=datetime.now(UTC))
    world.meetings.offer(late)
    await deliver(world, card(a_meeting()))
    assert world.meetings.outcomes.empty()
    assert len(await world.calls()) == 1


async def test_a_lost_lease_is_not_reported(world: World) -> None:
    world.meetings.progress_failure = MeshError(Reason.DELIVERY_LEASE_LOST)
    world.meetings.offer(card(a_meeting()))
    follower = ended(a_meeting())
    await deliver(world, leased(follower, summary=pb.MeetingSummary(meeting=follower)))
    assert world.meetings.outcomes.empty()


async def test_content_of_tomorrow_is_left_for_another_edge(world: World) -> None:
    report = await deliver(world, leased(a_meeting()))
    assert report.postponed.cause == "unknown_content"


async def test_many_deliveries_into_one_channel_are_made_as_fast_as_slack_allows(world: World) -> None:
    deliveries = [card(a_meeting()) for _ in range(25)]
    for delivery in deliveries:
        world.meetings.offer(delivery)
    reports = [await world.meetings.outcome() for _ in deliveries]
    postponed = [report.postponed for report in reports if report.HasField("postponed")]
    assert sum(report.HasField("delivered") for report in reports) + len(postponed) == 25
    assert 0 < len(postponed) <= 25 - POSTS
    assert {one.cause for one in postponed} == {"ratelimited"}
    assert all(0 < one.retry_delay.ToTimedelta().total_seconds() <= 2 * POSTS_WINDOW for one in postponed)
    assert {report.delivery_id for report in reports} == {delivery.delivery_id for delivery in deliveries}
    assert len({uuid.UUID(report.lease_token) for report in reports}) == 25


async def test_a_drain_gives_nothing_away_unfinished(world: World) -> None:
    await world.fault("calls.add", "delay", delay_seconds=0.3)
    world.meetings.offer(card(a_meeting()))
    while not (await world.requests("users.info")):  # the delivery is under way
        pass
    await world.edge.drain()
    assert (await world.meetings.outcome()).HasField("delivered")
