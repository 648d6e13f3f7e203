"""Zoom's events about what is planned and not yet held: read as leniently as those in `zoom_events`.

Source: Zoom's event reference, `meeting.deleted`. There the id of a meeting is an integer, and the uuid that of no run.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.meetings.events import Instance, MeetingDeleted
from zoom_api.bodies import text

_RECURRING = 8
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
