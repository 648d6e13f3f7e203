"""Pages that Slack itself shows: the workspace, and the consent page of an installation."""

from __future__ import annotations

from html import escape
from pathlib import Path

from aiohttp import web

from simulators.slack.config import SlackConfig
from simulators.slack.errors import SlackError
from simulators.slack.model import User
from simulators.slack.oauth import PARAMETERS, Consent, allow, check_consent, describe
from simulators.slack.simulator import SIMULATOR, Simulator

STATIC = Path(__file__).parent / "static"


def routes() -> list[web.RouteDef | web.StaticDef]:
    """Return the routes of the pages and their files."""
    return [
        web.get("/", workspace_page),
        web.get("/favicon.ico", no_icon),
        web.static("/static", STATIC),
        web.get("/oauth/v2/authorize", consent_page),
        web.post("/oauth/v2/authorize/decide", decide),
    ]


def security_headers(config: SlackConfig) -> dict[str, str]:
    """Return the headers of every page: scripts, styles and connections from here only, pictures also from the app."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self' data: {config.app_url}; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


async def workspace_page(request: web.Request) -> web.StreamResponse:
    """`GET /`: the workspace."""
    return web.FileResponse(STATIC / "index.html", headers=security_headers(request.app[SIMULATOR].config))


async def no_icon(_request: web.Request) -> web.Response:
    """`GET /favicon.ico`: none, quietly."""
    return web.Response(status=204)


async def consent_page(request: web.Request) -> web.Response:
    """`GET /oauth/v2/authorize`: who asks for what, or what is wrong with the request."""
    sim = request.app[SIMULATOR]
    try:
        consent = check_consent(sim.config, dict(request.query))
    except SlackError as refusal:
        return _page(sim, _error_html(refusal), status=400)
    return _page(sim, _consent_html(sim, consent))


async def decide(request: web.Request) -> web.Response:
    """`POST /oauth/v2/authorize/decide`: Allow or Cancel; back to the app with a code or `access_denied`."""
    sim = request.app[SIMULATOR]
    form = {name: str(value) for name, value in (await request.post()).items()}
    try:
        consent = check_consent(sim.config, {name: form[name] for name in PARAMETERS if name in form})
        user = _decider(sim, consent, form.get("user_id"))
    except SlackError as refusal:
        return _page(sim, _error_html(refusal), status=400)
    allowed = form.get("decision") == "allow"
    location = allow(sim.world, consent, user) if allowed else consent.back(error="access_denied")
    return web.Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})


def _decider(sim: Simulator, consent: Consent, user_id: str | None) -> User:
    user = sim.world.person(user_id)
    if consent.team not in (None, user.team_id):
        raise SlackError("invalid_team_for_non_distributed_app")
    return user


def _page(sim: Simulator, body: str, status: int = 200) -> web.Response:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Slack simulator</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/style.css"></head>'
        f'<body class="consent"><main>{body}</main></body></html>'
    )
    return web.Response(text=html, content_type="text/html", status=status, headers=security_headers(sim.config))


def _error_html(refusal: SlackError) -> str:
    details = "".join(f"<li>{escape(message)}</li>" for message in refusal.messages)
    return (
        f"<h1>Something went wrong</h1><p>Slack refused this: <code>{escape(refusal.code)}</code></p><ul>{details}</ul>"
    )


def _consent_html(sim: Simulator, consent: Consent) -> str:
    name = escape(sim.config.app_name)
    hidden = "".join(
        f'<input type="hidden" name="{escape(field)}" value="{escape(value)}">'
        for field, value in consent.parameters.items()
    )
    people = "".join(
        f'<option value="{escape(user.id)}">{escape(user.real_name)}'
        f" · {escape(sim.world.workspaces[user.team_id].name)}{' (admin)' if user.is_admin else ''}</option>"
        for user in sim.world.users.values()
        if consent.team in (None, user.team_id)
    )
    return (
        f"<h1>{name} asks for access to your workspace</h1>"
        f"<dl><dt>The app may</dt><dd>{escape(describe(consent.bot_scopes))}</dd>"
        f"<dt>On your behalf</dt><dd>{escape(describe(consent.user_scopes))}</dd></dl>"
        f'<form method="post" action="/oauth/v2/authorize/decide">{hidden}'
        f'<label for="user_id">You are</label><select id="user_id" name="user_id">{people}</select>'
        '<div class="choices"><button name="decision" value="deny">Cancel</button>'
        '<button class="primary" name="decision" value="allow">Allow</button></div></form>'
    )
