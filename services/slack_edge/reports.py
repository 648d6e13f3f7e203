"""Tells meetings how a delivery ended."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from services.slack_edge.slack_api import SlackError
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

if TYPE_CHECKING:
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub

log = logging.getLogger(__name__)

BACKOFF = (1.0, 3.0, 10.0, 30.0, 60.0)
"""Seconds between attempts, as Slack recommends for errors that pass."""
MAX_DEFECTS = 5
"""Attempts after which a delivery over which this edge stumbles is given up."""
_ATTEMPTS = 3
_MAX_CAUSE = 100

Outcome = pb.Delivered | pb.DeliveryRefused | pb.DeliveryPostponed


def outcome_of(error: Exception, failed_attempts: int) -> Outcome | None:
    """Returns what to report when showing failed with `error`; None when there is nothing to report to."""
    if isinstance(error, SlackError):
        if error.is_final:
            return pb.DeliveryRefused(slack_error=error.error)
        return _postponed(error.retry_after, failed_attempts, error.error)
    if isinstance(error, MeshError):
        if error.reason is Reason.DELIVERY_LEASE_LOST:
            return None
        if error.reason is Reason.SLACK_NOT_INSTALLED:
            return pb.DeliveryRefused(slack_error="not_installed")
        delay = None if error.retry_delay is None else error.retry_delay.total_seconds()
        return _postponed(delay, failed_attempts, error.reason.value)
    if isinstance(error, TimeoutError):
        return _postponed(None, failed_attempts, "lease_too_short")
    if failed_attempts >= MAX_DEFECTS:
        return pb.DeliveryRefused(slack_error="edge_defect")
    return _postponed(None, failed_attempts, "edge_defect")


def _postponed(delay: float | None, failed_attempts: int, cause: str) -> pb.DeliveryPostponed:
    seconds = delay if delay is not None else BACKOFF[min(failed_attempts, len(BACKOFF) - 1)]
    duration = Duration()
    duration.FromTimedelta(timedelta(seconds=seconds))
    return pb.DeliveryPostponed(retry_delay=duration, cause=cause[:_MAX_CAUSE])


def at_once(cause: str) -> pb.DeliveryPostponed:
    """Returns the outcome that gives a delivery back for whoever leases next."""
    return _postponed(0.0, 0, cause)


class Reports:
    """Reports outcomes. A report that is lost costs a repeated attempt, so it is tried more than once."""

    def __init__(self, meetings: MeetingsServiceAsyncStub, clock: Clock) -> None:
        self._meetings = meetings
        self._clock = clock

    async def complete(self, delivery: pb.Delivery, outcome: Outcome) -> None:
        """Reports `outcome`. Never raises MeshError: what cannot be reported shows again when the lease has ended."""
        request = pb.CompleteDeliveryRequest(
            user=delivery.user, delivery_id=delivery.delivery_id, lease_token=delivery.lease_token
        )
        match outcome:
            case pb.Delivered():
                request.delivered.CopyFrom(outcome)
            case pb.DeliveryRefused():
                request.refused.CopyFrom(outcome)
            case pb.DeliveryPostponed():
                request.postponed.CopyFrom(outcome)
        for attempt in range(_ATTEMPTS):
            if attempt:
                await self._clock.sleep(attempt)
            try:
                await self._meetings.CompleteDelivery(request, timeout=3.0)
            except MeshError as error:
                log.warning(
                    "a delivery's outcome was not recorded",
                    extra={"delivery_id": delivery.delivery_id, "reason": error.reason.value},
                )
                if error.reason not in (Reason.SERVICE_UNAVAILABLE, Reason.DEADLINE_TOO_SHORT):
                    return
            else:
                return

    async def failed(self, delivery: pb.Delivery, error: Exception) -> None:
        """Reports that showing failed with `error`, and logs what that means."""
        outcome = outcome_of(error, delivery.failed_attempts)
        about = {"delivery_id": delivery.delivery_id, "content": delivery.WhichOneof("content")}
        if outcome is None:
            log.info("a delivery went to another edge", extra=about)
            return
        if isinstance(outcome, pb.DeliveryRefused):
            log.warning("Slack will not show a delivery", extra={**about, "slack_error": outcome.slack_error})
        else:
            cause = getattr(outcome, "cause", "")
            log.info("a delivery is postponed", extra={**about, "cause": cause, "attempts": delivery.failed_attempts})
        await self.complete(delivery, outcome)
