"""Another team's program, with its own certificate and a limited policy, against the whole system over mutual TLS."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message

from mesh.errors import Code, MeshError, Reason
from mesh.wire_errors import from_rpc_error
from tests.e2e.partners import BOT, GLOBEX, HERE, OFFERED, PERSON, READER, STRANGER, Partners, Program, running_partners
from tests.e2e.people import ADA, ADA_AT_ZOOM, GENERAL, browser, ended, eventually, names, written
from tests.e2e.system import ROOT, clean_environ
from zoomslack.auth.v1 import auth_service_pb2 as auth_pb
from zoomslack.client import AsyncClient, Tls
from zoomslack.meetings.v1 import meetings_service_pb2 as meetings_pb
from zoomslack.phone.v1 import phone_service_pb2 as phone_pb
from zoomslack.type.v1 import slack_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = "+1 202 555 0143"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def partners(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Partners]:
    async with running_partners(tmp_path_factory.mktemp("partners")) as found:
        yield found


async def first(stream: Any) -> Message:
    """Returns the first response of a stream. Raises MeshError."""
    try:
        response: Message = await stream.read()
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from None
    return response


def start(topic: str, *, user: slack_pb2.SlackUser = PERSON, **more: Any) -> meetings_pb.StartMeetingRequest:
    return meetings_pb.StartMeetingRequest(
        user=user, request_id=str(uuid.uuid4()), conversation=HERE, topic=topic, start_another=True, **more
    )


def schedule(
    topic: str, scheduled_time: datetime, *, user: slack_pb2.SlackUser = PERSON
) -> meetings_pb.ScheduleMeetingRequest:
    request = meetings_pb.ScheduleMeetingRequest(
        user=user, request_id=str(uuid.uuid4()), conversation=HERE, topic=topic
    )
    request.scheduled_time.FromDatetime(scheduled_time)
    return request


def tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def call(user: slack_pb2.SlackUser = PERSON) -> phone_pb.PlaceCallRequest:
    return phone_pb.PlaceCallRequest(user=user, request_id=str(uuid.uuid4()), conversation=HERE, phone_number=NUMBER)


async def refusal(answer: Awaitable[Message]) -> MeshError:
    with pytest.raises(MeshError) as failure:
        await answer
    return failure.value


async def test_N12_another_teams_program_starts_follows_and_ends_a_meeting(partners: Partners) -> None:
    office, meetings = partners.office, partners.bot.meetings
    meeting = (await meetings.StartMeeting(start("Partner standup"), timeout=10)).meeting
    assert meeting.join_url
    card = await office.card_when(lambda card: "Partner standup" in card.get("title", ""), GENERAL)
    assert not ended(card)
    asked = meetings_pb.GetMeetingRequest(user=PERSON, meeting_id=meeting.meeting_id)
    assert (await meetings.GetMeeting(asked, timeout=5)).meeting.topic == "Partner standup"
    listed = await meetings.ListMeetings(meetings_pb.ListMeetingsRequest(user=PERSON), timeout=5)
    assert meeting.meeting_id in {one.meeting_id for one in listed.meetings}
    going_on = await meetings.ListRunningMeetings(meetings_pb.ListRunningMeetingsRequest(user=PERSON), timeout=5)
    assert meeting.meeting_id in {one.meeting.meeting_id for one in going_on.meetings}
    end = meetings_pb.EndMeetingRequest(user=PERSON, meeting_id=meeting.meeting_id)
    await meetings.EndMeeting(end, timeout=10)
    await office.card_when(ended, GENERAL)
    assert (await meetings.GetMeeting(asked, timeout=5)).meeting.HasField("end_time")


async def test_N12_another_teams_program_schedules_a_meeting_whose_card_says_when_and_turns_live(
    partners: Partners,
) -> None:
    office, meetings, when = partners.office, partners.bot.meetings, tomorrow()
    meeting = (await meetings.ScheduleMeeting(schedule("Planning", when), timeout=10)).meeting
    asked = meetings_pb.GetMeetingRequest(user=PERSON, meeting_id=meeting.meeting_id)
    card = await office.card_when(lambda card: "Planning scheduled by" in card.get("title", ""), GENERAL)
    assert (card["date_start"], card["join_url"]) == (int(when.timestamp()), meeting.join_url)
    assert not card.get("users")
    shown = [one for one in await office.messages() if f"Scheduled for <!date^{int(when.timestamp())}^" in written(one)]
    assert len(shown) == 1
    assert (await meetings.GetMeeting(asked, timeout=5)).meeting.state == meetings_pb.MEETING_STATE_CREATED
    await office.zoom("POST", f"meetings/{meeting.zoom_meeting_id}/start")
    await office.card_when(lambda card: "Planning" in card["title"] and names(card) == {ADA}, GENERAL)
    assert (await meetings.GetMeeting(asked, timeout=5)).meeting.state == meetings_pb.MEETING_STATE_STARTED
    await meetings.EndMeeting(meetings_pb.EndMeetingRequest(user=PERSON, meeting_id=meeting.meeting_id), timeout=10)
    await office.card_when(ended, GENERAL)


async def test_N12_a_scheduled_meeting_that_is_moved_and_then_deleted_in_zoom_says_so_in_slack(
    partners: Partners,
) -> None:
    office, meetings, when = partners.office, partners.bot.meetings, tomorrow().replace(microsecond=0)
    meeting = (await meetings.ScheduleMeeting(schedule("Offsite", when), timeout=10)).meeting
    asked = meetings_pb.GetMeetingRequest(user=PERSON, meeting_id=meeting.meeting_id)
    await office.card_when(lambda card: "Offsite scheduled by" in card.get("title", ""), GENERAL)
    later = when + timedelta(hours=2)
    change = {"start_time": later.strftime("%Y-%m-%dT%H:%M:%SZ"), "duration": 45}
    await office.zoom("POST", f"meetings/{meeting.zoom_meeting_id}", change)

    async def said() -> list[str]:
        return [written(one) for one in await office.messages()]

    moved = f"Scheduled for <!date^{int(later.timestamp())}^"
    await eventually(said, lambda texts: any(moved in text for text in texts))
    assert (await meetings.GetMeeting(asked, timeout=5)).meeting.scheduled_time.ToDatetime(UTC) == later
    await office.zoom("POST", f"meetings/{meeting.zoom_meeting_id}/delete")
    await office.card_when(lambda card: "Offsite" in card.get("title", "") and ended(card), GENERAL)
    not_held = f"Was scheduled for <!date^{int(later.timestamp())}^"
    assert len([text for text in await said() if not_held in text and "was not held" in text]) == 1
    over = (await meetings.GetMeeting(asked, timeout=5)).meeting
    assert (over.state, over.HasField("start_time")) == (meetings_pb.MEETING_STATE_ENDED, False)


async def test_N12_another_teams_program_watches_a_meeting_until_it_is_over(partners: Partners) -> None:
    tls = Tls.from_folder(partners.certificates / BOT)
    async with AsyncClient(meetings=partners.targets["meetings"], tls=tls) as client, browser() as guest:
        meeting = (await client.meetings.StartMeeting(start("Watched standup"))).meeting
        named = {"user": PERSON, "meeting_id": meeting.meeting_id}
        seen = client.follow_meeting(meetings_pb.WatchMeetingRequest(**named))  # type: ignore[arg-type]
        assert [(await anext(seen)).WhichOneof("change")] == ["snapshot"]
        await partners.office.zoom("POST", f"meetings/{meeting.zoom_meeting_id}/join", {"zoom_user_id": ADA_AT_ZOOM})
        began = [await anext(seen), await anext(seen)]
        assert [one.WhichOneof("change") for one in began] == ["started", "joined"]
        assert began[1].joined.attendee.slack_user_id == PERSON.slack_user_id
        await guest.enter(meeting.join_url, "Gil Guest")
        assert (await anext(seen)).joined.attendee.display_name == "Gil Guest"
        await client.meetings.EndMeeting(meetings_pb.EndMeetingRequest(**named))  # type: ignore[arg-type]
        over = [one.WhichOneof("change") async for one in seen]
        assert over[-1] == "ended"
        assert set(over[:-1]) <= {"left"}


async def test_N12_the_example_starts_a_meeting_and_follows_it(partners: Partners) -> None:
    example = str(ROOT / "docs" / "examples" / "follow_a_meeting.py")
    arguments = (str(partners.certificates / BOT), partners.targets["meetings"], PERSON.slack_team_id, ADA, GENERAL)
    environ = {**clean_environ(), "PYTHONPATH": str(ROOT / "gen")}
    program = await asyncio.create_subprocess_exec(
        sys.executable, example, *arguments, stdout=asyncio.subprocess.PIPE, env=environ
    )
    assert program.stdout is not None
    async with asyncio.timeout(30):
        started = (await program.stdout.readline()).decode().split()
        assert started[0] == "started"
        assert await program.stdout.readline() == b"snapshot \n"
        await partners.office.zoom("POST", f"meetings/{started[1]}/join", {"zoom_user_id": ADA_AT_ZOOM})
        assert [await program.stdout.readline() for _ in range(2)] == [b"started \n", f"joined {ADA}\n".encode()]
        await partners.office.zoom("POST", f"meetings/{started[1]}/end")
        assert (await program.stdout.read()).splitlines()[-1] == b"ended "
        assert await program.wait() == 0


async def test_N12_repeated_after_a_lost_reply_it_is_the_same_meeting(partners: Partners) -> None:
    office, meetings = partners.office, partners.bot.meetings
    request = start("Lost and found")

    async def made() -> list[dict[str, Any]]:
        return [one for one in await office.meetings() if one["topic"] == "Lost and found"]

    first = asyncio.ensure_future(meetings.StartMeeting(request, timeout=10))
    await eventually(made, lambda found: len(found) == 1)
    first.cancel()  # Zoom has made it, and whatever the answer was, nobody reads it
    again = [(await meetings.StartMeeting(request, timeout=10)).meeting for _ in range(2)]
    assert again[0].meeting_id
    assert again[0] == again[1]
    listed = (await meetings.ListMeetings(meetings_pb.ListMeetingsRequest(user=PERSON), timeout=5)).meetings
    assert [one.meeting_id for one in listed if one.topic == "Lost and found"] == [again[0].meeting_id]
    assert len(await made()) == 1


async def test_N12_another_teams_program_places_calls_and_reads_connections(partners: Partners) -> None:
    placed = await partners.bot.phone.PlaceCall(call(), timeout=10)
    asked = phone_pb.GetCallRequest(user=PERSON, call_id=placed.call.call_id)
    assert (await partners.bot.phone.GetCall(asked, timeout=5)).call == placed.call
    listed = await partners.bot.phone.ListCalls(phone_pb.ListCallsRequest(user=PERSON), timeout=5)
    assert placed.call.call_id in {one.call_id for one in listed.calls}
    auth = partners.bot.auth
    known = await auth.GetConnection(auth_pb.GetConnectionRequest(user=PERSON), timeout=5)
    assert known.HasField("connection")
    link = await auth.CreateConnectLink(auth_pb.CreateConnectLinkRequest(user=PERSON), timeout=5)
    assert link.connect_url.startswith("http")


Ask = Callable[[Program], Awaitable[Message]]
ANY = str(uuid.uuid4())
FOR_A_STRANGER: dict[str, Ask] = {
    "GetConnection": lambda to: to.auth.GetConnection(auth_pb.GetConnectionRequest(user=STRANGER), timeout=5),
    "CreateConnectLink": lambda to: to.auth.CreateConnectLink(
        auth_pb.CreateConnectLinkRequest(user=STRANGER), timeout=5
    ),
    "StartMeeting": lambda to: to.meetings.StartMeeting(start("Elsewhere", user=STRANGER), timeout=5),
    "ScheduleMeeting": lambda to: to.meetings.ScheduleMeeting(
        schedule("Elsewhere", tomorrow(), user=STRANGER), timeout=5
    ),
    "GetMeeting": lambda to: to.meetings.GetMeeting(
        meetings_pb.GetMeetingRequest(user=STRANGER, meeting_id=ANY), timeout=5
    ),
    "ListMeetings": lambda to: to.meetings.ListMeetings(meetings_pb.ListMeetingsRequest(user=STRANGER), timeout=5),
    "ListRunningMeetings": lambda to: to.meetings.ListRunningMeetings(
        meetings_pb.ListRunningMeetingsRequest(user=STRANGER), timeout=5
    ),
    "EndMeeting": lambda to: to.meetings.EndMeeting(
        meetings_pb.EndMeetingRequest(user=STRANGER, meeting_id=ANY), timeout=5
    ),
    "WatchMeeting": lambda to: first(
        to.meetings.WatchMeeting(meetings_pb.WatchMeetingRequest(user=STRANGER, meeting_id=ANY), timeout=5)
    ),
    "PlaceCall": lambda to: to.phone.PlaceCall(call(STRANGER), timeout=5),
    "GetCall": lambda to: to.phone.GetCall(phone_pb.GetCallRequest(user=STRANGER, call_id=ANY), timeout=5),
    "ListCalls": lambda to: to.phone.ListCalls(phone_pb.ListCallsRequest(user=STRANGER), timeout=5),
}


async def test_N12_no_offered_rpc_answers_for_a_workspace_outside_the_policy(partners: Partners) -> None:
    assert set(FOR_A_STRANGER) == {rpc.rpartition("/")[2] for rpc in OFFERED}
    for method, ask in FOR_A_STRANGER.items():
        error = await refusal(ask(partners.bot))
        assert (error.reason, error.code) == (Reason.WORKSPACE_NOT_ALLOWED, Code.PERMISSION_DENIED), method
        assert error.metadata == {"caller": BOT, "method": method, "slack_team_id": "T0GLOBEX1"}
        await partners.until_logged("workspace refused", BOT, method, "T0GLOBEX1")
    assert all(one["topic"] != "Elsewhere" for one in await partners.office.meetings())


async def test_N12_ids_of_another_workspace_are_refused_and_the_attempt_is_logged(partners: Partners) -> None:
    meeting_id = (await partners.bot.meetings.StartMeeting(start("Private"), timeout=10)).meeting.meeting_id
    call_id = (await partners.bot.phone.PlaceCall(call(), timeout=10)).call.call_id
    thief = partners.programs[GLOBEX]

    def attempts(meeting_id: str, call_id: str) -> dict[str, Awaitable[Message]]:
        meeting = {"user": STRANGER, "meeting_id": meeting_id}
        return {
            "GetMeeting": thief.meetings.GetMeeting(meetings_pb.GetMeetingRequest(**meeting), timeout=5),  # type: ignore[arg-type]
            "EndMeeting": thief.meetings.EndMeeting(meetings_pb.EndMeetingRequest(**meeting), timeout=5),  # type: ignore[arg-type]
            "WatchMeeting": first(thief.meetings.WatchMeeting(meetings_pb.WatchMeetingRequest(**meeting), timeout=5)),  # type: ignore[arg-type]
            "GetCall": thief.phone.GetCall(phone_pb.GetCallRequest(user=STRANGER, call_id=call_id), timeout=5),
        }

    for method, attempt in attempts(meeting_id, call_id).items():
        error = await refusal(attempt)
        assert (error.reason, error.code) == (Reason.WORKSPACE_NOT_ALLOWED, Code.PERMISSION_DENIED), method
        assert error.metadata == {"caller": GLOBEX, "method": method, "slack_team_id": "T0GLOBEX1"}
        await partners.until_logged("cross-tenant attempt refused", GLOBEX, method, "T0GLOBEX1")
    unknown = {method: (await refusal(attempt)).code for method, attempt in attempts(ANY, ANY).items()}
    assert set(unknown.values()) == {Code.NOT_FOUND}
    asked = meetings_pb.GetMeetingRequest(user=PERSON, meeting_id=meeting_id)
    assert not (await partners.bot.meetings.GetMeeting(asked, timeout=5)).meeting.HasField("end_time")


async def test_N12_rpcs_outside_the_policy_are_refused_with_their_name(partners: Partners) -> None:
    reader = partners.programs[READER]
    error = await refusal(reader.meetings.StartMeeting(start("Not mine"), timeout=5))
    assert (error.reason, error.code) == (Reason.CALLER_NOT_ALLOWED, Code.PERMISSION_DENIED)
    assert error.metadata == {"caller": READER, "method": "StartMeeting"}
    await partners.until_logged("caller refused", READER, "StartMeeting")
    bot = partners.bot
    never: dict[str, Awaitable[Message]] = {
        "IssueZoomAccessToken": bot.auth.IssueZoomAccessToken(
            auth_pb.IssueZoomAccessTokenRequest(user=PERSON), timeout=5
        ),
        "LeaseDeliveries": bot.meetings.LeaseDeliveries(
            meetings_pb.LeaseDeliveriesRequest(lease_holder="me", max_deliveries=1), timeout=5
        ),
        "RecordZoomEvent": bot.meetings.RecordZoomEvent(meetings_pb.RecordZoomEventRequest(body=b"{}"), timeout=5),
    }
    for method, attempt in never.items():
        error = await refusal(attempt)
        assert (error.reason, error.code) == (Reason.CALLER_NOT_ALLOWED, Code.PERMISSION_DENIED), method
        assert error.metadata == {"caller": BOT, "method": method}
        await partners.until_logged("caller refused", BOT, method)


async def test_N12_what_the_edge_is_to_do_is_not_said_by_other_teams(partners: Partners) -> None:
    bot = partners.bot
    requests: dict[str, Awaitable[Message]] = {
        "slack_response_url": bot.meetings.StartMeeting(
            start("Mine", slack_response_url="https://hooks.slack.example/1"), timeout=5
        ),
        "lease_holder": bot.meetings.StartMeeting(start("Mine", lease_holder="edge-1"), timeout=5),
        "continuation": bot.auth.CreateConnectLink(
            auth_pb.CreateConnectLinkRequest(user=PERSON, continuation=b"{}"), timeout=5
        ),
    }
    for field, attempt in requests.items():
        error = await refusal(attempt)
        assert error.reason is Reason.INVALID_REQUEST
        assert [violation.field for violation in error.violations] == [field]
        await partners.until_logged("fields refused", BOT)
    assert all(one["topic"] != "Mine" for one in await partners.office.meetings())
