"""What counts as done, refused and failed."""

from __future__ import annotations

import typing

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from mesh.errors import MeshError, Reason
from services.slack_edge import commands, measures
from services.slack_edge.slack_api import SlackError
from services.slack_edge.slack_errors import Nature
from tests.support.spans import caught_spans


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, ("done", "")),
        (MeshError(Reason.ZOOM_NOT_CONNECTED), ("refused", "ZOOM_NOT_CONNECTED")),
        (MeshError(Reason.ZOOM_DAILY_LIMIT), ("refused", "ZOOM_DAILY_LIMIT")),
        (MeshError(Reason.ZOOM_UNAVAILABLE), ("failed", "ZOOM_UNAVAILABLE")),
        (MeshError(Reason.ZOOM_RATE_LIMITED), ("failed", "ZOOM_RATE_LIMITED")),
        (MeshError(Reason.DEADLINE_TOO_SHORT), ("timed_out", "DEADLINE_TOO_SHORT")),
        (TimeoutError(), ("timed_out", "DEADLINE_TOO_SHORT")),
        (SlackError("calls.add", "ratelimited", Nature.PASSING), ("failed", "slack_passing")),
        (SlackError("calls.add", "is_archived", Nature.PLACE), ("refused", "slack_place")),
        (LookupError("a defect"), ("failed", "INTERNAL")),
    ],
)
def test_an_error_is_a_failure_where_the_person_can_do_nothing_about_it(
    error: Exception | None, outcome: tuple[str, str]
) -> None:
    assert measures.outcome_of(error) == outcome


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, StatusCode.UNSET),
        (MeshError(Reason.ZOOM_NOT_CONNECTED), StatusCode.UNSET),
        (MeshError(Reason.ZOOM_UNAVAILABLE), StatusCode.ERROR),
        (TimeoutError(), StatusCode.ERROR),
    ],
)
def test_a_failed_command_marks_its_span_though_slack_gets_200(error: Exception | None, status: StatusCode) -> None:
    with caught_spans() as caught, trace.get_tracer(__name__).start_as_current_span("POST /slack/commands"):
        measures.count_command(commands.Help(), error)
    [span] = caught.all
    assert span.status.status_code is status
    assert (span.attributes or {})["zoomslack.command"] == "help"


@pytest.mark.parametrize("kind", typing.get_args(commands.Command))
def test_every_command_has_a_name(kind: type) -> None:
    measures.count_command(object.__new__(kind))
