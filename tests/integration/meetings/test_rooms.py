"""S20, S28: meetings in somebody's personal room, which exists already and whose number comes back for years."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from services.meetings.meetings import WORK_LEASE
from tests.integration.meetings.conftest import ROOM, Mesh, later
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

RUN = "roomRun=="


async def test_S28_nothing_is_made_and_the_card_shows_the_room(mesh: Mesh) -> None:
    meeting = (await mesh.start(personal_room=True)).meeting
    assert mesh.zoom.creations == 0
    assert (meeting.zoom_meeting_id, meeting.passcode) == (ROOM, "r00mPass")
    assert meeting.join_url.startswith(f"https://zoom.example/j/{ROOM}")
    assert meeting.topic == "Weekly sync"


async def test_S28_the_card_follows_the_run_that_began_after_it_and_no_other(mesh: Mesh) -> None:
    await mesh.start(personal_room=True)  # at 12:00:00
    before = zoom.ended("2026-10-30T11:59:58Z", id=ROOM, uuid="earlier==")
    assert await mesh.record(before) == pb.EVENT_DISPOSITION_IGNORED
    for event in (zoom.started(id=ROOM, uuid=RUN), zoom.joined("1", "Lin", id=ROOM, uuid=RUN)):
        assert await mesh.record(event) == pb.EVENT_DISPOSITION_APPLIED
    other = zoom.joined("2", "Max", id=ROOM, uuid="later==", time="2026-10-30T12:02:00Z")
    assert await mesh.record(other) == pb.EVENT_DISPOSITION_IGNORED
    [card] = await mesh.lease()
    assert card.card.meeting.state == pb.MEETING_STATE_STARTED
    assert [a.display_name for a in card.card.present][-1] == "Lin"


@pytest.mark.parametrize("own_room", [True, False], ids=["S28", "S20"])
async def test_two_cards_on_one_room_both_follow_its_run(mesh: Mesh, own_room: bool) -> None:
    mesh.zoom.pmi = ROOM
    await mesh.start(topic="By her settings")
    await mesh.start(topic="Again", personal_room=own_room)
    for event in (zoom.started(id=ROOM, uuid=RUN), zoom.joined("1", "Lin", id=ROOM, uuid=RUN)):
        await mesh.record(event)
    cards = await mesh.lease()
    assert {card.card.meeting.topic: len(card.card.present) for card in cards} == {"By her settings": 2, "Again": 2}
    assert {card.card.meeting.zoom_meeting_id for card in cards} == {ROOM}
    await mesh.record(zoom.ended(id=ROOM, uuid=RUN))
    summaries = [d for d in await mesh.lease() if d.HasField("summary")]
    assert len(summaries) == 2


async def test_S20_a_card_that_came_while_the_room_was_open_ends_with_that_run(mesh: Mesh) -> None:
    mesh.zoom.pmi = ROOM
    await mesh.start(topic="First")
    await mesh.record(zoom.started(id=ROOM, uuid=RUN))
    await mesh.start(topic="Second")
    await mesh.record(zoom.ended("2026-10-30T12:01:00Z", id=ROOM, uuid=RUN))
    next_run = zoom.started(id=ROOM, uuid="nextRun==", start_time="2026-10-30T12:02:00Z")
    assert await mesh.record(next_run) == pb.EVENT_DISPOSITION_IGNORED
    cards = [d.card.meeting for d in await mesh.lease() if d.HasField("card")]
    assert {card.topic: card.state for card in cards} == dict.fromkeys(("First", "Second"), pb.MEETING_STATE_ENDED)


async def test_S53_however_many_meetings_the_room_had_since_an_old_recording_is_still_known(mesh: Mesh) -> None:
    meeting = (await mesh.start(personal_room=True)).meeting
    old: dict[str, Any] = {"id": int(ROOM), "uuid": RUN}
    for event in (zoom.started(id=ROOM, uuid=RUN), zoom.ended(id=ROOM, uuid=RUN), zoom.recorded(**old)):
        await mesh.record(event)
    for _ in range(25):
        mesh.clock.advance(3600)
        await mesh.start(personal_room=True)
    deleted = zoom.removed("recording.deleted", sent=100, **old)
    assert await mesh.record(deleted) == pb.EVENT_DISPOSITION_APPLIED
    late = zoom.recorded("https://zoom.example/rec/share/PART2", files=("part2",), sent=101, **old)
    assert await mesh.record(late) == pb.EVENT_DISPOSITION_APPLIED
    [recording] = [d.recording for d in await mesh.lease() if d.HasField("recording")]
    assert recording.meeting.meeting_id == meeting.meeting_id
    assert recording.play_url == "https://zoom.example/rec/share/PART2"


@pytest.mark.parametrize("leaves_at", ["2026-10-30T12:00:00Z", "2026-10-30T12:00:20Z"])
async def test_S28_a_run_that_began_before_the_card_is_not_shown_because_somebody_leaves_it(
    mesh: Mesh, leaves_at: str
) -> None:
    private: dict[str, Any] = {"id": ROOM, "uuid": "private==", "start_time": "2026-10-30T11:00:00Z"}
    mesh.clock.advance(0.5)  # the card is made within the second of the first leaving
    await mesh.start(personal_room=True)
    before = [
        zoom.left("7", "Head Hunter", time=leaves_at, **private),
        zoom.ended(leaves_at, **private),
        zoom.recorded(**{**private, "id": int(ROOM)}),
    ]
    for event in before:
        assert await mesh.record(event) == pb.EVENT_DISPOSITION_IGNORED
    own = zoom.started(id=ROOM, uuid=RUN, start_time="2026-10-30T12:01:00Z")
    assert await mesh.record(own) == pb.EVENT_DISPOSITION_APPLIED
    [card] = await mesh.lease()
    assert card.card.meeting.state == pb.MEETING_STATE_STARTED
    assert len(card.card.present) == 1


@pytest.mark.parametrize("first", [zoom.left, zoom.ended], ids=["left", "ended"])
async def test_S28_an_end_that_comes_before_the_beginning_of_its_run_is_the_meetings(mesh: Mesh, first: Any) -> None:
    await mesh.start(personal_room=True)
    arguments = ("1", "Lin") if first is zoom.left else ()
    assert await mesh.record(first(*arguments, id=ROOM, uuid=RUN)) == pb.EVENT_DISPOSITION_APPLIED
    other = zoom.started(id=ROOM, uuid="other==", start_time="2026-10-30T12:02:00Z")
    assert await mesh.record(other) == pb.EVENT_DISPOSITION_IGNORED


async def test_S28_an_end_that_does_not_say_when_its_run_began_is_nobodys(mesh: Mesh) -> None:
    await mesh.start(personal_room=True)
    for when in (None, "", "yesterday"):
        event = zoom.left("1", "Lin", id=ROOM, uuid="some==", start_time=when)
        assert await mesh.record(event) == pb.EVENT_DISPOSITION_IGNORED
    assert await mesh.record(zoom.started(id=ROOM, uuid=RUN)) == pb.EVENT_DISPOSITION_APPLIED
    unsaid = zoom.joined("1", "Lin", id=ROOM, uuid=RUN, start_time="yesterday")
    assert await mesh.record(unsaid) == pb.EVENT_DISPOSITION_APPLIED, "whose run it is was known"


async def test_S28_one_request_id_does_not_stand_for_a_meeting_and_for_the_room(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    await mesh.start(request_id, personal_room=True)
    with pytest.raises(MeshError) as failure:
        await mesh.start(request_id)
    assert failure.value.reason is Reason.REQUEST_ID_REUSED
    assert (await mesh.start(request_id, personal_room=True)).meeting.zoom_meeting_id == ROOM


async def test_S28_whoever_takes_over_a_dead_worker_needs_no_look_up(mesh: Mesh) -> None:
    mesh.zoom.after.append(asyncio.CancelledError())
    mesh.zoom.blind = 100
    assert (await mesh.start(personal_room=True)).pending
    later(mesh.clock, WORK_LEASE)
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    [card] = await mesh.lease()
    assert card.card.meeting.zoom_meeting_id == ROOM
    assert mesh.zoom.creations == 0


async def test_S28_hours_later_nobody_waits_in_the_room_any_more(mesh: Mesh) -> None:
    mesh.zoom.after.append(asyncio.CancelledError())
    assert (await mesh.start(personal_room=True)).pending
    later(mesh.clock, timedelta(hours=3))
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    [told] = await mesh.lease()
    assert told.failure.reason == "ZOOM_UNAVAILABLE"


async def test_S28_a_room_that_is_disabled_is_said_to_be(mesh: Mesh) -> None:
    mesh.zoom.before.append(MeshError(Reason.PERSONAL_ROOM_DISABLED))
    with pytest.raises(MeshError) as failure:
        await mesh.start(personal_room=True)
    assert failure.value.reason is Reason.PERSONAL_ROOM_DISABLED
