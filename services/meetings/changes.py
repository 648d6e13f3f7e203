"""What watchers of a meeting are told, and how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.meetings.attendance import Attendee
from services.meetings.meeting import Meeting


class ChangeKind(StrEnum):
    """What changed."""

    STARTED = "started"
    JOINED = "joined"
    LEFT = "left"
    ENDED = "ended"


@dataclass(frozen=True)
class Change:
    """One change of one meeting."""

    sequence: int
    """Its place among the changes of the meeting, from 1 without a gap."""
    kind: ChangeKind
    change_time: datetime
    attendee: Attendee | None
    """Who came or left; None for the other kinds."""


@dataclass(frozen=True)
class Head:
    """How far the changes of a meeting are."""

    sequence: int
    """Of the last change; 0 before the first."""
    is_over: bool


@dataclass(frozen=True)
class Snapshot:
    """A meeting at one moment."""

    meeting: Meeting
    present: tuple[Attendee, ...]
    head: Head


@dataclass(frozen=True)
class Batch:
    """Some changes in order, and the meeting as it is known by now."""

    meeting: Meeting
    changes: Sequence[Change]
    head: Head
    """As far as this batch goes; over only where nothing follows it."""
    has_more: bool
    """Whether more can be read at once."""
