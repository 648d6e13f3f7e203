"""Who is, and who was, in a meeting: worked out from what is known, whatever the order in which it became known.

Zoom gives each joining of a person a new session id, repeats events and delivers them in any order. So a session is
a row that joins and leaves fill in, and everything else is computed from the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

HOST_SESSION = "host"
"""The session that `meeting.started` implies: Zoom does not always send the host's own joining."""
ABSENT = "absent:host"
"""Stands for the host in that session once it is known that others opened the meeting and the host never came."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Session:
    """One joining of one person."""

    session_id: str
    """Zoom's `participant.user_id`, new at each joining; or HOST_SESSION."""
    attendee_id: str
    """The person, the same at each joining."""
    display_name: str
    join_time: datetime | None
    """None while only the leaving is known."""
    leave_time: datetime | None
    slack_user_id: str = ""
    """The person in the meeting's workspace; empty where that is not known."""


@dataclass(frozen=True)
class Attendee:
    """A person in a meeting."""

    attendee_id: str
    display_name: str
    slack_user_id: str = ""
    """Empty where the person is not known in Slack."""


@dataclass(frozen=True)
class Host:
    """The person whose Slack user is known from the start."""

    zoom_user_id: str
    slack_user_id: str


def attendees(sessions: Iterable[Session], host: Host) -> tuple[Attendee, ...]:
    """Returns everybody who was in the meeting, in the order in which they first came."""
    known = list(sessions)
    return _people(_real(known), _in_slack(known, host))


def present(sessions: Iterable[Session], host: Host) -> tuple[Attendee, ...]:
    """Returns everybody who is in the meeting now, in the order in which they first came."""
    known = list(sessions)
    here = [s for s in _real(known) if s.join_time is not None and s.leave_time is None]
    return _people(here, _in_slack(known, host))


def _in_slack(sessions: Iterable[Session], host: Host) -> dict[str, str]:
    """Returns who of the attendees is who in Slack. What one joining is known by, the next ones are known by too."""
    linked = {session.attendee_id: session.slack_user_id for session in sessions if session.slack_user_id}
    return {**linked, host.zoom_user_id: host.slack_user_id}


def _real(sessions: Iterable[Session]) -> list[Session]:
    """Drops the implied session of the host once a real one is known, which knows when it ended, or none was."""
    known = list(sessions)
    real = {ABSENT, *(session.attendee_id for session in known if session.session_id != HOST_SESSION)}
    return [s for s in known if s.session_id != HOST_SESSION or s.attendee_id not in real]


def _people(sessions: Iterable[Session], in_slack: Mapping[str, str]) -> tuple[Attendee, ...]:
    ordered = sorted(sessions, key=lambda s: (s.join_time or s.leave_time or _EARLIEST, s.session_id))
    people: dict[str, Attendee] = {}
    for session in ordered:
        if session.attendee_id not in people or not people[session.attendee_id].display_name:
            slack_user_id = in_slack.get(session.attendee_id, "")
            people[session.attendee_id] = Attendee(session.attendee_id, session.display_name, slack_user_id)
    return tuple(people.values())
