"""calls.*: what Slack knows of calls that happen elsewhere. Cards in messages are drawn from this state."""

from __future__ import annotations

from typing import Any

from simulators.slack.checks import Checker
from simulators.slack.errors import SlackError
from simulators.slack.model import Call, Json, Token
from simulators.slack.simulator import Simulator
from simulators.slack.world import World

EARLIEST_START = 1_000_000_000
LATEST_START = 10_000_000_000
"""Bounds of a start in epoch *seconds*; milliseconds lie far beyond."""
MAX_USERS = 1000
USER_FIELDS = ("slack_id", "external_id", "display_name", "avatar_url")


def add(sim: Simulator, caller: Token, args: Json) -> Json:
    """calls.add. The vendor does not say what a repeated `external_unique_id` does: see `duplicate_external_id`."""
    world = sim.world
    created_by = args.get("created_by", caller.user_id if caller.kind == "user" else None)
    if world.user_in(caller.tenant_id, created_by) is None:
        raise SlackError("invalid_created_by")
    date_start = args.get("date_start", int(world.clock.now()))
    if not EARLIEST_START <= date_start < LATEST_START:
        raise SlackError("invalid_start_time")
    _check_urls(args)
    users = _users(world, caller.tenant_id, args["users"], naming=True) if "users" in args else []
    _refuse_repeats([], users)
    external_id = args["external_unique_id"]
    known = next((call for call in world.calls.values() if call.external_unique_id == external_id), None)
    if known is not None:
        if sim.config.duplicate_external_id == "same" and known.tenant_id == caller.tenant_id:
            return _answer(known)
        raise SlackError("invalid_arguments", ["[ERROR] already in use [json-pointer:/external_unique_id]"])
    call = Call(
        id=world.new_id("R"),
        tenant_id=caller.tenant_id,
        external_unique_id=external_id,
        join_url=args["join_url"],
        date_start=date_start,
        created_by=str(created_by),
        title=args.get("title"),
        external_display_id=args.get("external_display_id"),
        desktop_app_join_url=args.get("desktop_app_join_url"),
        users=users,
    )
    world.calls[call.id] = call
    return _answer(call)


def update(sim: Simulator, caller: Token, args: Json) -> Json:
    """calls.update: title and addresses; an update of nothing is refused."""
    call = _call(sim.world, caller, args["id"])
    changes = {name: value for name, value in args.items() if name != "id"}
    if not changes:
        raise SlackError("invalid_arguments", ["[ERROR] nothing to update"])
    _check_urls(changes)
    for name, value in changes.items():
        setattr(call, name, value)
    return _answer(call)


def end(sim: Simulator, caller: Token, args: Json) -> Json:
    """calls.end: once; without `duration` (seconds) the call ends now."""
    call = _active(sim.world, caller, args["id"])
    duration = args.get("duration")
    call.date_end = int(sim.world.clock.now()) if duration is None else call.date_start + duration
    return _answer(call)


def info(sim: Simulator, caller: Token, args: Json) -> Json:
    """calls.info."""
    return _answer(_call(sim.world, caller, args["id"]))


def add_participants(sim: Simulator, caller: Token, args: Json) -> Json:
    """calls.participants.add. One who is already in refuses the whole request; nothing is applied."""
    call = _active(sim.world, caller, args["id"])
    users = _users(sim.world, caller.tenant_id, args["users"], naming=True)
    _refuse_repeats(call.users, users)
    call.users.extend(users)
    return _answer(call)


def remove_participants(sim: Simulator, caller: Token, args: Json) -> Json:
    """calls.participants.remove. One who is not in refuses the whole request; nothing is applied."""
    call = _active(sim.world, caller, args["id"])
    users = _users(sim.world, caller.tenant_id, args["users"], naming=False)
    staying = list(call.users)
    for user in users:
        match = next((present for present in staying if _same(present, user)), None)
        if match is None:
            raise SlackError("bad_users")
        staying.remove(match)
    call.users = staying
    return _answer(call)


def _answer(call: Call) -> Json:
    return {"ok": True, "call": call.as_json()}


def _call(world: World, caller: Token, call_id: str) -> Call:
    call = world.calls.get(call_id)
    if call is None or call.tenant_id != caller.tenant_id:
        raise SlackError("invalid_call_id")
    return call


def _active(world: World, caller: Token, call_id: str) -> Call:
    call = _call(world, caller, call_id)
    if call.date_end is not None:
        raise SlackError("inactive_call")
    return call


def _users(world: World, tenant_id: str, users: list[Any], *, naming: bool) -> list[Json]:
    """Check a `users` array; `naming`: somebody known only by `external_id` needs a `display_name`.

    An empty array is refused: Slack does not document what it does.
    """
    checker = Checker()
    for n, user in enumerate(checker.array(users, "/users", most=MAX_USERS)):
        pointer = f"/users/{n}"
        if not checker.object(user, pointer, optional=USER_FIELDS):
            continue
        for name in user.keys() & set(USER_FIELDS):
            checker.string(user[name], f"{pointer}/{name}", most=3000)
        if "slack_id" not in user and "external_id" not in user:
            checker.fault(pointer, "missing required field: slack_id or external_id")
        if naming and "slack_id" not in user and "display_name" not in user:
            checker.fault(pointer, "missing required field: display_name")
    if checker.messages:
        raise SlackError("invalid_arguments", checker.messages)
    if any("slack_id" in user and world.user_in(tenant_id, user["slack_id"]) is None for user in users):
        raise SlackError("user_not_found")
    return [dict(user) for user in users]


def _same(one: Json, other: Json) -> bool:
    return any(name in one and one[name] == other.get(name) for name in ("slack_id", "external_id"))


def _refuse_repeats(present: list[Json], joining: list[Json]) -> None:
    seen = list(present)
    for user in joining:
        if any(_same(user, other) for other in seen):
            raise SlackError("bad_users")
        seen.append(user)


def _check_urls(args: Json) -> None:
    checker = Checker()
    if "join_url" in args:
        checker.url(args["join_url"], "/join_url")
    if "desktop_app_join_url" in args:
        checker.url(args["desktop_app_join_url"], "/desktop_app_join_url", schemes=())
    if checker.messages:
        raise SlackError("invalid_arguments", checker.messages)
