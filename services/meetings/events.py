"""Zoom's events about meetings, as facts, and the rule of which meeting a fact is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Disposition(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    HELD = "held"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Instance:
    """One run of a meeting, as Zoom names it in an event."""

    zoom_account_id: str
    zoom_host_id: str
    """Empty where an event names runs alone, as those about many recordings at once do."""
    zoom_meeting_id: str
    """The number that people type; the personal meeting id for a meeting in the host's own room."""
    zoom_uuid: str
    """Names the run: a room that is opened again gets a new one."""
    start_time: datetime | None = None
    """When the run began; None where Zoom does not say."""


@dataclass(frozen=True)
class MeetingStarted:
    """The host opened the meeting."""

    instance: Instance
    time: datetime


@dataclass(frozen=True)
class MeetingEnded:
    """The meeting is over."""

    instance: Instance
    time: datetime


@dataclass(frozen=True)
class ParticipantJoined:
    """A person came in."""

    instance: Instance
    time: datetime
    session_id: str
    attendee_id: str
    display_name: str


@dataclass(frozen=True)
class ParticipantLeft:
    """A person went out."""

    instance: Instance
    time: datetime
    session_id: str
    attendee_id: str
    display_name: str


@dataclass(frozen=True)
class MeetingDeleted:
    """Somebody deleted the meeting at Zoom. Its number leads nowhere from then on."""

    instance: Instance
    time: datetime


@dataclass(frozen=True)
class MeetingMoved:
    """Somebody changed at Zoom when the meeting is to begin, or how long it is to take."""

    instance: Instance
    """Its host is a guess where Zoom names none: whoever changed it."""
    time: datetime
    """When that was done: of several changes, the newest counts."""
    scheduled_time: datetime | None
    """None where only the other was changed, as in the next."""
    scheduled_duration: timedelta | None


@dataclass(frozen=True)
class RecordingCompleted:
    """A cloud recording, or a further part of it, can be watched."""

    instance: Instance
    time: datetime
    """When the run began."""
    play_url: str = field(repr=False)
    passcode: str = field(repr=False)
    send_time: datetime
    """When Zoom sent it: of several, the newest counts."""
    file_ids: tuple[str, ...] = ()
    """The files it is about; none where Zoom names none: all of them."""


@dataclass(frozen=True)
class RecordingRemoved:
    """Files of a cloud recording were put in the trash, or deleted."""

    instance: Instance
    time: datetime
    send_time: datetime
    file_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordingRecovered:
    """Files of a cloud recording came back from the trash."""

    instance: Instance
    time: datetime
    send_time: datetime
    file_ids: tuple[str, ...] = ()
    play_url: str = field(default="", repr=False)
    """The page to play it; empty where Zoom sent none. The passcode is not among what Zoom sends."""


@dataclass(frozen=True)
class HostAbsent:
    """Zoom's list of who was there, which is whole, does not have the host. No event tells this: it was looked up."""

    instance: Instance
    time: datetime


RecordingEvent = RecordingCompleted | RecordingRemoved | RecordingRecovered
RunEvent = MeetingStarted | MeetingEnded | ParticipantJoined | ParticipantLeft | HostAbsent | RecordingEvent
"""What happens in a run of a meeting, or with what was recorded of it."""
PlanEvent = MeetingDeleted | MeetingMoved
"""What becomes of a meeting that waits."""
Event = RunEvent | PlanEvent


@dataclass(frozen=True)
class Candidate:
    """What is known of a meeting that an event may be about."""

    zoom_uuid: str
    """The run it was bound to by its first event; empty before."""
    zoom_create_time: datetime
    in_room: bool = False
    """Whether it is in the host's personal room, whose number other meetings have too."""


NO_RUN = "none"
"""Bound instead of a uuid where a card was closed before anybody opened its meeting: it shows no later run."""


def has_run(zoom_uuid: str) -> bool:
    """Tells whether what a meeting is bound to is a run."""
    return zoom_uuid not in ("", NO_RUN)


ROOM_WINDOW = timedelta(hours=1)
"""How long after its creation a meeting in a personal room can begin. Later the room is opened for something else,
which Slack must not show."""


def concerns(candidate: Candidate, event: Event) -> bool:
    """Tells whether `event` is about the meeting `candidate`, which has the event's host and number.

    A meeting is bound to a run by the first event after its creation. The uuid that Zoom gives at the creation is not
    surely that of the run, and a room's number comes back for years: what happened before the creation, by Zoom's own
    clock, belongs to an earlier run, however late it is delivered.

    A room may have been open for something else when the card came. Who comes into it then comes to the meeting; that
    somebody leaves it, or that it is closed, says nothing of this meeting unless that run began after the creation.

    That a meeting was deleted or moved says nothing of one that has a run.
    """
    if isinstance(event, PlanEvent):
        # Found by a number of its own, which no other meeting has, had or gets.
        return not candidate.zoom_uuid
    if candidate.zoom_uuid:
        return candidate.zoom_uuid == event.instance.zoom_uuid
    begin = candidate.zoom_create_time.replace(microsecond=0)
    if not candidate.in_room:
        return event.time >= begin
    comes = isinstance(event, MeetingStarted | ParticipantJoined)
    moments = (event.instance.start_time, event.time if comes else None)
    return any(begin <= moment < begin + ROOM_WINDOW for moment in moments if moment is not None)


def may_run(candidate: Candidate, running: str) -> bool:
    """Tells whether the run with the uuid `running`, under the number that people dial, can be that of the meeting.

    Under the number of a room other meetings run too. That Zoom names by it the very run (`GET /meetings/{PMI}`) is
    what its reference says of every meeting; nobody has verified it of rooms.
    """
    if candidate.in_room and has_run(candidate.zoom_uuid):
        return running == candidate.zoom_uuid
    return bool(running)
