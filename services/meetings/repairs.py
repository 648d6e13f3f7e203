"""Counts what was repaired: many repairs are a sign that Zoom's events do not arrive."""

from __future__ import annotations

from mesh.measuring import counter


def count_repairs(what: str, number: int) -> None:
    """Counts `number` facts that no event had told. `what` is one of our words, for example `ended`."""
    counter("zoomslack.meetings.repairs", "Facts about meetings that no event had told, by kind.").add(
        number, {"what": what}
    )
