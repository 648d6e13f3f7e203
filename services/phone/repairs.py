"""Counts what was repaired: many repairs are a sign that Zoom's events do not arrive."""

from __future__ import annotations

import functools

from opentelemetry import metrics


def count_repairs(number: int) -> None:
    """Counts `number` calls of which the history told what no event had told."""
    _repairs().add(number)


@functools.cache
def _repairs() -> metrics.Counter:
    return metrics.get_meter(__name__).create_counter(
        "zoomslack.phone.repairs", description="Calls of which the history told what no event had told."
    )
