"""Counts what the doors refuse: somebody who tries, a secret that was not rotated, or a clock that runs wrong."""

from __future__ import annotations

import functools

from opentelemetry import metrics


def count_refusal(vendor: str, cause: str) -> None:
    """Counts one request in the name of `vendor` that was refused. `cause` is one of our words, never the request's."""
    _refusals().add(1, {"vendor": vendor, "cause": cause})


@functools.cache
def _refusals() -> metrics.Counter:
    return metrics.get_meter(__name__).create_counter(
        "zoomslack.requests.refused", description="Requests in a vendor's name that were refused, by vendor and cause."
    )
