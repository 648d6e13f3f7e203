"""The pieces of Block Kit that the replies are made of, within its limits (Slack, "Block Kit reference")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

MAX_SECTION = 3_000
MAX_BUTTON = 75
MAX_URL = 3_000
MAX_LABEL = 24
MAX_HEADER = 150


def plain(text: str) -> Json:
    """A text object in which nothing is special: the place for foreign text."""
    return {"type": "plain_text", "text": shortened(text, MAX_SECTION), "emoji": False}


def mrkdwn(text: str) -> Json:
    """A text object with Slack's markup. `verbatim`: a bare `@here` or address in it stays text."""
    return {"type": "mrkdwn", "text": shortened(text, MAX_SECTION), "verbatim": True}


def section(text: Json) -> Json:
    """A paragraph."""
    return {"type": "section", "text": text}


def fields(*texts: Json) -> Json:
    """At most ten short paragraphs in two columns."""
    return {"type": "section", "fields": list(texts)}


def context(text: Json) -> Json:
    """A paragraph in small grey letters."""
    return {"type": "context", "elements": [text]}


def header(text: str) -> Json:
    """A title in large letters."""
    return {"type": "header", "text": _short(text, MAX_HEADER)}


def divider() -> Json:
    """A line."""
    return {"type": "divider"}


def call(call_id: str) -> Json:
    """The card of a call, which Slack draws and redraws by itself (Slack, "Using the Calls API")."""
    return {"type": "call", "call_id": call_id}


def button(
    text: str, action_id: str, *, url: str = "", value: str = "", style: str = "", confirm: Json | None = None
) -> Json:
    """A button. One that opens an `url` is told of all the same; `style` is `primary` or `danger`."""
    made: Json = {"type": "button", "action_id": action_id, "text": _short(text, MAX_BUTTON)}
    given = {"url": url, "value": value, "style": style, "confirm": confirm}
    return made | {name: part for name, part in given.items() if part}


def confirmation(title: str, text: str, yes: str, no: str) -> Json:
    """What a person is asked before a press counts, at most 100, 300 and twice 30 characters."""
    return {
        "title": _short(title, 100),
        "text": _short(text, 300),
        "confirm": _short(yes, 30),
        "deny": _short(no, 30),
        "style": "danger",
    }


def actions(*buttons: Json) -> Json:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def link_button(text: str, url: str, action_id: str, *, primary: bool = False) -> Json:
    """A row with one button that opens an address."""
    return actions(button(text, action_id, url=url, style="primary" if primary else ""))


def label(text: str) -> Json:
    """The words on the parts of a modal: its title and its buttons."""
    return _short(text, MAX_LABEL)


def input_block(block_id: str, name: str, element: Json, *, optional: bool = False, hint: str = "") -> Json:
    """A field of a modal, with its name above it and a `hint` below."""
    made: Json = {"type": "input", "block_id": block_id, "label": plain(name), "element": element}
    return made | ({"optional": True} if optional else {}) | ({"hint": plain(hint)} if hint else {})


def text_input(max_length: int) -> Json:
    """A line that is typed."""
    return {"type": "plain_text_input", "action_id": "typed", "max_length": max_length}


def users_select(action_id: str) -> Json:
    """A choice among the people of the workspace."""
    return {"type": "users_select", "action_id": action_id}


def radio_buttons(options: Sequence[tuple[str, str]], initial: str) -> Json:
    """A choice between `options`, each a value and its words."""
    made = {value: {"text": _short(text, MAX_BUTTON), "value": value} for value, text in options}
    chosen = made[initial]
    return {"type": "radio_buttons", "action_id": "chosen", "options": list(made.values()), "initial_option": chosen}


def _short(text: str, limit: int) -> Json:
    return {"type": "plain_text", "text": shortened(text, limit), "emoji": False}


def shortened(text: str, limit: int) -> str:
    """Returns `text`, with an ellipsis for what is above `limit`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
