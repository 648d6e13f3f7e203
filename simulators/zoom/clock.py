"""Time in the simulated world, and how Zoom writes it."""

from collections.abc import Callable
from datetime import UTC, datetime


class SimulatedClock:
    """The wall clock plus what a person or a test has skipped. All values are Unix seconds."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._skipped = 0.0

    def now(self) -> float:
        """The simulated time: meetings, tokens and retries live by it."""
        return self._wall() + self._skipped

    def wall(self) -> float:
        """The real time. Webhook signatures carry it, because the receiver's clock was not moved."""
        return self._wall()

    def advance(self, seconds: float) -> None:
        """Skip `seconds` forward."""
        self._skipped += seconds


def iso(seconds: float) -> str:
    """Zoom's usual time format, UTC to the second: `2026-10-30T12:00:05Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_millis(seconds: float) -> str:
    """The format of `deauthorization_time`, with milliseconds: `2026-10-30T14:20:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_day(seconds: float) -> str:
    """The UTC calendar day, `2026-10-30`: Zoom's daily limits start again at 00:00 GMT."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
