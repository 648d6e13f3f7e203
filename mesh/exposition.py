"""This process's metrics as Prometheus reads them, with exemplars.

OpenTelemetry's own exporter for Prometheus leaves exemplars out; apart from that this says the same in the same words:
dots become underscores, the unit is appended, counters end in `_total`. An exemplar leads from a bucket of a histogram
to the trace of one measurement in it. Only the OpenMetrics text has them: whoever scrapes has to ask for that one.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import HistogramDataPoint, Metric, MetricReader, MetricsData, Sum
from prometheus_client import CollectorRegistry, exposition
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.core import Exemplar as PrometheusExemplar
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

_UNITS = {"s": "seconds"}
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_]+")


class PrometheusReader(MetricReader):
    """Reads what was measured whenever somebody scrapes. Values are cumulative, as Prometheus wants them."""

    def __init__(self) -> None:
        super().__init__()
        self._data: MetricsData | None = None
        self._one_at_a_time = threading.Lock()

    def read(self) -> list[Metric]:
        """Returns everything as it is now."""
        with self._one_at_a_time:
            self.collect()
            data, self._data = self._data, None
        resources = data.resource_metrics if data else ()
        return [metric for resource in resources for scope in resource.scope_metrics for metric in scope.metrics]

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_more: Any) -> None:
        self._data = metrics_data

    def shutdown(self, timeout_millis: float = 30_000, **_more: Any) -> None:
        """Does nothing: nobody is waited for."""


class Families(Collector):
    """What a registry of Prometheus' client asks for the metrics of a service."""

    def __init__(self, service: str, reader: PrometheusReader) -> None:
        self._service = service
        self._reader = reader

    def collect(self) -> Iterator[Family]:
        """Yields every family."""
        target = InfoMetricFamily("target", "The service that exports this.")
        target.add_metric([], {"service_name": self._service})
        yield target
        yield from map(_family, self._reader.read())

    def describe(self) -> list[Family]:
        """Returns nothing: what there is depends on what was measured."""
        return []


def render(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """Returns the metrics and their content type, in what `accept` asks for: OpenMetrics, or Prometheus' older text."""
    encode, content_type = exposition.choose_encoder(accept)
    return encode(registry), content_type


def _family(metric: Metric) -> Family:
    points: Sequence[Any] = metric.data.data_points
    keys = sorted({key for point in points for key in point.attributes or {}})
    about = {
        "name": _name(metric.name),
        "documentation": metric.description or "",
        "labels": [_name(key) for key in keys],
        "unit": _UNITS.get(metric.unit or "", ""),
    }
    if points and isinstance(points[0], HistogramDataPoint):
        histogram = HistogramMetricFamily(**about)  # type: ignore[arg-type]  # one mapping for three kinds
        for point in points:
            histogram.add_metric(_values(point.attributes, keys), _buckets(point), point.sum)
        return histogram
    kind = CounterMetricFamily if isinstance(metric.data, Sum) and metric.data.is_monotonic else GaugeMetricFamily
    family = kind(**about)  # type: ignore[arg-type]
    for point in points:
        family.add_metric(_values(point.attributes, keys), point.value)
    return family


def _values(attributes: Mapping[str, Any] | None, keys: Sequence[str]) -> list[str]:
    return [str((attributes or {}).get(key, "")) for key in keys]


def _buckets(point: HistogramDataPoint) -> list[Any]:
    bounds = [*(str(float(bound)) for bound in point.explicit_bounds), "+Inf"]
    counts = itertools.accumulate(point.bucket_counts)
    found = [_exemplar(point, index) for index in range(len(bounds))]
    return [(*pair, one) if one else pair for pair, one in zip(zip(bounds, counts, strict=True), found, strict=True)]


def _exemplar(point: HistogramDataPoint, index: int) -> PrometheusExemplar | None:
    """Returns the newest exemplar whose value is in the bucket: above the bound before it, at most its own."""
    low = point.explicit_bounds[index - 1] if index else float("-inf")
    high = point.explicit_bounds[index] if index < len(point.explicit_bounds) else float("inf")
    inside: list[Exemplar] = [one for one in point.exemplars if low < one.value <= high and one.trace_id]
    if not inside:
        return None
    newest = max(inside, key=lambda one: one.time_unix_nano)
    labels = {
        "trace_id": trace.format_trace_id(newest.trace_id or 0),
        "span_id": trace.format_span_id(newest.span_id or 0),
    }
    return PrometheusExemplar(labels, newest.value, newest.time_unix_nano / 1e9)


def _name(name: str) -> str:
    return _NOT_A_NAME.sub("_", name)
