"""How requests to Slack and Zoom are measured."""

from __future__ import annotations

import asyncio
import contextlib
import uuid

import httpx
import pytest
from opentelemetry.trace import StatusCode
from prometheus_client import REGISTRY

from mesh.exposition import render
from mesh.vendor_calls import Outcome, vendor_call
from tests.support.metrics import OPEN_METRICS, Scraped, measuring, parsed
from tests.support.spans import caught_spans

COUNT = "http_client_request_duration_seconds_count"


@pytest.fixture
def template() -> str:
    """A path of this test's own, as instruments live as long as their process."""
    measuring()
    return f"/{uuid.uuid4().hex}/{{id}}"


def measured() -> Scraped:
    return parsed(render(REGISTRY, OPEN_METRICS)[0].decode())


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "ok"), (204, "ok"), (302, "refused"), (401, "refused"), (404, "refused"), (429, "limited"), (503, "failed")],
)
def test_an_answer_is_measured_by_what_its_status_means(template: str, status: int, outcome: str) -> None:
    with caught_spans() as caught, vendor_call("zoom", "Zoom GET it", template, method="GET") as one:
        one.answered(status)
    found = measured().samples(COUNT, url_template=template)
    assert [(sample.labels["outcome"], sample.value) for sample in found] == [(outcome, 1)]
    assert found[0].labels == {
        "peer_service": "zoom",
        "http_request_method": "GET",
        "url_template": template,
        "outcome": outcome,
    }
    [span] = caught.all
    assert (span.status.status_code is StatusCode.ERROR) == (outcome != "ok")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TimeoutError(), "timed_out"),
        (httpx.ReadTimeout("secret-host"), "timed_out"),
        (httpx.ConnectError("secret-host"), "failed"),
        (LookupError("secret-host"), "failed"),
    ],
)
def test_what_broke_off_is_measured_and_told_by_its_type_alone(template: str, error: Exception, outcome: str) -> None:
    with (
        caught_spans() as caught,
        contextlib.suppress(type(error)),
        vendor_call("slack", "Slack it", template),
    ):
        raise error
    assert measured().value(COUNT, url_template=template, outcome=outcome) == 1
    [span] = caught.all
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == type(error).__name__
    assert "secret-host" not in span.to_json()


async def test_who_does_not_wait_any_more_has_timed_out(template: str) -> None:
    async def ask() -> None:
        with vendor_call("slack", "Slack it", template):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(), 0.05)
    assert measured().value(COUNT, url_template=template, outcome="timed_out") == 1


def test_a_pause_that_a_vendor_wants_is_measured(template: str) -> None:
    wait = "zoomslack_vendor_limit_wait_seconds_sum"
    before = measured().value(wait, peer_service="zoom")
    with vendor_call("zoom", "Zoom it", template) as one:
        one.ended(Outcome.LIMITED)
        one.wants_pause(30)
    assert measured().value(wait, peer_service="zoom") - before == 30
