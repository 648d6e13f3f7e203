"""Every event of meetings and recordings in Zoom's own specification is taken without an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.meetings.conftest import Mesh
from tests.integration.meetings.test_scheduling import NEXT_WEEK, get
from tests.support import zoom_bodies as zoom
from tests.support.zoom_events import EVENTS, about, examples
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

NOW = "2026-10-30T12:00:05Z"
UNDERSTOOD = {
    "meeting.started",
    "meeting.ended",
    "meeting.participant_joined",
    "meeting.participant_left",
    "recording.completed",
    "recording.trashed",
    "recording.deleted",
    "recording.recovered",
    "recording.batch_trashed",
    "recording.batch_deleted",
    "recording.batch_recovered",
}


def about_ours(event: dict[str, Any]) -> bytes:
    """Returns the bytes of an example that is changed to be about the meeting that the test started."""
    ours = {"host_id": zoom.HOST_ID, "uuid": "s3NjF1H2S6WjZ9L0Qm5bRw==", "account_id": zoom.ACCOUNT_ID}
    return json.dumps(about(event, 85012345678, event_ts=1793361605000, now=NOW, **ours), ensure_ascii=False).encode()


@pytest.mark.needs_shared
@pytest.mark.skipif(not EVENTS.exists(), reason="Zoom's specification is not part of this tree")
async def test_every_event_of_the_specification_is_taken(mesh: Mesh) -> None:
    await mesh.start()
    dispositions: dict[str, set[pb.EventDisposition.ValueType]] = {}
    for name, events in examples().items():
        for event in events:
            assert await mesh.record(json.dumps(event).encode()) == pb.EVENT_DISPOSITION_IGNORED, "of another meeting"
            dispositions.setdefault(name, set()).add(await mesh.record(about_ours(event)))
    applied = {name for name, found in dispositions.items() if found == {pb.EVENT_DISPOSITION_APPLIED}}
    assert applied == UNDERSTOOD
    assert len(dispositions) > 70
    assert "card" in {delivery.WhichOneof("content") for delivery in await mesh.lease()}


@pytest.mark.needs_shared
@pytest.mark.skipif(not EVENTS.exists(), reason="Zoom's specification is not part of this tree")
@pytest.mark.parametrize("name", ["meeting.deleted", "meeting.updated"])
async def test_what_the_specification_tells_of_a_series_is_taken_of_a_single_meeting(mesh: Mesh, name: str) -> None:
    meeting_id = (await mesh.schedule(NEXT_WEEK)).meeting.meeting_id
    for event in examples()[name]:
        ours = json.loads(about_ours(event))
        ours["payload"]["object"]["type"] = 2
        ours["payload"]["object"].pop("occurrences", None)
        assert await mesh.record(json.dumps(ours).encode()) == pb.EVENT_DISPOSITION_APPLIED
    meeting = await get(mesh, meeting_id)
    assert (meeting.state == pb.MEETING_STATE_ENDED) is (name == "meeting.deleted")
    assert (meeting.scheduled_time.ToJsonString() == NOW) is (name == "meeting.updated")
