"""The rules of ending a meeting from Slack: by whoever started it, and never somebody else's run of a room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mesh.slack_user import SlackUser
from services.meetings.events import Candidate, has_run, may_run
from services.meetings.meeting import Meeting


@dataclass(frozen=True)
class Ending:
    """A meeting that is to end, and how Zoom knows it."""

    meeting: Meeting
    number: str
    """What Zoom ends: the number of the meeting, or of the room that it is in."""
    candidate: Candidate
    """Its run, as far as one is known, and whether that number is a personal room's."""


class Store(Protocol):
    """What these rules need of the database. Every method is one transaction."""

    async def ending(self, user: SlackUser, meeting_id: str) -> Ending: ...

    async def close_unopened(self, user: SlackUser, meeting_id: str) -> Meeting: ...


class Zoom(Protocol):
    """What these rules need of Zoom."""

    async def end(self, user: SlackUser, number: str) -> None: ...

    async def running(self, user: SlackUser, number: str) -> str: ...

    async def cancel(self, user: SlackUser, number: str) -> None: ...


class Endings:
    """Ends meetings."""

    def __init__(self, store: Store, zoom: Zoom) -> None:
        self._store = store
        self._zoom = zoom

    async def end(self, user: SlackUser, meeting_id: str) -> tuple[Meeting, bool]:
        """Ends a meeting that `user` started; returns it as it is known then, and whether it was over before.

        What runs is ended at Zoom, whose event then ends the card. What nobody has opened is ended here, because no
        event would come; where it was scheduled it is deleted at Zoom before, so that it does not wait on there. Raises
        MeshError: MEETING_NOT_FOUND, and what Zoom refused.
        """
        found = await self._store.ending(user, meeting_id)
        if found.meeting.end_time is not None:
            return found.meeting, True
        if await self._runs(user, found):
            await self._zoom.end(user, found.number)
            return found.meeting, False
        opened = has_run(found.candidate.zoom_uuid)
        if found.meeting.schedule is not None and not opened and not found.candidate.in_room:
            await self._zoom.cancel(user, found.number)
        # One that was opened and does not run is over. It is left alone: its event is on the way, and knows since when.
        return await self._store.close_unopened(user, meeting_id), opened

    async def _runs(self, user: SlackUser, found: Ending) -> bool:
        """Tells whether there is a run to end, and that it is this meeting's."""
        opened = has_run(found.candidate.zoom_uuid)
        if opened != found.candidate.in_room:
            return opened  # a number of its own has no other use; a room that was not opened for it is left alone
        # The event that would end the card may have been lost, and the room opened again for something else.
        return may_run(found.candidate, await self._zoom.running(user, found.number))
