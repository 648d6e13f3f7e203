"""The control API for the app's registration and installations: tenants, installing, removing, secrets."""

from __future__ import annotations

from aiohttp import web

from simulators.slack import departures, installer, screen, seed
from simulators.slack.config import KNOWN_BOT_SCOPES
from simulators.slack.consent import WORKSPACE
from simulators.slack.errors import SlackError
from simulators.slack.guard import json_body
from simulators.slack.model import Json
from simulators.slack.simulator import SIMULATOR


def routes() -> list[web.RouteDef]:
    """Return the routes below `/control`."""
    return [
        web.post("/control/workspaces", add_tenant),
        web.post("/control/install", install),
        web.post("/control/uninstall", uninstall),
        web.post("/control/uninstall/release", release),
        web.post("/control/tokens/revoke", revoke),
        web.post("/control/team_access", change_team_access),
        web.post("/control/app", change_app),
        web.get("/control/secrets", secrets),
    ]


async def add_tenant(request: web.Request) -> web.Response:
    """`POST /control/workspaces {"seed"?}`: add the company `globex` (default) or the organisation `umbrella`."""
    body = await json_body(request)
    tenant = seed.ON_DEMAND.get(str(body.get("seed", "globex")))
    if tenant is None:
        raise SlackError("invalid_arguments", [f"[ERROR] seed is one of: {', '.join(seed.ON_DEMAND)}"])
    request.app[SIMULATOR].world.add(tenant())
    return await screen.state(request)


async def install(request: web.Request) -> web.Response:
    """`POST /control/install`: install the app as a person's browser would.

    `user_id` is who does it; `install_for` (`workspace`, `organisation`) and `team_id` what for; `decline` lists the
    optional scopes she does not give. `scopes` asks for these bot scopes instead of those that the app asks for today,
    as in an older installation. `unknown_to_app` makes the installation in Slack only: the app hears nothing and gets
    no token, as if it had lost its record.
    """
    sim = request.app[SIMULATOR]
    body = await json_body(request)
    user = sim.world.person(body.get("user_id", seed.ADA))
    wish = installer.Wish(
        scopes=_texts(body, "scopes"),
        declined=_texts(body, "decline") or (),
        install_for=str(body.get("install_for", WORKSPACE)),
        team_id=str(body.get("team_id", "")),
    )
    if body.get("unknown_to_app"):
        return web.json_response(installer.install_unheard(sim, user, wish, KNOWN_BOT_SCOPES))
    return web.json_response(await installer.install(sim, user, wish))


async def uninstall(request: web.Request) -> web.Response:
    """`POST /control/uninstall {"team_id"? | "enterprise_id"?, "late"?}`: remove the app from a tenant.

    With `late` it is gone now, and the events that say so wait for `/control/uninstall/release`.
    """
    sim = request.app[SIMULATOR]
    body = await json_body(request)
    await departures.uninstall(sim, _tenant(body), late=bool(body.get("late")))
    return web.json_response({"ok": True})


async def release(request: web.Request) -> web.Response:
    """`POST /control/uninstall/release`: send the events of late removals."""
    return web.json_response({"released": await departures.release(request.app[SIMULATOR])})


async def revoke(request: web.Request) -> web.Response:
    """`POST /control/tokens/revoke {"team_id"? | "enterprise_id"?, "user_id"?}`: revoke the bot's tokens, or hers."""
    sim = request.app[SIMULATOR]
    body = await json_body(request)
    user_id = None if body.get("user_id") is None else sim.world.person(body["user_id"]).id
    return web.json_response({"revoked": await departures.revoke(sim, _tenant(body), user_id)})


async def change_team_access(request: web.Request) -> web.Response:
    """`POST /control/team_access {"team_ids", "grant"?, "enterprise_id"?}`: an org admin adds the app to workspaces.

    `grant` false takes it out again; the app hears of both.
    """
    sim = request.app[SIMULATOR]
    body = await json_body(request, "team_ids")
    team_ids = _texts(body, "team_ids") or []
    enterprise_id = str(body.get("enterprise_id", seed.UMBRELLA))
    status = await departures.change_team_access(sim, enterprise_id, team_ids, grant=bool(body.get("grant", True)))
    return web.json_response({"status": status})


async def change_app(request: web.Request) -> web.Response:
    """`POST /control/app {"token_rotation"?, "client_secret"?, "signing_secret"?}`: change the registered app."""
    sim = request.app[SIMULATOR]
    body = await json_body(request)
    rotation = body.get("token_rotation")
    secrets_given = [body.get(name) for name in ("client_secret", "signing_secret")]
    if body.keys() - {"token_rotation", "client_secret", "signing_secret"}:
        raise SlackError("invalid_arguments")
    if not isinstance(rotation, bool | None) or not all(s is None or (isinstance(s, str) and s) for s in secrets_given):
        raise SlackError("invalid_arguments")
    client_secret, signing_secret = secrets_given
    sim.registration.change(token_rotation=rotation, client_secret=client_secret, signing_secret=signing_secret)
    return web.json_response({"ok": True})


async def secrets(request: web.Request) -> web.Response:
    """`GET /control/secrets`: every secret text there was, for a test that looks for leaks."""
    sim = request.app[SIMULATOR]
    world = sim.world
    issued = {*world.tokens, *world.refresh_tokens, *world.codes, *world.response_urls}
    return web.json_response({"secrets": sorted(issued | sim.registration.secrets())})


def _tenant(body: Json) -> str:
    return str(body.get("enterprise_id") or body.get("team_id") or seed.ACME)


def _texts(body: Json, name: str) -> list[str] | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise SlackError("invalid_arguments", [f"[ERROR] {name} must be an array of strings"])
    return value
