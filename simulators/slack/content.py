"""What may stand in a message, however it is sent: text, blocks, thread and metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.slack.arguments import Arg
from simulators.slack.blocks import MAX_MARKDOWN, check_blocks
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, Json
from simulators.slack.world import World

MAX_TEXT = 40_000
"""Slack cuts longer text off here instead of refusing it."""

CONTENT_ARGS: Mapping[str, Arg] = {
    "text": Arg(),
    "blocks": Arg("array"),
    "markdown_text": Arg(),
    "metadata": Arg("object"),
    "parse": Arg(),
    "link_names": Arg("boolean"),
}
"""What every method takes that writes a message."""

POST_ARGS: Mapping[str, Arg] = {
    **CONTENT_ARGS,
    "thread_ts": Arg("ts"),
    "mrkdwn": Arg("boolean"),
    "unfurl_links": Arg("boolean"),
    "unfurl_media": Arg("boolean"),
}
"""What only a new message takes."""


@dataclass(frozen=True)
class Content:
    """A checked message body."""

    text: str
    blocks: list[Json]
    thread_ts: str | None
    metadata: Json | None


def check_content(world: World, tenant_id: str, channel: Channel, args: Mapping[str, Any]) -> Content:
    """Return the message in `args`.

    Raises SlackError `no_text`, `invalid_blocks`, `markdown_text_conflict`, `msg_too_long`, `cannot_reply_to_message`,
    `invalid_metadata_format`.
    """
    blocks = args.get("blocks", [])
    if "markdown_text" in args and ("text" in args or blocks):
        raise SlackError("markdown_text_conflict")
    if len(args.get("markdown_text", "")) > MAX_MARKDOWN:
        raise SlackError("msg_too_long")
    text = args.get("text", args.get("markdown_text", ""))
    if not text.strip() and not blocks:
        raise SlackError("no_text")
    if messages := check_blocks(blocks, "message", lambda call_id: call_in(world, tenant_id, call_id)):
        raise SlackError("invalid_blocks", messages)
    thread_ts = args.get("thread_ts")
    if thread_ts is not None and world.message(channel.id, thread_ts) is None:
        raise SlackError("cannot_reply_to_message")
    metadata = args.get("metadata")
    _check_metadata(metadata)
    return Content(text[:MAX_TEXT], blocks, thread_ts, metadata)


def call_in(world: World, tenant_id: str, call_id: str) -> bool:
    """Tell whether this is a call that the app registered for this tenant."""
    call = world.calls.get(call_id)
    return call is not None and call.tenant_id == tenant_id


def _check_metadata(metadata: Json | None) -> None:
    if metadata is None:
        return
    payload = metadata.get("event_payload")
    if (
        metadata.keys() - {"event_type", "event_payload"}
        or not isinstance(metadata.get("event_type"), str)
        or not isinstance(payload, dict)
    ):
        raise SlackError("invalid_metadata_format")
    for value in payload.values():
        items = value if isinstance(value, list) else [value]
        # Flat values only: no objects in objects, no arrays of objects.
        if any(isinstance(item, dict | list) for item in items):
            raise SlackError("invalid_metadata_schema")
