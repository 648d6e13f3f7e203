"""The control API: how a test or the page plays the people, moves the clock and sets faults. Loopback only."""

import json
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from simulators.zoom import views
from simulators.zoom.changes import send_to
from simulators.zoom.config import ZoomApp
from simulators.zoom.errors import ControlError
from simulators.zoom.fields import Field, problems
from simulators.zoom.simulation import SIMULATION, Simulation
from simulators.zoom.world import User

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_CLOCK_FIELDS = {
    "advance_seconds": Field(kind="number", minimum=0, maximum=10 * 365 * 86_400),
    "speed": Field(kind="number", minimum=0.1, maximum=10_000),
}
USER_ID = Field(kind="string", minimum=1, maximum=64)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in only this machine, and no web page of another site that its browser shows."""
    if not request.path.startswith("/control/"):
        return await handler(request)
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin.partition("://")[2] != request.host
    host = (request.url.host or "").strip("[]")
    if request.remote not in _LOOPBACK or host not in _LOOPBACK or foreign:
        return web.json_response({"error": "the control API answers on loopback only"}, status=403)
    try:
        return await handler(request)
    except ControlError as error:
        return web.json_response({"error": error.message}, status=error.status)


async def body_of(request: web.Request, fields: Mapping[str, Field]) -> dict[str, object]:
    """The JSON object in the body, checked; no body is an empty object. Raises ControlError 400, 415."""
    raw = await request.read()
    if not raw:
        return {}
    if request.content_type != "application/json":
        raise ControlError(415, "send application/json")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ControlError(400, "the body has to be a JSON object")
    if fields and (found := problems(body, fields)):
        raise ControlError(400, "; ".join(f"{name}: {text}" for name, text in found))
    return body


async def get_state(request: web.Request) -> web.Response:
    """`GET /control/state`."""
    return web.json_response(views.state(request.app[SIMULATION]))


async def stream(request: web.Request) -> web.StreamResponse:
    """`GET /control/stream`: server-sent events that say when to look at the state again."""
    return await send_to(request, request.app[SIMULATION].changes)


async def reset(request: web.Request) -> web.Response:
    """`POST /control/reset`: everything as at the start, but for the time, which never goes back."""
    request.app[SIMULATION].reset()
    return done()


async def get_clock(request: web.Request) -> web.Response:
    """`GET /control/clock`: the simulated time in Unix seconds, and how many of them pass in a real one."""
    clock = request.app[SIMULATION].clock
    return web.json_response({"now": clock.now(), "speed": clock.speed})


async def change_clock(request: web.Request) -> web.Response:
    """`POST /control/clock {"advance_seconds"?, "speed"?}`: tokens age, webhook retries become due.

    `speed` is how many simulated seconds pass in each real one from now on.
    """
    simulation = request.app[SIMULATION]
    body = await body_of(request, _CLOCK_FIELDS)
    advance, speed = body.get("advance_seconds"), body.get("speed")
    if advance is None and speed is None:
        raise ControlError(400, "advance_seconds or speed: required")
    if isinstance(speed, int | float):
        simulation.clock.run(speed)
    if isinstance(advance, int | float):
        simulation.clock.advance(advance)
    simulation.outbox.send_due()
    return await get_clock(request)


def app_of(simulation: Simulation, body: Mapping[str, object]) -> ZoomApp:
    """The app that the body names, the user-managed one by default. Raises ControlError 400."""
    app = simulation.registry.by_level(str(body.get("app", "user")))
    if app is None:
        raise ControlError(400, 'app: "user" or "account"')
    return app


def user_of(simulation: Simulation, user_id: str) -> User:
    """The person with this id. Raises ControlError 404."""
    user = simulation.world.users.get(user_id)
    if user is None:
        raise ControlError(404, "no such Zoom user")
    return user


def done() -> web.Response:
    """The answer that says no more than that it was done."""
    return web.json_response({"ok": True})
