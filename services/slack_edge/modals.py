"""The modals: starting a meeting or a call, joining a meeting, saying something. Pure functions, as in `replies`.

Limits: Slack, "Modals" (titles and buttons of 24 characters, a `submit` where there is an input).
"""

from __future__ import annotations

from collections.abc import Sequence

from services.slack_edge.blocks import Json, input_block, label, radio_buttons, text_input, users_select

START, JOIN = "zoom_start_modal", "zoom_join_modal"
"""Their `callback_id`."""
HOW, TOPIC, WHERE, PERSON, NUMBER, TARGET = "how", "topic", "where", "person", "number", "target"
"""Their inputs, by `block_id`."""
VIDEO, PHONE = "video", "phone"
FROM_HOME = "home"
"""The `origin` of a modal that the Home tab opened."""
_HOW = ((VIDEO, "Audio & Video: Zoom"), (PHONE, "Phone: Zoom"))
_MAX_TOPIC = 200
_MAX_NUMBER = 64


def start(*, meetings: bool, phone: bool, origin: str = "") -> Json:
    """Asks what to start and where; `meetings` and `phone` are what is offered. `origin` comes back with the answer."""
    blocks: list[Json] = []
    if meetings and phone:
        blocks.append(input_block(HOW, "What", radio_buttons(_HOW, VIDEO)))
    if meetings:
        # Slack shows fields by no condition: each says what it is for, and what does not apply is refused, not ignored.
        hint = f"{_WHERE_HINT} A phone call needs none: without it, {_BUTTON_AT_HOME}." if phone else _WHERE_HINT
        blocks.append(input_block(WHERE, "Where", _conversations(), optional=phone, hint=hint))
        only = "For a meeting only." if phone else ""
        blocks.append(input_block(TOPIC, "Topic", text_input(_MAX_TOPIC), optional=True, hint=only))
    if phone:
        only = "For a phone call only." if meetings else ""
        blocks.append(input_block(PERSON, "Person to call", users_select(PERSON), optional=True, hint=only))
        # Without meetings nothing asks where: then the button comes there always.
        then = only or f"{_BUTTON_AT_HOME[0].upper()}{_BUTTON_AT_HOME[1:]}."
        hint = f"With its country code, as in +1 202 555 0145, or an extension. {then}"
        blocks.append(input_block(NUMBER, "Or a number", text_input(_MAX_NUMBER), optional=True, hint=hint))
    return {**_modal("Start with Zoom", START, blocks, submit="Start"), "private_metadata": origin}


_WHERE_HINT = "Everybody there sees the meeting and can join it."
_BUTTON_AT_HOME = "you get the Call button under Messages in the Zoom app"


def _conversations() -> Json:
    # `response_url_enabled` lets the card in where the app is no member (Slack, "Conversations select").
    return {
        "type": "conversations_select",
        "action_id": WHERE,
        "default_to_current_conversation": True,
        "response_url_enabled": True,
        "filter": {"include": ["im", "mpim", "private", "public"], "exclude_bot_users": True},
    }


def join() -> Json:
    """Asks which meeting to join."""
    hint = "A meeting number, a link to a Zoom meeting, or a personal link name."
    field = input_block(TARGET, "Meeting", text_input(3_000), hint=hint)
    return _modal("Join a meeting", JOIN, [field], submit="Next")


def message(blocks: Sequence[Json]) -> Json:
    """Says something that needs no answer."""
    return _modal("Zoom", "zoom_message_modal", blocks)


def errors(block_id: str, text: str) -> Json:
    """Answers a modal that was sent with something wrong in it, which leaves it open (Slack, "Modals")."""
    return {"response_action": "errors", "errors": {block_id: text}}


def instead(view: Json) -> Json:
    """Answers a modal with another that takes its place."""
    return {"response_action": "update", "view": view}


def _modal(title: str, callback_id: str, blocks: Sequence[Json], *, submit: str = "") -> Json:
    view: Json = {"type": "modal", "callback_id": callback_id, "title": label(title), "blocks": list(blocks)}
    return {**view, "submit": label(submit), "close": label("Cancel")} if submit else {**view, "close": label("Close")}
