"""Slack's rate limits: per method, workspace and app within a minute; messages per channel, and answers, in a second.

Slack, "Rate limits": each method belongs to a tier; above it Slack answers 429 with `Retry-After`, for that method in
that workspace alone. Its tiers say "at least so many"; here they are exactly so many. They count by the real time, also
while the simulator's runs faster or slower: the app, and how long it waits after a 429, does not.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
"""Requests by tier."""
SPECIAL_PER_MINUTE = 300
"""Methods without a tier: "several hundred" a minute."""
POSTS, POSTS_WINDOW = 5, 5.0
"""`chat.postMessage` allows one message a second and channel, and "short bursts"."""
MINUTE = 60.0


class LimitedError(Exception):
    """Too many requests. `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class RateLimits:
    """Counts requests against the limits; `now` gives the real time in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._recent: defaultdict[tuple[str, ...], deque[float]] = defaultdict(deque)

    def count_request(self, tenant_id: str, method: str, tier: int | None) -> None:
        """One request of a method in a workspace or organisation. Raises LimitedError."""
        most = SPECIAL_PER_MINUTE if tier is None else PER_MINUTE[tier]
        self._count((tenant_id, method), most, MINUTE)

    def count_post(self, tenant_id: str, channel_id: str) -> None:
        """One message into a channel. Raises LimitedError."""
        self._count((tenant_id, "post", channel_id), POSTS, POSTS_WINDOW)

    def count_answer(self, path: str) -> None:
        """One use of a response URL: one a second, as of webhooks; bursts are tolerated and not promised.

        Raises LimitedError.
        """
        self._count(("answer", path), 1, 1.0)

    def reset(self) -> None:
        """Forget everything."""
        self._recent.clear()

    def _count(self, key: tuple[str, ...], most: int, window: float) -> None:
        now, recent = self._now(), self._recent[key]
        while recent and recent[0] <= now - window:
            recent.popleft()
        if len(recent) >= most:
            raise LimitedError(max(1, math.ceil(recent[0] + window - now)))
        recent.append(now)
