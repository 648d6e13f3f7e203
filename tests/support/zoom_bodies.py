"""Event bodies as Zoom sends them, with invented values."""

from __future__ import annotations

import json
from typing import Any

HOST_ID = "hostZoomUserId00000001"
ACCOUNT_ID = "AcmeAccount00000000001"


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


def joined(session: str, name: str, person: str = "", *, time: str = "2026-10-30T12:01:01Z", **changes: Any) -> bytes:
    participant = _participant(session, name, person) | {"join_time": time}
    return body("meeting.participant_joined", meeting_object(participant=participant, **changes))


def left(session: str, name: str, person: str = "", *, time: str = "2026-10-30T12:20:00Z", **changes: Any) -> bytes:
    reason = f"{name} left the meeting.<br>Reason: Host ended the meeting."
    participant = _participant(session, name, person) | {"leave_time": time, "leave_reason": reason}
    return body("meeting.participant_left", meeting_object(participant=participant, **changes))


def recorded(play_url: str = "https://zoom.example/rec/share/INVENTED", **changes: Any) -> bytes:
    thing = meeting_object(
        share_url=play_url,
        password="k8#Rm2Vt",
        recording_files=[{"id": "f2a91c4e", "file_type": "MP4", "play_url": "https://zoom.example/rec/play/INVENTED"}],
    )
    return body("recording.completed", {**thing, "id": 85012345678, **changes}, event_ts=1793364900000)


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
