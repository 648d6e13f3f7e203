"""The control API for phone calls: who dials, who calls from outside, and what the two then do."""

from collections.abc import Mapping

from aiohttp import web

from simulators.zoom import views
from simulators.zoom.control import USER_ID, body_of, user_of
from simulators.zoom.errors import ControlError
from simulators.zoom.fields import Field
from simulators.zoom.pages import MAX_NAME
from simulators.zoom.phone_history import CURRENT_FORMS, FORMS, HistoryForm
from simulators.zoom.phone_life import ENDINGS
from simulators.zoom.phone_world import CallSide, PhoneCall
from simulators.zoom.simulation import SIMULATION, Simulation

_OUTSIDE_NUMBER = r"\+[1-9][0-9]{6,14}"
_DIALLED = Field(kind="string", pattern=rf"{_OUTSIDE_NUMBER}|[0-9]{{1,15}}")
_DEVICES = Field(kind="integer", minimum=1, maximum=5)
_HISTORY = Field(kind="array", maximum=len(FORMS))
_SIDES: dict[str, CallSide] = {"caller": "caller", "callee": "callee"}
_SIDE = Field(kind="string", choices=tuple(_SIDES))


async def list_calls(request: web.Request) -> web.Response:
    """`GET /control/phone/calls`: all, the newest first."""
    return web.json_response({"calls": views.phone_calls(request.app[SIMULATION])})


async def dial(request: web.Request) -> web.Response:
    """`POST /control/phone/calls {"caller", "to", "devices"?}`: a person's client dials a number or an extension.

    `devices` is how many of a colleague's ring.
    """
    simulation = request.app[SIMULATION]
    body = await body_of(request, {"caller": USER_ID, "to": _DIALLED, "devices": _DEVICES})
    _require(body, "caller", "to")
    caller = user_of(simulation, str(body["caller"]))
    call = simulation.phone.dial(caller, str(body["to"]), devices=_devices(body))
    return web.json_response(views.phone_call_view(call), status=201)


async def call_in(request: web.Request) -> web.Response:
    """`POST /control/phone/calls/incoming {"from", "to", "name"?, "devices"?}`: somebody outside calls a person."""
    simulation = request.app[SIMULATION]
    fields = {
        "from": Field(kind="string", pattern=_OUTSIDE_NUMBER),
        "to": USER_ID,
        "name": Field(kind="string", maximum=MAX_NAME),
        "devices": _DEVICES,
    }
    body = await body_of(request, fields)
    _require(body, "from", "to")
    callee = user_of(simulation, str(body["to"]))
    name = str(body.get("name", ""))
    call = simulation.phone.call_in(str(body["from"]), name, callee, devices=_devices(body))
    return web.json_response(views.phone_call_view(call), status=201)


async def act(request: web.Request) -> web.Response:
    """`POST /control/phone/calls/{call_id}/{action}`: what somebody does in a call.

    "answer"; for an end "decline", "no-answer", "busy", "cancel", "voicemail" and "hang-up" `{"history"?}`; "transfer"
    `{"to", "by"?, "history"?}`, where `by` is "caller" or "callee". `history` names the forms in which the call history
    is sent of whoever is out of the call: "history", "element" (these two unless told otherwise) and "call_log".
    """
    simulation = request.app[SIMULATION]
    action = request.match_info["action"]
    call = _call(simulation, request.match_info["call_id"])
    if action == "answer":
        if await body_of(request, {}):
            raise ControlError(400, "answer: no fields")
        simulation.phone.answer(call)
    elif action == "transfer":
        body = await body_of(request, {"to": _DIALLED, "by": _SIDE, "history": _HISTORY})
        _require(body, "to")
        simulation.phone.put_through(call, str(body["to"]), _forms(body), side=_SIDES.get(str(body.get("by"))))
    elif action in ENDINGS:
        body = await body_of(request, {"history": _HISTORY})
        simulation.phone.end(call, action, _forms(body))
    else:
        raise ControlError(404, "no such action")
    return web.json_response(views.phone_call_view(call))


def _call(simulation: Simulation, call_id: str) -> PhoneCall:
    call = simulation.exchange.calls.get(call_id)
    if call is None:
        raise ControlError(404, "no such call")
    return call


def _require(body: Mapping[str, object], *names: str) -> None:
    missing = [name for name in names if name not in body]
    if missing:
        raise ControlError(400, f"{', '.join(missing)}: required")


def _devices(body: Mapping[str, object]) -> int:
    devices = body.get("devices", 1)
    return devices if isinstance(devices, int) else 1


def _forms(body: Mapping[str, object]) -> tuple[HistoryForm, ...]:
    wanted = body.get("history", CURRENT_FORMS)
    forms = tuple(form for form in FORMS if isinstance(wanted, list | tuple) and form in wanted)
    if not isinstance(wanted, list | tuple) or len(forms) != len(wanted):
        raise ControlError(400, f"history: a list of {', '.join(FORMS)}")
    return forms
