"""What a person fills into a modal, as Slack sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def state_values(blocks: list[Json], typed: Mapping[str, str]) -> Json:
    """Returns the state of a modal's fields; `typed` by block, and what is not typed stays as it was shown."""
    return {
        block["block_id"]: {block["element"]["action_id"]: _entered(block["element"], typed.get(block["block_id"], ""))}
        for block in blocks
        if block["type"] == "input"
    }


def _entered(element: Json, entered: str) -> Json:
    """Returns the state of one field, as Slack sends it."""
    match element["type"]:
        case "radio_buttons":
            option = next((o for o in element["options"] if o["value"] == entered), element["initial_option"])
            return {"type": element["type"], "selected_option": option}
        case "conversations_select":
            return {"type": element["type"], "selected_conversation": entered or None}
        case "users_select":
            return {"type": element["type"], "selected_user": entered or None}
        case _:
            return {"type": element["type"], "value": entered or None}
