"""What becomes of a meeting's AI summary. The host does everything that is done to it."""

from typing import Literal

from simulators.zoom import summary_events
from simulators.zoom.clock import SimulatedClock
from simulators.zoom.errors import ControlError
from simulators.zoom.events import Event
from simulators.zoom.ids import Ids
from simulators.zoom.publisher import Publisher
from simulators.zoom.world import Instance, Kept, Summary

SummaryChange = Literal["trash", "recover", "delete"]
SUMMARY_CHANGES: dict[SummaryChange, tuple[str, tuple[Kept, ...], Kept]] = {
    "trash": ("meeting.summary_trashed", ("there",), "trashed"),
    "recover": ("meeting.summary_recovered", ("trashed",), "there"),
    "delete": ("meeting.summary_deleted", ("there", "trashed"), "deleted"),
}
"""By action: the event, the states in which it can be done, the state afterwards."""


class SummaryLife:
    """Writes summaries and plays what their hosts do with them."""

    def __init__(self, publisher: Publisher, clock: SimulatedClock, ids: Ids, public_url: str) -> None:
        self._publisher = publisher
        self._clock = clock
        self._ids = ids
        self._public_url = public_url

    def finish(self, instance: Instance, content: str | None) -> Summary:
        """AI Companion has written the summary, once for each instance.

        Raises ControlError 409 while the meeting runs, on a plan or setting without summaries, and the second time.
        """
        host = instance.meeting.host
        if not host.is_paid or not host.settings.meeting_summary:
            raise ControlError(409, f"{host.display_name} has no AI summaries")
        if instance.end_time is None:
            raise ControlError(409, "the summary is written after the meeting")
        if instance.summary is not None:
            raise ControlError(409, "this meeting has had its summary")
        now = self._clock.now()
        doc_url = f"{self._public_url}/doc/{self._ids.opaque()}"
        instance.summary = Summary(content or _words(instance), doc_url, now, now, host)
        self._publish(summary_events.completed(instance, instance.summary, now), instance)
        return instance.summary

    def edit(self, instance: Instance, content: str) -> None:
        """The host puts it in other words. Raises ControlError 409 when it is not there."""
        summary = _in_state(instance, ("there",), "edit")
        summary.content, summary.edited = content, True
        summary.modified = self._clock.now()
        event = summary_events.updated(instance, summary, summary.modified_by, summary.modified)
        self._publish(event, instance)

    def share(self, instance: Instance, emails: list[str]) -> None:
        """The host sends it to people. Raises ControlError 409 when it is not there."""
        summary, now = _in_state(instance, ("there",), "share"), self._clock.now()
        self._publish(summary_events.shared(instance, summary, emails, instance.meeting.host, now), instance)

    def change(self, instance: Instance, action: SummaryChange) -> None:
        """The host puts it in the trash, takes it back, or deletes it for ever.

        Raises ControlError 409 when there is none in the state that the action begins with.
        """
        event, begins_with, ends_with = SUMMARY_CHANGES[action]
        summary = _in_state(instance, begins_with, action)
        summary.state = ends_with
        told = summary_events.moved(event, instance, summary, instance.meeting.host, self._clock.now())
        self._publish(told, instance)

    def _publish(self, event: Event, instance: Instance) -> None:
        self._publisher.publish(event, about=instance.meeting.host, subject=str(instance.room_id))


def _in_state(instance: Instance, states: tuple[Kept, ...], action: str) -> Summary:
    summary = instance.summary
    if summary is None or summary.state not in states:
        raise ControlError(409, f"there is no summary to {action}")
    return summary


def _words(instance: Instance) -> str:
    people = list(dict.fromkeys(person.name for person in instance.participants))
    met = f"{', '.join(people)} met." if people else "Nobody was in the meeting."
    first = people[0] if people else instance.meeting.host.display_name
    return f"## Overview\n{met}\n\n## Next steps\n- {first}: write down what was decided"
