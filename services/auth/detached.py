"""Work that is finished even when the caller who began it goes away.

A code or a refresh token works once at the vendor. A call that is cancelled between the vendor's answer and our commit
would lose what it stood for, so such work runs in its own task, with its own limits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from mesh import deadline

log = logging.getLogger(__name__)

T = TypeVar("T")

DRAIN_LIMIT = 15.0
"""Seconds: one exchange with a vendor and one commit end within it."""


class Detached:
    """The tasks of this process that no caller's end may cancel."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Begins `work`, free of the caller's deadline. It needs limits of its own."""
        task = asyncio.create_task(_unhurried(work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def wait(self, task: asyncio.Task[T], limit: float) -> T:
        """Returns what `task` returns, or raises what it raises.

        Raises TimeoutError after `limit` seconds or at the caller's deadline; the task goes on, as it does when the
        caller is cancelled.
        """
        done, _ = await asyncio.wait({task}, timeout=deadline.within(limit))
        if not done:
            raise TimeoutError
        return task.result()

    async def drain(self) -> None:
        """Waits for what was begun. Call it when no new work comes."""
        if self._tasks:
            _, pending = await asyncio.wait(self._tasks, timeout=DRAIN_LIMIT)
            if pending:
                log.error("work was given up at the end of the drain", extra={"tasks": len(pending)})

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        # Whoever waits gets the exception; asking for it here keeps asyncio from reporting it when nobody does.
        if not task.cancelled() and task.exception() is not None:
            log.debug("detached work failed", extra={"task": task.get_name()})


async def _unhurried(work: Coroutine[Any, Any, T]) -> T:
    with deadline.budget(None):
        return await work
