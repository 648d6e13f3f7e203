"""A request for a meeting: what a person asked for, who works on it, and what Zoom made of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mesh.slack_user import SlackUser
from services.meetings.schedules import Schedule


@dataclass(frozen=True)
class StartCommand:
    """What a person asked for."""

    user: SlackUser
    request_id: str
    channel_id: str
    topic: str
    response_url: str = field(default="", repr=False)
    lease_holder: str = ""
    """The edge that waits with the answer; empty where any edge may show the card."""
    personal_room: bool = False
    """Whether the meeting is in the person's own room, which exists already."""
    slack_thread_ts: str = ""
    """The message in whose thread the card is shown; empty for the conversation itself."""
    start_another: bool = False
    """Whether a meeting that was started here seconds ago is no reason to ask first."""
    schedule: Schedule | None = None
    """When the meeting is to begin; None for one that is started at once."""

    def fingerprint(self) -> str:
        """Returns a digest of what must not change under one request id.

        `start_another` may: it is the answer to the question that the same command led to.
        """
        parts = [self.user.user_id, self.channel_id, self.topic]
        # Only where they are used: requests that older code stored keep their digest.
        if self.personal_room or self.slack_thread_ts:
            parts += ["room" if self.personal_room else "", self.slack_thread_ts]
        if self.schedule is not None:
            moment = self.schedule.scheduled_time.astimezone(UTC).isoformat()
            parts += ["scheduled", moment, str(self.schedule.scheduled_duration.total_seconds())]
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Reservation:
    """A request that is being worked on. `meeting_id` is given before the meeting exists: it is its reference."""

    command: StartCommand
    meeting_id: str
    worker: str
    reserve_time: datetime
    command_origin: str = ""
    """The trace of the command."""


@dataclass(frozen=True)
class ZoomMeeting:
    """A meeting as Zoom made it, or a room as Zoom has it."""

    zoom_meeting_id: str
    zoom_pmi: str
    """The personal meeting id, where the meeting is in the host's own room; webhooks then carry this number."""
    zoom_host_id: str
    zoom_account_id: str
    join_url: str = field(repr=False)
    passcode: str = field(repr=False)
    """What people type; never the `pwd` token of the join link."""
    create_time: datetime
    """By Zoom's clock, which also stamps the events; for a room, when it was asked for. What happened there before is
    no concern of this meeting."""
    host_key: str = field(default="", repr=False)
    """What makes whoever types it in the meeting its host; empty where Zoom gives none."""
    host_is_basic: bool = False
    """Whether the host's plan is Basic: no summary and no cloud recording can come."""


@dataclass(frozen=True)
class RecentMeeting:
    """What somebody started in the same conversation seconds ago."""

    host: SlackUser
    topic: str
    join_url: str = field(repr=False)
    """Empty while the meeting is still being made."""
