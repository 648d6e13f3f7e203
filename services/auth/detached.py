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
from mesh.errors import MeshError

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
        """Waits for what was begun, and for what that begins in turn. Call it when no new work comes."""
        try:
            async with asyncio.timeout(DRAIN_LIMIT):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            log.error(  # noqa: TRY400 (the traceback says nothing more)
                "work was given up at the end of the drain", extra={"tasks": len(self._tasks)}
            )

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        # Whoever waits gets the exception too, but she may be gone: this is then all that is ever heard of it.
        error = None if task.cancelled() else task.exception()
        if isinstance(error, MeshError):
            log.info("detached work failed", extra={"task": task.get_name(), "reason": error.reason.value})
        elif error is not None:
            log.error("detached work has a defect", extra={"task": task.get_name()}, exc_info=error)


async def _unhurried(work: Coroutine[Any, Any, T]) -> T:
    with deadline.budget(None):
        return await work
