"""What happens in Slack so that the app hears of it: tabs are opened, channels change, the app comes and goes."""

from __future__ import annotations

import json

from simulators.slack import views
from simulators.slack.delivery import PATH, send
from simulators.slack.errors import SlackError
from simulators.slack.model import Channel, Json, User
from simulators.slack.outgoing import JSON
from simulators.slack.simulator import Simulator

HEARD_WITH = {"public": "channels:read", "private": "groups:read", "mpim": "mpim:read"}


async def verify_url(sim: Simulator) -> bool:
    """Send `url_verification` and tell whether the app answered with the challenge (text, form or JSON)."""
    challenge = sim.world.new_id("challenge")
    body = json.dumps({"type": "url_verification", "challenge": challenge, "token": "deprecated"}).encode()
    answer = await sim.app.post(PATH, body, JSON, about="url_verification")
    accepted = {challenge, f"challenge={challenge}", json.dumps({"challenge": challenge}, separators=(",", ":"))}
    return answer.status == 200 and answer.body.decode(errors="replace").replace(" ", "").strip() in accepted


async def open_home(sim: Simulator, user: User, tab: str = "home") -> int | None:
    """Tell the app that a person opened its Home or Messages tab. Returns the status of its answer."""
    event: Json = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": sim.world.app_channel(user).id,
        "tab": tab,
        "event_ts": sim.world.new_ts(),
    }
    home = sim.world.homes.get(user.id)
    if home is not None:
        event["view"] = views.as_json(sim, home)
    return await send(sim, sim.world.app_team(user), event)


async def change_membership(sim: Simulator, channel: Channel, *, member: bool, by: str) -> None:
    """Invite the app to a channel or remove it, and tell the app as far as its scopes let it hear.

    Raises SlackError `method_not_supported_for_channel_type`: nobody can be added to an existing direct message;
    `app_not_installed`, `is_archived`.
    """
    if channel.kind not in ("public", "private"):
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    installation = sim.world.installation_in(channel.team_id)
    if installation is None:
        raise SlackError("app_not_installed")
    if channel.app_is_member == member:
        return
    channel.app_is_member = member
    if HEARD_WITH[channel.kind] not in installation.bot_scopes:
        return
    event: Json = {
        "type": "member_joined_channel" if member else "member_left_channel",
        "user": installation.bot_user_id,
        "channel": channel.id,
        "channel_type": "C" if channel.kind == "public" else "G",
        "team": channel.team_id,
        "event_ts": sim.world.new_ts(),
    }
    await send(sim, channel.team_id, {**event, "inviter": by} if member else event)


async def change_id(sim: Simulator, channel: Channel) -> None:
    """Give a channel another id, and tell the app."""
    world, old = sim.world, channel.id
    channel.id = world.new_id("C")
    world.channels[channel.id] = world.channels.pop(old)
    for message in world.messages:
        message.channel_id = channel.id if message.channel_id == old else message.channel_id
    for url in world.response_urls.values():
        url.channel_id = channel.id if url.channel_id == old else url.channel_id
    for call in world.calls.values():
        call.channels = [channel.id if known_id == old else known_id for known_id in call.channels]
    event: Json = {
        "type": "channel_id_changed",
        "old_channel_id": old,
        "new_channel_id": channel.id,
        "event_ts": world.new_ts(),
    }
    await send(sim, channel.team_id, event)


async def archive(sim: Simulator, channel: Channel, *, archived: bool, by: str) -> None:
    """Archive a channel or bring it back; the app hears of it as far as its scopes let it.

    Raises SlackError `method_not_supported_for_channel_type`, `cant_archive_general`, `already_archived`,
    `not_archived`.
    """
    if channel.kind not in ("public", "private"):
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_general:
        raise SlackError("cant_archive_general")
    if channel.is_archived == archived:
        raise SlackError("already_archived" if archived else "not_archived")
    channel.is_archived = archived
    installation = sim.world.installation_in(channel.team_id)
    sees_it = channel.kind == "public" or channel.app_is_member
    if installation is None or not sees_it or HEARD_WITH[channel.kind] not in installation.bot_scopes:
        return
    noun, verb = "channel" if channel.kind == "public" else "group", "archive" if archived else "unarchive"
    event: Json = {"type": f"{noun}_{verb}", "channel": channel.id, "user": by, "event_ts": sim.world.new_ts()}
    await send(sim, channel.team_id, event)


def begin_chat_with_app(sim: Simulator, channel: Channel) -> Channel:
    """Begin the group message of the same people and the app: nobody is added to the direct message they have.

    The app hears nothing of it: `member_joined_channel` tells of channels only. Raises SlackError `app_not_installed`.
    """
    if sim.world.installation_in(channel.team_id) is None:
        raise SlackError("app_not_installed")
    chat_id = sim.world.new_id("C")
    chat = Channel(chat_id, channel.team_id, f"mpdm-{chat_id.lower()}", "mpim", list(channel.members), True)
    sim.world.channels[chat.id] = chat
    return chat
