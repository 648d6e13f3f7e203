"""Reports of deliveries, over a meetings service that fails."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge.deliveries import Deliveries
from services.slack_edge.reports import MAX_ATTEMPTS, PATIENCE, Reports, at_once, outcome_of
from services.slack_edge.slack_api import SlackError
from services.slack_edge.slack_errors import Nature
from services.slack_edge.tasks import Tasks
from tests.support.clock import FakeClock
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

DELIVERY = pb.Delivery(delivery_id="d-1", lease_token="t-1")
SHOWN = pb.Delivered(version=1, slack_message_ts="1.1")


class Script:
    """A stub of meetings whose calls fail as written, one after the other; after that every one succeeds."""

    def __init__(self, *failures: Reason | None) -> None:
        self._failures = list(failures)
        self.reports: list[pb.CompleteDeliveryRequest] = []
        self.played = asyncio.Event()

    async def CompleteDelivery(self, request: pb.CompleteDeliveryRequest, **_: Any) -> Any:
        self.reports.append(request)
        self._next()
        return pb.CompleteDeliveryResponse()

    async def LeaseDeliveries(self, *_: Any, **__: Any) -> Any:
        if not self._failures:
            self.played.set()
            await asyncio.Event().wait()
        self._next()
        return pb.LeaseDeliveriesResponse()

    def _next(self) -> None:
        failure = self._failures.pop(0) if self._failures else None
        if failure is not None:
            raise MeshError(failure)


class StoppedClock(FakeClock):
    """Whoever sleeps by it never wakes."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class Cards:
    """A screen that says what a delivery brings. Nothing is refused, so nobody is comforted."""

    def content_of(self, _delivery: object) -> str:
        return "card"


def reports_to(script: Any, clock: FakeClock) -> Reports:
    screen: Any = Cards()
    return Reports(script, screen, clock)


@pytest.mark.parametrize("reason", [Reason.SERVICE_UNAVAILABLE, Reason.INTERNAL, Reason.DEADLINE_TOO_SHORT])
async def test_a_report_outlives_a_restart(reason: Reason) -> None:
    script, clock = Script(*[reason] * 25), FakeClock()
    began = clock.monotonic()
    await reports_to(script, clock).complete(DELIVERY, SHOWN)
    assert len(script.reports) == 26
    assert all(report.delivered == SHOWN for report in script.reports)
    assert 40 < clock.monotonic() - began < PATIENCE


async def test_a_report_that_nobody_takes_is_given_up_after_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    script, clock = Script(*[Reason.INTERNAL] * 1000), FakeClock()
    began = clock.monotonic()
    await reports_to(script, clock).complete(DELIVERY, SHOWN)
    assert PATIENCE - 3 < clock.monotonic() - began <= PATIENCE
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_report_of_a_lost_lease_is_not_repeated() -> None:
    script = Script(Reason.DELIVERY_LEASE_LOST)
    await reports_to(script, FakeClock()).complete(DELIVERY, SHOWN)
    assert len(script.reports) == 1


async def test_a_report_that_breaks_a_rule_ends_its_delivery(caplog: pytest.LogCaptureFixture) -> None:
    script = Script(Reason.INVALID_REQUEST)
    await reports_to(script, FakeClock()).complete(DELIVERY, SHOWN)
    assert [report.WhichOneof("outcome") for report in script.reports] == ["delivered", "refused"]
    assert script.reports[1].refused.slack_error == "invalid_report"
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_refusal_that_breaks_a_rule_too_is_left() -> None:
    script = Script(Reason.INVALID_REQUEST, Reason.INVALID_REQUEST)
    await reports_to(script, FakeClock()).complete(DELIVERY, SHOWN)
    assert len(script.reports) == 2


async def test_a_drain_does_not_wait_out_a_reports_patience() -> None:
    script, tasks = Script(*[Reason.SERVICE_UNAVAILABLE] * 1000), Tasks()
    task = tasks.start(reports_to(script, StoppedClock()).complete(DELIVERY, SHOWN), "report")
    await tasks.drain(0.01)
    assert task.cancelled()
    assert len(script.reports) == 1


@pytest.mark.parametrize(
    "error",
    [
        SlackError("chat.postMessage", "internal_error", Nature.PASSING),
        SlackError("chat.postMessage", "ratelimited", Nature.PASSING, retry_after=60.0),
        MeshError(Reason.SERVICE_UNAVAILABLE),
        TimeoutError(),
    ],
)
def test_what_does_not_pass_within_a_day_expires(error: Exception) -> None:
    assert isinstance(outcome_of(error, MAX_ATTEMPTS - 1), pb.DeliveryPostponed)
    assert outcome_of(error, MAX_ATTEMPTS) == pb.DeliveryRefused(slack_error="expired")


def test_progress_that_breaks_a_rule_is_final() -> None:
    assert outcome_of(MeshError(Reason.INVALID_REQUEST), 0) == pb.DeliveryRefused(slack_error="invalid_request")


def test_a_word_of_slack_that_is_no_text_can_be_reported() -> None:
    outcome = outcome_of(SlackError("calls.add", "half_\ud83d", Nature.OURS), 0)
    assert outcome == pb.DeliveryRefused(slack_error="half_?")


def test_giving_a_delivery_back_asks_for_no_delay() -> None:
    assert at_once("answer_late").retry_delay.ToTimedelta().total_seconds() == 0


async def levels_of(caplog: pytest.LogCaptureFixture, *script: Reason | None) -> list[str]:
    """Plays what leasing comes to, and returns how loudly its failures were told."""
    caplog.set_level(logging.DEBUG)
    played: Any = Script(*script)
    clock = FakeClock()
    presenter: Any = None  # nothing is leased, so nothing is shown
    deliveries = Deliveries(played, presenter, Reports(played, presenter, clock), clock, lease_holder="edge-1")
    deliveries.start()
    await played.played.wait()
    await deliveries.drain(0)
    return [record.levelname for record in caplog.records if "cannot lease" in record.message]


async def test_meetings_that_starts_after_us_is_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    down = Reason.SERVICE_UNAVAILABLE
    assert await levels_of(caplog, down, down, None, down, down) == ["DEBUG", "WARNING"]


async def test_meetings_that_never_comes_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    assert await levels_of(caplog, *[Reason.SERVICE_UNAVAILABLE] * 9) == ["DEBUG", "WARNING"]
