"""What Slack tells of an interaction, understood. Pure and total.

Sources: Slack, "Interaction payloads" (`block_actions`, `view_submission`, `shortcut`, `message_action`). Which of the
fields are there depends on the type and on the kind of installation; what is missing is empty here.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh.slack_user import SlackUser
from services.slack_edge.gate import Who
from services.slack_edge.texts import clean

MAX_TEXT = 8_000
_MAX_WORD = 255
_MAX_NAME = 80
_MAX_URL = 2_048
_MAX_VALUE = 2_000
_REQUEST_IDS = uuid.UUID("0f0a6a1e-2a52-5b52-9a3f-6f7d0c9be0f4")
_TEAM = re.compile(r"T[A-Z0-9]{1,31}", re.ASCII)
_ENTERPRISE = re.compile(r"E[A-Z0-9]{1,31}", re.ASCII)
_USER = re.compile(r"[UW][A-Z0-9]{1,31}", re.ASCII)
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{1,31}", re.ASCII)
_TS = re.compile(r"[0-9]{1,16}\.[0-9]{6}", re.ASCII)

Json = dict[str, Any]


@dataclass(frozen=True)
class View:
    """A modal or a Home tab at the moment of the interaction."""

    id: str = ""
    is_home: bool = False
    private_metadata: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    """`{block_id: {action_id: {…}}}`, as Slack sends it."""

    def text_of(self, block_id: str) -> str:
        """Returns what was typed or chosen in a block with one element; empty for nothing."""
        block = self.values.get(block_id)
        for element in block.values() if isinstance(block, dict) else ():
            if isinstance(element, dict):
                chosen = element.get("selected_option")
                value = chosen.get("value") if isinstance(chosen, dict) else None
                named = element.get("selected_conversation") or element.get("selected_user")
                value = value or named or element.get("value")
                return value[:MAX_TEXT] if isinstance(value, str) else ""
        return ""


@dataclass(frozen=True)
class Interaction:
    """One thing that a person did with what the app shows."""

    kind: str
    """Slack's `type`."""
    key: str
    """The `action_id` or `callback_id` of what she used."""
    who: Who
    is_surely_inside: bool
    """Whether she is of the workspace in which the app works: people of others see the buttons in shared channels."""
    request_id: str
    """The same for the same act, however often it arrives."""
    channel_id: str = ""
    """Where she did it, or what she chose in a modal."""
    thread_ts: str = ""
    message_ts: str = ""
    message_text: str = field(default="", repr=False)
    author_id: str = ""
    """Who wrote the message; empty where no person did."""
    response_url: str = field(default="", repr=False)
    trigger_id: str = field(default="", repr=False)
    value: str = field(default="", repr=False)
    view: View = field(default_factory=View)

    @property
    def answer_id(self) -> str:
        """The same for every press of one button in one message: for what may be asked for once, as by a double click.

        Where nothing says which message, it is the id of the press.
        """
        if not self.message_ts:
            return self.request_id
        user = self.who.user
        return _request_id(user.team_id, user.user_id, self.kind, self.key, self.message_ts, self.value)


def understand(payload: Mapping[str, Any]) -> Interaction | None:
    """Returns what a verified payload says; None where it does not say who did it in which workspace."""
    user, team, container = _object(payload, "user"), _object(payload, "team"), _object(payload, "container")
    view, message = _object(payload, "view"), _object(payload, "message")
    kind = _word(payload, "type")
    action = _first_action(payload)
    named = _matching(_TEAM, view.get("app_installed_team_id"), team.get("id"))
    home = _matching(_TEAM, user.get("team_id"))
    # In this order Slack's own framework looks for the workspace; `team` is null in some organisations.
    team_id = named or home or _matching(_TEAM, view.get("team_id"))
    user_id = _matching(_USER, user.get("id"))
    if not team_id or not user_id:
        return None
    enterprise_id = _matching(_ENTERPRISE, _object(payload, "enterprise").get("id"), team.get("enterprise_id"))
    key = _word(action, "action_id") or _word(payload, "callback_id") or _word(view, "callback_id")
    in_message = kind == "block_actions" and not view
    chosen = _response_urls(payload)
    message_ts = _matching(_TS, payload.get("message_ts"), message.get("ts"), container.get("message_ts"))
    return Interaction(
        kind=kind,
        key=key,
        who=Who(
            SlackUser(enterprise_id, team_id, user_id),
            clean(_word(user, "username") or _word(user, "name"), _MAX_NAME),
            clean(_word(team, "domain"), _MAX_NAME),
        ),
        is_surely_inside=not in_message or (bool(named) and home == named),
        request_id=_request_id(team_id, user_id, kind, key, _unique(payload, action, view, message_ts)),
        channel_id=_matching(_CHANNEL, _object(payload, "channel").get("id"), container.get("channel_id"))
        or (chosen[0][0] if chosen else ""),
        thread_ts=_matching(_TS, container.get("thread_ts"), message.get("thread_ts")),
        message_ts=message_ts,
        message_text=_string(message.get("text"), MAX_TEXT),
        author_id=_author(message),
        response_url=_string(payload.get("response_url"), _MAX_URL + 1) or (chosen[0][1] if chosen else ""),
        trigger_id=_word(payload, "trigger_id"),
        value=_string(action.get("value"), _MAX_VALUE),
        view=_view(view),
    )


def _author(message: Json) -> str:
    # Messages of apps and of workflows name the bot that stands for them, and some a user, too.
    return "" if "bot_id" in message or "bot_profile" in message else _matching(_USER, message.get("user"))


def _view(view: Json) -> View:
    return View(
        id=_word(view, "id"),
        is_home=view.get("type") == "home",
        private_metadata=_string(view.get("private_metadata"), 3_000),
        values=_object(_object(view, "state"), "values"),
    )


def _response_urls(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the conversations that were chosen in a modal, each with the address that answers there."""
    entries = payload.get("response_urls")
    return [
        (channel_id, _string(entry.get("response_url"), _MAX_URL + 1))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and (channel_id := _matching(_CHANNEL, entry.get("channel_id")))
    ]


def _unique(payload: Mapping[str, Any], action: Json, view: Json, message_ts: str) -> str:
    """Returns what no other act of the person has: a modal is sent once, a button pressed at its own time."""
    if payload.get("type") == "view_submission":
        return _word(view, "id")
    moment = _word(action, "action_ts") or _word(payload, "action_ts") or _word(payload, "trigger_id")
    return f"{message_ts or _word(view, 'id')}:{moment}"


def _request_id(*parts: str) -> str:
    # Half a character cannot be hashed; JSON can hold one.
    return str(uuid.uuid5(_REQUEST_IDS, ":".join(parts).encode("utf-8", "replace").decode()))


def _first_action(payload: Mapping[str, Any]) -> Json:
    actions = payload.get("actions")
    return actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}


def _object(value: Mapping[str, Any], name: str) -> Json:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _word(value: Mapping[str, Any], name: str) -> str:
    return _string(value.get(name), _MAX_WORD)


def _string(value: object, limit: int) -> str:
    return value[:limit] if isinstance(value, str) else ""


def _matching(pattern: re.Pattern[str], *candidates: object) -> str:
    return next((value for value in candidates if isinstance(value, str) and pattern.fullmatch(value)), "")
