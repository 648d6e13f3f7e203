"""Instruments with the buckets that fit what is measured here. docs/telemetry.md lists every one of them."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from opentelemetry import metrics

CALLS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 10.0)
"""Seconds of requests, calls and transactions: fine below the three after which Slack and Zoom give up."""


@functools.cache
def histogram(name: str, description: str, buckets: Sequence[float] = CALLS) -> metrics.Histogram:
    """Returns the one histogram of this name, in seconds."""
    return metrics.get_meter("zoomslack").create_histogram(
        name, unit="s", description=description, explicit_bucket_boundaries_advisory=buckets
    )


@functools.cache
def counter(name: str, description: str) -> metrics.Counter:
    """Returns the one counter of this name. Adding 0 begins a kind: its first occurrence then is a rise."""
    return metrics.get_meter("zoomslack").create_counter(name, description=description)


@functools.cache
def gauge(name: str, description: str, unit: str = "") -> metrics._Gauge:
    """Returns the one gauge of this name."""
    return metrics.get_meter("zoomslack").create_gauge(name, unit=unit, description=description)
