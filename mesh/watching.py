"""Streams that follow something in the database: woken at once where this process changed it, soon where another did.

One look serves all streams of a process, however many there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator, Mapping
from contextvars import Context
from datetime import timedelta

from mesh.errors import MeshError, Reason
from mesh.long_poll import LOOK_INTERVAL

log = logging.getLogger(__name__)

MOST = 500
"""Streams of one process: half of the calls that a server has at a time, so that they never shut out all others."""
_RETRY = timedelta(seconds=1)

Look = Callable[[Collection[str]], Awaitable[Mapping[str, Hashable]]]
"""Returns how far each of these is; leaves out what is not there any more."""


class Follower:
    """One stream, and how far it has read."""

    def __init__(self, key: str, watching: Watching) -> None:
        self.key = key
        self.known: Hashable = None
        """What the look would return if nothing had changed since the stream last read."""
        self.woken = asyncio.Event()
        self._watching = watching

    async def news(self) -> None:
        """Waits until there is something to read. Raises MeshError(SERVICE_UNAVAILABLE) at a drain."""
        self._watching.refuse_when_stopping()
        await self.woken.wait()
        self._watching.refuse_when_stopping()
        self.woken.clear()  # before the stream reads: what changes from now on wakes it again


class Watching:
    """The streams of one process that follow things of one kind. Make it within the running loop."""

    def __init__(self, look: Look, *, most: int = MOST) -> None:
        """`most` is how many streams there may be at a time."""
        self._look = look
        self._most = most
        self._followers: set[Follower] = set()
        self._news = asyncio.Event()
        self._stopping = False
        self._looking: asyncio.Task[None] | None = None

    def announce(self) -> None:
        """Says that this process has changed something."""
        self._news.set()

    def stop(self) -> None:
        """Ends every stream, so that a drain need not wait for them: they go on elsewhere."""
        self._stopping = True
        for follower in self._followers:
            follower.woken.set()

    def refuse_when_stopping(self) -> None:
        """Raises MeshError(SERVICE_UNAVAILABLE) where streams have to go elsewhere."""
        if self._stopping:
            raise MeshError(Reason.SERVICE_UNAVAILABLE)

    @contextlib.contextmanager
    def follow(self, key: str) -> Iterator[Follower]:
        """Counts a stream for as long as it lasts. Raises MeshError(SERVICE_UNAVAILABLE) where there are too many."""
        self.refuse_when_stopping()
        if len(self._followers) >= self._most:
            raise MeshError(Reason.SERVICE_UNAVAILABLE, retry_delay=_RETRY)
        follower = Follower(key, self)
        self._followers.add(follower)
        if self._looking is None:
            # In a context of its own: it outlives the call that began it, its deadline and its span.
            self._looking = asyncio.create_task(self._keep_looking(), name="watching", context=Context())
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            if not self._followers and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _keep_looking(self) -> None:
        while True:
            self._news.clear()
            try:
                at = await self._look({follower.key for follower in self._followers})
            except MeshError as error:
                # The database is away: the streams stay, and hear of everything once it is back.
                log.warning("cannot look for changes", extra={"cause": error.reason.value})
            except Exception:
                log.exception("cannot look for changes")
            else:
                for follower in self._followers:
                    if at.get(follower.key) != follower.known:
                        follower.woken.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_INTERVAL):
                    await self._news.wait()
