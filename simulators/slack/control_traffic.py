"""The control API for traffic: what went over the wire, faults in answers and events, events by hand."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict

from aiohttp import web

from simulators.slack import delivery, events, exchange_log, seed
from simulators.slack.errors import SlackError
from simulators.slack.event_faults import MAX_COPIES
from simulators.slack.event_faults import event_faults as read_event_faults
from simulators.slack.faults import RESPONSE_URL
from simulators.slack.guard import json_body
from simulators.slack.model import Json
from simulators.slack.simulator import SIMULATOR, Simulator
from simulators.slack.webapi import METHODS, OAUTH_ACCESS

MAX_IDLE_SECONDS = 30.0
MAX_LOG = 500
MAX_SEQ = 10**15


def routes() -> list[web.RouteDef]:
    """Return the routes below `/control`."""
    return [
        web.get("/control/log", log),
        web.get("/control/log/{seq}", fixture),
        web.delete("/control/log", forget_log),
        web.get("/control/requests", requests),
        web.delete("/control/requests", forget_requests),
        web.get("/control/deliveries", deliveries),
        web.delete("/control/deliveries", forget_deliveries),
        web.get("/control/deliveries/idle", idle),
        web.get("/control/faults", faults),
        web.post("/control/faults", add_fault),
        web.delete("/control/faults", clear_faults),
        web.delete("/control/faults/{id}", clear_fault),
        web.get("/control/events/faults", event_faults),
        web.post("/control/events/faults", set_event_faults),
        web.post("/control/events/release", release_events),
        web.post("/control/events", send_event),
        web.post("/control/url_verification", verify_url),
    ]


async def log(request: web.Request) -> web.Response:
    """`GET /control/log[?contains=…&direction=…&limit=100&fixtures=1]`: the latest of both journals, newest first.

    `contains` is looked for in all that an entry says; `direction` is `from_app` or `to_app`. `more` tells whether
    there are older ones, `forgotten` how many had to make room for newer ones.
    """
    sim, query = request.app[SIMULATOR], request.query
    limit, direction, fixtures = query.get("limit", "100"), query.get("direction", ""), query.get("fixtures", "0")
    if (
        not _is_number_to(MAX_LOG, limit)
        or direction not in ("", *exchange_log.DIRECTIONS)
        or fixtures not in ("0", "1")
    ):
        problem = f"limit is 1 to {MAX_LOG}; direction is from_app or to_app; fixtures is 0 or 1"
        raise SlackError("invalid_arguments", [f"[ERROR] {problem}"])
    found = exchange_log.latest(sim, int(limit) + 1, contains=query.get("contains", ""), direction=direction)
    shown = found[: int(limit)]
    entries = [entry.summary() | ({"fixture": entry.fixture()} if fixtures == "1" else {}) for entry in shown]
    forgotten = sim.requests.forgotten + sim.deliveries.forgotten
    told = {"entries": entries, "more": len(found) > len(shown), "forgotten": forgotten, "run": sim.run_id}
    return web.json_response(told)


async def fixture(request: web.Request) -> web.Response:
    """`GET /control/log/{seq}`: one entry of the log as a test fixture."""
    seq = request.match_info["seq"]
    entry = exchange_log.entry(request.app[SIMULATOR], int(seq)) if _is_number_to(MAX_SEQ, seq) else None
    if entry is None:
        raise SlackError("entry_not_found", ["[ERROR] it is forgotten, or never was"])
    return web.json_response(entry.fixture())


async def forget_log(request: web.Request) -> web.Response:
    """`DELETE /control/log`: forget both journals."""
    sim = request.app[SIMULATOR]
    sim.requests.clear()
    sim.deliveries.clear()
    return web.json_response({"ok": True})


async def requests(request: web.Request) -> web.Response:
    """`GET /control/requests[?method=…]`: every request that the app made, oldest first."""
    journal = request.app[SIMULATOR].requests
    return web.json_response({"requests": journal.listed(request.query.get("method")), "forgotten": journal.forgotten})


async def forget_requests(request: web.Request) -> web.Response:
    """`DELETE /control/requests`."""
    request.app[SIMULATOR].requests.clear()
    return web.json_response({"ok": True})


async def deliveries(request: web.Request) -> web.Response:
    """`GET /control/deliveries[?about=…]`: every request that was sent to the app, oldest first."""
    journal = request.app[SIMULATOR].deliveries
    return web.json_response({"deliveries": journal.listed(request.query.get("about")), "forgotten": journal.forgotten})


async def forget_deliveries(request: web.Request) -> web.Response:
    """`DELETE /control/deliveries`."""
    request.app[SIMULATOR].deliveries.clear()
    return web.json_response({"ok": True})


async def idle(request: web.Request) -> web.Response:
    """`GET /control/deliveries/idle[?timeout_seconds=5]`: wait until no retry or late event is left, else 504."""
    sim = request.app[SIMULATOR]
    try:
        seconds = float(request.query.get("timeout_seconds", "5"))
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= MAX_IDLE_SECONDS:
        raise SlackError("invalid_arguments", [f"[ERROR] timeout_seconds is 0 to {MAX_IDLE_SECONDS:g}"])
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while sim.tasks:  # what ends may have begun something else: a late event its retries
                await asyncio.wait(set(sim.tasks))
    return web.json_response({"idle": not sim.tasks}, status=504 if sim.tasks else 200)


async def faults(request: web.Request) -> web.Response:
    """`GET /control/faults`: the faults still to come, and the `methods` that they can strike."""
    known = [*METHODS, OAUTH_ACCESS, RESPONSE_URL]
    return web.json_response({"faults": request.app[SIMULATOR].faults.waiting(), "methods": sorted(known)})


async def add_fault(request: web.Request) -> web.Response:
    """`POST /control/faults`: order a fault (see `faults.Fault`)."""
    return web.json_response(request.app[SIMULATOR].faults.add(await json_body(request)))


async def clear_faults(request: web.Request) -> web.Response:
    """`DELETE /control/faults`."""
    request.app[SIMULATOR].faults.clear()
    return web.json_response({"ok": True})


async def clear_fault(request: web.Request) -> web.Response:
    """`DELETE /control/faults/{id}`: call one off."""
    request.app[SIMULATOR].faults.remove(request.match_info["id"])
    return web.json_response({"ok": True})


async def event_faults(request: web.Request) -> web.Response:
    """`GET /control/events/faults`: what happens to events now, and how many are `held`."""
    return web.json_response(_event_faults(request.app[SIMULATOR]))


async def set_event_faults(request: web.Request) -> web.Response:
    """`POST /control/events/faults`: see `event_faults.EventFaults`; what is not named goes back to kind."""
    sim = request.app[SIMULATOR]
    sim.event_faults = read_event_faults(await json_body(request))
    return web.json_response(_event_faults(sim))


async def release_events(request: web.Request) -> web.Response:
    """`POST /control/events/release`: send what is held; `released` names it in the order in which it was sent."""
    return web.json_response({"released": await delivery.release(request.app[SIMULATOR])})


async def send_event(request: web.Request) -> web.Response:
    """`POST /control/events {"event", "team_id"?, "event_id"?, "event_time"?, "copies"?}`: send it.

    It is sent even if the app did not subscribe to it, and whatever faults are ordered for events. The answer comes
    after the first attempts. `event_time` is when it happened, for an event that comes late; `team_id`
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
    event = delivery.prepare(sim, team_id, body["event"], event_id=body.get("event_id"), event_time=event_time)
    return web.json_response(
        {"event_id": event.event_id, "statuses": await delivery.deliver(sim, event, copies=copies)}
    )


async def verify_url(request: web.Request) -> web.Response:
    """`POST /control/url_verification`: does the app answer Slack's challenge?"""
    return web.json_response({"ok": await events.verify_url(request.app[SIMULATOR])})


def _is_number_to(most: int, text: str) -> bool:
    """Tell whether a text is a number from 1 to `most`. Python reads no number of thousands of digits."""
    return len(text) <= len(str(most)) and text.isascii() and text.isdecimal() and 1 <= int(text) <= most


def _event_faults(sim: Simulator) -> Json:
    return {**asdict(sim.event_faults), "held": [event.about for event in sim.held_events]}
