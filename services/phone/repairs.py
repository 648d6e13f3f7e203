"""Counts what was repaired: many repairs are a sign that Zoom's events do not arrive."""

from __future__ import annotations

from mesh.measuring import counter


def count_repairs(number: int) -> None:
    """Counts `number` calls of which the history told what no event had told."""
    counter("zoomslack.phone.repairs", "Calls of which the history told what no event had told.").add(number)
