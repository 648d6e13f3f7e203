"""What Zoom and Slack tell about people and installations, as facts. Pure: bytes in, facts out.

The bodies were signed, so they are the vendors'. Still nothing is taken for granted: what does not look as documented
is of no interest, and only what is no JSON object at all is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.auth.departures import Cause, SlackLeft, ZoomAccountLeft, ZoomFact, ZoomPlanChanged, ZoomUserLeft
from services.auth.grants import AppLevel
from services.auth.zoom_users import plan_of

_USER_GONE = {"user.deactivated", "user.deleted", "user.disassociated"}
_ZOOM_ID = re.compile(r"[A-Za-z0-9_=+/-]{1,64}", re.ASCII)
_SLACK_ID = re.compile(r"[A-Z0-9]{1,32}", re.ASCII)
_MAX_TEAMS = 1_000


class UnreadableError(Exception):
    """The body is no JSON object."""


def zoom_fact(body: bytes, level: AppLevel, client_ids: Mapping[AppLevel, str]) -> ZoomFact | None:
    """Returns what a body from Zoom, signed by the app of `level`, says; None where it is of no interest.

    `client_ids` are ours. Shapes: Zoom, "App deauthorized" and the `user.*` events. Raises UnreadableError.
    """
    event = _object(body)
    name, payload = event.get("event"), _part(event, "payload")
    thing = _part(payload, "object")
    if name == "app_deauthorized":
        return _deauthorized(event, payload, level, client_ids)
    zoom_user_id = _id(_ZOOM_ID, thing.get("id"))
    time = _moment(event)
    if not zoom_user_id or time is None:
        return None
    if name in _USER_GONE:
        return ZoomUserLeft(zoom_user_id, time, Cause.ZOOM_USER_GONE)
    if name == "user.updated" and isinstance(thing.get("type"), int):
        return ZoomPlanChanged(zoom_user_id, plan_of(thing["type"]), time)
    return None


def _deauthorized(
    event: dict[str, Any], payload: dict[str, Any], level: AppLevel, client_ids: Mapping[AppLevel, str]
) -> ZoomFact | None:
    if level not in client_ids or payload.get("client_id") != client_ids[level]:
        return None  # another app's, whose secret happens to be ours
    time = _iso(payload.get("deauthorization_time")) or _moment(event)
    account_id, user_id = _id(_ZOOM_ID, payload.get("account_id")), _id(_ZOOM_ID, payload.get("user_id"))
    if time is None:
        return None
    if level is AppLevel.ACCOUNT:
        return ZoomAccountLeft(account_id, time) if account_id else None
    return ZoomUserLeft(user_id, time, Cause.ZOOM_DEAUTHORIZED) if user_id else None


def slack_facts(body: bytes) -> list[SlackLeft]:
    """Returns what a body from Slack says; nothing where it is of no interest.

    Shapes: Slack, "app_uninstalled", "tokens_revoked" (whose lists hold user ids, not tokens), "team_access_revoked".
    Raises UnreadableError.
    """
    envelope = _object(body)
    inner, seconds = _part(envelope, "event"), envelope.get("event_time")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds < 2**33:
        return []
    time = datetime.fromtimestamp(seconds, UTC)
    enterprise_id = _id(_SLACK_ID, envelope.get("enterprise_id"))
    team_id = "" if _is_organisations(envelope) else _id(_SLACK_ID, envelope.get("team_id"))
    match inner.get("type"):
        case "app_uninstalled":
            return _tenant(enterprise_id, team_id, time)
        case "tokens_revoked" if _part(inner, "tokens").get("bot"):
            # We hold no tokens of people: without the bot's among them nothing of ours has ended.
            return _tenant(enterprise_id, team_id, time)
        case "team_access_revoked":
            teams = inner.get("team_ids")
            ids = [_id(_SLACK_ID, team) for team in teams[:_MAX_TEAMS]] if isinstance(teams, list) else []
            return [SlackLeft(enterprise_id, team, time, access_only=True) for team in ids if team.startswith("T")]
    return []


def _is_organisations(envelope: dict[str, Any]) -> bool:
    """Tells whether Slack says that the installation is a whole organisation's. Where it says nothing, it is not:
    what is erased of one workspace too little can be erased later, an organisation's data cannot be brought back."""
    authorizations = envelope.get("authorizations")
    first = authorizations[0] if isinstance(authorizations, list) and authorizations else None
    return isinstance(first, dict) and first.get("is_enterprise_install") is True


def _tenant(enterprise_id: str, team_id: str, time: datetime) -> list[SlackLeft]:
    # For an organisation Slack puts its id into `team_id` too, or leaves that empty.
    team_id = team_id if team_id.startswith("T") else ""
    return [SlackLeft(enterprise_id, team_id, time)] if team_id or enterprise_id.startswith("E") else []


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError from None
    if not isinstance(value, dict):
        raise UnreadableError
    return value


def _part(thing: dict[str, Any], name: str) -> dict[str, Any]:
    value = thing.get(name)
    return value if isinstance(value, dict) else {}


def _id(pattern: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _moment(event: dict[str, Any]) -> datetime | None:
    """Returns the time of an event of Zoom, which is in milliseconds."""
    value = event.get("event_ts")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**43:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


def _iso(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
