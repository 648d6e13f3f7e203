"""The rules of healing: when Zoom is asked about a meeting, and what follows from its answers.

Events can be lost for good: Zoom gives up after 85 minutes. So whatever was not heard of for a while is looked up, in
its host's name, and what is found becomes the same facts as events make. A fact that is known already changes nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.meetings.events import (
    Candidate,
    Event,
    HostAbsent,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    RecordingCompleted,
    concerns,
)
from services.meetings.look_ups import PastRecording, PastRun, PastSession, Target

log = logging.getLogger(__name__)

QUIET = timedelta(minutes=10)
"""How long after the last event Zoom is asked. Zoom's first repetition comes after five minutes."""
UNOPENED = timedelta(days=1)
"""How long a meeting that nobody opened counts as one that is about to begin."""
LONGEST = timedelta(hours=30)
"""After this no meeting runs any more (Zoom's limit for every plan): it is over even where Zoom cannot be asked."""
RECORDING_AWAITED = timedelta(days=1)
"""How long after its end a recording is looked for. Zoom says: usually twice the length, at most 24 hours."""
LEASE = timedelta(minutes=3)
"""How long one look may take before another replica looks, too."""
ROUND = 30
"""Meetings in one round at the most."""

# Asking again would not help: the host, her admin or her plan would have to change first.
_FOR_GOOD = frozenset(
    {Reason.ZOOM_SCOPE_MISSING, Reason.ZOOM_REFUSED, Reason.ZOOM_NOT_CONNECTED, Reason.ZOOM_HOST_NOT_ALLOWED}
)
_LIMITS = frozenset({Reason.ZOOM_RATE_LIMITED, Reason.ZOOM_DAILY_LIMIT})


class Zoom(Protocol):
    """What these rules need of Zoom. None means: Zoom knows of none. Each raises MeshError as Zoom refuses."""

    async def is_running(self, user: SlackUser, zoom_meeting_id: str) -> bool: ...

    async def past_run(self, user: SlackUser, run: str) -> PastRun | None: ...

    async def participants(self, user: SlackUser, zoom_uuid: str) -> list[PastSession]: ...

    async def recording(self, user: SlackUser, zoom_uuid: str) -> PastRecording | None: ...


class Store(Protocol):
    """What these rules need of the database. Every method is one transaction."""

    async def claim(self, lease: timedelta) -> Target | None: ...

    async def learn(self, target: Target, events: Sequence[Event]) -> tuple[Target | None, Counter[str]]: ...

    async def close_unopened(self, target: Target) -> None: ...

    async def plan(self, target: Target, due_time: datetime | None) -> None: ...

    async def put_off_account(self, zoom_account_id: str, until: datetime) -> None: ...


class CountRepairs(Protocol):
    """Counts what was found to be missing."""

    def __call__(self, what: str, number: int) -> None: ...


class Reconciler:
    """Looks up what was not heard of. Replicas share the work: each meeting is looked up by who claimed it."""

    def __init__(
        self, store: Store, zoom: Zoom, clock: Clock, count: CountRepairs, *, quiet: timedelta = QUIET
    ) -> None:
        """`quiet` is how long after the last event of a meeting Zoom is asked about it."""
        self._store = store
        self._zoom = zoom
        self._clock = clock
        self._count = count
        self._quiet = quiet

    async def __call__(self) -> int:
        """Looks up what is due, up to ROUND meetings; returns how many that were. Ends early where Zoom is down."""
        for number in range(ROUND):
            target = await self._store.claim(LEASE)
            if target is None:
                return number
            try:
                await self._heal(target)
            except MeshError as error:
                if not await self._put_off(target, error):
                    return number + 1
        return ROUND

    async def _put_off(self, target: Target, error: MeshError) -> bool:
        """Decides when to ask again; tells whether others can be asked about now."""
        log.info("zoom cannot be asked now", extra={"meeting_id": target.meeting_id, "reason": error.reason.value})
        now = self._clock.now()
        if error.reason in _LIMITS:  # they count for the account, whoever asks
            await self._store.put_off_account(target.instance.zoom_account_id, now + (error.retry_delay or self._quiet))
            return True
        await self._store.plan(target, now + max(error.retry_delay or self._quiet, self._quiet))
        return False

    async def _heal(self, target: Target) -> None:
        known: Target | None = target
        if target.end_time is None:
            known = await self._heal_open(target)
        elif target.attempts == 0:
            known = await self._learn(target, await self._attendance(target))
        if known is None:
            return  # erased, closed, or not to be asked about
        if known.end_time is None:
            await self._store.plan(known, self._next_look(known))
        else:
            await self._heal_recording(known, known.end_time)

    async def _heal_open(self, target: Target) -> Target | None:
        """Finds out whether a meeting is over, or runs, and what happened in it; None where that settles it."""
        now = self._clock.now()
        run, asked = await self._past_run(target)
        if run is not None:
            instance = replace(target.instance, zoom_uuid=run.zoom_uuid, start_time=run.start_time)
            found = replace(target, instance=instance)
            facts: list[Event] = [MeetingStarted(instance, run.start_time), *await self._attendance(found)]
            return await self._learn(target, [*facts, MeetingEnded(instance, run.end_time)])
        running = await self._is_running(target)
        if running:
            return await self._learn(target, [MeetingStarted(target.instance, now)] if self._may_begin(target) else [])
        begun = target.start_time or target.create_time
        age = now - begun
        # Zoom may need a moment to know of a run that is over. Where it does not tell of runs, not running is all.
        over = (running is False and (not asked or target.attempts >= 1)) or age >= LONGEST
        if target.opened and over:
            return await self._learn(target, [MeetingEnded(target.instance, now)])
        if not target.opened and age >= UNOPENED:
            log.info("nobody opened a meeting", extra={"meeting_id": target.meeting_id})
            await self._store.close_unopened(target)
            self._count("closed", 1)
            return None
        if running is None and not asked:  # nobody to ask: all that is left is to give it up when its time is over
            await self._store.plan(target, begun + (LONGEST if target.opened else UNOPENED))
            return None
        return target

    async def _heal_recording(self, target: Target, end_time: datetime) -> None:
        """Looks for a recording, more and more rarely, as long as one may come."""
        now = self._clock.now()
        until = end_time + RECORDING_AWAITED
        if target.recorded or target.host_is_basic or not target.instance.zoom_uuid or now >= until:
            await self._store.plan(target, None)
            return
        try:
            recording = await self._zoom.recording(target.user, target.instance.zoom_uuid)
        except MeshError as error:
            if error.reason not in _FOR_GOOD:
                raise
            await self._store.plan(target, None)
            return
        if recording is None:
            await self._store.plan(target, min(until, now + self._quiet * 2**target.attempts))
            return
        begun = target.start_time or target.create_time
        fact = RecordingCompleted(
            target.instance, begun, recording.play_url, recording.passcode, now, recording.file_ids
        )
        known = await self._learn(target, [fact])
        if known is not None:
            await self._store.plan(known, None)

    async def _past_run(self, target: Target) -> tuple[PastRun | None, bool]:
        """Returns the run of this meeting if it is over, and whether Zoom tells of this host's runs at all."""
        if target.host_is_basic:
            return None, False
        # By number Zoom answers with the latest run; in a room that may be of another meeting.
        name = target.instance.zoom_uuid or target.instance.zoom_meeting_id
        try:
            run = await self._zoom.past_run(target.user, name)
        except MeshError as error:
            if error.reason not in _FOR_GOOD:
                raise
            return None, False
        if run is None:
            return None, True
        begun = MeetingStarted(replace(target.instance, zoom_uuid=run.zoom_uuid), run.start_time)
        candidate = Candidate(target.instance.zoom_uuid, target.zoom_create_time, in_room=target.in_room)
        return (run if concerns(candidate, begun) else None), True

    async def _is_running(self, target: Target) -> bool | None:
        """Tells whether the meeting runs; None where Zoom does not say."""
        try:
            return await self._zoom.is_running(target.user, target.zoom_meeting_id)
        except MeshError as error:
            if error.reason not in _FOR_GOOD:
                raise
            return None

    async def _attendance(self, target: Target) -> list[Event]:
        """Returns who came and went, as facts; none where Zoom does not say."""
        if target.host_is_basic or not target.instance.zoom_uuid:
            return []
        try:
            sessions = await self._zoom.participants(target.user, target.instance.zoom_uuid)
        except MeshError as error:
            if error.reason not in _FOR_GOOD:
                raise
            return []
        facts: list[Event] = []
        for session in sessions:
            who = (session.session_id, session.attendee_id, session.display_name)
            if session.join_time is not None:
                facts.append(ParticipantJoined(target.instance, session.join_time, *who))
            if session.leave_time is not None:
                facts.append(ParticipantLeft(target.instance, session.leave_time, *who))
        host_id = target.instance.zoom_host_id
        if facts and host_id not in {session.attendee_id for session in sessions}:
            facts.append(HostAbsent(target.instance, self._clock.now()))
        return facts

    async def _learn(self, target: Target, facts: Sequence[Event]) -> Target | None:
        if not facts:
            return target
        known, repaired = await self._store.learn(target, facts)
        for what, number in repaired.items():
            self._count(what, number)
        if repaired:
            log.info("repaired a meeting", extra={"meeting_id": target.meeting_id, **repaired})
        return known

    def _may_begin(self, target: Target) -> bool:
        """Tells whether a run whose name is not known can be this meeting's: a room may be used for another one."""
        if target.start_time is not None:
            return False
        candidate = Candidate("", target.zoom_create_time, in_room=target.in_room)
        return target.opened or concerns(candidate, MeetingStarted(target.instance, self._clock.now()))

    def _next_look(self, target: Target) -> datetime:
        now = self._clock.now()
        if target.opened:
            return now + self._quiet
        rarer: datetime = now + self._quiet * 2 ** min(target.attempts, 10)
        return min(rarer, max(target.create_time + UNOPENED, now + self._quiet))
