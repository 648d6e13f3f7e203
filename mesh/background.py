"""Work that a service does again and again beside its RPCs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from mesh.clock import Clock
from mesh.errors import MeshError
from mesh.measuring import counter
from mesh.rounds import failed, round_of_work

log = logging.getLogger(__name__)


async def every(
    name: str,
    seconds: float,
    work: Callable[[], Awaitable[object]],
    clock: Clock,
    *,
    once: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Does `work` now and again after each pause of `seconds`, until cancelled. A failure is logged, not final.

    `name` is what it is called where it is measured. With `once` it begins when that has returned.
    """
    if once is not None:
        await once()
    while True:
        await _round(name, work)
        await clock.sleep(seconds)


async def _round(name: str, work: Callable[[], Awaitable[object]]) -> None:
    outcome = "done"
    with round_of_work(name) as span:
        try:
            await work()
        except MeshError as error:  # somebody does not serve at the moment, which is no defect of this code
            log.warning(
                "a background task came to no end; it will run again",
                extra={"work": name, "reason": error.reason.value},
            )
            outcome = "failed"
            failed(span, error)
        except Exception as error:
            log.exception("a background task failed; it will run again", extra={"work": name})
            outcome = "failed"
            failed(span, error)
    runs = counter("zoomslack.background.runs", "Rounds of work beside requests, by what became of them.")
    runs.add(1, {"work": name, "outcome": outcome})


@contextlib.asynccontextmanager
async def running(*loops: asyncio.Task[None]) -> AsyncIterator[None]:
    """Cancels `loops` at the end of the block and waits for them."""
    try:
        yield
    finally:
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
