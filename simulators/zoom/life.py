"""What happens in meetings: start, join, leave, end, record. Every step publishes the events that Zoom would send."""

from dataclasses import replace
from typing import Literal

from simulators.zoom import events
from simulators.zoom.clock import SimulatedClock
from simulators.zoom.errors import ControlError
from simulators.zoom.ids import Ids, participant_user_id
from simulators.zoom.publisher import Publisher
from simulators.zoom.world import (
    INSTANT,
    Instance,
    Kept,
    Meeting,
    Participant,
    Recording,
    RecordingFile,
    User,
    World,
)

MAX_JOINS = 5_000
RecordingChange = Literal["trash", "recover", "delete", "rename"]
RECORDING_CHANGES: dict[RecordingChange, tuple[str, tuple[Kept, ...], Kept]] = {
    "trash": ("recording.trashed", ("there",), "trashed"),
    "recover": ("recording.recovered", ("trashed",), "there"),
    "delete": ("recording.deleted", ("there", "trashed"), "deleted"),
    "rename": ("recording.renamed", ("there",), "there"),
}
"""By action: the event, the states in which it can be done, the state afterwards."""
_LEFT = "left the meeting."
_HOST_ENDED = "Host ended the meeting."


class MeetingLife:
    """Plays the people in the meetings."""

    def __init__(self, world: World, publisher: Publisher, clock: SimulatedClock, ids: Ids, public_url: str) -> None:
        self._world = world
        self._publisher = publisher
        self._clock = clock
        self._ids = ids
        self._public_url = public_url

    def start(self, meeting: Meeting, *, host_joins: bool = True) -> Instance:
        """The host opens the meeting and, unless told otherwise, is its first participant.

        A personal room holds one meeting at a time. Raises ControlError 409 when it, or the meeting, runs already.
        """
        if meeting.room_id in self._world.running:
            raise ControlError(409, "this meeting, or another one in the same personal room, is running")
        if meeting.is_gone(self._clock.now()):
            raise ControlError(409, "this meeting has ended for good")
        now = self._clock.now()
        used_before = any(past.meeting is meeting for past in self._world.instances)
        # The UUID of the create answer is that of the first instance at most; a personal room never keeps it.
        fresh = used_before or meeting.pmi is not None
        meeting.uuid = self._ids.meeting_uuid() if fresh else meeting.uuid
        instance = Instance(meeting.uuid, meeting, meeting.room_id, now)
        self._world.instances.append(instance)
        self._world.running[meeting.room_id] = instance
        self._publish(events.meeting_started(instance, now), instance)
        if host_joins:
            self.join(instance, meeting.host.display_name, user=meeting.host)
        return instance

    def join(
        self, instance: Instance, name: str, *, user: User | None = None, participant_uuid: str | None = None
    ) -> Participant:
        """Somebody comes in, as a guest or signed in as `user`. In a waiting room everybody but the host waits first.

        A signed-in person who comes back, or uses a second device, keeps the participant UUID; a guest does so only
        when the caller names it. Raises ControlError 409 when the meeting is over or full.
        """
        if instance.end_time is not None:
            raise ControlError(409, "this meeting is over")
        if instance.arrivals >= MAX_JOINS:
            raise ControlError(409, f"more than {MAX_JOINS} joins in one meeting")
        seen = [*instance.participants, *instance.waiting, *instance.waited]
        known = next((p.uuid for p in seen if user is not None and p.user is user), None)
        person = Participant(
            user_id=participant_user_id(instance.arrivals),
            uuid=participant_uuid or known or self._ids.participant_uuid(),
            name=name,
            join_time=self._clock.now(),
            user=user,
        )
        instance.arrivals += 1
        if instance.meeting.has_waiting_room and user is not instance.meeting.host:
            instance.waiting.append(person)
            self._publish_waiting("meeting.participant_joined_waiting_room", instance, person)
        else:
            self._let_in(instance, person)
        return person

    def admit(self, instance: Instance, user_id: str) -> Participant:
        """The host lets somebody in. Raises ControlError 404 when nobody with this `user_id` waits.

        Zoom does not say in which order it tells of this; nobody should rely on the one here.
        """
        person = _waiting(instance, user_id)
        self._publish_waiting("meeting.participant_admitted", instance, person)
        self._send_away(instance, person)
        person.join_time, person.leave_time = self._clock.now(), None
        self._let_in(instance, person)
        return person

    def refuse(self, instance: Instance, user_id: str) -> Participant:
        """The host removes somebody who waits. Raises ControlError 404 when nobody with this `user_id` does."""
        person = _waiting(instance, user_id)
        self._send_away(instance, person)
        return person

    def leave(self, instance: Instance, user_id: str) -> Participant:
        """One join ends, or one wait. Raises ControlError 404 when nobody with this `user_id` is there."""
        person = next((p for p in (*instance.present, *instance.waiting) if p.user_id == user_id), None)
        if person is None:
            raise ControlError(404, "nobody with this user_id is in the meeting")
        if person in instance.waiting:
            self._send_away(instance, person)
        else:
            self._send_out(instance, person, _LEFT)
        return person

    def end(self, instance: Instance) -> None:
        """The host ends the meeting for everybody. An instant meeting's number dies with it."""
        for person in list(instance.waiting):
            self._send_away(instance, person)
        for person in instance.present:
            self._send_out(instance, person, _HOST_ENDED)
        now = self._clock.now()
        if instance.recording_since is not None:
            self.stop_recording(instance)
        instance.end_time = now
        if instance.meeting.type == INSTANT:
            instance.meeting.ended = True
        del self._world.running[instance.room_id]
        self._publish(events.meeting_ended(instance, now), instance)

    def start_recording(self, instance: Instance) -> None:
        """The host presses Record. Raises ControlError 409 on a plan or setting without cloud recording."""
        _require_cloud_recording(instance.meeting.host)
        if instance.end_time is not None or instance.recording_since is not None:
            raise ControlError(409, "the meeting is over or being recorded already")
        now = self._clock.now()
        instance.recording_since = now
        self._publish(events.recording_changed("recording.started", instance, now, None, now), instance)

    def stop_recording(self, instance: Instance) -> None:
        """The host stops recording. Raises ControlError 409 when nothing is being recorded."""
        if instance.recording_since is None:
            raise ControlError(409, "the meeting is not being recorded")
        now, start = self._clock.now(), instance.recording_since
        instance.recording_since = None
        self._publish(events.recording_changed("recording.stopped", instance, start, now, now), instance)

    def finish_recording(self, instance: Instance, *, share_url: str | None, password: str | None) -> Recording:
        """Zoom has processed a recording, or a further part of it, which has the same page.

        `password` may be "" for none; None lets Zoom make one.
        """
        _require_cloud_recording(instance.meeting.host)
        now = self._clock.now()
        files = [
            RecordingFile(self._ids.guid(), kind, view, size, self._ids.opaque())
            for kind, view, size in (
                ("MP4", "shared_screen_with_speaker_view", 7_340_032),
                ("M4A", "audio_only", 524_288),
            )
        ]
        before = instance.recording
        if before is not None and before.state != "there":
            before = None  # what was removed is not added to
        recording = before or Recording(
            share_url=share_url or f"{self._public_url}/rec/share/{self._ids.opaque()}",
            password=self._ids.recording_passcode() if password is None else password,
            start=instance.start_time,
            end=instance.end_time if instance.end_time is not None else now,
            files=[],
        )
        recording.share_url = share_url or recording.share_url
        recording.files += files
        instance.recording = recording
        self._publish(events.recording_completed(instance, recording, self._public_url, now), instance)
        return recording

    def change_recording(self, instance: Instance, action: RecordingChange) -> Recording:
        """The host puts the recording in the trash, takes it back, deletes it for ever, or gives it another name.

        Raises ControlError 409 when there is none, or none in the state that the action begins with.
        """
        event, begins_with, ends_with = RECORDING_CHANGES[action]
        recording = instance.recording
        if recording is None or recording.state not in begins_with:
            raise ControlError(409, f"there is no recording to {action}")
        recording.state = ends_with
        now = self._clock.now()
        self._publish(events.recording_moved(event, instance, recording, self._public_url, now), instance)
        return recording

    def instance_for_join(self, meeting: Meeting, user: User | None) -> Instance:
        """The running instance behind a number, started if need be.

        Dialling a personal room leads into whatever its host runs there, and so does the link of a meeting in it.
        Raises ControlError 409 where somebody else comes before the host and may not.
        """
        running = self._world.running.get(meeting.room_id)
        if running is None and user is not meeting.host and not meeting.opens_before_host:
            raise ControlError(409, "the host has not started this meeting")
        return running or self.start(meeting, host_joins=False)

    def _let_in(self, instance: Instance, person: Participant) -> None:
        instance.participants.append(person)
        self._publish(events.participant_joined(instance, person, person.join_time), instance)

    def _send_away(self, instance: Instance, person: Participant) -> None:
        instance.waiting.remove(person)
        person.leave_time = self._clock.now()
        instance.waited.append(replace(person))  # as the wait was: whoever is admitted begins another time
        self._publish_waiting("meeting.participant_left_waiting_room", instance, person)

    def _publish_waiting(self, event: str, instance: Instance, person: Participant) -> None:
        self._publish(events.waiting_room(event, instance, person, self._clock.now()), instance)

    def _send_out(self, instance: Instance, person: Participant, reason: str) -> None:
        person.leave_time = self._clock.now()
        self._publish(events.participant_left(instance, person, reason, person.leave_time), instance)

    def _publish(self, event: events.Event, instance: Instance) -> None:
        self._publisher.publish(event, about=instance.meeting.host, subject=str(instance.room_id))


def _waiting(instance: Instance, user_id: str) -> Participant:
    person = next((p for p in instance.waiting if p.user_id == user_id), None)
    if person is None:
        raise ControlError(404, "nobody with this user_id waits")
    return person


def _require_cloud_recording(host: User) -> None:
    if not host.is_paid or not host.settings.cloud_recording:
        raise ControlError(409, f"{host.display_name} has no cloud recording")
