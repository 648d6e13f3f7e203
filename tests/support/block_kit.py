"""Finds what breaks Slack's rules in a message: limits of Block Kit, and foreign text where Slack reads markup."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def problems(message: dict[str, Any]) -> list[str]:
    """Returns what Slack would refuse in a message (Slack, "Block Kit reference"), one sentence each."""
    found = [] if message.get("text") else ["a message needs a text"]
    blocks = message.get("blocks", [])
    if len(blocks) > 50:
        found.append("more than 50 blocks")
    for block in blocks:
        found.extend(_problems_of(block))
    return found


def _problems_of(block: dict[str, Any]) -> Iterator[str]:
    limits = {"section": 3000, "context": 3000, "header": 150}
    for text in texts(block):
        limit = limits.get(block["type"], 75)
        if not 0 < len(text["text"]) <= limit:
            yield f"a text of {len(text['text'])} characters in a {block['type']}"
        if text["type"] == "mrkdwn" and text.get("verbatim") is not True:
            yield "mrkdwn that is not verbatim"
    for element in block.get("elements", []):
        if not 0 < len(element.get("url", "x")) <= 3000:
            yield "an address that is too long"


def texts(value: Any) -> Iterator[dict[str, Any]]:
    """Returns every text object within a block or message."""
    if isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        if value.get("type") in ("plain_text", "mrkdwn"):
            yield value
        for item in value.values():
            yield from texts(item)


def markup(message: dict[str, Any]) -> str:
    """Returns everything in a message that Slack reads as markup."""
    found = [message.get("text", "")]
    found += [text["text"] for text in texts(message.get("blocks", [])) if text["type"] == "mrkdwn"]
    return "\n".join(found)
