"""The token bucket, and pauses."""

from __future__ import annotations

import pytest

from services.slack_edge.limits import Pauses, TokenBucket
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


def test_a_pause_ends_and_others_are_not_concerned() -> None:
    clock = FakeClock()
    pauses = Pauses(clock)
    pauses.add(("T1", "calls.add"), 17)
    clock.advance(5)
    assert pauses.left(("T1", "calls.add")) == pytest.approx(12)
    assert pauses.left(("T2", "calls.add")) == 0
    clock.advance(12)
    assert pauses.left(("T1", "calls.add")) == 0


def test_of_too_many_pauses_the_oldest_are_forgotten() -> None:
    pauses = Pauses(FakeClock())
    for number in range(10_001):
        pauses.add(number, 17)
    assert (pauses.left(0), pauses.left(1) > 0, pauses.left(10_000) > 0) == (0, True, True)
