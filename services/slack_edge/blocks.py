"""The pieces of Block Kit that the replies are made of, within its limits (Slack, "Block Kit reference")."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

MAX_SECTION = 3_000
MAX_BUTTON = 75
MAX_URL = 3_000


def plain(text: str) -> Json:
    """A text object in which nothing is special: the place for foreign text."""
    return {"type": "plain_text", "text": shortened(text, MAX_SECTION), "emoji": False}


def mrkdwn(text: str) -> Json:
    """A text object with Slack's markup. `verbatim`: a bare `@here` or address in it stays text."""
    return {"type": "mrkdwn", "text": shortened(text, MAX_SECTION), "verbatim": True}


def section(text: Json) -> Json:
    """A paragraph."""
    return {"type": "section", "text": text}


def context(text: Json) -> Json:
    """A paragraph in small grey letters."""
    return {"type": "context", "elements": [text]}


def call(call_id: str) -> Json:
    """The card of a call, which Slack draws and redraws by itself (Slack, "Using the Calls API")."""
    return {"type": "call", "call_id": call_id}


def link_button(text: str, url: str, action_id: str, *, primary: bool = False) -> Json:
    """A row with one button that opens an address. Slack tells the app of the press all the same."""
    button: Json = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": shortened(text, MAX_BUTTON), "emoji": False},
        "url": url,
    }
    if primary:
        button["style"] = "primary"
    return {"type": "actions", "elements": [button]}


def shortened(text: str, limit: int) -> str:
    """Returns `text`, with an ellipsis for what is above `limit`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
