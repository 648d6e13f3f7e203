"""Nothing of Slack and Zoom is used that no contract test covers, and the list is what the tools say it is."""

from __future__ import annotations

import re

import pytest

from simulators.zoom.operations import OPERATIONS
from tests.contract import slack_answers, used, zoom_answers
from tests.contract.__main__ import main
from tests.contract.coverage import UNSPECIFIED, Covered, covered
from tests.contract.specifications import HERE, read


def test_everything_that_is_used_is_covered() -> None:
    rows = list(covered())
    assert not [row for row in rows if not row.by]
    assert {row.kind for row in rows} == {"Zoom operation", "Zoom event", "Slack method", "Slack event"}


def test_what_is_used_is_found_in_the_source() -> None:
    assert ("PUT", "/meetings/{meetingId}/status") in used.zoom_operations(), "given to the call"
    assert {("GET", "/users/{userId}/meetings"), ("POST", "/users/{userId}/meetings")} <= used.zoom_operations(), "both"
    assert ("GET", "/past_meetings/{meetingId}/participants") in used.zoom_operations(), "given by way of a function"
    assert {"recording.batch_trashed", "phone.caller_call_log_completed", "user.deleted"} <= used.zoom_events()
    assert {"calls.participants.add", "oauth.v2.access", "views.publish"} <= used.slack_methods()


def test_nothing_is_covered_that_is_not_used() -> None:
    assert zoom_answers.ASKED.keys() == used.zoom_operations()
    assert slack_answers.ASKED.keys() == used.slack_methods()
    assert UNSPECIFIED.keys() <= used.zoom_events()


def test_every_operation_that_is_used_is_one_of_the_simulators() -> None:
    known = {(operation.method, operation.path) for operation in OPERATIONS}
    assert {(verb, re.sub(r"[{]\w+[}]", "{}", path.strip("/"))) for verb, path in used.zoom_operations()} <= known


def test_the_list_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(covered()) == 0
    printed = capsys.readouterr().out
    assert "PUT /meetings/{meetingId}/status" in printed
    assert "0 not covered" in printed


def test_what_is_used_and_not_covered_fails(capsys: pytest.CaptureFixture[str]) -> None:
    forgotten = Covered("Slack method", "chat.delete", "")
    assert main([*covered(), forgotten]) == 1
    assert "NOT COVERED" in capsys.readouterr().out


@pytest.mark.needs_shared
@pytest.mark.skipif(not HERE, reason="the vendors' specifications are not part of this tree")
def test_every_event_of_zoom_is_in_its_specification() -> None:
    files = ("zoom/meetings-events.openapi.json", "zoom/phone-events.openapi.json")
    specified = {name for file in files for name in read(file)["webhooks"]}
    assert used.zoom_events() - UNSPECIFIED.keys() <= specified
    assert not UNSPECIFIED.keys() & specified, "it can be held against something now"
