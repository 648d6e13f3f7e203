"""Bodies of Zoom's webhook events, field for field, and the exact bytes in which Zoom writes them."""

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256

from simulators.zoom.clock import iso, iso_millis
from simulators.zoom.config import ZoomApp
from simulators.zoom.world import Instance, Participant, Recording, User

Event = dict[str, object]

# Beyond the basic plane, and halves of surrogate pairs, which have no UTF-8 form.
_NOT_RAW = re.compile("[\U00010000-\U0010ffff\ud800-\udfff]")


def encode(event: Mapping[str, object]) -> bytes:
    """Compact JSON as Zoom sends it: raw UTF-8, slashes plain, but emoji as escaped surrogate pairs.

    No JSON library writes this mixture by itself, so a receiver that verifies re-serialised JSON fails.
    """
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return _NOT_RAW.sub(lambda found: _escaped(found.group()), text).encode()


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex().upper()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def meeting_started(instance: Instance, now: float) -> Event:
    """The host opened the meeting."""
    return _envelope("meeting.started", now, instance, _lifecycle_object(instance))


def meeting_ended(instance: Instance, now: float) -> Event:
    """The meeting is over. `duration` is still the scheduled length."""
    end_time = iso(instance.end_time if instance.end_time is not None else now)
    return _envelope("meeting.ended", now, instance, {**_lifecycle_object(instance), "end_time": end_time})


def participant_joined(instance: Instance, person: Participant, now: float) -> Event:
    """Somebody came in."""
    times = {"join_time": iso(person.join_time)}
    return _envelope("meeting.participant_joined", now, instance, _participant_object(instance, person, times))


def participant_left(instance: Instance, person: Participant, reason: str, now: float) -> Event:
    """Somebody went. `reason` is Zoom's English sentence; the real ones carry HTML."""
    times = {
        "leave_time": iso(person.leave_time if person.leave_time is not None else now),
        "leave_reason": f"{person.name} left the meeting.<br>Reason: {reason}",
    }
    return _envelope("meeting.participant_left", now, instance, _participant_object(instance, person, times))


def waiting_room(event: str, instance: Instance, person: Participant, now: float) -> Event:
    """`meeting.participant_joined_waiting_room`, `…_admitted` or `…_left_waiting_room`."""
    return _envelope(event, now, instance, _participant_object(instance, person, {"date_time": iso(now)}))


def recording_changed(event: str, instance: Instance, start: float, end: float | None, now: float) -> Event:
    """`recording.started` or `recording.stopped`."""
    meeting = instance.meeting
    body: dict[str, object] = {
        "id": instance.room_id,
        "uuid": instance.uuid,
        "host_id": meeting.host.id,
        "topic": meeting.topic,
        "type": meeting.type,
        "start_time": iso(instance.start_time),
        "timezone": meeting.timezone,
        "duration": meeting.duration,
        "recording_file": {"recording_start": iso(start), "recording_end": "" if end is None else iso(end)},
    }
    return _envelope(event, now, instance, body)


def recording_completed(instance: Instance, recording: Recording, public_url: str, now: float) -> Event:
    """The cloud recording can be watched. Here `id` is a number and `download_token` stands beside `payload`."""
    meeting = instance.meeting
    body: dict[str, object] = {
        "id": instance.room_id,
        "uuid": instance.uuid,
        "host_id": meeting.host.id,
        "account_id": meeting.host.account_id,
        "topic": meeting.topic,
        "type": meeting.type,
        "start_time": iso(instance.start_time),
        "timezone": meeting.timezone,
        "host_email": meeting.host.email,
        "duration": minutes_between(instance.start_time, recording.end),
        "password": recording.password,
        "share_url": recording.share_url,
        "total_size": sum(file.size for file in recording.files),
        "recording_count": len(recording.files),
        "recording_files": recording_files(instance, recording, public_url, download="webhook_download"),
    }
    event = _envelope("recording.completed", now, instance, body)
    return {**event, "download_token": secrets.token_urlsafe(32)}


def recording_moved(event: str, instance: Instance, recording: Recording, public_url: str, now: float) -> Event:
    """`recording.trashed`, `recovered`, `deleted` or `renamed`. No passcode and no download token come with these."""
    payload = recording_completed(instance, recording, public_url, now)["payload"]
    body = dict(payload["object"])  # type: ignore[index]  # made a line above
    for absent in ("password", "host_email"):
        del body[absent]
    told: dict[str, object] = {**_by_whom(instance.meeting.host, instance.meeting.host), "object": body}
    if event == "recording.renamed":
        named = {name: body[name] for name in ("uuid", "id", "topic", "type", "host_id")}
        told |= {"time_stamp": int(now * 1000), "object": named, "old_object": named}
    return {"event": event, "event_ts": int(now * 1000), "payload": told}


def recording_files(instance: Instance, recording: Recording, public_url: str, *, download: str) -> list[Event]:
    """The files of a recording as the webhook and `GET /meetings/{id}/recordings` list them."""
    return [
        {
            "id": file.id,
            "meeting_id": instance.uuid,
            "recording_start": iso(recording.start),
            "recording_end": iso(recording.end),
            "file_type": file.file_type,
            "file_extension": file.file_type,
            "file_size": file.size,
            "play_url": f"{public_url}/rec/play/{file.link}",
            "download_url": f"{public_url}/rec/{download}/{file.link}",
            "recording_type": file.recording_type,
            "status": "completed",
        }
        for file in recording.files
    ]


def user_updated(user: User, changed: Mapping[str, object], by: User | None, now: float) -> Event:
    """An admin changed a person. The object has what changed and nothing else."""
    body = {**_by_whom(user, by), "object": {"id": user.id, **changed}, "time_stamp": int(now * 1000)}
    return {"event": "user.updated", "event_ts": int(now * 1000), "payload": body}


def user_left(event: str, user: User, by: User | None, now: float) -> Event:
    """`user.deactivated`, `user.deleted`, `user.disassociated`, or `user.activated` for one who is back."""
    about = {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "type": user.type,
    }
    return {"event": event, "event_ts": int(now * 1000), "payload": {**_by_whom(user, by), "object": about}}


def _by_whom(user: User, by: User | None) -> dict[str, object]:
    operator = {} if by is None else {"operator": by.email, "operator_id": by.id}
    return {"account_id": user.account_id, **operator}


def app_deauthorized(app: ZoomApp, user: User, now: float) -> Event:
    """Somebody removed a published app. The inner `signature` is historical; the header is what counts."""
    return {
        "event": "app_deauthorized",
        "event_ts": int(now * 1000),
        "payload": {
            "account_id": user.account_id,
            "user_id": user.id,
            "signature": hmac.new(app.webhook_secret.encode(), user.id.encode(), sha256).hexdigest(),
            "deauthorization_time": iso_millis(now),
            "client_id": app.client_id,
        },
    }


def url_validation(plain_token: str, now: float) -> Event:
    """The question an endpoint has to answer with the HMAC of `plain_token`."""
    return {
        "event": "endpoint.url_validation",
        "event_ts": int(now * 1000),
        "payload": {"plainToken": plain_token},
    }


def minutes_between(start: float, end: float) -> int:
    """Length in whole minutes, begun minutes counted, at least one."""
    return max(1, -int(-(end - start) // 60))


def _envelope(event: str, now: float, instance: Instance, body: Mapping[str, object]) -> Event:
    return {
        "event": event,
        "event_ts": int(now * 1000),
        "payload": {"account_id": instance.meeting.host.account_id, "object": dict(body)},
    }


def _lifecycle_object(instance: Instance) -> dict[str, object]:
    meeting = instance.meeting
    return {
        "id": str(instance.room_id),
        "uuid": instance.uuid,
        "host_id": meeting.host.id,
        "host_email": meeting.host.email,
        "topic": meeting.topic,
        "type": meeting.type,
        "start_time": iso(instance.start_time),
        "timezone": meeting.timezone,
        "duration": meeting.duration,
    }


def _participant_object(instance: Instance, person: Participant, times: Mapping[str, str]) -> dict[str, object]:
    body = _lifecycle_object(instance)
    del body["host_email"]
    user = instance.colleague(person)
    zoom_user_id = user.id if user else ""
    body["participant"] = {
        "user_id": person.user_id,
        "user_name": person.name,
        "participant_user_id": zoom_user_id,
        "id": zoom_user_id,
        "participant_uuid": person.uuid,
        **times,
        "email": user.email if user else "",
        "registrant_id": "",
        "customer_key": "",
    }
    return body
