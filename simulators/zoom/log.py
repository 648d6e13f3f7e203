"""Everything that was received and sent, newest first, each entry with a fixture for somebody's tests."""

import base64
import json
from collections.abc import Iterator
from heapq import merge

from simulators.zoom.clock import iso
from simulators.zoom.deliveries import Delivery
from simulators.zoom.journal import Entry
from simulators.zoom.masking import masked
from simulators.zoom.simulation import Simulation

MAX_SHOWN = 500
DIRECTIONS = ("from_app", "to_app")
_NO_ANSWER = "no answer"


def entries(simulation: Simulation, *, direction: str, contains: str, limit: int) -> list[dict[str, object]]:
    """The latest entries that go this way ("" for both) in whose title, outcome or app the text occurs.

    All secrets are masked.
    """
    requests = reversed(simulation.journal.entries()) if direction != "to_app" else ()
    webhooks = reversed(simulation.outbox.deliveries()) if direction != "from_app" else ()
    newest_first: Iterator[Entry | Delivery] = merge(requests, webhooks, key=lambda entry: entry.at, reverse=True)
    found: list[dict[str, object]] = []
    for entry in newest_first:
        shown = _of_request(entry) if isinstance(entry, Entry) else _of_webhook(entry)
        if contains.lower() in " ".join(str(shown[name]) for name in ("title", "outcome", "app")).lower():
            found.append({**shown, "fixture": _fixture(entry)})
        if len(found) == limit:
            break
    return found


def _of_request(entry: Entry) -> dict[str, object]:
    outcome = _NO_ANSWER if entry.status is None else str(entry.status)
    title = f"{entry.method} {entry.path}"
    return {"id": f"request-{entry.seq}", "time": entry.time, "title": title, "outcome": outcome, "app": entry.app}


def _of_webhook(delivery: Delivery) -> dict[str, object]:
    last = delivery.attempts[-1] if delivery.attempts else None
    answer = "" if last is None else f", {last.error or _NO_ANSWER if last.status is None else last.status}"
    return {
        "id": f"webhook-{delivery.seq}",
        "time": iso(delivery.at),
        "title": delivery.event,
        "outcome": delivery.state + answer,
        "app": delivery.level,
    }


def _fixture(entry: Entry | Delivery) -> dict[str, object]:
    if isinstance(entry, Entry):
        request = {"method": entry.method, "path": entry.path, "query": entry.query, "body": entry.body}
        answer = {"status": entry.status, "content_type": entry.answer_type, "body": _readable(entry.answer)}
        return {**request, "answer": answer}
    headers = entry.attempts[-1].headers if entry.attempts else {}
    shown = {name: value for name, value in headers.items() if name != "x-zm-signature"}
    return {"event": _event(entry.body), "headers": shown}


def _readable(body: bytes) -> object:
    """JSON masked; of a page or a broken answer the size alone: secrets stand anywhere in it."""
    try:
        return masked(json.loads(body)) if body else None
    except (ValueError, RecursionError):
        return f"<{len(body)} bytes>"


def _event(body: bytes) -> object:
    """An event masked. One that is no JSON was written by whoever sent it by hand, and comes back as it was given."""
    try:
        return masked(json.loads(body))
    except (ValueError, RecursionError):
        return {"raw_base64": base64.b64encode(body).decode()}
