"""Bodies of the events about meetings that wait for their time: changed and deleted. Here `id` is a number."""

from collections.abc import Mapping

from simulators.zoom.clock import iso
from simulators.zoom.events import Event
from simulators.zoom.world import RECURRING_FIXED, Meeting, User


def meeting_updated(
    meeting: Meeting, by: User, changed: Mapping[str, object], before: Mapping[str, object], now: float
) -> Event:
    """Somebody changed a meeting. Besides its number the object has what changed and nothing else."""
    payload = {
        **_by_whom(meeting, by),
        "object": {"id": meeting.id, **changed},
        "old_object": {"id": meeting.id, **before},
        "time_stamp": int(now * 1000),
    }
    return {"event": "meeting.updated", "event_ts": int(now * 1000), "payload": payload}


def meeting_deleted(meeting: Meeting, by: User, now: float) -> Event:
    """Somebody deleted a meeting. The uuid of one that nobody opened is that of the create answer."""
    about: dict[str, object] = {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": meeting.host.id,
        "topic": meeting.topic,
        "type": meeting.type,
        "duration": meeting.duration,
        "timezone": meeting.timezone,
    }
    if meeting.start_time is not None:
        about["start_time"] = iso(meeting.start_time)
    payload: dict[str, object] = {**_by_whom(meeting, by), "object": about}
    if meeting.type == RECURRING_FIXED:
        payload["operation"] = "all"
    return {"event": "meeting.deleted", "event_ts": int(now * 1000), "payload": payload}


def _by_whom(meeting: Meeting, by: User) -> dict[str, object]:
    return {"account_id": meeting.host.account_id, "operator": by.email, "operator_id": by.id}
