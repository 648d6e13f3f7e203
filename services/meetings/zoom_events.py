"""Zoom's event bodies, read leniently: real events carry more fields than documented, and fewer.

Sources: Zoom's event reference for meetings and recordings. Ids of meetings are strings in `meeting.*` and integers in
`recording.*`; `event_ts` is in milliseconds; a participant's `user_id` is new at each joining.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from services.meetings import zoom_schedules
from services.meetings.events import (
    Event,
    Instance,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    RecordingCompleted,
    RecordingRecovered,
    RecordingRemoved,
)
from zoom_api.bodies import ID_LENGTH, as_text, clean, load_event, text, time
from zoom_api.bodies import UnreadableError as UnreadableError  # noqa: PLC0414 (servicers catch it by this module)

NAME_LENGTH = 300
_URL_LENGTH = 2000
_MAX_FILES = 200
_MAX_RUNS = 300
"""Recordings in one event of a batch."""


def event_name(body: bytes) -> str:
    """Returns the name of the event in `body`. Raises UnreadableError."""
    return str(load_event(body)["event"])


def parse(body: bytes) -> Event | None:
    """Returns the fact in `body`, or None when it is of no interest or lacks what makes it usable.

    Raises UnreadableError when it is no event at all.
    """
    event = load_event(body)
    read, read_plan = _READERS.get(event["event"]), _PLANS.get(event["event"])
    payload = event.get("payload")
    thing = payload.get("object") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(thing, dict):
        return None
    try:
        sent = datetime.fromtimestamp(int(event.get("event_ts", 0)) / 1000, UTC)
        if read_plan is not None:
            return read_plan(payload, thing, sent)
        if read is None:
            return None
        instance = Instance(
            zoom_account_id=text(payload, "account_id"),
            zoom_host_id=_required(thing, "host_id"),
            zoom_meeting_id=text(thing, "id"),
            zoom_uuid=_required(thing, "uuid"),
            start_time=_starttime(thing),
        )
        return read(thing, instance, sent)
    except (ValueError, TypeError, OverflowError):
        return None


def parse_all(body: bytes) -> tuple[Event, ...]:
    """Returns the facts in `body`: mostly one, several where it is about many recordings. Raises as `parse` does."""
    event = load_event(body)
    read = _BATCHES.get(event["event"])
    if read is None:
        fact = parse(body)
        return () if fact is None else (fact,)
    payload = event.get("payload")
    thing = payload.get("object") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(thing, dict):
        return ()
    try:
        sent = datetime.fromtimestamp(int(event.get("event_ts", 0)) / 1000, UTC)
        account_id = _required(payload, "account_id")
    except (ValueError, TypeError, OverflowError):
        return ()
    # Neither host nor number: a run's name is all that such an event has.
    return tuple(read(Instance(account_id, "", "", zoom_uuid), sent, sent, files) for zoom_uuid, files in _runs(thing))


def _runs(thing: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Returns the runs whose recordings a batch is about, each with its files; none of these means all."""
    named, listed = thing.get("meeting_uuids"), thing.get("meetings")
    whole = [(as_text(uuid), ()) for uuid in (named if isinstance(named, list) else [])]
    parts = [
        (text(meeting, "meeting_uuid"), _texts(meeting.get("recording_file_ids")))
        for meeting in (listed if isinstance(listed, list) else [])
        if isinstance(meeting, dict)
    ]
    return [run for run in [*whole, *parts] if run[0]][:_MAX_RUNS]


def _texts(values: Any) -> tuple[str, ...]:
    found = [as_text(value) for value in values] if isinstance(values, list) else []
    return tuple(value for value in found if value)[:_MAX_FILES]


def _started(thing: dict[str, Any], instance: Instance, sent: datetime) -> Event:
    return MeetingStarted(instance, instance.start_time or sent)


def _ended(thing: dict[str, Any], instance: Instance, sent: datetime) -> Event:
    return MeetingEnded(instance, time(thing, "end_time") or sent)


def _joined(thing: dict[str, Any], instance: Instance, sent: datetime) -> Event:
    session_id, attendee_id, name = _participant(thing)
    return ParticipantJoined(instance, time(thing["participant"], "join_time") or sent, session_id, attendee_id, name)


def _left(thing: dict[str, Any], instance: Instance, sent: datetime) -> Event:
    session_id, attendee_id, name = _participant(thing)
    return ParticipantLeft(instance, time(thing["participant"], "leave_time") or sent, session_id, attendee_id, name)


def _participant(thing: dict[str, Any]) -> tuple[str, str, str]:
    """Returns session, person and name. The person: the Zoom user, else Zoom's id in this meeting, else the name."""
    person = thing.get("participant")
    if not isinstance(person, dict):
        raise TypeError("no participant")
    session_id = _required(person, "user_id")
    name = clean(str(person.get("user_name") or ""))[:NAME_LENGTH]
    known = text(person, "participant_user_id") or text(person, "id") or text(person, "participant_uuid")
    return session_id, known or unnamed(session_id, name), name


def unnamed(session_id: str, name: str) -> str:
    """Returns what names a person of whom Zoom gives no id: `name:…` where she has a name."""
    return _digest("name", name) if name else _digest("session", session_id)


def _digest(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _recorded(thing: dict[str, Any], instance: Instance, sent: datetime) -> Event:
    # The time of the run, not of the event: a recording comes hours later, when a room may have been opened again.
    begun = instance.start_time or sent
    passcode = clean(str(thing.get("password") or ""))[:ID_LENGTH]
    return RecordingCompleted(instance, begun, play_url(thing), passcode, sent, file_ids(thing))


def _removed(thing: dict[str, Any], instance: Instance, sent: datetime) -> Event:
    return RecordingRemoved(instance, instance.start_time or sent, sent, file_ids(thing))


def _recovered(thing: dict[str, Any], instance: Instance, sent: datetime) -> Event:
    try:
        url = play_url(thing)
    except ValueError:
        url = ""
    return RecordingRecovered(instance, instance.start_time or sent, sent, file_ids(thing), url)


def play_url(thing: dict[str, Any]) -> str:
    """Returns the page on which a recording plays. Raises ValueError where there is none of use.

    `share_url` is sure in events only: REST may leave it out, and names the page of each file.
    """
    url = clean(str(thing.get("share_url") or "") or _first_video(thing))
    if not url.startswith(("https://", "http://")) or len(url) > _URL_LENGTH:
        raise ValueError("no page to play it")
    return url


def file_ids(thing: dict[str, Any]) -> tuple[str, ...]:
    """Returns the ids of the files that Zoom lists."""
    files = thing.get("recording_files")
    listed = [text(file, "id") for file in files if isinstance(file, dict)] if isinstance(files, list) else []
    return tuple(file_id for file_id in listed if file_id)[:_MAX_FILES]


def _first_video(thing: dict[str, Any]) -> str:
    files = thing.get("recording_files")
    for file in files if isinstance(files, list) else []:
        if isinstance(file, dict) and file.get("file_type") == "MP4" and file.get("play_url"):
            return str(file["play_url"])
    return ""


_READERS: dict[str, Callable[[dict[str, Any], Instance, datetime], Event]] = {
    "meeting.started": _started,
    "meeting.ended": _ended,
    "meeting.participant_joined": _joined,
    "meeting.participant_left": _left,
    "recording.completed": _recorded,
    # From the trash it may come back within 30 days; deleted is for ever. To who opens the link it is the same.
    "recording.trashed": _removed,
    "recording.deleted": _removed,
    "recording.recovered": _recovered,
}

_PLANS: dict[str, Callable[[dict[str, Any], dict[str, Any], datetime], Event]] = {
    "meeting.deleted": zoom_schedules.deleted,
    "meeting.updated": zoom_schedules.moved,
}

_BATCHES: dict[str, Callable[[Instance, datetime, datetime, tuple[str, ...]], Event]] = {
    "recording.batch_trashed": RecordingRemoved,
    "recording.batch_deleted": RecordingRemoved,
    "recording.batch_recovered": RecordingRecovered,
}


def _required(source: dict[str, Any], key: str) -> str:
    value = text(source, key)
    if not value:
        raise ValueError(f"no {key}")
    return value


def _starttime(thing: dict[str, Any]) -> datetime | None:
    """Returns when the run began; None also where that cannot be read: the event says something without it."""
    try:
        return time(thing, "start_time")
    except (ValueError, OverflowError):
        return None
