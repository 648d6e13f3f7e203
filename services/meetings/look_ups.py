"""A meeting that is looked up at Zoom, what Zoom tells of it, and what of that is news."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from mesh.slack_user import SlackUser
from services.meetings.attendance import Session
from services.meetings.events import Candidate, Instance, ParticipantJoined, ParticipantLeft, RunEvent, has_run


@dataclass(frozen=True)
class Target:
    """A meeting to ask about, as it is known."""

    meeting_id: str
    user: SlackUser
    instance: Instance
    """With the number that events carry, which is that people dial; the uuid is empty while no run is known."""
    candidate: Candidate
    host_is_basic: bool
    recorded: bool
    create_time: datetime
    scheduled_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    attempts: int
    due_time: datetime
    """When it is asked about again if nobody says otherwise; an event that comes meanwhile changes it."""

    @property
    def begin_time(self) -> datetime:
        """When it began; before that, when it was to begin."""
        return self.start_time or self.scheduled_time or self.create_time

    @property
    def opened(self) -> bool:
        """Whether anything is known to have happened in it."""
        return self.start_time is not None or has_run(self.instance.zoom_uuid)


@dataclass(frozen=True)
class PastRun:
    """A run that is over."""

    zoom_uuid: str
    start_time: datetime
    end_time: datetime


@dataclass(frozen=True)
class PastSession:
    """One joining in a run that is over."""

    session_id: str
    attendee_id: str
    display_name: str
    join_time: datetime | None
    leave_time: datetime | None


@dataclass(frozen=True)
class PastRecording:
    """The cloud recording of a run."""

    play_url: str = field(repr=False)
    passcode: str = field(repr=False)
    file_ids: tuple[str, ...]


def news(events: Iterable[RunEvent], sessions: Iterable[Session]) -> list[RunEvent]:
    """Returns what of `events` is not known from `sessions`.

    Zoom's list of past participants has no id of those who were not signed in: who is known by such a name already is
    taken for the same person.
    """
    by_id = {session.session_id: session for session in sessions}
    by_name = {session.display_name: session.attendee_id for session in by_id.values() if session.display_name}
    fresh: list[RunEvent] = []
    for event in events:
        if not isinstance(event, ParticipantJoined | ParticipantLeft):
            fresh.append(event)
            continue
        known = by_id.get(event.session_id)
        if known is None:
            nameless = event.attendee_id.startswith("name:")
            same = by_name.get(event.display_name, event.attendee_id) if nameless else event.attendee_id
            fresh.append(replace(event, attendee_id=same))
        elif (known.join_time if isinstance(event, ParticipantJoined) else known.leave_time) is None:
            fresh.append(replace(event, attendee_id=known.attendee_id))
    return fresh
