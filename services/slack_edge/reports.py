"""Tells the service that leased a delivery how it ended."""

from __future__ import annotations

import logging
from datetime import UTC, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from services.slack_edge.delivering import Leased, Protos, Screen, Stub
from services.slack_edge.measures import count_delivery, measure_lag
from services.slack_edge.slack_api import SlackError
from zoomslack.meetings.v1 import meetings_service_pb2

log = logging.getLogger(__name__)

BACKOFF = (1.0, 3.0, 10.0, 30.0, 60.0)
"""Seconds between attempts, as Slack recommends for errors that pass."""
MAX_DEFECTS = 5
"""Attempts after which a delivery over which this edge stumbles is given up."""
MAX_ATTEMPTS = 1440
"""Attempts after which what still does not pass is given up: a day, a minute apart by the end of BACKOFF."""
PATIENCE = 60.0
"""Seconds for which a report is repeated: longer than a service takes to restart."""
_PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds between repeated reports. Short: whoever leases before the report arrives shows the same again."""
_FINAL = frozenset({Reason.DELIVERY_LEASE_LOST, Reason.INVALID_REQUEST})
_MAX_CAUSE = 100

Outcome = Any
"""`Delivered`, `DeliveryRefused` or `DeliveryPostponed` of the service that leased."""


def outcome_of(error: Exception, failed_attempts: int, pb: Protos = meetings_service_pb2) -> Outcome | None:
    """Returns what to report when showing failed with `error`; None when there is nothing to report to.

    `pb` has the messages of the service that leased.
    """
    if isinstance(error, SlackError):
        if error.is_final:
            return pb.DeliveryRefused(slack_error=error.error)
        return _postponed(error.retry_after, failed_attempts, error.error, pb)
    if isinstance(error, MeshError):
        if error.reason is Reason.DELIVERY_LEASE_LOST:
            return None
        if error.reason is Reason.SLACK_NOT_INSTALLED:
            return pb.DeliveryRefused(slack_error="not_installed")
        if error.reason is Reason.INVALID_REQUEST:  # the same again would be refused again
            return pb.DeliveryRefused(slack_error="invalid_request")
        delay = None if error.retry_delay is None else error.retry_delay.total_seconds()
        return _postponed(delay, failed_attempts, error.reason.value, pb)
    if isinstance(error, TimeoutError):
        return _postponed(None, failed_attempts, "lease_too_short", pb)
    if failed_attempts >= MAX_DEFECTS:
        return pb.DeliveryRefused(slack_error="edge_defect")
    return _postponed(None, failed_attempts, "edge_defect", pb)


def _postponed(delay: float | None, failed_attempts: int, cause: str, pb: Protos) -> Outcome:
    if failed_attempts >= MAX_ATTEMPTS:
        return pb.DeliveryRefused(slack_error="expired")
    return _after(delay if delay is not None else BACKOFF[min(failed_attempts, len(BACKOFF) - 1)], cause, pb)


def at_once(cause: str, pb: Protos = meetings_service_pb2) -> Outcome:
    """Returns the outcome that gives a delivery back for whoever leases next."""
    return _after(0.0, cause, pb)


def _after(seconds: float, cause: str, pb: Protos) -> Outcome:
    duration = Duration()
    duration.FromTimedelta(timedelta(seconds=seconds))
    return pb.DeliveryPostponed(retry_delay=duration, cause=cause[:_MAX_CAUSE])


class Reports:
    """Reports outcomes. A report that is lost makes Slack show something twice, so it is repeated for a while."""

    def __init__(self, service: Stub, screen: Screen, clock: Clock, pb: Protos = meetings_service_pb2) -> None:
        """`pb` has the messages of `service`, which leased the deliveries that `screen` shows."""
        self._service = service
        self._screen = screen
        self._clock = clock
        self._pb = pb

    async def complete(self, delivery: Leased, outcome: Outcome) -> str:
        """Reports `outcome`, for up to PATIENCE: nothing that has to answer in time may wait for this.

        Returns how the delivery ended, in the word that is counted.

        Never raises MeshError: what cannot be reported shows again when the lease has ended. A report that breaks a
        rule of its proto would do so for ever; the delivery is refused instead.
        """
        content = self._screen.content_of(delivery)
        error = await self._report(delivery, outcome)
        if error is None:
            if isinstance(outcome, self._pb.Delivered) and delivery.HasField("lag_time"):
                measure_lag(content, (self._clock.now() - delivery.lag_time.ToDatetime(UTC)).total_seconds())
            return _counted(content, self._word(outcome))
        about = {"delivery_id": delivery.delivery_id, "reason": error.reason.value}
        if error.reason is not Reason.INVALID_REQUEST:
            log.warning("a delivery's outcome was not recorded", extra=about)
            return _counted(content, "lost" if error.reason is Reason.DELIVERY_LEASE_LOST else "unreported")
        log.error("a delivery's outcome breaks a rule", extra={**about, "rules": str(error.violations)[:500]})
        error = await self._report(delivery, self._pb.DeliveryRefused(slack_error="invalid_report"))
        if error is not None:
            log.error("a delivery cannot be refused", extra={**about, "reason": error.reason.value})
        return _counted(content, "refused" if error is None else "unreported")

    def _word(self, outcome: Outcome) -> str:
        if isinstance(outcome, self._pb.Delivered):
            return "delivered"
        return "refused" if isinstance(outcome, self._pb.DeliveryRefused) else "postponed"

    async def _report(self, delivery: Leased, outcome: Outcome) -> MeshError | None:
        """Returns why `outcome` could not be reported, None where it was."""
        request = self._pb.CompleteDeliveryRequest(
            user=delivery.user, delivery_id=delivery.delivery_id, lease_token=delivery.lease_token
        )
        if isinstance(outcome, self._pb.Delivered):
            request.delivered.CopyFrom(outcome)
        elif isinstance(outcome, self._pb.DeliveryRefused):
            request.refused.CopyFrom(outcome)
        else:
            request.postponed.CopyFrom(outcome)
        began, attempts = self._clock.monotonic(), 0
        while True:
            try:
                await self._service.CompleteDelivery(request, timeout=3.0)
            except MeshError as error:
                pause = _PAUSES[min(attempts, len(_PAUSES) - 1)]
                if error.reason in _FINAL or self._clock.monotonic() + pause - began > PATIENCE:
                    return error
            else:
                return None
            attempts += 1
            await self._clock.sleep(pause)

    async def failed(self, delivery: Leased, error: Exception, *, is_told: bool = False) -> str:
        """Reports that showing failed with `error`, and logs what that means. Returns as `complete` does.

        Where that was the last attempt, whatever its cause, the person hears of it first, unless she `is_told` already.
        """
        outcome = outcome_of(error, delivery.failed_attempts, self._pb)
        about = {"delivery_id": delivery.delivery_id, "content": self._screen.content_of(delivery)}
        if outcome is None:
            log.info("a delivery went to another edge", extra=about)
            return _counted(about["content"], "lost")
        if isinstance(outcome, self._pb.DeliveryRefused):
            log.warning("Slack will not show a delivery", extra={**about, "slack_error": outcome.slack_error})
            if not is_told:
                await self._screen.comfort(delivery, error)
        else:
            log.info(
                "a delivery is postponed", extra={**about, "cause": outcome.cause, "attempts": delivery.failed_attempts}
            )
        return await self.complete(delivery, outcome)


def _counted(content: str, word: str) -> str:
    count_delivery(content, word)
    return word
