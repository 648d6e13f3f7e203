"""The control API for traffic: faults, the journal of requests, and webhooks by hand."""

import asyncio
import base64
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256

from aiohttp import web

from simulators.zoom import events, log
from simulators.zoom.control import app_of, body_of
from simulators.zoom.deliveries import WebhookFaults
from simulators.zoom.errors import ControlError
from simulators.zoom.fields import BOOLEAN, OBJECT, Field
from simulators.zoom.simulation import SIMULATION

_MAX_WAIT_SECONDS = 60.0
_APP = Field(kind="string", choices=("user", "account"))
_WEBHOOK_FAULT_FIELDS = {
    "copies": Field(kind="integer", minimum=1, maximum=50),
    "drop_percent": Field(kind="number", minimum=0, maximum=100),
    "shuffle": BOOLEAN,
    "hold": BOOLEAN,
    "delay_seconds": Field(kind="number", minimum=0, maximum=7 * 86_400),
}
_SEND_FIELDS = {
    "event": OBJECT,
    "raw_base64": Field(kind="string", maximum=1_048_576),
    "app": _APP,
    "signature": Field(kind="string", choices=("good", "bad", "missing")),
    "timestamp": Field(kind="integer", minimum=0, maximum=2**40),
}


async def add_fault(request: web.Request) -> web.Response:
    """`POST /control/faults`."""
    fault = request.app[SIMULATION].faults.add(await body_of(request, {}))
    return web.json_response(fault.describe(), status=201)


async def list_faults(request: web.Request) -> web.Response:
    """`GET /control/faults`: those still to come."""
    return web.json_response({"faults": request.app[SIMULATION].faults.list()})


async def clear_faults(request: web.Request) -> web.Response:
    """`DELETE /control/faults`."""
    request.app[SIMULATION].faults.clear()
    return web.json_response({"ok": True})


async def list_requests(request: web.Request) -> web.Response:
    """`GET /control/requests[?path=glob]`: REST and OAuth requests, secrets masked."""
    return web.json_response({"requests": request.app[SIMULATION].journal.list(request.query.get("path", "*"))})


async def clear_requests(request: web.Request) -> web.Response:
    """`DELETE /control/requests`."""
    request.app[SIMULATION].journal.clear()
    return web.json_response({"ok": True})


async def list_log(request: web.Request) -> web.Response:
    """`GET /control/log[?direction=from_app|to_app&contains=text&limit=100]`: both, newest first, with fixtures."""
    wanted, limit = request.query.get("direction", ""), request.query.get("limit", "100")
    if wanted not in {"", *log.DIRECTIONS}:
        raise ControlError(400, f"direction: {' or '.join(log.DIRECTIONS)}")
    if not re.fullmatch("[0-9]{1,3}", limit) or not 1 <= int(limit) <= log.MAX_SHOWN:
        raise ControlError(400, f"limit: 1 to {log.MAX_SHOWN}")
    contains = request.query.get("contains", "")
    found = log.entries(request.app[SIMULATION], direction=wanted, contains=contains, limit=int(limit))
    return web.json_response({"entries": found})


async def clear_log(request: web.Request) -> web.Response:
    """`DELETE /control/log`: forget requests and deliveries. What is on its way, goes on."""
    simulation = request.app[SIMULATION]
    simulation.journal.clear()
    simulation.outbox.forget()
    return web.json_response({"ok": True})


async def list_webhooks(request: web.Request) -> web.Response:
    """`GET /control/webhooks`: every delivery and its attempts."""
    outbox = request.app[SIMULATION].outbox
    return web.json_response({"deliveries": outbox.log(), **outbox.counts()})


async def set_webhook_faults(request: web.Request) -> web.Response:
    """`POST /control/webhooks/faults`: what is not named goes back to kind."""
    body = await body_of(request, _WEBHOOK_FAULT_FIELDS)
    faults = WebhookFaults(**body)  # type: ignore[arg-type]  # checked above
    request.app[SIMULATION].outbox.faults = faults
    return web.json_response(asdict(faults))


async def release_webhooks(request: web.Request) -> web.Response:
    """`POST /control/webhooks/release`: send what was held and wait until all were answered."""
    released = await request.app[SIMULATION].outbox.release()
    return web.json_response({"released": released})


async def webhooks_idle(request: web.Request) -> web.Response:
    """`GET /control/webhooks/idle?timeout_seconds=5`: 200 when nothing is on its way, else 504."""
    try:
        seconds = float(request.query.get("timeout_seconds", "5"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _MAX_WAIT_SECONDS:
        raise ControlError(400, f"timeout_seconds: 0 to {_MAX_WAIT_SECONDS:.0f}")
    outbox = request.app[SIMULATION].outbox
    try:
        async with asyncio.timeout(seconds):
            await outbox.idle()
    except TimeoutError:
        return web.json_response(outbox.counts(), status=504)
    return web.json_response(outbox.counts())


async def send_webhook(request: web.Request) -> web.Response:
    """`POST /control/webhooks/send`: any event or bytes, once, signed well, badly or not at all.

    Answers with the status (null when there was no answer) and body that came back.
    """
    simulation = request.app[SIMULATION]
    body = await body_of(request, _SEND_FIELDS)
    timestamp = body.get("timestamp")
    attempt = await simulation.outbox.send_raw(
        app_of(simulation, body),
        _bytes_to_send(body),
        signature=str(body.get("signature", "good")),
        timestamp=timestamp if isinstance(timestamp, int) else None,
    )
    text = attempt.body.decode(errors="replace")
    return web.json_response({"status": attempt.status, "body": text, "error": attempt.error})


async def validate_endpoint(request: web.Request) -> web.Response:
    """`POST /control/webhooks/validate {"app"?}`: Zoom's check of the endpoint; `problem` is null when it passed."""
    simulation = request.app[SIMULATION]
    app = app_of(simulation, await body_of(request, {"app": _APP}))
    plain_token = secrets.token_urlsafe(16)
    body = events.encode(events.url_validation(plain_token, simulation.clock.now()))
    attempt = await simulation.outbox.send_raw(app, body, event="endpoint.url_validation")
    wanted = hmac.new(app.webhook_secret.encode(), plain_token.encode(), sha256).hexdigest()
    problem = attempt.error or _validation_problem(attempt.status, attempt.body, plain_token, wanted)
    return web.json_response({"ok": problem is None, "status": attempt.status, "problem": problem})


def _validation_problem(status: int | None, body: bytes, plain_token: str, wanted: str) -> str | None:
    if status != 200:
        return "the status has to be 200"
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return "the answer is not JSON"
    if not isinstance(answer, dict) or answer.get("plainToken") != plain_token:
        return "plainToken is missing or changed"
    if not hmac.compare_digest(str(answer.get("encryptedToken", "")).encode(), wanted.encode()):
        return "encryptedToken is wrong"
    return None


def _bytes_to_send(body: Mapping[str, object]) -> bytes:
    event, raw = body.get("event"), body.get("raw_base64")
    if isinstance(event, dict) and raw is None:
        return events.encode(event)
    if isinstance(raw, str) and event is None:
        try:
            return base64.b64decode(raw, validate=True)
        except ValueError:
            raise ControlError(400, "raw_base64: not base64") from None
    raise ControlError(400, "give either event or raw_base64")
