"""A clock that a test can move, and make run faster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class SimulatedClock:
    """Epoch seconds that follow a base clock, moved ahead and sped up as told. Everything with a lifetime reads it.

    It never goes backwards, also where the base clock does.
    """

    def __init__(self, base: Callable[[], float]) -> None:
        self._base = base
        self._since = base()
        self._time_then = self._since
        self._latest = self._since
        self._moved = asyncio.Event()
        self.speed = 1.0

    def now(self) -> float:
        """Return the simulated time in epoch seconds."""
        self._latest = max(self._latest, self._time_then + (self._base() - self._since) * self.speed)
        return self._latest

    def unmoved(self) -> float:
        """Return the time of the base clock: the one that the app has too, to which signatures must be fresh."""
        return self._base()

    def advance(self, seconds: float) -> None:
        """Move the clock forward and wake every sleeper."""
        self._go_on_from(self.now() + seconds)

    def run_at(self, speed: float) -> None:
        """Let time pass `speed` times as fast from now on, and let every sleeper look how long it has left."""
        now = self.now()
        self.speed = speed
        self._go_on_from(now)

    async def sleep_until(self, deadline: float) -> None:
        """Sleep until the simulated time has come to `deadline`, by itself or because the clock was moved."""
        while (left := deadline - self.now()) > 0:
            moved = self._moved
            try:
                await asyncio.wait_for(moved.wait(), timeout=left / self.speed)
            except TimeoutError:
                continue

    def _go_on_from(self, time: float) -> None:
        self._since, self._time_then = self._base(), time
        self._moved.set()
        self._moved = asyncio.Event()
