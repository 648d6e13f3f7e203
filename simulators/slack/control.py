"""The control API: what only a test may do. JSON, loopback clients only, bodies up to 64 KiB."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulators.slack import control_channels, control_installs, control_people, control_traffic, screen
from simulators.slack.errors import SlackError
from simulators.slack.guard import json_body
from simulators.slack.simulator import SIMULATOR, Simulator

MOST_SECONDS = 10 * 365 * 86_400
SLOWEST, FASTEST = 0.1, 10_000


def routes() -> list[web.RouteDef]:
    """Return the routes below `/control`."""
    return [
        *screen.routes("/control"),
        web.post("/control/reset", reset),
        web.get("/control/clock", clock),
        web.post("/control/clock", set_clock),
        web.get("/control/calls", calls),
        *control_people.routes(),
        *control_channels.routes(),
        *control_installs.routes(),
        *control_traffic.routes(),
    ]


async def reset(request: web.Request) -> web.Response:
    """`POST /control/reset`: back to the state at start, except for the time."""
    request.app[SIMULATOR].reset()
    return web.json_response({"ok": True})


async def clock(request: web.Request) -> web.Response:
    """`GET /control/clock`: the simulator's time in epoch seconds, and how many times as fast as real time it runs."""
    return web.json_response(_clock(request.app[SIMULATOR]))


async def set_clock(request: web.Request) -> web.Response:
    """`POST /control/clock {"advance_seconds"?, "speed"?}`: move the simulator's time on, or let it run faster.

    Every lifetime follows.
    """
    sim = request.app[SIMULATOR]
    body = await json_body(request)
    seconds, speed = body.get("advance_seconds", 0), body.get("speed", sim.clock.speed)
    if not body or body.keys() - {"advance_seconds", "speed"}:
        raise SlackError("invalid_arguments", ["[ERROR] give advance_seconds, speed, or both"])
    if not _is_within(seconds, 0, MOST_SECONDS) or not _is_within(speed, SLOWEST, FASTEST):
        limits = f"advance_seconds is 0 to {MOST_SECONDS}, speed {SLOWEST} to {FASTEST}"
        raise SlackError("invalid_arguments", [f"[ERROR] {limits}"])
    sim.clock.run_at(speed)
    sim.clock.advance(seconds)
    return web.json_response(_clock(sim))


async def calls(request: web.Request) -> web.Response:
    """`GET /control/calls`: every call, oldest first."""
    known = request.app[SIMULATOR].world.calls.values()
    return web.json_response({"calls": [{"team_id": call.tenant_id, **call.as_card()} for call in known]})


def _clock(sim: Simulator) -> dict[str, float]:
    return {"now": sim.clock.now(), "speed": sim.clock.speed}


def _is_within(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
