"""How long meetings are kept, and that nothing of them stays behind."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from mesh.errors import MeshError, Reason
from services.meetings.meetings import WORK_LEASE
from services.meetings.settings import MeetingsSettings
from services.meetings.store import MeetingStore
from services.meetings.tables import deliveries, meeting_changes, meetings, metadata, participant_sessions, recordings
from tests.integration.meetings.conftest import ADA, KEYS, Mesh, later
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

KEPT = timedelta(days=400)
OF_MEETINGS = (meetings, meeting_changes, participant_sessions, recordings, deliveries)


async def rows(mesh: Mesh) -> dict[str, int]:
    """Returns how many rows each table has that holds something of meetings."""
    async with mesh.database.snapshot("count") as connection:
        return {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0 for table in OF_MEETINGS
        }


async def held(mesh: Mesh, number: int) -> pb.Meeting:
    """Returns a meeting that took place, with somebody in it and a recording."""
    meeting = (await mesh.start(topic=f"Meeting {number}")).meeting
    fields = {"id": meeting.zoom_meeting_id, "uuid": f"run-{number}=="}
    for event in (zoom.started(**fields), zoom.joined("1", "Grace", **fields), zoom.ended(**fields)):
        await mesh.record(event)
    await mesh.record(zoom.recorded(id=int(meeting.zoom_meeting_id), uuid=f"run-{number}=="))
    return meeting


async def listed(mesh: Mesh) -> list[str]:
    response = await mesh.stub.ListMeetings(pb.ListMeetingsRequest(user=ADA), timeout=5)
    return [meeting.topic for meeting in response.meetings]


def store(mesh: Mesh, batch: int = 2) -> MeetingStore:
    return MeetingStore(mesh.database, KEYS, mesh.clock, batch=batch)


async def test_meetings_that_ended_long_ago_go_with_all_that_hangs_on_them(mesh: Mesh) -> None:
    for number in range(5):
        await held(mesh, number)
    await store(mesh).forget_old(KEPT)
    assert len(await listed(mesh)) == 5
    assert 0 not in (await rows(mesh)).values()
    later(mesh.clock, KEPT + timedelta(hours=1))
    await mesh.start(topic="New")
    await store(mesh).forget_old(KEPT)
    assert await listed(mesh) == ["New"]
    of_the_new_one = {"meetings": 1, "deliveries": 1}
    assert await rows(mesh) == {**{table.name: 0 for table in OF_MEETINGS}, **of_the_new_one}
    late = zoom.removed("recording.deleted", id=85012345678, uuid="run-0==", sent=9)
    assert await mesh.record(late) == pb.EVENT_DISPOSITION_IGNORED


async def test_a_meeting_that_has_not_ended_is_kept_however_old_it_is(mesh: Mesh) -> None:
    await mesh.start(topic="Never opened")
    later(mesh.clock, 2 * KEPT)
    await store(mesh).forget_old(KEPT)
    assert await listed(mesh) == ["Never opened"]


async def test_failures_that_hang_on_no_meeting_go_too(mesh: Mesh) -> None:
    mesh.zoom.after.append(MeshError(Reason.ZOOM_OUTCOME_UNKNOWN))
    mesh.zoom.blind = 100
    assert (await mesh.start()).pending
    later(mesh.clock, timedelta(hours=1) + WORK_LEASE)
    successor = mesh.another_worker()
    await successor.resume_abandoned()
    await successor.drain()
    assert (await rows(mesh))["deliveries"] == 1
    later(mesh.clock, KEPT - timedelta(hours=2))
    await store(mesh).forget_old(KEPT)
    assert (await rows(mesh))["deliveries"] == 1
    later(mesh.clock, timedelta(hours=3))
    await store(mesh).forget_old(KEPT)
    assert (await rows(mesh))["deliveries"] == 0


def test_every_table_is_thought_of() -> None:
    """What is not deleted with the meetings has an age of its own."""
    elsewhere = {"start_requests", "zoom_events", "erasures", "releases"}
    assert {table.name for table in metadata.sorted_tables} == elsewhere | {table.name for table in OF_MEETINGS}


def test_the_setting_is_in_days() -> None:
    assert MeetingsSettings().meetings_kept == KEPT
