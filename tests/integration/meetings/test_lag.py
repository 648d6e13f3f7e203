"""Since when Slack lags behind, what led to that, and how much waits."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from opentelemetry import trace
from prometheus_client import REGISTRY

from mesh.exposition import render
from services.meetings.meetings import WORK_LEASE
from services.meetings.store_queues import QueueStore
from tests.integration.meetings.conftest import Mesh, later
from tests.support import zoom_bodies as zoom
from tests.support.metrics import OPEN_METRICS, Scraped, measuring, parsed
from tests.support.spans import caught_spans
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

PAUSE = timedelta(seconds=5)
"""Longer than a card rests between two updates."""


async def queues(mesh: Mesh) -> Scraped:
    """Measures the queues; returns what a scrape brings."""
    measuring()
    await QueueStore(mesh.database, mesh.clock)()
    return parsed(render(REGISTRY, OPEN_METRICS)[0].decode())


async def test_the_lag_begins_with_the_first_change_that_slack_does_not_show(mesh: Mesh) -> None:
    began = mesh.clock.now()
    await mesh.start()
    mesh.clock.advance(7)
    await mesh.record(zoom.started())
    [card] = await mesh.lease()
    assert card.lag_time.ToDatetime(UTC) == began, "a later change does not make it younger"
    await mesh.complete(card, slack_call_id="R0CALL")
    later(mesh.clock, PAUSE)
    assert await mesh.lease() == []
    changed = mesh.clock.now()
    await mesh.record(zoom.joined("session-1", "Sam"))
    [again] = await mesh.lease()
    assert again.lag_time.ToDatetime(UTC) == changed


async def test_a_change_during_a_delivery_lags_since_its_report_at_the_latest(mesh: Mesh) -> None:
    await mesh.start()
    [card] = await mesh.lease()
    mesh.clock.advance(1)
    await mesh.record(zoom.started())
    reported = mesh.clock.now()
    await mesh.complete(card, slack_call_id="R0CALL")
    later(mesh.clock, PAUSE)
    [again] = await mesh.lease()
    assert again.lag_time.ToDatetime(UTC) == reported


async def test_what_waits_is_measured_by_number_and_age(mesh: Mesh) -> None:
    await mesh.start()
    mesh.clock.advance(100)
    await mesh.start()
    [first, _] = await mesh.lease()
    postponed = pb.DeliveryPostponed(cause="slack_slow")
    postponed.retry_delay.FromSeconds(60)
    await mesh.end(first, postponed=postponed)
    found = await queues(mesh)
    for state in ("new", "retrying"):
        assert found.value("zoomslack_queue_size", queue="deliveries", state=state) == 1
    assert found.value("zoomslack_queue_age_seconds", queue="deliveries") == pytest.approx(100, abs=0.01)
    assert found.value("zoomslack_queue_size", queue="start_requests") == 0


async def test_an_empty_queue_has_no_age(mesh: Mesh) -> None:
    await mesh.start()
    [card] = await mesh.lease()
    await mesh.complete(card, slack_call_id="R0CALL")
    mesh.clock.advance(100)
    found = await queues(mesh)
    assert found.value("zoomslack_queue_size", queue="deliveries") == 0
    assert found.value("zoomslack_queue_age_seconds", queue="deliveries") == 0


async def test_N14_deliveries_bring_the_traces_of_the_command_and_of_the_change(mesh: Mesh) -> None:
    with caught_spans():
        with trace.get_tracer(__name__).start_as_current_span("a command") as span:
            command = trace.format_trace_id(span.get_span_context().trace_id)
            await mesh.start()
        with trace.get_tracer(__name__).start_as_current_span("a webhook") as span:
            webhook = trace.format_trace_id(span.get_span_context().trace_id)
            await mesh.record(zoom.started())
            await mesh.record(zoom.ended())
    leased = {str(one.WhichOneof("content")): one for one in await mesh.lease()}
    assert set(leased) == {"card", "summary"}
    for delivery in leased.values():
        assert [one.split("-")[1] for one in delivery.origins] == [webhook, command]


async def test_N14_a_request_that_another_worker_resumes_keeps_its_command(mesh: Mesh) -> None:
    with caught_spans():
        let_go = mesh.zoom.hold()
        with trace.get_tracer(__name__).start_as_current_span("a command") as span:
            command = trace.format_trace_id(span.get_span_context().trace_id)
            begun = mesh.begin_start()
            await mesh.zoom.reached()
        mesh.zoom.let_others_pass()
        later(mesh.clock, WORK_LEASE)
        other = mesh.another_worker()
        await other.resume_abandoned()
        await other.drain()
        let_go()
        await begun
    [card] = await mesh.lease()
    assert card.WhichOneof("content") == "card"
    assert card.origins[-1].split("-")[1] == command
