"""The control API: what only a test may do. JSON, loopback clients only, bodies up to 64 KiB."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, fields, replace

from aiohttp import web

from simulators.slack import control_installs, events, screen, seed
from simulators.slack.errors import SlackError
from simulators.slack.guard import json_body
from simulators.slack.model import Channel
from simulators.slack.simulator import SIMULATOR

MAX_COPIES = 50
MAX_MEMBERS = 100
MAX_IDLE_SECONDS = 30.0
_ID_PREFIXES = {"public": "C", "private": "C", "mpim": "C", "im": "D"}


def routes() -> list[web.RouteDef]:
    """Return the routes below `/control`."""
    return [
        *screen.routes("/control"),
        web.post("/control/reset", reset),
        web.post("/control/users/{id}", change_user),
        *control_installs.routes(),
        web.post("/control/channels", add_channel),
        web.post("/control/channels/{id}/rename", rename),
        web.post("/control/invite", invite),
        web.post("/control/kick", kick),
        web.get("/control/calls", calls),
        web.get("/control/requests", requests),
        web.delete("/control/requests", forget_requests),
        web.get("/control/deliveries", deliveries),
        web.delete("/control/deliveries", forget_deliveries),
        web.get("/control/deliveries/idle", idle),
        web.get("/control/faults", faults),
        web.post("/control/faults", add_fault),
        web.delete("/control/faults", clear_faults),
        web.post("/control/events", send_event),
        web.post("/control/url_verification", verify_url),
        web.post("/control/clock", move_clock),
    ]


async def reset(request: web.Request) -> web.Response:
    """`POST /control/reset`: back to the state at start."""
    request.app[SIMULATOR].reset()
    return web.json_response({"ok": True})


async def change_user(request: web.Request) -> web.Response:
    """`POST /control/users/{id}`: change what is true of a person, such as `is_restricted`, or her `phone`."""
    world = request.app[SIMULATOR].world
    user = world.person(request.match_info["id"])
    body = await json_body(request)
    flags = {field.name for field in fields(user) if isinstance(getattr(user, field.name), bool)}
    kinds = {**dict.fromkeys(flags, bool), "phone": str}
    if body.keys() - kinds or not all(isinstance(value, kinds[name]) for name, value in body.items()):
        raise SlackError("invalid_arguments", [f"[ERROR] `phone`, and booleans: {', '.join(sorted(flags))}"])
    world.users[user.id] = replace(user, **body)
    return web.json_response(asdict(world.users[user.id]))


async def add_channel(request: web.Request) -> web.Response:
    """`POST /control/channels {"kind", "members", "name"?}`: make a conversation of people of one workspace.

    `kind` is `public`, `private`, `mpim` or `im`. The app is no member.
    """
    world = request.app[SIMULATOR].world
    body = await json_body(request, "kind", "members")
    kind, members = body["kind"], body["members"]
    if kind not in _ID_PREFIXES or not isinstance(members, list) or not 1 <= len(members) <= MAX_MEMBERS:
        raise SlackError("invalid_arguments")
    people = [world.person(str(member)) for member in members]
    channel_id = world.new_id(_ID_PREFIXES[kind])
    name = str(body.get("name", channel_id.lower()))[:80]
    channel = Channel(channel_id, people[0].team_id, name, kind, [user.id for user in people])
    world.channels[channel.id] = channel
    return web.json_response(screen.channel_json(channel))


async def rename(request: web.Request) -> web.Response:
    """`POST /control/channels/{id}/rename {}`: give a private channel the id that it gets when it is shared.

    The old id is nobody's from then on, and the app is told (Slack, `channel_id_changed`).
    """
    sim = request.app[SIMULATOR]
    channel = sim.world.channels.get(request.match_info["id"])
    if channel is None or channel.kind != "private":
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
    channel = sim.world.channels.get(str(body["channel_id"]))
    if channel is None:
        raise SlackError("channel_not_found")
    await events.change_membership(sim, channel, member=member, by=str(body.get("user_id", channel.members[0])))
    return web.json_response({"ok": True})


async def calls(request: web.Request) -> web.Response:
    """`GET /control/calls`: every call, oldest first."""
    known = request.app[SIMULATOR].world.calls.values()
    return web.json_response({"calls": [{"team_id": call.tenant_id, **call.as_card()} for call in known]})


async def requests(request: web.Request) -> web.Response:
    """`GET /control/requests[?method=…]`: every request that the app made, oldest first."""
    wanted = {"method": request.query["method"]} if "method" in request.query else {}
    return web.json_response({"requests": request.app[SIMULATOR].requests.entries(**wanted)})


async def forget_requests(request: web.Request) -> web.Response:
    """`DELETE /control/requests`."""
    request.app[SIMULATOR].requests.clear()
    return web.json_response({"ok": True})


async def deliveries(request: web.Request) -> web.Response:
    """`GET /control/deliveries[?about=…]`: every request that was sent to the app, oldest first."""
    wanted = {"about": request.query["about"]} if "about" in request.query else {}
    return web.json_response({"deliveries": request.app[SIMULATOR].deliveries.entries(**wanted)})


async def forget_deliveries(request: web.Request) -> web.Response:
    """`DELETE /control/deliveries`."""
    request.app[SIMULATOR].deliveries.clear()
    return web.json_response({"ok": True})


async def idle(request: web.Request) -> web.Response:
    """`GET /control/deliveries/idle[?timeout_seconds=5]`: wait until no retry is under way, else 504."""
    sim = request.app[SIMULATOR]
    try:
        seconds = min(float(request.query.get("timeout_seconds", "5")), MAX_IDLE_SECONDS)
    except ValueError:
        raise SlackError("invalid_arguments") from None
    if not sim.tasks:
        return web.json_response({"idle": True})
    _, pending = await asyncio.wait(set(sim.tasks), timeout=seconds)
    return web.json_response({"idle": not pending}, status=504 if pending else 200)


async def faults(request: web.Request) -> web.Response:
    """`GET /control/faults`: the faults still to come."""
    return web.json_response({"faults": request.app[SIMULATOR].faults.waiting()})


async def add_fault(request: web.Request) -> web.Response:
    """`POST /control/faults`: order a fault (see `faults.Fault`)."""
    return web.json_response(request.app[SIMULATOR].faults.add(await json_body(request)))


async def clear_faults(request: web.Request) -> web.Response:
    """`DELETE /control/faults`."""
    request.app[SIMULATOR].faults.clear()
    return web.json_response({"ok": True})


async def send_event(request: web.Request) -> web.Response:
    """`POST /control/events {"event", "team_id"?, "event_id"?, "event_time"?, "copies"?}`: send it.

    The answer comes after the first attempts. `event_time` is when it happened, for an event that comes late; `team_id`
    may also be an organisation's id.
    """
    sim = request.app[SIMULATOR]
    body = await json_body(request, "event")
    copies, event_time = body.get("copies", 1), body.get("event_time")
    if not isinstance(body["event"], dict) or not isinstance(copies, int) or not 1 <= copies <= MAX_COPIES:
        raise SlackError("invalid_arguments")
    if not isinstance(event_time, int | None):
        raise SlackError("invalid_arguments", ["[ERROR] event_time must be an integer"])
    team_id = str(body.get("team_id", seed.ACME))
    event = events.prepare(sim, team_id, body["event"], event_id=body.get("event_id"), event_time=event_time)
    return web.json_response({"event_id": event.event_id, "statuses": await events.deliver(sim, event, copies=copies)})


async def verify_url(request: web.Request) -> web.Response:
    """`POST /control/url_verification`: does the app answer Slack's challenge?"""
    return web.json_response({"ok": await events.verify_url(request.app[SIMULATOR])})


async def move_clock(request: web.Request) -> web.Response:
    """`POST /control/clock {"advance_seconds"}`: move the simulator's time; every lifetime follows."""
    sim = request.app[SIMULATOR]
    seconds = (await json_body(request, "advance_seconds"))["advance_seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 10 * 365 * 86_400:
        raise SlackError("invalid_arguments")
    sim.clock.advance(seconds)
    return web.json_response({"now": sim.clock.now()})
