"""What Zoom says of a call, and which call that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from services.phone.lines import Line
from services.phone.progress import Direction, Progress

CLOCKS_DIFFER = timedelta(minutes=1)
"""How far Zoom's clock and ours may be apart."""
DIALLED_WITHIN = timedelta(minutes=10)
"""How long after its link was opened a call counts as placed from Slack: Zoom may have to start and sign in first."""


@dataclass(frozen=True)
class CallFact:
    """What Zoom says of one call of one of its users."""

    zoom_account_id: str
    zoom_user_id: str
    """Whose side of the call it is."""
    zoom_call_id: str
    direction: Direction | None
    """None where Zoom does not say: then it is about a call that is known already."""
    line: Line
    """The other side."""
    contact_name: str = field(repr=False)
    """The other side's; empty where Zoom does not tell."""
    progress: Progress


class Disposition(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Opened:
    """A call whose link was opened, and when that was for the first and the last time."""

    line: Line
    first_time: datetime
    last_time: datetime


def nearness(first_time: datetime, last_time: datetime, begun: datetime) -> tuple[bool, timedelta]:
    """Returns what orders links by how likely a call that began to ring was dialled by them, the likeliest first.

    A link that was opened before goes before one that was opened only afterwards, as clocks differ.
    """
    is_later = first_time >= begun + timedelta(seconds=1)  # Zoom tells whole seconds
    return is_later, abs(begun - last_time)


def is_dialled(opened: Opened, fact: CallFact) -> bool:
    """Tells whether a call of the same Zoom user is the one behind an opened link, or the same dialled once more.

    Zoom has no key that ties a link to a call: the number and the time have to do.
    """
    begun = fact.progress.ring_time
    if fact.direction is not Direction.OUTBOUND or begun is None:
        return False
    in_time = opened.first_time - CLOCKS_DIFFER <= begun <= opened.last_time + DIALLED_WITHIN
    return in_time and opened.line.is_same(fact.line)
