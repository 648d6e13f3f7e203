"""Zoom's rate limits: requests per second and account, and created or changed meetings per person and day."""

from collections import Counter, defaultdict, deque
from datetime import UTC, datetime, timedelta
from typing import Literal

from simulators.zoom.clock import SimulatedClock, utc_day
from simulators.zoom.errors import ZoomError

Label = Literal["light", "medium", "phone light", "phone medium"]

PER_SECOND: dict[Label, int] = {"light": 30, "medium": 20, "phone light": 20, "phone medium": 10}
"""The Pro plan, shared by all apps of the account. Zoom Phone has limits of its own."""
MEETINGS_PER_DAY = 100


def category(label: Label) -> str:
    """How Zoom names it in a header."""
    return label.removeprefix("phone ").capitalize()


class RateLimits:
    """Counts requests against the limits."""

    def __init__(self, clock: SimulatedClock, *, enforced: bool) -> None:
        self._clock = clock
        self._enforced = enforced
        self._recent: defaultdict[tuple[str, Label], deque[float]] = defaultdict(deque)
        self._written: Counter[tuple[str, str]] = Counter()

    def count_request(self, account_id: str, label: Label) -> None:
        """One request of this category for an account. Raises ZoomError 429 above the limit of the running second.

        A real second, also while the simulated time runs faster: the caller does not.
        """
        now, recent = self._clock.wall(), self._recent[account_id, label]
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if self._enforced and len(recent) >= PER_SECOND[label]:
            message = "You have reached the maximum per-second rate limit for this API. Try again later."
            headers = {
                "X-RateLimit-Category": category(label),
                "X-RateLimit-Type": "QPS",
                "X-RateLimit-Limit": str(PER_SECOND[label]),
                "X-RateLimit-Remaining": "0",
            }
            raise ZoomError(429, 429, message, headers=headers)
        recent.append(now)

    def count_meeting_write(self, host_id: str) -> None:
        """One create or update for this host. Raises ZoomError 429 above 100 a day; it starts again at 00:00 GMT."""
        now = self._clock.now()
        today = utc_day(now)
        if self._enforced and self._written[today, host_id] >= MEETINGS_PER_DAY:
            message = (
                f"You have exceeded the daily rate limit ({MEETINGS_PER_DAY}) of Meeting Create/Update API requests "
                "permitted for this particular user. You may resume these requests at GMT 00:00:00."
            )
            tomorrow = datetime.fromtimestamp(now, UTC).date() + timedelta(days=1)
            headers = {
                "X-RateLimit-Category": "Light",
                "X-RateLimit-Type": "Daily-limit",
                "Retry-After": f"{tomorrow.isoformat()}T00:00:00Z",
            }
            raise ZoomError(429, 429, message, headers=headers)
        self._written[today, host_id] += 1
