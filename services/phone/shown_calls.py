"""Which of her calls a person sees in Slack: those that she placed from there, or all of them.

Who wants all of them is followed by her Zoom user. That she still is that user only auth knows, so it is asked before
anything of a call is stored that Slack had no part in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mesh.slack_user import SlackUser
from services.phone.facts import CallFact, Disposition


@dataclass(frozen=True)
class Watcher:
    """A person who wants to see all of her calls."""

    user: SlackUser
    zoom_user_id: str
    zoom_account_id: str
    since: datetime
    """She sees no calls from before."""


class WatcherStore(Protocol):
    """Who wants to see all of her calls (`services.phone.store_shown_calls`)."""

    async def watchers(self, zoom_user_ids: Collection[str]) -> list[Watcher]: ...


class EventStore(Protocol):
    """Where facts are recorded (`services.phone.store_events`)."""

    async def record(
        self, body: bytes, name: str, facts: Sequence[CallFact], watching: Collection[SlackUser]
    ) -> Disposition: ...


class Connected(Protocol):
    """Who is which Zoom user (`zoom_api.connected_users`)."""

    async def is_connected(self, user: SlackUser, zoom_user_id: str) -> bool: ...


class Recorder:
    """Records what Zoom tells, for whoever may see it."""

    def __init__(self, events: EventStore, store: WatcherStore, connected: Connected) -> None:
        self._events = events
        self._store = store
        self._connected = connected

    async def record(self, body: bytes, name: str, facts: Sequence[CallFact]) -> Disposition:
        """Records an event with its effect. Repeating changes nothing.

        Raises MeshError where auth or the database does not serve: then nothing is recorded, and Zoom tells again.
        """
        watchers = await self._store.watchers({fact.zoom_user_id for fact in facts}) if facts else []
        watching = [one.user for one in watchers if await self._connected.is_connected(one.user, one.zoom_user_id)]
        return await self._events.record(body, name, facts, watching)
