"""One log of all that the app sent and was sent, each entry ready to be used as a test fixture."""

from __future__ import annotations

from heapq import merge
from itertools import islice

from simulators.slack.journal import Entry
from simulators.slack.simulator import Simulator

DIRECTIONS = ("from_app", "to_app")


def latest(sim: Simulator, limit: int, *, contains: str = "", direction: str = "") -> list[Entry]:
    """Return the latest entries of both journals that go that way and say the text, newest first."""
    journals = [reversed(journal.kept()) for journal in (sim.requests, sim.deliveries)]
    newest_first = merge(*journals, key=lambda entry: entry.seq, reverse=True)
    text = contains.lower()
    found = (entry for entry in newest_first if direction in ("", entry.direction) and (not text or entry.says(text)))
    return list(islice(found, limit))


def entry(sim: Simulator, seq: int) -> Entry | None:
    """Return the entry with this number, if it is kept."""
    return next((one for journal in (sim.requests, sim.deliveries) for one in journal.kept() if one.seq == seq), None)
