"""Event bodies as Zoom sends them, with invented values."""

from __future__ import annotations

import json
from typing import Any

HOST_ID = "hostZoomUserId00000001"
ACCOUNT_ID = "AcmeAccount00000000001"
_RECORDED = 1793364900000
"""When recordings are told of, in milliseconds."""
_PLANNED = 1793361720000
"""When it is told that meetings were deleted or moved."""


def meeting_object(**changes: Any) -> dict[str, Any]:
    """Returns `payload.object` of meeting.* events."""
    return {
        "id": "85012345678",
        "uuid": "s3NjF1H2S6WjZ9L0Qm5bRw==",
        "host_id": HOST_ID,
        "topic": "Weekly sync",
        "type": 2,
        "start_time": "2026-10-30T12:00:05Z",
        "timezone": "Europe/Berlin",
        "duration": 60,
        **changes,
    }


def body(event: str, thing: dict[str, Any], *, event_ts: int = 1793361662001) -> bytes:
    """Returns the bytes of an event."""
    payload = {"account_id": ACCOUNT_ID, "object": thing}
    return json.dumps({"event": event, "event_ts": event_ts, "payload": payload}, ensure_ascii=False).encode()


def started(**changes: Any) -> bytes:
    return body("meeting.started", meeting_object(host_email="host@example.com", **changes))


def ended(end_time: str = "2026-10-30T12:34:15Z", **changes: Any) -> bytes:
    return body("meeting.ended", meeting_object(host_email="host@example.com", end_time=end_time, **changes))


def deleted(*, operation: str = "", account_id: str = ACCOUNT_ID, sent: int = 0, **changes: Any) -> bytes:
    """Returns `meeting.deleted`, sent `sent` seconds after the others of its kind."""
    named = {"operation": operation} if operation else {}
    thing = {**meeting_object(start_time="2026-11-06T12:00:00Z"), "id": 85012345678, **changes}
    return _planned("meeting.deleted", {**named, "account_id": account_id, "object": thing}, sent)


def moved(*, account_id: str = ACCOUNT_ID, sent: int = 0, operator_id: str = HOST_ID, **changes: Any) -> bytes:
    """Returns `meeting.updated`, which has nothing but the number and what changed."""
    thing = {"id": 85012345678, **changes}
    facts = {"account_id": account_id, "operator_id": operator_id, "object": thing, "old_object": {"id": 85012345678}}
    return _planned("meeting.updated", {**facts, "time_stamp": _PLANNED + sent * 1000}, sent)


def _planned(event: str, payload: dict[str, Any], sent: int) -> bytes:
    facts = {"event": event, "event_ts": _PLANNED + sent * 1000 + 7}
    return json.dumps({**facts, "payload": {"operator": "host@example.com", **payload}}).encode()


def joined(session: str, name: str, person: str = "", *, time: str = "2026-10-30T12:01:01Z", **changes: Any) -> bytes:
    participant = _participant(session, name, person) | {"join_time": time}
    return body("meeting.participant_joined", meeting_object(participant=participant, **changes))


def left(session: str, name: str, person: str = "", *, time: str = "2026-10-30T12:20:00Z", **changes: Any) -> bytes:
    reason = f"{name} left the meeting.<br>Reason: Host ended the meeting."
    participant = _participant(session, name, person) | {"leave_time": time, "leave_reason": reason}
    return body("meeting.participant_left", meeting_object(participant=participant, **changes))


def recorded(
    play_url: str = "https://zoom.example/rec/share/INVENTED",
    *,
    files: tuple[str, ...] = ("f2a91c4e",),
    sent: int = 0,
    **changes: Any,
) -> bytes:
    """Returns `recording.completed`, sent `sent` seconds after the others of its kind."""
    thing = {**_recording(files), "share_url": play_url, "password": "k8#Rm2Vt", **changes}
    return body("recording.completed", thing, event_ts=_RECORDED + sent * 1000)


def removed(
    event: str = "recording.trashed", *, files: tuple[str, ...] = ("f2a91c4e",), sent: int = 0, **changes: Any
) -> bytes:
    """Returns an event that names files of a recording and brings nothing new of them."""
    thing = {**_recording(files), "share_url": "https://zoom.example/rec/share/DEAD", **changes}
    return body(event, thing, event_ts=_RECORDED + sent * 1000)


def recovered(**changes: Any) -> bytes:
    return removed("recording.recovered", **changes)


def batch(event: str, *runs: tuple[str, tuple[str, ...]], sent: int = 0, account_id: str = ACCOUNT_ID) -> bytes:
    """Returns an event about the recordings of several runs, each named with its files; without files it is whole."""
    if all(files for _, files in runs):
        meetings = [{"meeting_uuid": uuid, "recording_file_ids": list(files)} for uuid, files in runs]
        thing: dict[str, Any] = {"meetings": meetings}
    else:
        thing = {"meeting_uuids": [uuid for uuid, _ in runs]}
    payload = {"account_id": account_id, "operator": "admin@example.com", "object": thing}
    return json.dumps({"event": event, "event_ts": _RECORDED + sent * 1000, "payload": payload}).encode()


def _recording(files: tuple[str, ...]) -> dict[str, Any]:
    listed = [{"id": file, "file_type": "MP4", "play_url": "https://zoom.example/rec/play/INVENTED"} for file in files]
    return {**meeting_object(recording_files=listed), "id": 85012345678}


def _participant(session: str, name: str, person: str) -> dict[str, Any]:
    return {
        "user_id": session,
        "user_name": name,
        "participant_user_id": person,
        "id": person,
        "participant_uuid": "",
        "email": "",
        "registrant_id": "",
        "customer_key": "",
    }
