"""What the services use of Slack and Zoom, and which contract test holds it against the vendor's specification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tests.contract import slack_answers, slack_events, used, zoom_answers

_TAKEN = {
    "meeting.": "tests/integration/meetings/test_contract.py",
    "recording.": "tests/integration/meetings/test_contract.py",
    "phone.": "tests/integration/phone/test_contract.py",
}
"""Every example of these in Zoom's specification is given to the service that takes them."""

UNSPECIFIED = {
    "app_deauthorized": "Zoom describes it in prose only",
    "user.deactivated": "no specification of user events is at hand",
    "user.deleted": "no specification of user events is at hand",
    "user.disassociated": "no specification of user events is at hand",
    "user.updated": "no specification of user events is at hand",
}
"""What is used and has no specification at hand. It is written down here, with the reason, or it is not used."""


class Covered(NamedTuple):
    """One thing that the services use."""

    kind: str
    """Such as "Zoom operation"."""
    name: str
    by: str
    """The test, or why there is none; empty where it was forgotten."""


def covered() -> Iterator[Covered]:
    """Yields all that is used."""
    for verb, path in sorted(used.zoom_operations(), key=lambda operation: operation[::-1]):
        by = "tests/contract/test_zoom.py" if (verb, path) in zoom_answers.ASKED else ""
        yield Covered("Zoom operation", f"{verb} {path}", by)
    for event in sorted(used.zoom_events()):
        yield Covered("Zoom event", event, _of_zoom_event(event))
    for method in sorted(used.slack_methods()):
        yield Covered("Slack method", method, "tests/contract/test_slack.py" if method in slack_answers.ASKED else "")
    for event in sorted(used.slack_events()):
        yield Covered("Slack event", event, "tests/contract/test_slack.py" if event in slack_events.CAUSED else "")


def _of_zoom_event(event: str) -> str:
    if event in UNSPECIFIED:
        return f"none: {UNSPECIFIED[event]}"
    return next((test for prefix, test in _TAKEN.items() if event.startswith(prefix)), "")
