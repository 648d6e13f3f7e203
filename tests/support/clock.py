"""A clock that tests move."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stands still until it is told to move; sleeping moves it at once."""

    def __init__(self, now: datetime = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Moves both kinds of time."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    async def sleep(self, seconds: float) -> None:
        """Lets others run and moves the time."""
        self.advance(seconds)
        await asyncio.sleep(0)
