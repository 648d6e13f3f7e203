"""Follows meetings: first as they are, then every change, once and in order."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from typing import Protocol

from mesh.slack_user import SlackUser
from mesh.watching import MOST, Watching
from services.meetings.changes import Batch, Head, Snapshot


class Store(Protocol):
    """What following needs of the database. Every method is one transaction."""

    async def snapshot(self, user: SlackUser, meeting_id: str) -> Snapshot: ...

    async def after(self, user: SlackUser, meeting_id: str, sequence: int) -> Batch: ...

    async def heads(self, meeting_ids: Collection[str]) -> dict[str, Head]: ...


class Watches:
    """The streams of this process. Make it within the running loop."""

    def __init__(self, store: Store, *, most: int = MOST) -> None:
        """`most` is how many streams there may be at a time."""
        self._store = store
        self._watching = Watching(store.heads, most=most)

    def announce(self) -> None:
        """Says that this process may have changed a meeting."""
        self._watching.announce()

    def stop(self) -> None:
        """Ends every stream, for a drain: they go on elsewhere."""
        self._watching.stop()

    async def follow(
        self, user: SlackUser, meeting_id: str, after: int | None
    ) -> AsyncGenerator[Snapshot | Batch, None]:
        """Yields a snapshot, or what came after the change `after`, then each change, until the meeting is over.

        Raises MeshError: MEETING_NOT_FOUND, RESUME_TOKEN_INVALID, and SERVICE_UNAVAILABLE at a drain, where there are
        too many streams, and where the database is away as one is read.
        """
        with self._watching.follow(meeting_id) as follower:
            if after is None:
                start = await self._store.snapshot(user, meeting_id)
                yield start
                head = start.head
            else:
                head = Head(after, is_over=False)
                follower.woken.set()  # read at once
            while not head.is_over:
                follower.known = head
                await follower.news()
                batch = await self._store.after(user, meeting_id, head.sequence)
                if batch.changes:
                    yield batch
                head = batch.head
                if batch.has_more:
                    follower.woken.set()
