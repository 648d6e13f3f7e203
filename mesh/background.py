"""Work that a service does again and again beside its RPCs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from mesh.clock import Clock

log = logging.getLogger(__name__)


async def every(
    seconds: float,
    work: Callable[[], Awaitable[object]],
    clock: Clock,
    *,
    once: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Does `work` now and again after each pause of `seconds`, until cancelled. A failure is logged, not final.

    With `once` it begins when that has returned.
    """
    if once is not None:
        await once()
    while True:
        try:
            await work()
        except Exception:
            log.exception("a background task failed; it will run again")
        await clock.sleep(seconds)


@contextlib.asynccontextmanager
async def running(*loops: asyncio.Task[None]) -> AsyncIterator[None]:
    """Cancels `loops` at the end of the block and waits for them."""
    try:
        yield
    finally:
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
