"""When a meeting that was scheduled is to begin, and how long it is to take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

DEFAULT_DURATION = timedelta(minutes=30)
"""How long a meeting is to take of which nobody says so."""
LATE = timedelta(minutes=1)
"""How far the time may have passed: clocks differ, and a request takes its time."""
AHEAD = timedelta(days=365)
"""How far ahead a meeting may be."""


@dataclass(frozen=True)
class Schedule:
    """The time for which somebody scheduled a meeting."""

    scheduled_time: datetime
    scheduled_duration: timedelta
    """In whole seconds. No meeting ends by it."""

    def wrong_at(self, now: datetime) -> str:
        """Returns why no meeting is scheduled for this time at the moment `now`; empty where one is."""
        if self.scheduled_time < now - LATE:
            return "has passed"
        return f"is more than {AHEAD.days} days ahead" if self.scheduled_time > now + AHEAD else ""
