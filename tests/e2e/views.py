"""Modals and the Home tab, as people use them."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.people import ADA, Office, eventually
from tests.support.modals import state_values

Json = dict[str, Any]


async def use_shortcut(office: Office, callback_id: str, *, user: str = ADA, **message: str) -> None:
    """Uses a global shortcut, or one on a message (`channel_id`, `ts`)."""
    used = await office.slack("POST", "shortcuts", {"user_id": user, "callback_id": callback_id, **message})
    assert used == {"status": 200, "error": None}


async def modal(office: Office, user: str = ADA) -> Json:
    """Returns the modal that opens."""
    seen = await eventually(lambda: office.slack("GET", f"views?user_id={user}"), lambda views: bool(views["modal"]))
    found: Json = seen["modal"]
    return found


async def home(office: Office, user: str = ADA) -> Json:
    """Opens the Home tab and returns what it shows."""
    before = len(await _published(office))
    assert (await office.slack("POST", "home", {"user_id": user}))["status"] == 200
    await eventually(lambda: _published(office), lambda published: len(published) > before)
    found: Json = (await office.slack("GET", f"views?user_id={user}"))["home"]
    return found


async def press(office: Office, action_id: str, *, view: str = "home", user: str = ADA) -> None:
    """Presses a button of the Home tab, or of the open modal."""
    pressed = await office.slack("POST", "actions", {"user_id": user, "view": view, "action_id": action_id})
    assert (pressed["status"], pressed["error"]) == (200, None)


async def send(office: Office, *, user: str = ADA, **typed: str) -> Json:
    """Sends the open modal with `typed` in its fields, by their names; returns what the app answers."""
    shown = await modal(office, user)
    values = state_values(shown["blocks"], typed)
    sent = await office.slack("POST", "submit", {"user_id": user, "values": values})
    assert sent["status"] == 200
    answer: Json = json.loads(sent["answer"] or "{}")
    return answer


def fields(view: Json) -> list[str]:
    """Returns the names of a modal's fields."""
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


def buttons(view: Json) -> list[str]:
    """Returns the words on the buttons of a view or a message."""
    return [e["text"]["text"] for block in view["blocks"] for e in block.get("elements", []) if e["type"] == "button"]


async def _published(office: Office) -> list[Any]:
    found: list[Any] = (await office.slack("GET", "requests?method=views.publish"))["requests"]
    return found
