"""What the control API and the page's own calls have in common: JSON in, JSON out, refusals as status 400."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from simulators.slack.errors import SlackError
from simulators.slack.model import Json
from simulators.slack.parsing import parsed
from simulators.slack.simulator import SIMULATOR

MAX_BODY = 65_536

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep other machines out of `/control` and other sites out of `/control` and `/ui`; tell watchers of changes."""
    ours = request.path.startswith(("/control/", "/ui/"))
    if request.path.startswith("/control/") and not (_from_here(request.remote) and _asked_here(request.url.host)):
        return web.json_response({"error": "loopback_only"}, status=403)
    origin = request.headers.get("Origin")
    if ours and origin is not None and urlsplit(origin).netloc != request.host:
        return web.json_response({"error": "other_origin"}, status=403)
    try:
        return await handler(request)
    except SlackError as refusal:
        return web.json_response({"error": refusal.code, "messages": refusal.messages}, status=400)
    finally:
        if ours and request.method != "GET":
            request.app[SIMULATOR].changed()


async def json_body(request: web.Request, *required: str) -> Json:
    """Return the JSON object in a request; no body is an empty one.

    Raises SlackError `invalid_json`, `invalid_arguments` (a required member is missing), `body_too_long`.
    """
    body = await request.read()
    if len(body) > MAX_BODY:
        raise SlackError("body_too_long")
    try:
        value = parsed(body) if body else {}
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict) or (body and request.content_type != "application/json"):
        raise SlackError("invalid_json")
    if missing := [name for name in required if name not in value]:
        raise SlackError("invalid_arguments", [f"[ERROR] missing required field: {name}" for name in missing])
    return value


def _from_here(remote: str | None) -> bool:
    try:
        return ipaddress.ip_address(remote or "").is_loopback
    except ValueError:
        return False


def _asked_here(host: str | None) -> bool:
    # A name that another site has DNS lead to this machine is that site's origin, not ours.
    return host == "localhost" or _from_here(host)
