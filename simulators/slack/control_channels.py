"""The control API for conversations: making and archiving them, and who is in them."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from simulators.slack import events, screen
from simulators.slack.errors import SlackError
from simulators.slack.guard import json_body
from simulators.slack.model import Channel, Json, User
from simulators.slack.simulator import SIMULATOR, Simulator
from simulators.slack.world import World

MAX_MEMBERS = 100
NAME = re.compile(r"[a-z0-9_-]{1,80}")
_ID_PREFIXES = {"public": "C", "private": "C", "mpim": "C", "im": "D"}
_FIELDS = frozenset({"kind", "members", "name", "shared_with", "app_is_member"})


def routes() -> list[web.RouteDef]:
    """Return the routes below `/control`."""
    return [
        web.post("/control/channels", add_channel),
        web.post("/control/channels/{id}/archive", archive),
        web.post("/control/channels/{id}/unarchive", unarchive),
        web.post("/control/channels/{id}/rename", rename),
        web.post("/control/invite", invite),
        web.post("/control/kick", kick),
    ]


async def add_channel(request: web.Request) -> web.Response:
    """`POST /control/channels {"kind", "members", "name"?, "shared_with"?, "app_is_member"?}`: make a conversation.

    `kind` is `public`, `private`, `mpim` or `im`. It is of the workspace of the first member; `shared_with` are the
    workspaces of other companies that it is shared with (Slack Connect). With `app_is_member` the app is invited.
    """
    sim = request.app[SIMULATOR]
    body = await json_body(request, "kind", "members")
    channel = _channel(sim.world, body)
    wants_app = body.get("app_is_member", False)
    if not isinstance(wants_app, bool):
        raise _wrong("app_is_member is true or false")
    if wants_app and channel.kind == "im":
        raise _wrong("nobody can be added to a direct message of two")
    if wants_app and sim.world.installation_in(channel.team_id) is None:
        raise SlackError("app_not_installed")
    sim.world.channels[channel.id] = channel
    if wants_app and channel.kind == "mpim":
        # It is begun with the app in it; an event tells of channels only.
        channel.app_is_member = True
    elif wants_app:
        await events.change_membership(sim, channel, member=True, by=channel.members[0])
    return web.json_response(screen.channel_json(channel))


def _channel(world: World, body: Json) -> Channel:
    """Read a conversation from a control request. Raises SlackError."""
    kind, members, shared_with = body["kind"], body["members"], body.get("shared_with", [])
    if unknown := body.keys() - _FIELDS:
        raise _wrong(f"unknown field: {', '.join(sorted(unknown))}")
    if kind not in tuple(_ID_PREFIXES) or not isinstance(members, list) or not 1 <= len(members) <= MAX_MEMBERS:
        raise _wrong(f"kind is one of {', '.join(_ID_PREFIXES)}; members are 1 to {MAX_MEMBERS} ids of people")
    people = list({user.id: user for user in map(world.person, members)}.values())
    if kind == "im" and len(people) != 2:
        raise _wrong("a direct message has two members")
    channel_id = world.new_id(_ID_PREFIXES[kind])
    name = body.get("name", channel_id.lower())
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise SlackError("invalid_name_specials", ["[ERROR] name is up to 80 of a-z, 0-9, hyphen, underscore"])
    made = Channel(channel_id, people[0].team_id, name, kind, [user.id for user in people])
    if kind in ("public", "private") and any(
        known.name == name and known.team_id == made.team_id for known in world.channels.values()
    ):
        raise SlackError("name_taken")
    made.shared_with = _partners(world, made, shared_with)
    if outsiders := [user.id for user in people if not set(user.team_ids).intersection(made.team_ids)]:
        raise _wrong(f"of none of its workspaces: {', '.join(outsiders)}; give theirs in shared_with")
    return made


def _partners(world: World, made: Channel, shared_with: Any) -> tuple[str, ...]:
    if not isinstance(shared_with, list) or not all(
        isinstance(team_id, str) and team_id in world.workspaces for team_id in shared_with
    ):
        raise SlackError("team_not_found")
    own = world.enterprise_id_of(made.team_id)
    if made.team_id in shared_with or any(own and world.enterprise_id_of(team_id) == own for team_id in shared_with):
        raise _wrong("shared_with names workspaces of other companies")
    return tuple(shared_with)


async def archive(request: web.Request) -> web.Response:
    """`POST /control/channels/{id}/archive {"user_id"?}`: nobody can write there from now on."""
    return await _archive(request, archived=True)


async def unarchive(request: web.Request) -> web.Response:
    """`POST /control/channels/{id}/unarchive {"user_id"?}`: bring an archived channel back."""
    return await _archive(request, archived=False)


async def _archive(request: web.Request, *, archived: bool) -> web.Response:
    sim = request.app[SIMULATOR]
    body = await json_body(request)
    channel = _known(sim, request.match_info["id"])
    await events.archive(sim, channel, archived=archived, by=_who(sim, body, channel))
    return web.json_response(screen.channel_json(channel))


async def rename(request: web.Request) -> web.Response:
    """`POST /control/channels/{id}/rename {}`: give a private channel the id that it gets when it is shared.

    The old id is nobody's from then on, and the app is told (Slack, `channel_id_changed`).
    """
    sim = request.app[SIMULATOR]
    channel = _known(sim, request.match_info["id"])
    if channel.kind != "private":
        raise SlackError("channel_not_found")
    await events.change_id(sim, channel)
    return web.json_response(screen.channel_json(channel))


async def invite(request: web.Request) -> web.Response:
    """`POST /control/invite {"channel_id", "user_id"?}`: add the app to a channel."""
    return await _membership(request, member=True)


async def kick(request: web.Request) -> web.Response:
    """`POST /control/kick {"channel_id", "user_id"?}`: remove the app from a channel."""
    return await _membership(request, member=False)


async def _membership(request: web.Request, *, member: bool) -> web.Response:
    sim = request.app[SIMULATOR]
    body = await json_body(request, "channel_id")
    channel = _known(sim, str(body["channel_id"]))
    await events.change_membership(sim, channel, member=member, by=_who(sim, body, channel))
    return web.json_response({"ok": True})


def _known(sim: Simulator, channel_id: str) -> Channel:
    channel = sim.world.channels.get(channel_id)
    if channel is None:
        raise SlackError("channel_not_found")
    return channel


def _who(sim: Simulator, body: Json, channel: Channel) -> str:
    user: User = sim.world.person(body.get("user_id", channel.members[0]))
    return user.id


def _wrong(problem: str) -> SlackError:
    return SlackError("invalid_arguments", [f"[ERROR] {problem}"])
