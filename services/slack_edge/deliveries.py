"""The loop that leases what Slack does not show yet, and shows it. Any replica can do any of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import UTC

from google.protobuf.duration_pb2 import Duration
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode

from mesh import deadline
from mesh.clock import Clock
from mesh.errors import MeshError
from mesh.origins import links
from services.slack_edge.delivering import Leased, Protos, Screen, Stub
from services.slack_edge.measures import count_delivery
from services.slack_edge.reports import Reports
from services.slack_edge.slack_api import SlackError
from services.slack_edge.tasks import Tasks
from zoomslack.meetings.v1 import meetings_service_pb2

log = logging.getLogger(__name__)

CONCURRENCY = 10
WAIT_SECONDS = 20
LEASE_TIMEOUT = 30.0
REPORT_SECONDS = 1.0
"""Kept back of every lease, to report before somebody else begins."""
_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between attempts to lease while the service cannot be reached."""
_FAILED = frozenset({"postponed", "refused", "unreported"})
"""Outcomes by which Slack does not show what it is to show."""
_STARTING = 5
"""Attempts, over some nine seconds, after which the service is late."""


class Deliveries:
    """Works off the deliveries of one service until it is stopped."""

    def __init__(
        self,
        service: Stub,
        screen: Screen,
        reports: Reports,
        clock: Clock,
        *,
        lease_holder: str,
        name: str = "meetings",
        pb: Protos = meetings_service_pb2,
    ) -> None:
        """`lease_holder` names this process, differently after each start.

        `name` is that of `service`, for the log; `pb` has its messages.
        """
        self._service = service
        self._screen = screen
        self._name = name
        self._pb = pb
        self._reports = reports
        self._clock = clock
        self._lease_holder = lease_holder
        self._work = Tasks()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to lease."""
        self._loop = asyncio.create_task(self._run(), name="deliveries")

    async def drain(self, seconds: float) -> None:
        """Stops leasing, and gives what is in hand `seconds` to end."""
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop
        await self._work.drain(seconds)

    async def _run(self) -> None:
        failures, reached = 0, False
        while True:
            await self._work.fewer_than(CONCURRENCY)
            try:
                leased = await self._lease(CONCURRENCY - self._work.running)
            except MeshError as error:
                failures += 1
                about = {"leased_from": self._name, "reason": error.reason.value}
                # Once, not every few seconds of an outage. Services that start together find each other a moment later.
                if failures == (1 if reached else _STARTING):
                    log.warning("cannot lease deliveries", extra=about)
                elif failures == 1:
                    log.debug("cannot lease deliveries yet", extra=about)
            except Exception:
                failures += 1
                log.exception("leasing hit a defect", extra={"leased_from": self._name})
            else:
                failures, reached = 0, True
                for delivery in leased:
                    self._work.start(self.deliver(delivery), "deliver")
            if failures:
                await self._clock.sleep(_PAUSES[min(failures, len(_PAUSES)) - 1])

    async def _lease(self, count: int) -> Sequence[Leased]:
        request = self._pb.LeaseDeliveriesRequest(
            lease_holder=self._lease_holder, max_deliveries=count, wait=Duration(seconds=WAIT_SECONDS)
        )
        response = await self._service.LeaseDeliveries(request, timeout=LEASE_TIMEOUT)
        leased: Sequence[Leased] = response.deliveries
        return leased

    async def deliver(self, delivery: Leased) -> None:
        """Shows one delivery within its lease and reports how that ended. Never raises, except when cancelled."""
        content = self._screen.content_of(delivery)
        with trace.get_tracer(__name__).start_as_current_span(
            f"deliver {content}",
            context=Context(),  # a tree of its own: no request waits for it, and the command may be hours ago
            links=links(delivery.origins),
            attributes={"zoomslack.delivery_id": delivery.delivery_id, "zoomslack.version": delivery.version},
        ) as span:
            outcome = await self._attempt(delivery)
            span.set_attribute("zoomslack.outcome", outcome)
            if outcome in _FAILED:
                span.set_status(Status(StatusCode.ERROR, outcome))

    async def _attempt(self, delivery: Leased) -> str:
        left = (delivery.lease_expire_time.ToDatetime(UTC) - self._clock.now()).total_seconds() - REPORT_SECONDS
        if left <= 0:
            count_delivery(self._screen.content_of(delivery), "late")
            return "late"
        try:
            async with asyncio.timeout(left):
                with deadline.budget(left):
                    delivered = await self._screen.show(delivery)
        except (SlackError, MeshError, TimeoutError) as error:
            return await self._reports.failed(delivery, error)
        except Exception as error:
            log.exception("a delivery hit a defect", extra={"delivery_id": delivery.delivery_id})
            return await self._reports.failed(delivery, error)
        outcome = await self._reports.complete(delivery, delivered)
        await self._screen.follow_up(delivery)
        return outcome
