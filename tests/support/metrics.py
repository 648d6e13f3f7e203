"""Reads metrics as Prometheus would: in OpenMetrics, with exemplars."""

from __future__ import annotations

import asyncio
import functools
import http.client
from collections.abc import Mapping
from dataclasses import dataclass

from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from mesh.exposition import Families, PrometheusReader

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


@dataclass(frozen=True)
class Scraped:
    """What one scrape brought."""

    families: Mapping[str, Metric]
    """By the name that dashboards use: a counter's ends in `_total`, an info's in `_info`."""

    def samples(self, name: str, **labels: str) -> list[Sample]:
        """Returns the samples of this full name whose labels hold these."""
        found = [sample for family in self.families.values() for sample in family.samples if sample.name == name]
        return [sample for sample in found if labels.items() <= sample.labels.items()]

    def value(self, name: str, **labels: str) -> float:
        """Returns the sum of these samples; 0 for none."""
        return sum(sample.value for sample in self.samples(name, **labels))

    def labels(self, family: str) -> set[str]:
        """Returns the labels of a family."""
        return {label for sample in self.families[family].samples for label in sample.labels} - {"le"}


async def scrape(address: str) -> Scraped:
    """Scrapes `/metrics` at `host:port`, over HTTP."""
    status, headers, body = await get(address, "/metrics", {"Accept": OPEN_METRICS})
    assert status == 200
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    return parsed(body)


def parsed(text: str) -> Scraped:
    """Returns what a text in OpenMetrics says; a strict parser reads it."""
    ending = {"counter": "_total", "info": "_info"}
    families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    return Scraped({family.name + ending.get(family.type, ""): family for family in families})


async def get(address: str, path: str, headers: Mapping[str, str]) -> tuple[int, http.client.HTTPMessage, str]:
    """Sends a GET; returns status, headers and text."""

    def exchange() -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection(address, timeout=10)
        try:
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    return await asyncio.to_thread(exchange)


@functools.cache
def measuring() -> None:
    """Measures in this process from now on. OpenTelemetry allows one provider per process: it stays."""
    reader = PrometheusReader()
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))
    REGISTRY.register(Families("zoomslack-test", reader))
