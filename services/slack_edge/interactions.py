"""What Slack tells of by itself: pressed buttons, and events. Little is done with it yet; all of it is acknowledged."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from services.slack_edge.bodies import parse_object

log = logging.getLogger(__name__)

_MAX_WORD = 255
_MAX_CHALLENGE = 1_000


def note_interaction(form: Mapping[str, str]) -> bool:
    """Logs what was pressed. Returns False for a form that is no interaction.

    A link button opens its address without our help, and still has to be acknowledged, or Slack marks it as broken.
    """
    payload = parse_object(form.get("payload", ""))
    if payload is None:
        return False
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    log.info("interaction", extra={"kind": _word(payload.get("type")), "action_id": _word(first.get("action_id"))})
    return True


def challenge_of(event: Mapping[str, Any]) -> str | None:
    """Returns what Slack wants to read back when it checks the address of the events; None for anything else."""
    challenge = event.get("challenge")
    if event.get("type") != "url_verification" or not isinstance(challenge, str):
        return None
    return challenge[:_MAX_CHALLENGE]


def note_event(event: Mapping[str, Any]) -> None:
    """Logs an event."""
    if event.get("type") == "app_rate_limited":
        log.warning("Slack holds events back", extra={"team_id": _word(event.get("team_id"))})
        return
    inner = event.get("event")
    kind = inner.get("type") if isinstance(inner, dict) else event.get("type")
    log.debug("event", extra={"kind": _word(kind), "event_id": _word(event.get("event_id"))})


def _word(value: object) -> str:
    return value[:_MAX_WORD] if isinstance(value, str) else ""
