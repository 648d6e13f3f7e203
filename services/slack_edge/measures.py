"""What the edge counts: commands, interactions, events and deliveries, and how each ended. See docs/telemetry.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

from mesh.errors import MeshError, Reason
from mesh.measuring import counter, histogram
from services.slack_edge import callees, commands
from services.slack_edge.slack_api import SlackError

DONE, REPEATED = "done", "repeated"
_NAMES: Mapping[type, str] = {
    commands.StartMeeting: "start_meeting",
    commands.JoinMeeting: "join_meeting",
    commands.JoinWhat: "join_meeting",
    callees.Number: "call",
    callees.Person: "call",
    callees.Nobody: "call",
    commands.ConfigureCalls: "configure_calls",
    commands.ConfigureMyCalls: "configure_my_calls",
    commands.ShowConfig: "show_config",
    commands.Permissions: "permissions",
    commands.LogOut: "log_out",
    commands.Help: "help",
    commands.Unknown: "unknown",
}
_FAULTS = frozenset(
    {
        Reason.INTERNAL,
        Reason.CALLER_NOT_ALLOWED,
        Reason.SERVICE_UNAVAILABLE,
        Reason.ZOOM_UNAVAILABLE,
        Reason.ZOOM_RATE_LIMITED,
        Reason.ZOOM_CLIENT_INVALID,
        Reason.ZOOM_OUTCOME_UNKNOWN,
        Reason.SLACK_UNAVAILABLE,
    }
)
"""What nobody who uses the product can do anything about: an operator, Slack or Zoom has to."""
_LAGS: Final = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)


def outcome_of(error: Exception | None) -> tuple[str, str]:
    """Returns how something ended and the type of its error, empty where there was none."""
    if error is None:
        return DONE, ""
    if isinstance(error, TimeoutError) or (isinstance(error, MeshError) and error.reason is Reason.DEADLINE_TOO_SHORT):
        return "timed_out", Reason.DEADLINE_TOO_SHORT.value
    if isinstance(error, MeshError):
        return "failed" if error.reason in _FAULTS else "refused", error.reason.value
    if isinstance(error, SlackError):
        return "failed" if not error.is_final else "refused", f"slack_{error.nature.value}"
    return "failed", Reason.INTERNAL.value


def count_command(command: object, error: Exception | None = None, *, repeated: bool = False) -> None:
    """Counts a command, and notes in its span how it ended."""
    outcome, error_type = (REPEATED, "") if repeated else outcome_of(error)
    about = {"command": _NAMES[type(command)], "outcome": outcome, "error.type": error_type}
    counter("zoomslack.commands", "Commands, by what became of them.").add(1, about)
    _note("command", about)


def count_interaction(name: str, error: Exception | None = None) -> None:
    """Counts a button, a shortcut or a modal, and notes in its span how it ended."""
    outcome, error_type = outcome_of(error)
    about = {"interaction": name, "outcome": outcome, "error.type": error_type}
    counter("zoomslack.interactions", "Buttons, shortcuts and modals, by what became of them.").add(1, about)
    _note("interaction", about)


def count_event(vendor: str, event: str, outcome: str) -> None:
    """Counts an event that a vendor signed. All three are of our words: `event` is a kind that we know, or `other`."""
    counter("zoomslack.events", "Events of vendors, by what became of them.").add(
        1, {"vendor": vendor, "event": event, "outcome": outcome}
    )


def count_delivery(content: str, outcome: str) -> None:
    """Counts the end of an attempt to show something."""
    counter("zoomslack.deliveries", "Deliveries to Slack, by content and outcome.").add(
        1, {"content": content, "outcome": outcome}
    )


def measure_lag(content: str, seconds: float) -> None:
    """Records for how long Slack showed something old, or nothing."""
    histogram("zoomslack.delivery.lag", "Time from when something was recorded until Slack shows it.", _LAGS).record(
        max(0.0, seconds), {"content": content}
    )


def _note(kind: str, about: Mapping[str, str]) -> None:
    """Marks the span: an answer that tells a person of a failure is a success of HTTP."""
    span = trace.get_current_span()
    span.set_attributes({f"zoomslack.{kind}": about[kind], "zoomslack.outcome": about["outcome"]})
    if about["outcome"] in {"failed", "timed_out"}:
        span.set_attribute("error.type", about["error.type"])
        span.set_status(Status(StatusCode.ERROR, about["error.type"]))
