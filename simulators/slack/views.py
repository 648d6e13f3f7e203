"""views.*: modals and the Home tab."""

from __future__ import annotations

import json
import secrets
from typing import Any

from simulators.slack.blocks import Surface, check_blocks
from simulators.slack.checks import Checker
from simulators.slack.errors import SlackError
from simulators.slack.model import Json, Token, View
from simulators.slack.simulator import Simulator
from simulators.slack.world import World, with_ids

MAX_VIEW_BYTES = 250_000
OPTIONAL = ("private_metadata", "callback_id", "external_id", "clear_on_close", "notify_on_close")
OPTIONAL_IN_MODAL = ("submit", "close", "submit_disabled")


def open_view(sim: Simulator, caller: Token, args: Json) -> Json:
    """views.open: one modal for one trigger, within 3 seconds of what the person did."""
    world = sim.world
    if "trigger_id" not in args:
        raise SlackError("invalid_arguments", ["[ERROR] missing required field: trigger_id"])
    body = checked(args["view"], "modal")
    trigger = world.triggers.get(args["trigger_id"])
    if trigger is None or trigger.team_id not in world.teams_of(caller.tenant_id):
        raise SlackError("invalid_trigger_id")
    world.accessible(caller, [trigger.team_id])
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    if world.clock.now() > trigger.expires_at:
        raise SlackError("expired_trigger_id")
    trigger.used = True
    view = _new(world, trigger.team_id, trigger.user_id, body)
    world.modals[trigger.user_id] = view
    return {"ok": True, "view": as_json(sim, view)}


def publish(sim: Simulator, caller: Token, args: Json) -> Json:
    """views.publish: replace a person's Home tab."""
    world = sim.world
    user = world.user_in(caller.tenant_id, args["user_id"])
    if user is None:
        raise SlackError("invalid_arguments", ["[ERROR] invalid `user_id`"])
    team_id = world.accessible(caller, user.team_ids)
    body = checked(args["view"], "home")
    current = world.homes.get(user.id)
    if "hash" in args and (current is None or args["hash"] != current.hash):
        raise SlackError("hash_conflict")
    view = _new(world, team_id, user.id, body)
    if current is not None:
        view.id = current.id
    world.homes[user.id] = view
    return {"ok": True, "view": as_json(sim, view)}


def as_json(sim: Simulator, view: View) -> Json:
    """Return the `view` object of answers, interactions and `app_home_opened`."""
    installation = sim.world.installation_in(view.team_id)
    return {
        **view.body,
        "id": view.id,
        "team_id": view.team_id,
        "app_id": sim.config.app_id,
        "app_installed_team_id": installation.tenant_id if installation else view.team_id,
        "bot_id": installation.bot_id if installation else None,
        "hash": view.hash,
        "root_view_id": view.id,
        "previous_view_id": None,
        "state": {"values": {}},
    }


def _new(world: World, team_id: str, user_id: str, body: Json) -> View:
    return View(world.new_id("V"), team_id, user_id, {**body, "blocks": with_ids(body["blocks"])}, new_hash(world))


def new_hash(world: World) -> str:
    """Return what tells one state of a view from the next."""
    return f"{int(world.clock.now())}.{secrets.token_hex(4)}"


def checked(view: Any, surface: Surface) -> Json:
    """Return a view that keeps Slack's rules. Raises SlackError `invalid_arguments`, `view_too_large`."""
    checker = Checker()
    required = ("type", "blocks", "title") if surface == "modal" else ("type", "blocks")
    optional = (*OPTIONAL, *(OPTIONAL_IN_MODAL if surface == "modal" else ()))
    if checker.object(view, "/view", required=required, optional=optional):
        checker.one_of(view["type"], "/view/type", (surface,))
        for name in {"title", "submit", "close"} & view.keys():
            checker.text(view[name], f"/view/{name}", most=24, plain=True)
        for name, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
            if name in view:
                checker.string(view[name], f"/view/{name}", most=most, least=0)
        checker.messages += check_blocks(view["blocks"], surface, lambda _: False, pointer="/view/blocks")
        blocks = view["blocks"] if isinstance(view["blocks"], list) else []
        has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if surface == "modal" and has_input and "submit" not in view:
            checker.fault("/view", "missing required field: submit")
    if checker.messages:
        raise SlackError("invalid_arguments", checker.messages)
    if len(json.dumps(view)) > MAX_VIEW_BYTES:
        raise SlackError("view_too_large")
    return dict(view)
