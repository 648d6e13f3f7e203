"""Who of the attendees is who in Slack: asked of auth beside the events, so that no event waits for the answer.

Each new joining is *due* for a look-up. What auth says of it is stored and looked up once more: it is settled when auth
says the same again. Somebody may leave between an answer and its storing, and be erased in between; the second answer
then takes back what the first one brought. Until then nothing is sent to her.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks: a joining is known by its Slack user about as soon as its card is updated."""
BATCH = 300
"""Attendees in one round, and at most so many in one question to auth (`FindConnectedUsers`)."""
_ID_LENGTH = 64
_FIRST = ("", "")

# Auth will answer later. Everything else would come again and again, and hold up all the others.
_PASSING = frozenset({Reason.SERVICE_UNAVAILABLE, Reason.DEADLINE_TOO_SHORT, Reason.INTERNAL})


@dataclass(frozen=True)
class Unlinked:
    """An attendee of whom auth is to be asked."""

    meeting_id: str
    host: SlackUser
    """Who started the meeting: the workspace in which the attendee is looked for, and no other."""
    attendee_id: str

    @property
    def may_be_signed_in(self) -> bool:
        """Whether this can be a Zoom user's id: guests are named by what is known of them, with a colon in it."""
        return ":" not in self.attendee_id and len(self.attendee_id) <= _ID_LENGTH


class Store(Protocol):
    """What these rules need of the database."""

    async def due(self, limit: int, *, after: tuple[str, str]) -> list[Unlinked]: ...

    async def settle(self, meeting_id: str, found: Mapping[str, str]) -> None: ...


class People(Protocol):
    """What these rules need of auth."""

    async def find(self, user: SlackUser, zoom_user_ids: Sequence[str]) -> Mapping[str, str]: ...


class Linking:
    """Links attendees. One per process; replicas may do the same work, which does no harm."""

    def __init__(self, store: Store, people: People, *, batch: int = BATCH) -> None:
        """`batch` is how many attendees one round looks up at the most."""
        self._store = store
        self._people = people
        self._batch = batch
        self._after = _FIRST
        """The meeting and the attendee that the last round ended with: those whom auth cannot tell of stay due, and
        the next round goes on behind them."""

    async def __call__(self) -> None:
        """Looks up who is due. What auth cannot tell now stays due. Raises MeshError(SERVICE_UNAVAILABLE)."""
        workspaces: defaultdict[tuple[str, str], list[Unlinked]] = defaultdict(list)
        due = await self._store.due(self._batch, after=self._after)
        self._after = (due[-1].meeting_id, due[-1].attendee_id) if len(due) == self._batch else _FIRST
        for attendee in due:
            workspaces[attendee.host.enterprise_id, attendee.host.team_id].append(attendee)
        for attendees in workspaces.values():
            found = await self._find(attendees)
            if found is not None:
                await self._settle(attendees, found)

    async def _find(self, attendees: Sequence[Unlinked]) -> Mapping[str, str] | None:
        """Returns who these are in their workspace, Slack user by Zoom user; None when auth cannot tell now."""
        wanted = sorted({attendee.attendee_id for attendee in attendees if attendee.may_be_signed_in})
        if not wanted:
            return {}
        host = attendees[0].host
        try:
            return await self._people.find(host, wanted)
        except MeshError as error:
            log.warning("attendees not looked up", extra={"team_id": host.team_id, "reason": error.reason.value})
            return None if error.reason in _PASSING else {}

    async def _settle(self, attendees: Iterable[Unlinked], found: Mapping[str, str]) -> None:
        meetings: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for attendee in attendees:
            meetings[attendee.meeting_id][attendee.attendee_id] = found.get(attendee.attendee_id, "")
        for meeting_id, people in meetings.items():
            await self._store.settle(meeting_id, people)
