"""N12: meetings that wait for their time, and are deleted or moved at Zoom."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.meetings.conftest import ROOM, Mesh
from tests.integration.meetings.test_scheduling import AT_NEXT_WEEK, NEXT_WEEK, end, get, listed
from tests.integration.meetings.test_watching import told, watch
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

APPLIED, DUPLICATE = pb.EVENT_DISPOSITION_APPLIED, pb.EVENT_DISPOSITION_DUPLICATE
HELD, IGNORED = pb.EVENT_DISPOSITION_HELD, pb.EVENT_DISPOSITION_IGNORED
CREATED, STARTED, ENDED = pb.MEETING_STATE_CREATED, pb.MEETING_STATE_STARTED, pb.MEETING_STATE_ENDED
EVENING = "2026-11-06T18:30:00Z"
IN_THE_EVENING = datetime(2026, 11, 6, 18, 30, tzinfo=UTC)
HALF, HOUR = timedelta(minutes=30), timedelta(hours=1)
RECURRING: dict[str, Any] = {"type": 8, "occurrences": [{"occurrence_id": "1", "start_time": EVENING}]}


async def shown(mesh: Mesh, **slack: object) -> list[pb.Delivery]:
    """Leases what lags, and has Slack show it."""
    mesh.clock.advance(5)
    found = await mesh.lease()
    for delivery in found:
        await mesh.complete(delivery, **slack)
    return found


async def schedule(mesh: Mesh) -> str:
    """Schedules a meeting for next week, whose card is shown; returns its id."""
    meeting_id = (await mesh.schedule(NEXT_WEEK)).meeting.meeting_id
    assert len(await shown(mesh, slack_call_id="R0CALL")) == 1
    return str(meeting_id)


async def times(mesh: Mesh, meeting_id: str) -> tuple[datetime, timedelta]:
    meeting = await get(mesh, meeting_id)
    return meeting.scheduled_time.ToDatetime(UTC), meeting.scheduled_duration.ToTimedelta()


async def test_N12_one_that_is_deleted_at_zoom_is_closed_like_one_that_is_cancelled_here(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    reader = watch(mesh, meeting_id)
    await reader.next()
    assert await mesh.record(zoom.deleted()) == APPLIED
    assert [told(response) for response in await reader.rest()] == [("ended", "")]
    meeting = await get(mesh, meeting_id)
    assert (meeting.state, meeting.HasField("start_time")) == (ENDED, False)
    assert meeting.scheduled_time.ToDatetime(UTC) == NEXT_WEEK
    [delivery] = await shown(mesh)
    assert delivery.card.meeting == meeting, "and no summary"
    assert (await end(mesh, meeting_id)).was_over
    assert mesh.zoom.cancelled == []


async def test_N12_one_that_was_to_begin_at_once_and_that_nobody_opened_is_closed_too(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    assert await mesh.record(zoom.deleted()) == APPLIED
    assert (await get(mesh, meeting_id)).state == ENDED


async def test_N12_however_often_it_is_told_that_it_was_deleted_it_ends_once(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    assert await mesh.record(zoom.deleted()) == APPLIED
    first = await get(mesh, meeting_id)
    assert len(await shown(mesh)) == 1
    assert await mesh.record(zoom.deleted()) == IGNORED
    assert await mesh.record(zoom.deleted(sent=1)) == IGNORED
    assert await get(mesh, meeting_id) == first
    assert await shown(mesh) == []
    assert [told(response)[0] for response in await watch(mesh, meeting_id).rest()] == ["snapshot"]


async def test_N12_that_zoom_tells_of_our_own_cancelling_changes_nothing(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    cancelled = (await end(mesh, meeting_id)).meeting
    assert len(await shown(mesh)) == 1
    assert await mesh.record(zoom.deleted()) == IGNORED
    assert await get(mesh, meeting_id) == cancelled
    assert await shown(mesh) == []


async def test_N12_one_that_is_deleted_before_it_is_stored_here_is_closed_when_it_is(mesh: Mesh) -> None:
    release = mesh.zoom.hold()
    task = asyncio.create_task(mesh.schedule(NEXT_WEEK))
    await mesh.zoom.reached()
    assert await mesh.record(zoom.deleted()) == HELD
    release()
    meeting = (await task).meeting
    assert meeting.state == ENDED
    [delivery] = await mesh.lease()
    assert delivery.card.meeting == meeting


async def test_N12_one_that_runs_or_is_over_is_left_alone(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    await mesh.record(zoom.started(**AT_NEXT_WEEK))
    assert await mesh.record(zoom.deleted()) == IGNORED
    assert (await get(mesh, meeting_id)).state == STARTED
    await mesh.record(zoom.ended("2026-11-06T12:34:15Z", **AT_NEXT_WEEK))
    over = await get(mesh, meeting_id)
    assert await mesh.record(zoom.deleted(sent=1)) == IGNORED
    assert await get(mesh, meeting_id) == over
    assert {str(delivery.WhichOneof("content")) for delivery in await shown(mesh)} == {"card", "summary"}


async def test_N12_a_deleted_meeting_does_not_begin_any_more(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    await mesh.record(zoom.deleted())
    closed = await get(mesh, meeting_id)
    assert await mesh.record(zoom.started(**AT_NEXT_WEEK)) == IGNORED
    assert await get(mesh, meeting_id) == closed


@pytest.mark.parametrize(
    "event",
    [
        zoom.deleted(host_id="somebodyElse"),
        zoom.deleted(id=85012345679),
        zoom.deleted(operation="single", **RECURRING),
        zoom.deleted(operation="range", **RECURRING),
        zoom.deleted(id=None),
        zoom.moved(account_id="GlobexAccount000000001", start_time=EVENING),
        zoom.moved(id=85012345679, start_time=EVENING),
        zoom.moved(start_time=EVENING, **RECURRING),
        zoom.moved(topic="Planning the plan", settings={"waiting_room": True}),
        zoom.moved(start_time="at noon", duration=0),
        zoom.moved(start_time="9999-12-31T23:59:59Z"),
    ],
)
async def test_N12_what_is_not_about_the_whole_of_ours_changes_nothing(mesh: Mesh, event: bytes) -> None:
    meeting_id = await schedule(mesh)
    before = await get(mesh, meeting_id)
    assert await mesh.record(event) == IGNORED
    assert await get(mesh, meeting_id) == before
    assert await shown(mesh) == []


async def test_N12_of_a_series_all_of_which_is_deleted_nothing_is_left(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    assert await mesh.record(zoom.deleted(operation="all", type=8)) == APPLIED
    assert (await get(mesh, meeting_id)).state == ENDED


async def test_N12_the_number_of_a_room_is_not_that_of_its_meetings(mesh: Mesh) -> None:
    in_room = (await mesh.start(personal_room=True)).meeting.meeting_id
    mesh.zoom.pmi = ROOM
    meeting_id = (await mesh.start()).meeting.meeting_id
    assert await mesh.record(zoom.deleted(id=int(ROOM))) == IGNORED
    assert {(await get(mesh, one)).state for one in (in_room, meeting_id)} == {CREATED}
    assert await mesh.record(zoom.deleted(id=85012345678)) == APPLIED
    assert [(await get(mesh, one)).state for one in (in_room, meeting_id)] == [CREATED, ENDED]


async def test_N12_one_that_is_moved_at_zoom_says_so_here_and_on_its_card(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    assert await mesh.record(zoom.moved(start_time=EVENING)) == APPLIED
    assert await times(mesh, meeting_id) == (IN_THE_EVENING, HALF)
    [delivery] = await shown(mesh)
    assert delivery.card.meeting == await get(mesh, meeting_id)
    assert await mesh.record(zoom.moved(duration=60, sent=1)) == APPLIED
    assert await times(mesh, meeting_id) == (IN_THE_EVENING, HOUR)
    assert len(await shown(mesh)) == 1
    assert await listed(mesh) == [meeting_id]


async def test_N12_what_zoom_tells_of_a_move_again_is_shown_once(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    await mesh.record(zoom.moved(start_time=EVENING))
    assert len(await shown(mesh)) == 1
    assert await mesh.record(zoom.moved(start_time=EVENING)) == DUPLICATE
    await mesh.record(zoom.moved(start_time=EVENING, duration=30, sent=1))
    assert await shown(mesh) == [], "nothing of it is new"
    assert await times(mesh, meeting_id) == (IN_THE_EVENING, HALF)


MOVES = (
    zoom.moved(start_time="2026-11-07T09:00:00Z", duration=90),
    zoom.moved(start_time=EVENING, sent=1),
    zoom.moved(duration=60, sent=2),
    zoom.moved(topic="Planning the plan", sent=3),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_N12_in_whatever_order_it_is_told_of_moves_the_last_one_counts(
    mesh: Mesh, order: tuple[int, ...]
) -> None:
    meeting_id = await schedule(mesh)
    for number in (*order, 3, *order):
        await mesh.record(MOVES[number])
    assert await times(mesh, meeting_id) == (IN_THE_EVENING, HOUR)
    [delivery] = await shown(mesh)
    assert delivery.card.meeting == await get(mesh, meeting_id)


async def test_N12_one_that_is_moved_before_it_is_stored_here_is_shown_as_moved(mesh: Mesh) -> None:
    release = mesh.zoom.hold()
    task = asyncio.create_task(mesh.schedule(NEXT_WEEK))
    await mesh.zoom.reached()
    assert await mesh.record(zoom.moved(start_time=EVENING)) == HELD
    release()
    assert (await task).meeting.scheduled_time.ToDatetime(UTC) == IN_THE_EVENING


async def test_N12_a_host_whom_zoom_does_not_name_has_her_meeting_moved_also_by_an_admin(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    assert await mesh.record(zoom.moved(start_time=EVENING, operator_id="someAdmin")) == APPLIED
    assert await times(mesh, meeting_id) == (IN_THE_EVENING, HALF)


async def test_N12_one_that_has_begun_or_is_over_is_not_moved(mesh: Mesh) -> None:
    meeting_id = await schedule(mesh)
    await mesh.record(zoom.started(**AT_NEXT_WEEK))
    assert await mesh.record(zoom.moved(start_time=EVENING)) == IGNORED
    assert await times(mesh, meeting_id) == (NEXT_WEEK, HALF)
    await mesh.record(zoom.ended("2026-11-06T12:34:15Z", **AT_NEXT_WEEK))
    assert await mesh.record(zoom.moved(start_time=EVENING, sent=1)) == IGNORED
    assert await times(mesh, meeting_id) == (NEXT_WEEK, HALF)


async def test_N12_one_that_was_to_begin_at_once_gets_no_time_by_being_moved(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    assert await mesh.record(zoom.moved(start_time=EVENING)) == IGNORED
    assert not (await get(mesh, meeting_id)).HasField("scheduled_time")


async def test_N12_whoever_repeats_the_request_of_one_that_was_moved_gets_it_as_it_is(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    meeting_id = (await mesh.schedule(NEXT_WEEK, request_id)).meeting.meeting_id
    await mesh.record(zoom.moved(start_time=EVENING))
    again = (await mesh.schedule(NEXT_WEEK, request_id)).meeting
    assert again == await get(mesh, meeting_id)
    assert mesh.zoom.creations == 1
