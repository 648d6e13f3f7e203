"""Time in the simulated world, and how Zoom writes it."""

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime


class SimulatedClock:
    """The wall clock, from which a person or a test has departed by skipping time or making it run faster.

    All values are Unix seconds. Simulated time goes on from where it is when its speed changes, and never backwards,
    whatever the wall clock does.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._waiting: set[asyncio.Event] = set()
        self.speed: float = 1
        self._since = self._then = self._latest = wall()

    def now(self) -> float:
        """The simulated time: meetings, tokens and retries live by it."""
        self._latest = max(self._latest, self._then + (self._wall() - self._since) * self.speed)
        return self._latest

    def wall(self) -> float:
        """The real time. Webhook signatures carry it, because the receiver's clock was not moved."""
        return self._wall()

    def advance(self, seconds: float) -> None:
        """Skip `seconds` forward."""
        self._then, self._since = self.now() + seconds, self._wall()
        self._wake()

    def run(self, speed: float) -> None:
        """Let `speed` simulated seconds pass in each real one, from now on."""
        self._then, self._since = self.now(), self._wall()
        self.speed = speed
        self._wake()

    async def sleep_until(self, moment: float, called: asyncio.Event) -> None:
        """Return at this moment of the simulated time, or when `called` is set; `inf` waits for the call alone.

        Whoever sleeps is woken by a skip and by another speed, and then sleeps for as long as is left.
        """
        self._waiting.add(called)
        try:
            while (left := moment - self.now()) > 0:
                try:
                    await asyncio.wait_for(called.wait(), None if math.isinf(left) else left / self.speed)
                except TimeoutError:
                    continue
                return
        finally:
            self._waiting.discard(called)

    def _wake(self) -> None:
        for called in self._waiting:
            called.set()


def iso(seconds: float) -> str:
    """Zoom's usual time format, UTC to the second: `2026-10-30T12:00:05Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_millis(seconds: float) -> str:
    """The format of `deauthorization_time`, with milliseconds: `2026-10-30T14:20:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_day(seconds: float) -> str:
    """The UTC calendar day, `2026-10-30`: Zoom's daily limits start again at 00:00 GMT."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
