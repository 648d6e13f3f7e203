"""N12: a stream tells of each change of a meeting once and in order, whatever breaks off in between."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import pytest

from mesh.channel import open_channel
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from mesh.wire_errors import from_rpc_error
from services.meetings.store_changes import BATCH, ChangeStore
from services.meetings.store_departures import DepartureStore
from services.meetings.watches import Watches
from tests.integration.meetings.conftest import ADA, KEYS, Mesh, replica
from tests.integration.meetings.test_departures import departed
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceStub
from zoomslack.type.v1 import slack_pb2

GRACE = ("Grace Hopper", "graceZoomId")
LIFE = [
    zoom.started(),
    zoom.joined("100", "Ada", zoom.HOST_ID, time="2026-10-30T12:00:06Z"),
    zoom.joined("101", *GRACE, time="2026-10-30T12:01:01Z"),
    zoom.joined("102", *GRACE, time="2026-10-30T12:02:00Z"),
    zoom.left("101", *GRACE, time="2026-10-30T12:10:00Z"),
    zoom.joined("103", "Sam Guest", "samZoomId", time="2026-10-30T12:11:00Z"),
    zoom.left("102", *GRACE, time="2026-10-30T12:12:00Z"),
    zoom.joined("104", *GRACE, time="2026-10-30T12:13:00Z"),
    zoom.left("100", "Ada", zoom.HOST_ID, time="2026-10-30T12:34:14Z"),
    zoom.ended(),
    zoom.left("104", *GRACE, time="2026-10-30T12:34:14Z"),
]
"""Grace is there with two devices at first."""
TOLD = [
    ("started", ""),
    ("joined", zoom.HOST_ID),
    ("joined", "graceZoomId"),
    ("joined", "samZoomId"),
    ("left", "graceZoomId"),
    ("joined", "graceZoomId"),
    ("left", zoom.HOST_ID),
    ("ended", ""),
]
Told = tuple[str, str]


class Reader:
    """One stream, read at leisure."""

    def __init__(self, call: Any) -> None:
        self.call = call

    async def next(self) -> pb.WatchMeetingResponse | None:
        """Waits for a response; None at the end. Raises what ended the stream."""
        try:
            async with asyncio.timeout(10):
                response: Any = await self.call.read()
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None
        if response is not grpc.aio.EOF:
            return response  # type: ignore[no-any-return]
        assert await self.call.code() is grpc.StatusCode.OK
        return None

    async def rest(self) -> list[pb.WatchMeetingResponse]:
        """Reads to the end."""
        found = []
        while (response := await self.next()) is not None:
            found.append(response)
        return found


def watch(mesh: Mesh, meeting_id: str, token: str = "", user: slack_pb2.SlackUser = ADA, stub: Any = None) -> Reader:
    request = pb.WatchMeetingRequest(user=user, meeting_id=meeting_id, resume_token=token)
    return Reader((stub or mesh.stub).WatchMeeting(request))


async def reason(reader: Reader) -> Reason:
    with pytest.raises(MeshError) as failure:
        await reader.next()
    return failure.value.reason


def told(response: pb.WatchMeetingResponse | None) -> Told:
    assert response is not None
    change = str(response.WhichOneof("change"))
    attendee = getattr(response, change).attendee.attendee_id if change in ("joined", "left") else ""
    return change, attendee


def placed(response: pb.WatchMeetingResponse) -> tuple[str, Told, str]:
    """Returns a response without the meeting and the names, which are told as they are known by then."""
    return response.resume_token, told(response), response.change_time.ToJsonString()


@asynccontextmanager
async def stub_of(mesh: Mesh) -> AsyncIterator[Any]:
    """Gives a stub of a client that outlives the server."""
    async with open_channel(mesh.target, pb.DESCRIPTOR.services_by_name["MeetingsService"]) as channel:
        yield MeetingsServiceStub(channel)


async def test_N12_each_change_is_told_once_and_in_order_though_events_are_doubled(mesh: Mesh) -> None:
    meeting = (await mesh.start()).meeting
    reader = watch(mesh, meeting.meeting_id)
    first = await reader.next()
    assert first is not None
    assert (first.meeting, list(first.snapshot.present), first.HasField("change_time")) == (meeting, [], False)
    for n, event in enumerate(LIFE):
        await mesh.record(event)
        await mesh.record(LIFE[n // 2])
    responses = await reader.rest()
    assert [told(response) for response in responses] == TOLD
    assert responses[2].joined.attendee.display_name == "Grace Hopper"
    assert responses[1].joined.attendee.slack_user_id == ADA.slack_user_id
    assert [r.change_time.ToJsonString() for r in responses][-2:] == ["2026-10-30T12:34:14Z", "2026-10-30T12:34:15Z"]
    assert responses[-1].meeting.state == pb.MEETING_STATE_ENDED
    assert len({response.resume_token for response in [first, *responses]}) == len(TOLD) + 1


@pytest.mark.parametrize("seed", range(3))
async def test_N12_in_whatever_order_events_come_nobody_comes_or_leaves_twice(mesh: Mesh, seed: int) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    reader = watch(mesh, meeting_id)
    await reader.next()
    events = [event for event in LIFE if event != zoom.ended()] * 2
    random.Random(seed).shuffle(events)  # noqa: S311 (an order, not a secret)
    for event in events:
        await mesh.record(event)
    present = {a.attendee_id for a in (await watch(mesh, meeting_id).next()).snapshot.present}  # type: ignore[union-attr]
    await mesh.record(zoom.ended())
    changes = [told(response) for response in await reader.rest()]
    assert [change for change in changes if not change[1]] == [("started", ""), ("ended", "")]
    assert changes[-1] == ("ended", "")
    there: set[str] = set()
    for kind, attendee in changes:
        if kind == "joined":
            assert attendee not in there
            there.add(attendee)
        elif kind == "left":
            there.remove(attendee)
    assert there == present == {"samZoomId"}


async def test_N12_a_stream_that_breaks_after_any_response_goes_on_after_it(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    whole = watch(mesh, meeting_id)
    beginning = await whole.next()
    assert beginning is not None
    for event in LIFE:
        await mesh.record(event)
    unbroken = [beginning, *await whole.rest()]
    assert [told(response) for response in unbroken[1:]] == TOLD
    for broken_after in range(1, len(unbroken)):
        token, resumed = beginning.resume_token, unbroken[:1]
        while len(resumed) < len(unbroken):
            part = watch(mesh, meeting_id, token)
            for _ in range(broken_after):
                response = await part.next()
                if response is None:
                    break
                resumed.append(response)
                token = response.resume_token
            part.call.cancel()
        assert [placed(response) for response in resumed] == [placed(response) for response in unbroken]
    assert await watch(mesh, meeting_id, unbroken[-1].resume_token).rest() == []


async def test_N12_a_meeting_that_is_over_is_told_of_as_it_is_and_nothing_follows(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    for event in LIFE:
        await mesh.record(event)
    [only] = await watch(mesh, meeting_id).rest()
    assert (told(only), only.meeting.state, list(only.snapshot.present)) == (
        ("snapshot", ""),
        pb.MEETING_STATE_ENDED,
        [],
    )


async def test_N12_a_meeting_that_is_ended_before_anybody_opened_it_ends_the_stream(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    reader = watch(mesh, meeting_id)
    await reader.next()
    await mesh.stub.EndMeeting(pb.EndMeetingRequest(user=ADA, meeting_id=meeting_id), timeout=5)
    assert [told(response) for response in await reader.rest()] == [("ended", "")]


async def test_N12_what_one_replica_records_reaches_whoever_watches_at_another(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    async with replica(mesh) as other:
        reader = watch(other, meeting_id)
        await reader.next()
        for event in LIFE:
            await mesh.record(event)
        assert [told(response) for response in await reader.rest()] == TOLD


async def test_N12_a_rolling_restart_in_the_middle_loses_nothing_and_doubles_nothing(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    async with AsyncExitStack() as old:
        other = await old.enter_async_context(replica(mesh, drain_grace=30))
        async with stub_of(other) as stub:
            reader = watch(mesh, meeting_id, stub=stub)
            await reader.next()
            for event in LIFE[:3]:
                await mesh.record(event)
            responses = [await reader.next() for _ in range(3)]
            async with asyncio.timeout(5):
                await old.aclose()
            assert await reason(reader) is Reason.SERVICE_UNAVAILABLE
    for event in LIFE[3:8]:
        await mesh.record(event)
    assert responses[-1] is not None
    resumed = watch(mesh, meeting_id, responses[-1].resume_token)
    responses.append(await resumed.next())
    for event in LIFE[8:]:
        await mesh.record(event)
    assert [told(response) for response in [*responses, *await resumed.rest()]] == TOLD


async def test_N12_a_reader_that_is_slow_gets_everything(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    reader = watch(mesh, meeting_id)
    await reader.next()
    await mesh.record(zoom.started())
    people = 2 * BATCH + 7
    for n in range(people):
        await mesh.record(zoom.joined(str(n), f"Person {n}", f"person{n}"))
    await mesh.record(zoom.ended())
    joined = [("joined", f"person{n}") for n in range(people)]
    expected = [("started", ""), ("joined", zoom.HOST_ID), *joined, ("ended", "")]
    assert [told(response) for response in await reader.rest()] == expected


async def test_N12_whoever_begins_to_watch_while_much_happens_counts_nobody_twice_and_misses_nobody(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    await mesh.record(zoom.started())

    async def come_and_go(n: int) -> None:
        await mesh.record(zoom.joined(str(n), f"Person {n}", f"person{n}"))
        if n % 2:
            await mesh.record(zoom.left(str(n), f"Person {n}", f"person{n}"))

    async def follow() -> set[str]:
        reader = watch(mesh, meeting_id)
        first = await reader.next()
        assert first is not None
        there = {attendee.attendee_id for attendee in first.snapshot.present}
        for kind, attendee in map(told, await reader.rest()):
            if kind == "joined":
                assert attendee not in there
                there.add(attendee)
            elif kind == "left":
                there.remove(attendee)
        return there

    async with asyncio.TaskGroup() as group:
        readers = []
        for start in range(0, 40, 4):
            events = [asyncio.create_task(come_and_go(n)) for n in range(start, start + 4)]
            readers += [group.create_task(follow()) for _ in range(3)]
            await asyncio.gather(*events)
        await mesh.record(zoom.ended())
    expected = {zoom.HOST_ID, *(f"person{n}" for n in range(0, 40, 2))}
    assert [reader.result() for reader in readers] == [expected] * 30


async def test_N12_others_learn_nothing_of_a_meeting(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    first = await watch(mesh, meeting_id).next()
    assert first is not None
    for who in (("T0OTHER", "U0ADA"), ("T0ACME", "U0GRACE")):
        user = slack_pb2.SlackUser(slack_team_id=who[0], slack_user_id=who[1])
        assert await reason(watch(mesh, meeting_id, user=user)) is Reason.MEETING_NOT_FOUND
    elsewhere = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
    assert await reason(watch(mesh, meeting_id, first.resume_token, elsewhere)) is Reason.RESUME_TOKEN_INVALID
    colleague = slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0GRACE")
    assert await reason(watch(mesh, meeting_id, first.resume_token, colleague)) is Reason.MEETING_NOT_FOUND
    assert await reason(watch(mesh, str(uuid.uuid4()))) is Reason.MEETING_NOT_FOUND


async def test_N12_a_token_of_another_meeting_or_of_none_is_refused(mesh: Mesh) -> None:
    meeting_id, other_id = [(await mesh.start(topic=topic)).meeting.meeting_id for topic in ("A", "B")]
    for event in LIFE[:3]:
        await mesh.record(event)
    reader = watch(mesh, meeting_id)
    first = await reader.next()
    assert first is not None
    for token in (first.resume_token[:-3], "x", "!" * 512):
        assert await reason(watch(mesh, meeting_id, token)) is Reason.RESUME_TOKEN_INVALID
    other = await watch(mesh, other_id).next()
    assert other is not None
    assert await reason(watch(mesh, other_id, first.resume_token)) is Reason.RESUME_TOKEN_INVALID
    assert await reason(watch(mesh, meeting_id, other.resume_token)) is Reason.RESUME_TOKEN_INVALID
    assert await reason(watch(mesh, meeting_id, "x" * 513)) is Reason.INVALID_REQUEST
    async with mesh.database.transaction("as after a restore of a backup") as connection:
        await connection.exec_driver_sql("DELETE FROM meeting_changes WHERE sequence > 1")
    assert await reason(watch(mesh, meeting_id, first.resume_token)) is Reason.RESUME_TOKEN_INVALID


async def test_N12_whoever_watches_a_meeting_whose_host_leaves_is_told_that_it_is_gone(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    reader = watch(mesh, meeting_id)
    await reader.next()
    whose = departed(mesh)
    mesh.clock.advance(0.5)
    await DepartureStore(mesh.database, mesh.clock).erase(whose)
    assert await reason(reader) is Reason.MEETING_NOT_FOUND


async def test_N12_a_process_has_a_limit_of_streams(mesh: Mesh) -> None:
    watches = Watches(ChangeStore(mesh.database, KEYS), most=1)
    meeting_id = (await mesh.start()).meeting.meeting_id
    user = SlackUser("", ADA.slack_team_id, ADA.slack_user_id)
    one, two = watches.follow(user, meeting_id, None), watches.follow(user, meeting_id, None)
    await anext(one)
    with pytest.raises(MeshError) as failure:
        await anext(two)
    assert (failure.value.reason, failure.value.retry_delay is None) == (Reason.SERVICE_UNAVAILABLE, False)
    await one.aclose()
    again = watches.follow(user, meeting_id, None)
    await anext(again)
    await again.aclose()
