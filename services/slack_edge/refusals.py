"""Counts what the doors refuse: somebody who tries, a secret that was not rotated, or a clock that runs wrong."""

from __future__ import annotations

from mesh.measuring import counter


def count_refusal(vendor: str, cause: str) -> None:
    """Counts one request in the name of `vendor` that was refused. `cause` is one of our words, never the request's."""
    counter("zoomslack.requests.refused", "Requests in a vendor's name that were refused, by vendor and cause.").add(
        1, {"vendor": vendor, "cause": cause}
    )
