"""A clock that a test can move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class SimulatedClock:
    """Epoch seconds of a base clock plus an offset. Everything with a lifetime reads this clock."""

    def __init__(self, base: Callable[[], float]) -> None:
        self._base = base
        self._offset = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """Return the simulated time in epoch seconds."""
        return self._base() + self._offset

    def unmoved(self) -> float:
        """Return the time of the base clock: the one that the app has too, to which signatures must be fresh."""
        return self._base()

    def advance(self, seconds: float) -> None:
        """Move the clock forward and wake every sleeper."""
        self._offset += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, deadline: float) -> None:
        """Sleep until the simulated time has come to `deadline`, by itself or by `advance`."""
        while (left := deadline - self.now()) > 0:
            moved = self._moved
            try:
                await asyncio.wait_for(moved.wait(), timeout=left)
            except TimeoutError:
                continue
