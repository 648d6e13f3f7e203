"""The control API: how a test or the page plays the people, moves the clock and sets faults. Loopback only."""

import json
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from simulators.zoom import scheduling, views
from simulators.zoom.config import ZoomApp
from simulators.zoom.errors import ControlError
from simulators.zoom.fields import BOOLEAN, Field, problems
from simulators.zoom.life import RECORDING_CHANGES
from simulators.zoom.pages import MAX_NAME
from simulators.zoom.simulation import SIMULATION, Simulation
from simulators.zoom.world import Meeting, User

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_CLOCK_FIELDS = {
    "advance_seconds": Field(kind="integer", minimum=0, maximum=400 * 86_400),
    "speed": Field(kind="integer", minimum=1, maximum=3_600),
}
USER_ID = Field(kind="string", minimum=1, maximum=64)
_NAME = Field(kind="string", minimum=1, maximum=MAX_NAME)


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


async def reset(request: web.Request) -> web.Response:
    """`POST /control/reset`: everything as at the start."""
    request.app[SIMULATION].reset()
    return done()


async def advance_clock(request: web.Request) -> web.Response:
    """`POST /control/clock {"advance_seconds"?, "speed"?}`: tokens age, webhook retries become due.

    `speed` is how many simulated seconds pass in each real one from now on.
    """
    simulation = request.app[SIMULATION]
    body = await body_of(request, _CLOCK_FIELDS)
    advance, speed = body.get("advance_seconds"), body.get("speed")
    if advance is None and speed is None:
        raise ControlError(400, "advance_seconds or speed: required")
    if isinstance(speed, int):
        simulation.clock.run(speed)
    if isinstance(advance, int):
        simulation.clock.advance(advance)
    simulation.outbox.send_due()
    return web.json_response({"now": simulation.clock.now(), "speed": simulation.clock.speed})


async def list_meetings(request: web.Request) -> web.Response:
    """`GET /control/meetings`."""
    return web.json_response({"meetings": views.meetings(request.app[SIMULATION])})


async def schedule_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings {"zoom_user_id", "topic"?}`: a person schedules a meeting in Zoom itself, for now."""
    simulation = request.app[SIMULATION]
    body = await body_of(request, {"zoom_user_id": USER_ID, "topic": Field(kind="string", maximum=200)})
    host = user_of(simulation, str(body.get("zoom_user_id", "")))
    if not host.may_host:
        raise ControlError(409, f"{host.display_name} has no meetings")
    wanted = {name: value for name, value in body.items() if name == "topic"}
    meeting = scheduling.create(simulation.world, simulation.ids, simulation.clock, host, wanted)
    return web.json_response(views.meeting_view(simulation, meeting), status=201)


async def start_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/start {"host_joins"?: true}`."""
    simulation = request.app[SIMULATION]
    body = await body_of(request, {"host_joins": BOOLEAN})
    meeting = _meeting(request)
    simulation.life.start(meeting, host_joins=bool(body.get("host_joins", True)))
    return web.json_response(views.meeting_view(simulation, meeting))


async def join_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/join {"name", "email"?, "zoom_user_id"?, "participant_uuid"?, "start"?: true}`.

    Starts the meeting when it was not running, the host not yet in it. An e-mail address of the account signs in.
    """
    fields = {
        "name": _NAME,
        "email": Field(kind="string", maximum=254),
        "zoom_user_id": USER_ID,
        "participant_uuid": USER_ID,
        "start": BOOLEAN,
    }
    simulation = request.app[SIMULATION]
    body = await body_of(request, fields)
    meeting = _meeting(request)
    user = simulation.world.user_by_email(str(body.get("email", "")))
    if "zoom_user_id" in body:
        user = user_of(simulation, str(body["zoom_user_id"]))
    name = str(body.get("name") or (user.display_name if user else ""))
    if not name:
        raise ControlError(400, "name: required")
    if not body.get("start", True) and meeting.room_id not in simulation.world.running:
        raise ControlError(409, "the meeting is not running")
    instance = simulation.life.instance_for_join(meeting)
    given_uuid = str(body["participant_uuid"]) if "participant_uuid" in body else None
    person = simulation.life.join(instance, name, user=user, participant_uuid=given_uuid)
    return web.json_response(views.participant_view(person))


async def leave_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/leave {"user_id"}`."""
    simulation = request.app[SIMULATION]
    body = await body_of(request, {"user_id": USER_ID})
    instance = simulation.world.running.get(_meeting(request).room_id)
    if instance is None:
        raise ControlError(409, "the meeting is not running")
    person = simulation.life.leave(instance, str(body.get("user_id", "")))
    return web.json_response(views.participant_view(person))


async def end_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/end`: for everybody."""
    simulation = request.app[SIMULATION]
    meeting = _meeting(request)
    instance = simulation.world.running.get(meeting.room_id)
    if instance is None:
        raise ControlError(409, "the meeting is not running")
    simulation.life.end(instance)
    return web.json_response(views.meeting_view(simulation, meeting))


async def record_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/recording {"action"?, "share_url"?, "password"?}`.

    Actions: "start", "stop", "finish", and "trash", "recover", "delete", "rename" for one that is finished. Without an
    action the recording of the running, else of the last, instance is finished; a second time it gets further files.
    """
    fields = {
        "action": Field(kind="string", choices=("start", "stop", "finish", *RECORDING_CHANGES)),
        "share_url": Field(kind="string", maximum=2000, pattern="https?://.+"),
        "password": Field(kind="string", maximum=64),
    }
    simulation = request.app[SIMULATION]
    body = await body_of(request, fields)
    meeting = _meeting(request)
    instance = simulation.world.latest_instance(meeting.id)
    if instance is None:
        raise ControlError(409, "the meeting never took place")
    action = body.get("action", "finish")
    if action == "start":
        simulation.life.start_recording(instance)
    elif action == "stop":
        simulation.life.stop_recording(instance)
    elif action in RECORDING_CHANGES:
        simulation.life.change_recording(instance, action)
    else:
        share_url, password = (
            None if body.get(name) is None else str(body[name]) for name in ("share_url", "password")
        )
        simulation.life.finish_recording(instance, share_url=share_url, password=password)
    return web.json_response(views.instance_view(instance))


def app_of(simulation: Simulation, body: Mapping[str, object]) -> ZoomApp:
    """The app that the body names, the user-managed one by default. Raises ControlError 400."""
    app = simulation.registry.by_level(str(body.get("app", "user")))
    if app is None:
        raise ControlError(400, 'app: "user" or "account"')
    return app


def _meeting(request: web.Request) -> Meeting:
    meeting = request.app[SIMULATION].world.meetings.get(int(request.match_info["id"]))
    if meeting is None or meeting.deleted:
        raise ControlError(404, "no such meeting")
    return meeting


def user_of(simulation: Simulation, user_id: str) -> User:
    """The person with this id. Raises ControlError 404."""
    user = simulation.world.users.get(user_id)
    if user is None:
        raise ControlError(404, "no such Zoom user")
    return user


def done() -> web.Response:
    """The answer that says no more than that it was done."""
    return web.json_response({"ok": True})
