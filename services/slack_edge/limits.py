"""Limits: on what anybody may ask of us without having been asked who they are, and on what we may ask of Slack."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from mesh.clock import Clock

_MOST_PAUSES = 10_000


class Pauses:
    """What somebody wants to be left alone with, and until when. One per process; the oldest are forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: OrderedDict[Hashable, float] = OrderedDict()

    def add(self, what: Hashable, seconds: float) -> None:
        """Begins a pause of `seconds` from now."""
        self._until[what] = self._clock.monotonic() + seconds
        self._until.move_to_end(what)
        if len(self._until) > _MOST_PAUSES:
            self._until.popitem(last=False)

    def left(self, what: Hashable) -> float:
        """Returns for how many seconds a pause lasts; 0 for none."""
        until = self._until.get(what)
        if until is None:
            return 0.0
        left = until - self._clock.monotonic()
        if left <= 0:
            del self._until[what]
        return max(0.0, left)


class TokenBucket:
    """Lets `burst` through at once and `rate` a second in the long run. One per process and purpose."""

    def __init__(self, clock: Clock, *, rate: float, burst: int) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = float(burst)
        self._tokens = self._burst
        self._filled_at = clock.monotonic()

    def take(self) -> float:
        """Takes one token and returns 0; where there is none, returns the seconds until there is."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0
