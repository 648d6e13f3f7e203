"""The control API for meetings: schedule, move, delete, start, join, admit, leave, end, record and summarize."""

from aiohttp import web

from simulators.zoom import scheduling, views
from simulators.zoom.control import USER_ID, body_of, done, user_of
from simulators.zoom.errors import ControlError, ZoomError
from simulators.zoom.fields import BOOLEAN, Field
from simulators.zoom.life import RECORDING_CHANGES
from simulators.zoom.meeting_fields import PATCH_FIELDS
from simulators.zoom.pages import MAX_NAME
from simulators.zoom.simulation import SIMULATION
from simulators.zoom.summary_life import SUMMARY_CHANGES
from simulators.zoom.world import PERSONAL_ROOM, Instance, Meeting

_PLAN = {name: PATCH_FIELDS[name] for name in ("start_time", "duration")}
_NAME = Field(kind="string", minimum=1, maximum=MAX_NAME)


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


async def change_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id} {"waiting_room"?, "start_time"?, "duration"?}`: its host changes it in Zoom."""
    meeting = _meeting(request)
    body = await body_of(request, {"waiting_room": BOOLEAN, **_PLAN})
    planned: dict[str, object] = {name: value for name, value in body.items() if name in _PLAN}
    settings = {name: value for name, value in body.items() if name not in _PLAN}
    try:
        scheduling.check_patch(planned)
    except ZoomError:
        raise ControlError(400, "start_time: no such time") from None
    request.app[SIMULATION].planning.change(meeting, {**planned, "settings": settings}, meeting.host)
    return web.json_response(views.meeting_view(request.app[SIMULATION], meeting))


async def start_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/start {"host_joins"?: true}`."""
    simulation = request.app[SIMULATION]
    body = await body_of(request, {"host_joins": BOOLEAN})
    meeting = _meeting(request)
    simulation.life.start(meeting, host_joins=bool(body.get("host_joins", True)))
    return web.json_response(views.meeting_view(simulation, meeting))


async def join_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/join {"name", "email"?, "zoom_user_id"?, "participant_uuid"?, "start"?: true}`.

    Starts the meeting when it was not running, the host not yet in it, where others may join before her. An e-mail
    address of the account signs in. `waiting` in the answer tells who has to be admitted first.
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
    instance = simulation.life.instance_for_join(meeting, user)
    given_uuid = str(body["participant_uuid"]) if "participant_uuid" in body else None
    person = simulation.life.join(instance, name, user=user, participant_uuid=given_uuid)
    return web.json_response({**views.participant_view(person), "waiting": person in instance.waiting})


async def leave_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/leave {"user_id"}`: out of the meeting, or of its waiting room."""
    person = request.app[SIMULATION].life.leave(_running(request), await _user_id(request))
    return web.json_response(views.participant_view(person))


async def admit(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/admit {"user_id"}`: the host lets somebody in who waits."""
    person = request.app[SIMULATION].life.admit(_running(request), await _user_id(request))
    return web.json_response(views.participant_view(person))


async def refuse(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/refuse {"user_id"}`: the host removes somebody from the waiting room."""
    person = request.app[SIMULATION].life.refuse(_running(request), await _user_id(request))
    return web.json_response(views.participant_view(person))


async def end_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/end`: for everybody."""
    simulation = request.app[SIMULATION]
    simulation.life.end(_running(request))
    return web.json_response(views.meeting_view(simulation, _meeting(request)))


async def delete_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/delete`: its host deletes it in Zoom itself."""
    simulation = request.app[SIMULATION]
    meeting = _meeting(request)
    if meeting.type == PERSONAL_ROOM:
        raise ControlError(409, "a personal room cannot be deleted")
    simulation.planning.delete(meeting, meeting.host)
    return done()


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
    instance = _latest(request)
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


async def summarize_meeting(request: web.Request) -> web.Response:
    """`POST /control/meetings/{id}/summary {"action"?, "content"?, "emails"?}`: the AI summary of the last instance.

    "finish" (without an action) writes it, with `content` (Markdown) or with words of the simulator's own. Then come
    "edit" with `content`, "share" with `emails`, "trash", "recover" and "delete".
    """
    fields = {
        "action": Field(kind="string", choices=("finish", "edit", "share", *SUMMARY_CHANGES)),
        "content": Field(kind="string", minimum=1, maximum=20_000),
        "emails": Field(kind="array", minimum=1, maximum=50),
    }
    simulation = request.app[SIMULATION]
    body = await body_of(request, fields)
    instance = _latest(request)
    action, content = body.get("action", "finish"), body.get("content")
    if action == "finish":
        simulation.summaries.finish(instance, None if content is None else str(content))
    elif action == "edit":
        if content is None:
            raise ControlError(400, "content: required")
        simulation.summaries.edit(instance, str(content))
    elif action == "share":
        simulation.summaries.share(instance, _emails(body.get("emails")))
    elif action in SUMMARY_CHANGES:
        simulation.summaries.change(instance, action)
    return web.json_response(views.instance_view(instance))


def _meeting(request: web.Request) -> Meeting:
    meeting = request.app[SIMULATION].world.meetings.get(int(request.match_info["id"]))
    if meeting is None or meeting.deleted:
        raise ControlError(404, "no such meeting")
    return meeting


def _running(request: web.Request) -> Instance:
    instance = request.app[SIMULATION].world.running.get(_meeting(request).room_id)
    if instance is None:
        raise ControlError(409, "the meeting is not running")
    return instance


def _latest(request: web.Request) -> Instance:
    instance = request.app[SIMULATION].world.latest_instance(_meeting(request).id)
    if instance is None:
        raise ControlError(409, "the meeting never took place")
    return instance


async def _user_id(request: web.Request) -> str:
    return str((await body_of(request, {"user_id": USER_ID})).get("user_id", ""))


def _emails(given: object) -> list[str]:
    emails = [email for email in given if isinstance(email, str)] if isinstance(given, list) else []
    if not isinstance(given, list) or len(emails) != len(given) or not all("@" in email for email in emails):
        raise ControlError(400, "emails: a list of addresses")
    return emails
