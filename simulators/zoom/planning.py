"""What becomes of meetings that wait for their time: they are changed or deleted, and Zoom tells of it."""

from collections.abc import Mapping

from simulators.zoom import planning_events, scheduling
from simulators.zoom.clock import SimulatedClock, iso
from simulators.zoom.publisher import Publisher
from simulators.zoom.world import Meeting, User

_NAMES = (
    "alternative_hosts approval_type audio auto_recording host_video jbh_time join_before_host meeting_authentication "
    "mute_upon_entry participant_video registration_type use_pmi waiting_room watermark"
)
_TOLD_SETTINGS = frozenset(_NAMES.split())
"""Of the settings that Zoom's event can name, those that are plain values."""


class Planning:
    """Changes and deletes meetings."""

    def __init__(self, publisher: Publisher, clock: SimulatedClock, public_url: str) -> None:
        self._publisher = publisher
        self._clock = clock
        self._public_url = public_url

    def change(self, meeting: Meeting, body: Mapping[str, object], by: User) -> None:
        """Apply a checked PATCH body. What changes nothing is not told: a choice, for Zoom says nothing of it."""
        before = self._told(meeting)
        scheduling.change(meeting, body)
        after = self._told(meeting)
        changed, old = _difference(before, after)
        if changed:
            event = planning_events.meeting_updated(meeting, by, changed, old, self._clock.now())
            self._publisher.publish(event, about=meeting.host, subject=str(meeting.id))

    def delete(self, meeting: Meeting, by: User) -> None:
        """Somebody deletes a meeting that is not a personal room."""
        meeting.deleted = True
        event = planning_events.meeting_deleted(meeting, by, self._clock.now())
        self._publisher.publish(event, about=meeting.host, subject=str(meeting.id))

    def _told(self, meeting: Meeting) -> dict[str, object]:
        """Returns all that Zoom's event tells of a meeting where it changed."""
        told: dict[str, object] = {
            "topic": meeting.topic,
            "agenda": meeting.agenda,
            "password": meeting.password,
            "timezone": meeting.timezone,
            "duration": meeting.duration,
            "join_url": scheduling.join_url_of(meeting, self._public_url),
            "settings": {name: value for name, value in meeting.settings.items() if name in _TOLD_SETTINGS},
        }
        if meeting.start_time is not None:
            told["start_time"] = iso(meeting.start_time)
        return told


def _difference(
    before: Mapping[str, object], after: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """Returns what is new in `after`, and what of that was otherwise in `before`; of settings one by one."""
    changed: dict[str, object] = {}
    old: dict[str, object] = {}
    for name, value in after.items():
        known = before.get(name)
        if value == known:
            continue
        if isinstance(value, dict) and isinstance(known, dict):
            changed[name], old[name] = _difference(known, value)
        else:
            changed[name] = value
            if name in before:
                old[name] = known
    return changed, old
