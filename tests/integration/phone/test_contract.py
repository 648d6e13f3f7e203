"""Every event about phone calls in Zoom's own specification is taken without an error, in any order."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.phone.conftest import Mesh
from tests.support.phone_events import iso
from tests.support.zoom_events import PHONE_EVENTS, examples
from zoomslack.phone.v1 import phone_service_pb2 as pb

UNDERSTOOD = {
    *(f"phone.caller_{step}" for step in ("ringing", "connected", "ended")),
    *(f"phone.callee_{step}" for step in ("ringing", "answered", "ended", "missed", "rejected")),
    *(f"phone.{side}_call_{form}_completed" for side in ("caller", "callee") for form in ("log", "history", "element")),
    "phone.blind_transfer_initiated",
    "phone.warm_transfer_completed",
    "phone.transfer_call_to_voicemail_initiated",
}
"""The steps of a call, its history, and what puts it through; everything else is of no interest."""


def about_adas(event: dict[str, Any], begun: str, ended: str) -> bytes:
    """Returns the bytes of an example that is changed to be about a call of Ada's that begins now."""
    return json.dumps(_changed(event, begun, ended), ensure_ascii=False).encode()


def _changed(value: Any, begun: str, ended: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _changed(inner, begun, ended, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_changed(inner, begun, ended) for inner in value]
    known = {
        **dict.fromkeys(("ringing_start_time", "start_time", "date_time"), begun),
        **dict.fromkeys(("call_end_time", "end_time", "answer_start_time", "answer_time"), ended),
        **dict.fromkeys(("user_id", "id"), "zoomAda"),
        "connected_start_time": ended,
        "account_id": "zoomAcme",
        "call_id": "1",
        "failure_reason": "",
    }
    return known.get(key, value)


@pytest.mark.needs_shared
@pytest.mark.skipif(not PHONE_EVENTS.exists(), reason="Zoom's specification is not part of this tree")
@pytest.mark.parametrize("seed", range(3))
async def test_every_phone_event_of_the_specification_is_taken_four_times_in_any_order(mesh: Mesh, seed: int) -> None:
    await mesh.show_all()
    moment = mesh.clock.now()
    begun, ended = iso(moment + timedelta(seconds=30)), iso(moment + timedelta(seconds=90))
    bodies = [
        (name, about_adas(event, begun, ended))
        for name, events in examples(PHONE_EVENTS, "phone.").items()
        for event in events
    ]
    assert len({name for name, _ in bodies}) > 65
    deliveries = bodies * 4
    random.Random(seed).shuffle(deliveries)  # noqa: S311 (an order, not a secret)
    applied: set[str] = set()
    for name, body in deliveries:
        if await mesh.record(body) == pb.EVENT_DISPOSITION_APPLIED:
            applied.add(name)
    # A transfer may come before it is known which call that is: then it waits.
    assert applied | {name for name in UNDERSTOOD if "transfer" in name} == UNDERSTOOD
    calls = await mesh.calls()
    assert {call.direction for call in calls} == {pb.CALL_DIRECTION_OUTBOUND, pb.CALL_DIRECTION_INBOUND}
    assert len(calls) == 2
    assert {call.state for call in calls} == {pb.PHONE_CALL_STATE_ENDED}
    assert all(call.transferred for call in calls)
    assert len(await mesh.lease()) == 2
