"""Around every REST and OAuth request: note it in the journal, and let the faults have their way."""

import asyncio
import base64
from collections.abc import Awaitable, Callable

from aiohttp import web

from simulators.zoom.errors import ZoomError
from simulators.zoom.faults import Fault
from simulators.zoom.simulation import SIMULATION, Simulation

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_RECORDED = ("/v2/", "/oauth/")


@web.middleware
async def tell_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever is more than a look may have changed what pages show; of a call of the app they show the log."""
    if request.method in {"GET", "HEAD"} and not request.path.startswith(_RECORDED):
        return await handler(request)
    changes = request.app[SIMULATION].changes
    changes.note()
    try:
        return await handler(request)
    finally:
        changes.note()


@web.middleware
async def record_and_disturb(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Journal first: a request that a fault swallows was still made."""
    if not request.path.startswith(_RECORDED):
        return await handler(request)
    simulation = request.app[SIMULATION]
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return web.json_response({"code": 300, "message": "Request body is too large."}, status=413)
    entry = simulation.journal.open(request.method, request.raw_path, body, request.content_type)
    entry.app = _caller(request, simulation)
    fault = simulation.faults.take(request.method, request.path)
    answer = await handler(request) if fault is None else await _disturbed(fault, request, handler)
    if fault is None or fault.kind != "close":
        entry.status, entry.answer_type = answer.status, answer.content_type
        entry.answer = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b""
    return answer


async def _disturbed(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    if fault.kind == "delay":
        if fault.after:
            answer = await handler(request)
            await asyncio.sleep(fault.delay_seconds)
            return answer
        await asyncio.sleep(fault.delay_seconds)
        return await handler(request)
    if fault.after:
        await handler(request)
    if fault.kind == "close" and request.transport is not None:
        request.transport.abort()
    return _refusal(fault, request.path)


def _refusal(fault: Fault, path: str) -> web.Response:
    if fault.body is not None:
        return web.Response(text=fault.body, status=fault.status, headers=fault.headers)
    if path.startswith("/oauth/"):
        body: dict[str, object] = {"reason": fault.message, "error": str(fault.code or "server_error")}
    else:
        body = {"code": fault.status if fault.code is None else fault.code, "message": fault.message}
    return web.json_response(body, status=fault.status, headers=fault.headers)


def _caller(request: web.Request, simulation: Simulation) -> str | None:
    """The level of the app behind the credentials, if they say so. Nothing is checked here."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        try:
            return simulation.grants.authenticate(credentials).level
        except ZoomError:
            return None
    try:
        client_id = base64.b64decode(credentials).decode().partition(":")[0]
    except ValueError:  # not base64, or not text
        return None
    app = simulation.registry.by_client_id(client_id)
    return app.level if app else None
