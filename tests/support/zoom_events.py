"""Zoom's own examples of its events, where its specification is at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_SPECIFICATIONS = Path(__file__).parents[3] / "shared/specs/zoom"
EVENTS = _SPECIFICATIONS / "meetings-events.openapi.json"
PHONE_EVENTS = _SPECIFICATIONS / "phone-events.openapi.json"


def examples(path: Path = EVENTS, *prefixes: str) -> dict[str, list[dict[str, Any]]]:
    """Returns the examples of each event of meetings and recordings, or of others. Raises OSError without the file."""
    events = json.loads(path.read_text(encoding="utf-8"))["webhooks"]
    found: dict[str, list[dict[str, Any]]] = {}
    for name, event in events.items():
        if name.startswith(prefixes or ("meeting.", "recording.")):
            shown = event["post"]["requestBody"]["content"]["application/json"]["examples"].values()
            values = [example["value"] for example in shown]
            found[name] = [json.loads(value) if isinstance(value, str) else value for value in values]
    return found


def about(event: dict[str, Any], number: int, *, event_ts: int, now: str, **facts: str) -> dict[str, Any]:
    """Returns an example that is changed to be about the meeting with `number`.

    `facts` are `account_id`, and what else of the meeting Zoom's object has: `host_id`, `uuid`.
    """
    payload, thing = event["payload"], event["payload"]["object"]
    known = {**facts, "start_time": now, "end_time": now}
    changes: dict[str, Any] = {key: value for key, value in known.items() if key in thing}
    if "id" in thing:
        changes["id"] = type(thing["id"])(number)
    if isinstance(thing.get("participant"), dict):
        times = {key: now for key in ("join_time", "leave_time") if key in thing["participant"]}
        changes["participant"] = {**thing["participant"], **times}
    if "meeting_uuids" in thing:
        changes["meeting_uuids"] = [facts["uuid"]]
    if "meetings" in thing:
        changes["meetings"] = [{**run, "meeting_uuid": facts["uuid"]} for run in thing["meetings"]]
    about_ours = {**payload, "account_id": facts["account_id"], "object": {**thing, **changes}}
    # The example of a joining has no time of its own: then the event's counts.
    return {**event, "event_ts": event_ts, "payload": about_ours}
