"""Every event of meetings and recordings in Zoom's own specification is taken without an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.meetings.conftest import Mesh
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

EVENTS = Path(__file__).parents[4] / "shared/specs/zoom/meetings-events.openapi.json"
NOW = "2026-10-30T12:00:05Z"
OURS = {"host_id": zoom.HOST_ID, "uuid": "s3NjF1H2S6WjZ9L0Qm5bRw==", "start_time": NOW, "end_time": NOW}
UNDERSTOOD = {
    "meeting.started",
    "meeting.ended",
    "meeting.participant_joined",
    "meeting.participant_left",
    "recording.completed",
    "recording.trashed",
    "recording.deleted",
    "recording.recovered",
}


def examples() -> dict[str, list[dict[str, Any]]]:
    """Returns Zoom's examples of each event."""
    events = json.loads(EVENTS.read_text(encoding="utf-8"))["webhooks"]
    found: dict[str, list[dict[str, Any]]] = {}
    for name, event in events.items():
        if name.startswith(("meeting.", "recording.")):
            shown = event["post"]["requestBody"]["content"]["application/json"]["examples"].values()
            values = [example["value"] for example in shown]
            found[name] = [json.loads(value) if isinstance(value, str) else value for value in values]
    return found


def about_ours(event: dict[str, Any]) -> bytes:
    """Returns the bytes of an example that is changed to be about the meeting that the test started."""
    thing = event["payload"]["object"]
    changes: dict[str, Any] = {key: value for key, value in OURS.items() if key in thing}
    if "id" in thing:
        changes["id"] = type(thing["id"])(85012345678)
    if isinstance(thing.get("participant"), dict):
        times = {key: NOW for key in ("join_time", "leave_time") if key in thing["participant"]}
        changes["participant"] = {**thing["participant"], **times}
    # The example of a joining has no time of its own: then the event's counts.
    changed = {**event, "event_ts": 1793361605000, "payload": {**event["payload"], "object": {**thing, **changes}}}
    return json.dumps(changed, ensure_ascii=False).encode()


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
