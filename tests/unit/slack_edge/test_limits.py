"""The token bucket."""

from __future__ import annotations

import pytest

from services.slack_edge.limits import TokenBucket
from tests.support.clock import FakeClock


def test_a_burst_passes_and_then_the_rate() -> None:
    clock = FakeClock()
    bucket = TokenBucket(clock, rate=5.0, burst=20)
    assert [bucket.take() for _ in range(20)] == [0.0] * 20
    assert bucket.take() == pytest.approx(0.2)
    clock.advance(0.1)
    assert bucket.take() == pytest.approx(0.1)  # asking in vain costs nothing
    clock.advance(0.11)
    assert bucket.take() == 0.0
    assert bucket.take() > 0


def test_a_quiet_time_saves_up_one_burst_only() -> None:
    clock = FakeClock()
    bucket = TokenBucket(clock, rate=5.0, burst=20)
    clock.advance(3600)
    assert [bucket.take() > 0 for _ in range(21)] == [False] * 20 + [True]
