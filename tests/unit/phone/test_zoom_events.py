"""Whatever is in an event about a call, it is read or left, and never an error."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.phone import zoom_events, zoom_fields, zoom_history
from services.phone.lines import Line
from services.phone.progress import Direction, Result
from tests.support.phone_events import Spoken

CALL = Spoken(datetime(2026, 10, 30, 12, 0, tzinfo=UTC))
NAMES = (
    "phone.caller_ringing",
    "phone.caller_ended",
    "phone.callee_missed",
    "phone.caller_call_element_completed",
    "phone.callee_call_history_completed",
    "phone.caller_call_log_completed",
    "phone.blind_transfer_initiated",
    "phone.caller_hold",
)
KEYS = ("call_id", "caller", "callee", "user_id", "call_logs", "call_elements", "ringing_start_time", "owner", "id")
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner),
    max_leaves=12,
)


@given(st.sampled_from(NAMES), values)
def test_nothing_in_an_event_is_an_error(name: str, thing: Any) -> None:
    body = json.dumps({"event": name, "payload": {"account_id": "a", "object": thing}}).encode()
    found, facts = zoom_events.parse(body)
    assert found == name
    for fact in facts:
        assert fact.zoom_user_id
        assert fact.zoom_call_id


def test_the_other_side_is_told_as_far_as_it_is_known() -> None:
    _, [fact] = zoom_events.parse(CALL.ringing(callee="Grace\x00 Hopper \ud83d"))
    assert fact.direction is Direction.OUTBOUND
    assert fact.line == Line("+12025550143", "(202) 555-0143", "")
    assert fact.contact_name == "Grace Hopper ?"
    assert fact.progress.own_number == "+12025550101"


@pytest.mark.parametrize(
    ("number", "extension", "line"),
    [
        ("12025550143", "", Line("+12025550143", "(202) 555-0143", "")),
        ("+1 (202) 555-0143", "1002", Line("+12025550143", "(202) 555-0143", "1002")),
        ("1002", "", Line(extension="1002")),
        ("", "1002", Line(extension="1002")),
        ("anonymous", "", Line()),
        ("+1202555;ext=5", "10a", Line()),
        ("9" * 40, "", Line()),
    ],
)
def test_lines_as_zoom_writes_them(number: str, extension: str, line: Line) -> None:
    assert zoom_fields.line(number, extension) == line


@pytest.mark.parametrize(
    ("entry", "result", "seconds"),
    [
        (
            {"result": "answered", "answer_time": "2026-10-30T12:00:07Z", "end_time": "2026-10-30T12:02:10Z"},
            "answered",
            123,
        ),
        ({"result": "answered", "talk_time": 60, "end_time": "2026-10-30T12:02:10Z"}, "answered", 60),
        ({"result": "answered", "answer_time": "2026-10-30T12:00:07Z", "talk_time": 9}, "answered", 9),
        ({"result": "hang_up", "end_time": "2026-10-30T12:00:10Z"}, "canceled", None),
        ({"result": "no_answer", "talk_time": 9, "end_time": "2026-10-30T12:00:10Z"}, "no_answer", None),
        ({"result": "?", "answer_time": "2026-10-30T12:00:07Z", "end_time": "2026-10-30T12:00:10Z"}, "answered", 3),
        ({"result": "?", "end_time": "soon"}, "unknown", None),
        ({"result": 7, "end_time": 7}, "unknown", None),
    ],
)
def test_durations_in_the_history(entry: dict[str, Any], result: str, seconds: int | None) -> None:
    whole = {"call_id": "1", "start_time": "2026-10-30T12:00:00Z", "direction": "outbound", **entry}
    [fact] = zoom_history.history("zoomAcme", "zoomAda", [whole])
    progress = fact.progress
    assert progress.result is Result(result)
    assert progress.end_time is not None
    talked = None if progress.answer_time is None else (progress.end_time - progress.answer_time).total_seconds()
    assert talked == seconds


def test_what_does_not_say_which_call_it_is_says_nothing() -> None:
    assert zoom_history.history("zoomAcme", "", [{"call_id": "1", "direction": "inbound"}]) == ()
    assert zoom_history.history("zoomAcme", "zoomAda", [{"direction": "inbound"}, {"call_id": "1"}]) == ()
