"""Zoom's events about what is planned and not yet held: read as leniently as those in `zoom_events`.

Source: Zoom's event reference, `meeting.deleted` and `meeting.updated`. There the id of a meeting is an integer and the
uuid that of no run. Of a change all but the id may be missing: what did not change is not told.
"""

from __future__ import annotations

from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any

from services.meetings.events import Instance, MeetingDeleted, MeetingMoved
from zoom_api.bodies import text, time_or_none

_RECURRING = 8
_LONGEST = 24 * 60
"""Minutes that a meeting can be scheduled for (Zoom, `duration`)."""
_PARTS = frozenset({"single", "range"})


def deleted(payload: dict[str, Any], thing: dict[str, Any], sent: datetime) -> MeetingDeleted:
    """Returns the deletion that `meeting.deleted` tells of. Raises ValueError where the meeting goes on."""
    # Somebody who made it recur by hand may delete some of its times. Of others `operation` says nothing.
    if thing.get("type") == _RECURRING and payload.get("operation") in _PARTS:
        raise ValueError("other times are left")
    host_id, number = text(thing, "host_id"), text(thing, "id")
    if not host_id or not number:
        raise ValueError("no host or no number")
    return MeetingDeleted(Instance(text(payload, "account_id"), host_id, number, text(thing, "uuid")), sent)


def moved(payload: dict[str, Any], thing: dict[str, Any], sent: datetime) -> MeetingMoved:
    """Returns the change that `meeting.updated` tells of. Raises ValueError where neither time nor length changed."""
    account_id, number = text(payload, "account_id"), text(thing, "id")
    if not account_id or not number:
        raise ValueError("no account or no number")
    if thing.get("type") == _RECURRING or thing.get("occurrences"):
        raise ValueError("it has several times")
    begin, length = time_or_none(thing, "start_time"), _minutes(thing.get("duration"))
    if begin is not None and begin.year == MAXYEAR:
        raise ValueError("no time to come")
    if begin is None and length is None:
        raise ValueError("neither time nor length")
    stamp = payload.get("time_stamp")
    changed = sent if stamp is None else datetime.fromtimestamp(int(stamp) / 1000, UTC)
    host_id = text(thing, "host_id") or text(payload, "operator_id")
    return MeetingMoved(Instance(account_id, host_id, number, text(thing, "uuid")), changed, begin, length)


def _minutes(value: Any) -> timedelta | None:
    known = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LONGEST
    return timedelta(minutes=value) if known else None
