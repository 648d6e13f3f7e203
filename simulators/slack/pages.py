"""Pages that Slack itself shows: the workspace, and the consent page of an installation."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from aiohttp import web

from simulators.slack.config import SlackConfig
from simulators.slack.consent import ORGANISATION, PARAMETERS, WORKSPACE, Consent, check_consent, tenant_for
from simulators.slack.errors import SlackError
from simulators.slack.oauth import allow, describe
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
    """`POST /oauth/v2/authorize/decide`: Allow or Cancel; back to the app with a code or `access_denied`.

    Besides the app's own parameters the form has `user_id` and `decision` (`allow`, `allow_checked`, `deny`), and may
    have `install_for` (`workspace`, `organisation`), `team_id`, and `decline` once for each optional scope that is not
    given. The page's own button says `allow_checked`: every optional scope whose `grant` box is empty is declined.
    """
    sim = request.app[SIMULATOR]
    fields = await request.post()
    form = {name: str(value) for name, value in fields.items()}
    decision = form.get("decision")
    try:
        consent = check_consent(sim.config, {name: form[name] for name in PARAMETERS if name in form})
        user = sim.world.person(form.get("user_id"))
        if decision not in ("allow", "allow_checked"):
            return _back(consent.back(error="access_denied"))
        tenant_id = tenant_for(sim.world, consent, user, form)
        declined = {str(scope) for scope in fields.getall("decline", [])}
        if decision == "allow_checked":
            declined |= consent.optional_scopes - {str(scope) for scope in fields.getall("grant", [])}
        bot_scopes = consent.without(declined)
    except SlackError as refusal:
        return _page(sim, _error_html(refusal), status=400)
    return _back(consent.back(code=allow(sim.world, consent, user, tenant_id, bot_scopes)))


def _back(location: str) -> web.Response:
    return web.Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})


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
    return (
        f"<h1>{name} asks for access to your workspace</h1>"
        f"<dl><dt>The app may</dt><dd>{escape(describe(consent.bot_scopes - consent.optional_scopes))}</dd>"
        f"<dt>On your behalf</dt><dd>{escape(describe(consent.user_scopes))}</dd></dl>"
        f'<form method="post" action="/oauth/v2/authorize/decide">{hidden}'
        f"{_optional_html(consent)}{_who_html(sim, consent)}"
        '<div class="choices"><button name="decision" value="deny">Cancel</button>'
        '<button class="primary" name="decision" value="allow_checked">Allow</button></div></form>'
    )


def _optional_html(consent: Consent) -> str:
    boxes = "".join(
        '<label class="check">'
        f'<input type="checkbox" name="grant" value="{escape(scope)}" checked> <code>{escape(scope)}</code></label>'
        for scope in sorted(consent.optional_scopes)
    )
    return f"<fieldset><legend>Optional</legend>{boxes}</fieldset>" if boxes else ""


def _who_html(sim: Simulator, consent: Consent) -> str:
    """Who decides, and for what: only an organisation gives a choice of that."""
    world = sim.world
    people = [user for user in world.users.values() if consent.team is None or consent.team in user.team_ids]
    body = '<label class="who" for="user_id">You are</label>' + _select(
        "user_id",
        [
            (u.id, f"{u.real_name} · {world.workspaces[u.team_id].name}{' (admin)' if u.is_admin else ''}")
            for u in people
        ],
    )
    if any(user.is_org_admin for user in people):
        shown = {team_id: world.workspaces[team_id].name for user in people for team_id in user.team_ids}
        choices = [(WORKSPACE, "one workspace"), (ORGANISATION, "the whole organisation (its admins only)")]
        body += '<label class="who" for="install_for">Install for</label>' + _select("install_for", choices)
        teams = [("", "my own"), *shown.items()]
        body += '<label class="who" for="team_id">Workspace</label>' + _select("team_id", teams, chosen=consent.team)
    return body


def _select(name: str, options: Iterable[tuple[str, str]], chosen: str | None = None) -> str:
    choices = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options
    )
    return f'<select id="{name}" name="{name}">{choices}</select>'
