"""The control API for people."""

from __future__ import annotations

import re
from dataclasses import asdict, fields, replace

from aiohttp import web

from simulators.slack import seed
from simulators.slack.errors import SlackError
from simulators.slack.guard import json_body
from simulators.slack.model import Json, User
from simulators.slack.simulator import SIMULATOR

FLAGS = tuple(field.name for field in fields(User) if isinstance(field.default, bool))
HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]{0,20}")


def routes() -> list[web.RouteDef]:
    """Return the routes below `/control`."""
    return [web.post("/control/users", add_user), web.post("/control/users/{id}", change_user)]


async def add_user(request: web.Request) -> web.Response:
    """`POST /control/users {"name", "real_name"?, "email"?, "team_id"?, "phone"?, …}`: somebody new in a workspace.

    Without `email` Slack knows no address of her. The booleans of `change_user` can be given too.
    """
    world = request.app[SIMULATOR].world
    body = await json_body(request, "name")
    _check(body, {"name": str, "real_name": str, "email": str, "team_id": str, "phone": str})
    team_id = body.get("team_id", seed.ACME)
    if team_id not in world.workspaces:
        raise SlackError("team_not_found")
    if not HANDLE.fullmatch(body["name"]):
        raise SlackError("invalid_arguments", ["[ERROR] name is up to 21 of a-z, 0-9, dot, hyphen, underscore"])
    if world.user_named(team_id, body["name"]) is not None:
        raise SlackError("name_taken")
    described = {"real_name": body["name"], "email": "", **body, "team_id": team_id}
    user = User(id=world.new_id("U"), **described)
    world.users[user.id] = user
    return web.json_response(asdict(user))


async def change_user(request: web.Request) -> web.Response:
    """`POST /control/users/{id}`: change what is true of a person, such as `is_restricted`, or her `phone`."""
    world = request.app[SIMULATOR].world
    user = world.person(request.match_info["id"])
    body = await json_body(request)
    _check(body, {"phone": str})
    world.users[user.id] = replace(user, **body)
    return web.json_response(asdict(world.users[user.id]))


def _check(body: Json, texts: dict[str, type]) -> None:
    kinds = {**dict.fromkeys(FLAGS, bool), **texts}
    if body.keys() - kinds or not all(isinstance(value, kinds[name]) for name, value in body.items()):
        known = f"texts: {', '.join(sorted(texts))}; booleans: {', '.join(sorted(FLAGS))}"
        raise SlackError("invalid_arguments", [f"[ERROR] {known}"])
