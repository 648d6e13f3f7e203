"""Calls that wait for something to do: at once where this process made it, soon where another replica did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from mesh import deadline

T = TypeVar("T")

LOOK_INTERVAL = 0.5
"""Seconds between two looks for what another replica made, or whose time has come."""
_ANSWER = 1.0
"""Seconds kept back of the caller's deadline: what was found must not be lost with the answer."""


class LongPoll:
    """The callers of one process that wait for one kind of work. Make it within the running loop."""

    def __init__(self) -> None:
        # Set and replaced whenever this process made something to do: whoever waits looks at once.
        self._news = asyncio.Event()
        self._stopping = False
        self.waiting = 0
        """How many callers wait at this moment."""

    def announce(self) -> None:
        """Has everybody who waits look at once."""
        self._news.set()
        self._news = asyncio.Event()

    def stop(self) -> None:
        """Sends everybody home who waits, so that a drain need not wait for them."""
        self._stopping = True
        self.announce()

    async def wait(self, look: Callable[[], Awaitable[Sequence[T]]], limit: timedelta) -> Sequence[T]:
        """Returns what `look` finds, as soon as it finds something; nothing after `limit`, or at a drain."""
        self.waiting += 1
        try:
            return await self._look_until_found(look, limit)
        finally:
            self.waiting -= 1

    async def _look_until_found(self, look: Callable[[], Awaitable[Sequence[T]]], limit: timedelta) -> Sequence[T]:
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline.within(limit.total_seconds() + _ANSWER) - _ANSWER
        while not self._stopping:
            news = self._news
            found = await look()
            left = until - loop.time()
            if found or left <= 0:
                return found
            try:
                await asyncio.wait_for(news.wait(), timeout=min(left, LOOK_INTERVAL))
            except TimeoutError:
                continue
        return ()
