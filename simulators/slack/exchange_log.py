"""One log of all that the app sent and was sent, each entry ready to be used as a test fixture."""

from __future__ import annotations

import json

from simulators.slack.model import Json
from simulators.slack.simulator import Simulator

DIRECTIONS = ("from_app", "to_app")


def entries(sim: Simulator, *, text: str = "", direction: str = "") -> list[Json]:
    """Return what both journals hold, oldest first, as far as it goes that way and says the text."""
    found = [_from_app(entry) for entry in sim.requests.entries()] + [_to_app(e) for e in sim.deliveries.entries()]
    if direction:
        found = [entry for entry in found if entry["fixture"]["direction"] == direction]
    if text:
        found = [entry for entry in found if text.lower() in json.dumps(entry, ensure_ascii=False).lower()]
    return sorted(found, key=lambda entry: int(entry["seq"]))


def _from_app(entry: Json) -> Json:
    return {
        "seq": entry["seq"],
        "time": entry["time"],
        "elapsed_ms": None,
        "trouble": entry["fault"] and f"fault: {entry['fault']}",
        "fixture": _fixture("from_app", entry["method"], entry),
    }


def _to_app(entry: Json) -> Json:
    return {
        "seq": entry["seq"],
        "time": entry["time"],
        "elapsed_ms": entry["elapsed_ms"],
        "trouble": entry["failure"],
        "fixture": _fixture("to_app", entry["about"], entry),
    }


def _fixture(direction: str, about: str, entry: Json) -> Json:
    return {"direction": direction, "about": about, "request": entry["request"], "response": entry["response"]}
