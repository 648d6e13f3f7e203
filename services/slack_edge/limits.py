"""Limits on what anybody may ask of us without having been asked who they are."""

from __future__ import annotations

from mesh.clock import Clock


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
