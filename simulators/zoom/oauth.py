"""OAuth over HTTP: the consent page, the token endpoint and revocation."""

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from simulators.zoom import html
from simulators.zoom.config import ZoomApp, ZoomConfig
from simulators.zoom.errors import OAuthError
from simulators.zoom.grants import ACCESS_SECONDS, Grants, TokenPair
from simulators.zoom.simulation import SIMULATION

_MAX_STATE = 4096
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_METHODS = ("plain", "S256")
_CARRIED = ("response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method")


class _ConsentRefusedError(Exception):
    """The authorize request is wrong; Zoom shows a page and never redirects."""


@dataclass(frozen=True)
class _ConsentRequest:
    """A checked authorize request. RFC 7636: without a method, a challenge is `plain`."""

    app: ZoomApp
    redirect_uri: str
    state: str | None
    challenge: str | None
    method: str


async def authorize(request: web.Request) -> web.Response:
    """`GET /oauth/authorize`: who are you, and may this app?"""
    simulation = request.app[SIMULATION]
    try:
        wanted = _consent_request(simulation.config, request.query)
    except _ConsentRefusedError as error:
        return html.page("Zoom cannot authorize", html.paragraph(str(error)), status=400)
    users = [(user.id, f"{user.display_name} ({user.email})") for user in simulation.world.users.values()]
    form = html.form(
        "/oauth/authorize/decide",
        *(html.hidden(name, request.query[name]) for name in _CARRIED if name in request.query),
        html.select("zoom_user_id", "Signed in to Zoom as", users),
        html.scopes(wanted.app.scopes),
        html.button("Authorize", name="decision", value="allow"),
        html.button("Decline", name="decision", value="deny", quiet=True),
    )
    about = "every meeting of the account" if wanted.app.level == "account" else "your meetings"
    intro = html.paragraph(f"{wanted.app.name} wants to see and manage {about}.")
    return html.page(f"Authorize {wanted.app.name}", intro, form, redirects_away=True)


async def decide(request: web.Request) -> web.Response:
    """`POST /oauth/authorize/decide`: the person has pressed a button; back to the app with a code or an error."""
    simulation = request.app[SIMULATION]
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    try:
        wanted = _consent_request(simulation.config, form)
    except _ConsentRefusedError as error:
        return html.page("Zoom cannot authorize", html.paragraph(str(error)), status=400)
    user = simulation.world.users.get(form.get("zoom_user_id", ""))
    decision = form.get("decision")
    if decision not in {"allow", "deny"} or user is None:
        return html.page("Zoom cannot authorize", html.paragraph("Choose a person and a button."), status=400)
    if decision == "deny":
        return _back(wanted, error="access_denied")
    if wanted.app.level == "account" and not user.is_admin:
        text = f"{user.display_name} cannot add this app for the account. Contact your Zoom admin."
        return html.page("You cannot authorize this app", html.paragraph(text), status=403)
    code = simulation.grants.issue_code(
        wanted.app, user.id, redirect_uri=wanted.redirect_uri, challenge=wanted.challenge, method=wanted.method
    )
    return _back(wanted, code=code)


async def token(request: web.Request) -> web.Response:
    """`POST /oauth/token`: HTTP Basic client authentication, parameters in a form body only."""
    simulation = request.app[SIMULATION]
    try:
        app, form = await _client_and_form(request, simulation.config)
        pair = _exchange(simulation.grants, app, form)
    except OAuthError as error:
        return web.json_response(error.body(), status=error.status)
    return web.json_response(_token_body(pair, simulation.config), headers={"Cache-Control": "no-store"})


async def revoke(request: web.Request) -> web.Response:
    """`POST /oauth/revoke` with `token=<access token>`: the refresh token dies too."""
    simulation = request.app[SIMULATION]
    try:
        app, form = await _client_and_form(request, simulation.config)
        simulation.grants.revoke(app, _required(form, "token"))
    except OAuthError as error:
        return web.json_response(error.body(), status=error.status)
    return web.json_response({"status": "success"})


def _exchange(grants: Grants, app: ZoomApp, form: Mapping[str, str]) -> TokenPair:
    grant_type = form.get("grant_type", "")
    if grant_type == "authorization_code":
        code, redirect_uri = _required(form, "code"), _required(form, "redirect_uri")
        return grants.redeem_code(app, code, redirect_uri=redirect_uri, verifier=form.get("code_verifier"))
    if grant_type == "refresh_token":
        return grants.refresh(app, _required(form, "refresh_token"))
    raise OAuthError(400, "unsupported_grant_type", "Unsupported grant type")


def _consent_request(config: ZoomConfig, query: Mapping[str, str]) -> _ConsentRequest:
    app = config.app_by_client_id(query.get("client_id", ""))
    if app is None:
        raise _ConsentRefusedError("Invalid client id. (4,702)")
    if query.get("redirect_uri") != config.redirect_uri:
        raise _ConsentRefusedError("Invalid redirect: the URL is not registered for this app. (4,709)")
    if query.get("response_type") != "code":
        raise _ConsentRefusedError("Invalid response type: only code is supported.")
    state = query.get("state")
    if state is not None and len(state) > _MAX_STATE:
        raise _ConsentRefusedError("Invalid state: too long.")
    challenge, method = query.get("code_challenge"), query.get("code_challenge_method", "plain")
    if challenge is not None and not _CHALLENGE.fullmatch(challenge):
        raise _ConsentRefusedError("Invalid code challenge.")
    if method not in _METHODS:
        raise _ConsentRefusedError("Invalid code challenge method.")
    return _ConsentRequest(app, config.redirect_uri, state, challenge, method)


def _back(wanted: _ConsentRequest, **result: str) -> web.Response:
    query = result if wanted.state is None else {**result, "state": wanted.state}
    return web.Response(status=302, headers={"Location": f"{wanted.redirect_uri}?{urlencode(query)}"})


async def _client_and_form(request: web.Request, config: ZoomConfig) -> tuple[ZoomApp, dict[str, str]]:
    """Who calls, and the form. Raises OAuthError."""
    app = _client(request.headers.get("Authorization", ""), config)
    if request.query_string:
        raise OAuthError(400, "invalid_request", "Parameters belong into the request body")
    if request.content_type != "application/x-www-form-urlencoded":
        raise OAuthError(400, "invalid_request", "Content-Type must be application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl((await request.read()).decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise OAuthError(400, "invalid_request", "Malformed request body") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError(400, "invalid_request", "A parameter is given twice")
    return app, form


def _client(header: str, config: ZoomConfig) -> ZoomApp:
    scheme, _, encoded = header.partition(" ")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # not base64, or not text
        client_id, secret = "", ""
    app = config.app_by_client_id(client_id) if scheme.lower() == "basic" else None
    if app is None or not hmac.compare_digest(app.client_secret.encode(), secret.encode()):
        raise OAuthError(401, "invalid_client", "Invalid client_id or client_secret")
    return app


def _required(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise OAuthError(400, "invalid_request", f"Missing parameter: {name}")
    return value


def _token_body(pair: TokenPair, config: ZoomConfig) -> dict[str, object]:
    return {
        "access_token": pair.access_token,
        "token_type": "bearer",
        "refresh_token": pair.refresh_token,
        "expires_in": ACCESS_SECONDS - 1,
        "scope": " ".join(pair.scopes),
        "api_url": config.public_url,
    }
