"""chat.*: posting and changing messages, with Slack's rules about where an app may post."""

from __future__ import annotations

from typing import Any

from simulators.slack.content import check_content
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, Json, Message, Token
from simulators.slack.simulator import Simulator
from simulators.slack.world import World, with_ids

MAX_UPDATE_TEXT = 4000


def post_message(sim: Simulator, caller: Token, args: Json) -> Json:
    """chat.postMessage. A person's id as `channel` opens her conversation with the app."""
    world = sim.world
    user = world.user_in(caller.tenant_id, args["channel"])
    if user is not None:
        channel = world.app_channel(user, world.accessible(caller, user.team_ids))
    else:
        channel = postable(world, caller, args["channel"], public="chat:write.public" in caller.scopes)
    content = check_content(world, caller.tenant_id, channel, args)
    message = world.post(
        channel,
        text=content.text,
        blocks=content.blocks,
        thread_ts=content.thread_ts,
        metadata=content.metadata,
    )
    return {"ok": True, "channel": channel.id, "ts": message.ts, "message": as_json(sim, message)}


def post_ephemeral(sim: Simulator, caller: Token, args: Json) -> Json:
    """chat.postEphemeral: to one active member of a conversation with the app; `chat:write.public` does not help."""
    channel = postable(sim.world, caller, args["channel"], public=False)
    if args["user"] not in channel.members or sim.world.users[args["user"]].deleted:
        raise SlackError("user_not_in_channel")
    content = check_content(sim.world, caller.tenant_id, channel, args)
    if len(content.text) > MAX_UPDATE_TEXT:
        raise SlackError("msg_too_long")
    message = sim.world.post(
        channel,
        kind="ephemeral",
        text=content.text,
        blocks=content.blocks,
        thread_ts=content.thread_ts,
        visible_to=args["user"],
    )
    return {"ok": True, "message_ts": message.ts}


def update(sim: Simulator, caller: Token, args: Json) -> Json:
    """chat.update: own, lasting messages only, where writing is possible. Text without blocks removes the blocks."""
    channel = visible(sim.world, caller, args["channel"])
    if channel.is_archived:
        raise SlackError("is_inactive")
    message = sim.world.message(channel.id, args["ts"])
    if message is None or message.kind == "ephemeral":
        raise SlackError("message_not_found")
    if message.author is not None:
        raise SlackError("cant_update_message")
    content = check_content(sim.world, caller.tenant_id, channel, args)
    if len(content.text) > MAX_UPDATE_TEXT:
        raise SlackError("msg_too_long")
    message.text, message.blocks, message.edited = content.text, with_ids(content.blocks), True
    message.metadata = content.metadata or message.metadata
    sim.world.show_calls(message)
    answer = {"ok": True, "channel": channel.id, "ts": message.ts, "text": message.text}
    return {**answer, "message": as_json(sim, message)}


def visible(world: World, caller: Token, channel_id: Any) -> Channel:
    """Return a conversation that the app can see: public, or with the app in it.

    Raises SlackError `channel_not_found`, also for what exists but is hidden from the app, `team_access_not_granted`.
    """
    channel = world.channel_in(caller.tenant_id, channel_id) if isinstance(channel_id, str) else None
    if channel is None:
        raise SlackError("channel_not_found")
    world.accessible(caller, channel.team_ids)
    if channel.kind != "public" and not is_member(world, caller, channel):
        raise SlackError("channel_not_found")
    return channel


def is_member(world: World, caller: Token, channel: Channel) -> bool:
    """Tell whether this installation of the app is in a conversation; in a shared one it is the host's that can be."""
    return channel.app_is_member and world.installations[caller.tenant_id].covers(channel.team_id)


def postable(world: World, caller: Token, channel_id: str, *, public: bool) -> Channel:
    """Return a conversation that the app may post to; `public`: also to public channels it is not in.

    Raises SlackError `channel_not_found`, `not_in_channel`, `is_archived`.
    """
    channel = visible(world, caller, channel_id)
    if channel.is_archived:
        raise SlackError("is_archived")
    if not public and not is_member(world, caller, channel):
        raise SlackError("not_in_channel")
    return channel


def as_json(sim: Simulator, message: Message) -> Json:
    """Return the `message` object of API answers and interactions; only the app's own messages carry its ids."""
    channel = sim.world.channels[message.channel_id]
    body: Json = {"type": "message", "ts": message.ts, "text": message.text, "team": channel.team_id}
    installation = sim.world.installation_in(channel.team_id)
    if message.author is not None:
        body["user"] = message.author
    elif installation is not None:
        body |= {"user": installation.bot_user_id, "bot_id": installation.bot_id, "app_id": sim.config.app_id}
    if message.blocks:
        body["blocks"] = message.blocks
    if message.thread_ts:
        body["thread_ts"] = message.thread_ts
    if message.metadata:
        body["metadata"] = message.metadata
    return body
