"""The rules of starting a meeting: recorded before Zoom is called, done once, never forgotten.

A request is *reserved* in the database, with a lease for the worker that does it, before anything happens at Zoom.
The work runs in a task of its own: neither the caller's deadline nor its death ends it. A worker that dies leaves a
lease that runs out; whoever takes over first asks Zoom whether the meeting exists already, by the reference that every
meeting of ours carries in its description.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from mesh import deadline
from mesh.clock import Clock
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.slack_user import SlackUser
from services.meetings.meeting import Meeting
from services.meetings.requests import RecentMeeting, Reservation, StartCommand, ZoomMeeting
from services.meetings.schedules import Schedule

if TYPE_CHECKING:
    from services.meetings.deliveries import Delivery

log = logging.getLogger(__name__)

WORK_LEASE = timedelta(seconds=20)
"""How long a worker may be silent before its work is another's."""
BEAT = 5.0
"""Seconds between two signs of life of a worker."""
DRAIN = 10.0
"""Seconds that work in hand gets at the end of a process."""
ANSWER_MARGIN = 0.15
"""Seconds kept back to answer a caller whose time runs out."""
MAX_WAIT = 8.0
"""Seconds a caller is kept waiting at the most."""
_CREATE_ATTEMPTS = 3

# Worth another try by ourselves, when the person was told already that her meeting is on its way.
_PASSING = frozenset({Reason.ZOOM_UNAVAILABLE, Reason.ZOOM_RATE_LIMITED, Reason.SERVICE_UNAVAILABLE})
RECENT = timedelta(seconds=30)
"""How long a start in a conversation has the next one ask first: two people who answer one message at once."""
GIVE_UP = timedelta(minutes=2)
"""How long after the command we go on trying; nobody waits for a meeting longer than that."""


@dataclass(frozen=True)
class Reserved:
    """The answer to a reservation: at most one of these. With none, somebody works on the request already."""

    fresh: Reservation | None = None
    """The work is the caller's."""
    meeting: Meeting | None = None
    """The request was completed before."""
    recent: RecentMeeting | None = None
    """Nothing was reserved: somebody started a meeting here a moment ago."""


@dataclass(frozen=True)
class Started:
    """What became of a command by now."""

    meeting: Meeting | None
    delivery: Delivery | None
    pending: bool
    recent: RecentMeeting | None = None


class Store(Protocol):
    """What these rules need of the database. Every method is one transaction."""

    async def reserve(
        self, command: StartCommand, meeting_id: str, worker: str, lease: timedelta, *, recent: timedelta
    ) -> Reserved: ...

    async def is_known(self, command: StartCommand) -> bool: ...

    async def extend(self, reservation: Reservation, lease: timedelta, *, zoom_host_id: str = "") -> bool: ...

    async def release(self, reservation: Reservation) -> None: ...

    async def fail(self, reservation: Reservation, reason: str, metadata: Mapping[str, str]) -> None: ...

    async def complete(
        self, reservation: Reservation, zoom: ZoomMeeting, *, lease_holder: str
    ) -> tuple[Meeting, Delivery | None]: ...

    async def claim_abandoned(self, worker: str, lease: timedelta) -> list[Reservation]: ...


class Zoom(Protocol):
    """What these rules need of Zoom."""

    async def host(self, user: SlackUser) -> str: ...

    async def create(
        self, user: SlackUser, *, topic: str, reference: str, schedule: Schedule | None
    ) -> ZoomMeeting: ...

    async def find(self, user: SlackUser, *, reference: str) -> ZoomMeeting | None: ...

    async def personal_room(self, user: SlackUser, *, since: datetime) -> ZoomMeeting: ...


@dataclass
class _Flight:
    """A piece of work and what its caller is doing."""

    lease_holder: str
    abandoned: bool = False
    """The caller got its answer already: the outcome has to reach the person by a delivery."""
    settling: bool = False
    """The outcome is known and being stored: a caller whose time is up waits for this moment longer."""
    unsure: bool = False
    """Zoom may have made the meeting already: the request must not be forgotten before that is known."""
    task: asyncio.Task[Started] | None = None


def _new_worker() -> str:
    """Returns a name for one piece of work: who takes it over has another one, also within this process."""
    return str(uuid.uuid4())


class Meetings:
    """Starts meetings."""

    def __init__(self, store: Store, zoom: Zoom, clock: Clock, *, beat: float = BEAT) -> None:
        """`beat` is how many seconds lie between two signs of life of a worker."""
        self._beat = beat
        self._store = store
        self._zoom = zoom
        self._clock = clock
        self._flights: dict[tuple[str, str], _Flight] = {}

    async def start(self, command: StartCommand) -> Started:
        """Starts the meeting asked for, or says that it is on its way, or that somebody was first.

        Raises MeshError: what Zoom refused, now or when the same request was made before, ZOOM_NOT_CONNECTED,
        REQUEST_ID_REUSED, and INVALID_REQUEST where it is to be scheduled for a time that cannot be.
        """
        # A request that is repeated after its time has the meeting that it had before.
        wrong = command.schedule.wrong_at(self._clock.now()) if command.schedule is not None else ""
        if wrong and not await self._store.is_known(command):
            raise MeshError(Reason.INVALID_REQUEST, violations=(FieldViolation("scheduled_time", wrong),))
        started = await self._start(command)
        # Landed between the look at the database and the look at the work in hand: a second look finds the meeting.
        return started or await self._start(command) or Started(None, None, pending=True)

    async def _start(self, command: StartCommand) -> Started | None:
        """Returns what `start` does; None where the request is worked on, and not by this process."""
        reserved = await self._store.reserve(command, str(uuid.uuid4()), _new_worker(), WORK_LEASE, recent=RECENT)
        if reserved.recent is not None:
            return Started(None, None, pending=False, recent=reserved.recent)
        if reserved.fresh is not None:
            return await self._wait(self._launch(reserved.fresh, _Flight(command.lease_holder)))
        if reserved.meeting is not None:
            return Started(reserved.meeting, None, pending=False)
        flight = self._flights.get((command.user.team_id, command.request_id))
        if flight is None:
            return None
        # The same request a second time, while the first is being worked on: the card is the first one's.
        return replace(await self._wait(flight, joined=True), delivery=None)

    async def resume_abandoned(self) -> int:
        """Takes over what a worker that died left undone. Returns how many it took."""
        claimed = await self._store.claim_abandoned(_new_worker(), WORK_LEASE)
        for reservation in claimed:
            command = reservation.command
            if (command.user.team_id, command.request_id) in self._flights:
                continue  # ours after all, but it lost its lease: it ends by itself, and the next look resumes it
            log.info("resuming a start request", extra={"request_id": command.request_id})
            self._launch(reservation, _Flight("", abandoned=True), resumed=True)
        return len(claimed)

    async def drain(self) -> None:
        """Waits a while until the work in hand is done. What is not done then is resumed by another worker."""
        tasks = [flight.task for flight in self._flights.values() if flight.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=DRAIN)

    def _launch(self, reservation: Reservation, flight: _Flight, *, resumed: bool = False) -> _Flight:
        key = (reservation.command.user.team_id, reservation.command.request_id)
        with deadline.budget(None):  # the task copies this context: the caller's deadline is not its own
            flight.task = asyncio.create_task(self._work(reservation, flight, resumed=resumed), name="start meeting")
        self._flights[key] = flight
        flight.task.add_done_callback(lambda task: self._landed(key, flight, task))
        return flight

    def _landed(self, key: tuple[str, str], flight: _Flight, task: asyncio.Task[Started]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, MeshError):
            log.error("a start request broke off; it will be resumed", exc_info=error)

    async def _wait(self, flight: _Flight, *, joined: bool = False) -> Started:
        if flight.task is None:
            raise AssertionError("launched flights have a task")
        seconds = deadline.within(MAX_WAIT + ANSWER_MARGIN) - ANSWER_MARGIN
        try:
            done, _ = await asyncio.wait({flight.task}, timeout=max(0.0, seconds))
        except asyncio.CancelledError:  # the caller is gone: whatever comes has to be delivered
            flight.abandoned = flight.abandoned or not joined
            raise
        if not done and not flight.settling:
            flight.abandoned = flight.abandoned or not joined
            return Started(None, None, pending=True)
        return await asyncio.shield(flight.task)

    async def _work(self, reservation: Reservation, flight: _Flight, *, resumed: bool) -> Started:
        late = self._clock.now() - reservation.reserve_time >= GIVE_UP
        beat = asyncio.create_task(self._keep(reservation), name="keep start request")
        try:
            if late:  # nobody waits for a new meeting any more, but one that exists gets its card
                zoom_meeting = await self._lost_meeting(reservation)
            else:
                zoom_meeting = await self._meeting_at_zoom(reservation, flight, unsure=resumed)
        except MeshError as error:
            return await self._without_meeting(reservation, flight, error, late=late)
        finally:
            beat.cancel()
        flight.settling = True
        lease_holder = "" if flight.abandoned else flight.lease_holder
        meeting, delivery = await self._store.complete(reservation, zoom_meeting, lease_holder=lease_holder)
        log.info("meeting created", extra={"meeting_id": meeting.meeting_id, "team_id": meeting.host.team_id})
        return Started(meeting, delivery, pending=False)

    async def _without_meeting(
        self, reservation: Reservation, flight: _Flight, error: MeshError, *, late: bool
    ) -> Started:
        """Decides what becomes of a request that has no meeting: tried again, told by a delivery, or told now."""
        flight.settling = True
        fields = {"reason": error.reason.value, "request_id": reservation.command.request_id}
        if (flight.abandoned or flight.unsure) and not late and error.reason in _PASSING:
            log.info("no meeting yet; it will be tried again", extra=fields)
            return Started(None, None, pending=True)
        log.warning("no meeting", extra=fields)
        if flight.abandoned:
            await self._store.fail(reservation, error.reason.value, error.metadata)
            return Started(None, None, pending=True)
        await self._store.release(reservation)  # the caller hears of it and may use the same id again
        raise error

    async def _keep(self, reservation: Reservation) -> None:
        """Lengthens the lease while the work goes on: only a worker that is dead or cut off loses it."""
        while True:
            # By the real time, whatever clock the rules have: the lease is held against other processes.
            await asyncio.sleep(self._beat)
            try:
                await self._store.extend(reservation, WORK_LEASE)
            except MeshError as error:  # the next one may be stored, well before the lease ends
                fields = {"reason": error.reason.value, "request_id": reservation.command.request_id}
                log.info("a sign of life was not stored", extra=fields)

    async def _lost_meeting(self, reservation: Reservation) -> ZoomMeeting:
        command = reservation.command
        # For a room nothing is made, so nothing can be lost.
        found = None if command.personal_room else await self._zoom.find(command.user, reference=reservation.meeting_id)
        if found is None:
            raise MeshError(Reason.ZOOM_UNAVAILABLE)
        return found

    async def _meeting_at_zoom(self, reservation: Reservation, flight: _Flight, *, unsure: bool) -> ZoomMeeting:
        """Returns the one meeting of this reservation, made now or found where an earlier answer was lost."""
        command = reservation.command
        # Known before anything can happen in the meeting: from here on events of this host wait for it.
        host_id = await self._zoom.host(command.user)
        await self._extend(reservation, zoom_host_id=host_id)
        if command.personal_room:
            return await self._zoom.personal_room(command.user, since=reservation.reserve_time)
        flight.unsure = unsure
        for attempt in range(_CREATE_ATTEMPTS):
            if attempt:
                await self._clock.sleep(2.0**attempt)
                await self._extend(reservation)
            if flight.unsure:
                found = await self._zoom.find(command.user, reference=reservation.meeting_id)
                if found is not None:
                    return found
            try:
                return await self._zoom.create(
                    command.user, topic=command.topic, reference=reservation.meeting_id, schedule=command.schedule
                )
            except MeshError as error:
                if error.reason is not Reason.ZOOM_OUTCOME_UNKNOWN:
                    raise
                flight.unsure = True
        raise MeshError(Reason.ZOOM_UNAVAILABLE)

    async def _extend(self, reservation: Reservation, **values: str) -> None:
        if not await self._store.extend(reservation, WORK_LEASE, **values):
            raise MeshError(Reason.SERVICE_UNAVAILABLE)  # another worker took over
