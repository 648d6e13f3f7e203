"""Counts how renewals of tokens end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mesh.measuring import counter
from services.auth.renewals import GrantEndedError


@contextmanager
def counted_refresh(vendor: str) -> Iterator[None]:
    """Counts what the block comes to, which asks `vendor` for new tokens and raises where it gets none."""
    outcome = "failed"
    try:
        yield
        outcome = "renewed"
    except GrantEndedError:
        outcome = "ended"
        raise
    finally:
        count_refreshes(vendor, outcome, 1)


def count_refreshes(vendor: str, outcome: str, number: int) -> None:
    """Counts `number` renewals that ended alike; 0 begins the count."""
    counter("zoomslack.token.refreshes", "Renewals of tokens, by vendor and outcome.").add(
        number, {"peer.service": vendor, "outcome": outcome}
    )
