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
    HostAbsent,
    MeetingEnded,
    MeetingStarted,
    ParticipantJoined,
    ParticipantLeft,
    RecordingCompleted,
    RunEvent,
    concerns,
    has_run,
    may_run,
)
from services.meetings.look_ups import PastRecording, PastRun, PastSession, Target

log = logging.getLogger(__name__)

QUIET = timedelta(minutes=10)
"""How long after the last event Zoom is asked. Zoom's first repetition comes after five minutes."""
UNOPENED = timedelta(days=1)
"""How long a meeting that nobody opened counts as one that is about to begin, from the time that it was made for."""
LONGEST = timedelta(hours=30)
"""After this no meeting runs any more (Zoom's limit for every plan): it is over even where Zoom cannot be asked."""
RECORDING_AWAITED = timedelta(days=1)
"""How long after its end a recording is looked for. Zoom says: usually twice the length, at most 24 hours."""
LEASE = timedelta(minutes=3)
"""How long one look may take before another replica looks, too."""
FAILURES = 3
"""Accounts that Zoom fails for, one after the other, before it counts as down for everybody."""

# Asking again would not help: the host, her admin or her plan would have to change first.
_FOR_GOOD = frozenset(
    {Reason.ZOOM_SCOPE_MISSING, Reason.ZOOM_REFUSED, Reason.ZOOM_NOT_CONNECTED, Reason.ZOOM_HOST_NOT_ALLOWED}
)
_LIMITS = frozenset({Reason.ZOOM_RATE_LIMITED, Reason.ZOOM_DAILY_LIMIT})


class Zoom(Protocol):
    """What these rules need of Zoom. None means: Zoom knows of none. Each raises MeshError as Zoom refuses."""

    async def running(self, user: SlackUser, number: str) -> str: ...

    async def past_run(self, user: SlackUser, run: str) -> PastRun | None: ...

    async def participants(self, user: SlackUser, zoom_uuid: str) -> list[PastSession]: ...

    async def recording(self, user: SlackUser, zoom_uuid: str) -> PastRecording | None: ...


class Store(Protocol):
    """What these rules need of the database. Every method is one transaction."""

    async def claim(self, lease: timedelta) -> Target | None: ...

    async def learn(self, target: Target, events: Sequence[RunEvent]) -> tuple[Target | None, Counter[str]]: ...

    async def close_unopened(self, target: Target) -> None: ...

    async def plan(self, target: Target, due_time: datetime | None, *, attempts: int) -> None: ...

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
        """Looks up all that is due; returns how many meetings that were. Ends early where Zoom is down."""
        number = failures = 0
        while failures < FAILURES and (target := await self._store.claim(LEASE)) is not None:
            number += 1
            try:
                await self._heal(target)
                failures = 0
            except MeshError as error:
                failures = 0 if error.reason in _LIMITS else failures + 1
                await self._put_off(target, error)
        return number

    async def _put_off(self, target: Target, error: MeshError) -> None:
        """Has nothing of the account asked for a while. It does not count: there was no answer."""
        log.info("zoom cannot be asked now", extra={"meeting_id": target.meeting_id, "reason": error.reason.value})
        delay = error.retry_delay or self._quiet
        until = self._clock.now() + (delay if error.reason in _LIMITS else max(delay, self._quiet))
        await self._store.plan(target, until, attempts=target.attempts)
        await self._store.put_off_account(target.instance.zoom_account_id, until)

    async def _heal(self, target: Target) -> None:
        known: Target | None = target
        if target.end_time is None:
            known = await self._heal_open(target)
        elif target.attempts == 0 and self._clock.now() < target.end_time + RECORDING_AWAITED:
            known = await self._learn(target, await self._attendance(target))
        if known is None:
            return  # erased, or planned already
        if known.end_time is None:
            await self._plan(known, self._next_look(known))
        else:
            await self._heal_recording(known, known.end_time)

    async def _heal_open(self, target: Target) -> Target | None:
        """Finds out whether a meeting is over, and what happened in it; None where the next look is planned already."""
        now = self._clock.now()
        run, asked = await self._past_run(target)
        if run is not None:
            instance = replace(target.instance, zoom_uuid=run.zoom_uuid, start_time=run.start_time)
            found = replace(target, instance=instance)
            facts: list[RunEvent] = [MeetingStarted(instance, run.start_time), *await self._attendance(found)]
            return await self._learn(target, [*facts, MeetingEnded(instance, run.end_time)])
        running = await self._is_running(target)
        if running:
            await self._heal_running(target)
            return None
        age = now - target.begin_time
        # Zoom may need a moment to know of a run that is over. Where it does not tell of runs, not running is all.
        over = (running is False and (not asked or target.attempts >= 1)) or age >= LONGEST
        if target.opened and over:
            await self._learn(target, [MeetingEnded(target.instance, now)])
            return None  # who was there is asked at the next look: Zoom knows by then
        if not target.opened and age >= UNOPENED:
            log.info("nobody opened a meeting", extra={"meeting_id": target.meeting_id})
            await self._store.close_unopened(target)
            self._count("closed", 1)
            return None
        if running is None and not asked:  # nobody to ask: all that is left is to give it up when its time is over
            await self._plan(target, target.begin_time + (LONGEST if target.opened else UNOPENED))
            return None
        return target

    async def _heal_running(self, target: Target) -> None:
        begins = [MeetingStarted(target.instance, self._clock.now())] if self._may_begin(target) else []
        known = await self._learn(target, begins)
        if known is not None:
            # What was asked while it ran says nothing of whether it is over.
            attempts = 0 if known.opened else known.attempts + 1
            await self._store.plan(known, self._next_look(known), attempts=attempts)

    async def _heal_recording(self, target: Target, end_time: datetime) -> None:
        """Looks for a recording, more and more rarely, as long as one may come."""
        now = self._clock.now()
        until = end_time + RECORDING_AWAITED
        nameless = not has_run(target.instance.zoom_uuid)
        if target.recorded or target.host_is_basic or nameless or now >= until:
            await self._plan(target, None)
            return
        try:
            recording = await self._zoom.recording(target.user, target.instance.zoom_uuid)
        except MeshError as error:
            if error.reason not in _FOR_GOOD:
                raise
            await self._plan(target, None)
            return
        if recording is None:
            await self._plan(target, min(until, now + self._quiet * 2**target.attempts))
            return
        fact = RecordingCompleted(
            target.instance, target.begin_time, recording.play_url, recording.passcode, now, recording.file_ids
        )
        known = await self._learn(target, [fact])
        if known is not None:
            await self._plan(known, None)

    async def _past_run(self, target: Target) -> tuple[PastRun | None, bool]:
        """Returns the run of this meeting if it is over, and whether Zoom tells of this host's runs at all."""
        if target.host_is_basic:
            return None, False
        # By number Zoom answers with the latest run; in a room that may be of another meeting.
        name = target.instance.zoom_uuid or target.instance.zoom_meeting_id
        try:
            run = await self._zoom.past_run(target.user, name)
        except MeshError as error:
            if self._will_answer(target, error):
                raise
            return None, False
        if run is None:
            return None, True
        begun = MeetingStarted(replace(target.instance, zoom_uuid=run.zoom_uuid), run.start_time)
        return (run if concerns(target.candidate, begun) else None), True

    async def _is_running(self, target: Target) -> bool | None:
        """Tells whether the meeting runs; None where Zoom does not say."""
        try:
            running = await self._zoom.running(target.user, target.instance.zoom_meeting_id)
        except MeshError as error:
            if self._will_answer(target, error):
                raise
            return None
        return may_run(target.candidate, running)

    def _will_answer(self, target: Target, error: MeshError) -> bool:
        """Tells whether it is worth waiting for Zoom's answer about a meeting that may run: none runs for ever."""
        age = self._clock.now() - target.begin_time
        return error.reason not in _FOR_GOOD and age < LONGEST

    async def _attendance(self, target: Target) -> list[RunEvent]:
        """Returns who came and went, as facts; none where Zoom does not say."""
        if target.host_is_basic or not has_run(target.instance.zoom_uuid):
            return []
        try:
            sessions = await self._zoom.participants(target.user, target.instance.zoom_uuid)
        except MeshError as error:
            if error.reason not in _FOR_GOOD:
                raise
            return []
        facts: list[RunEvent] = []
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

    async def _learn(self, target: Target, facts: Sequence[RunEvent]) -> Target | None:
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
        return target.opened or concerns(target.candidate, MeetingStarted(target.instance, self._clock.now()))

    async def _plan(self, target: Target, due_time: datetime | None) -> None:
        """Says when to look again after Zoom has answered."""
        await self._store.plan(target, due_time, attempts=target.attempts + 1)

    def _next_look(self, target: Target) -> datetime:
        now = self._clock.now()
        if target.opened:
            return now + self._quiet
        rarer: datetime = now + self._quiet * 2 ** min(target.attempts, 10)
        return min(rarer, max(target.begin_time + UNOPENED, now + self._quiet))
