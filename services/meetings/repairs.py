"""Counts what was repaired: many repairs are a sign that Zoom's events do not arrive."""

from __future__ import annotations

import functools

from opentelemetry import metrics


def count_repairs(what: str, number: int) -> None:
    """Counts `number` facts that no event had told. `what` is one of our words, for example `ended`."""
    _repairs().add(number, {"what": what})


@functools.cache
def _repairs() -> metrics.Counter:
    return metrics.get_meter(__name__).create_counter(
        "zoomslack.meetings.repairs", description="Facts about meetings that no event had told, by kind."
    )
