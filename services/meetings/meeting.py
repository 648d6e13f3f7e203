"""A meeting that was started from Slack, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mesh.slack_user import SlackUser
from services.meetings.schedules import Schedule


class MeetingState(StrEnum):
    """The life of a meeting."""

    CREATED = "created"
    STARTED = "started"
    ENDED = "ended"


@dataclass(frozen=True)
class Meeting:
    """A meeting that was started from Slack."""

    meeting_id: str
    host: SlackUser
    channel_id: str
    zoom_meeting_id: str
    """The number that people type: the personal meeting id where the meeting is in the host's own room."""
    topic: str
    """Empty where the person named nothing."""
    join_url: str = field(repr=False)
    passcode: str = field(repr=False)
    create_time: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None
    schedule: Schedule | None = None
    """None where it was started at once."""

    @property
    def state(self) -> MeetingState:
        """How far the meeting is."""
        if self.end_time is not None:
            return MeetingState.ENDED
        return MeetingState.CREATED if self.start_time is None else MeetingState.STARTED
