"""OAuth over HTTP: the consent page, the token endpoint and revocation."""

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from simulators.zoom import html
from simulators.zoom.config import ZoomApp, ZoomConfig
from simulators.zoom.consent import (
    CARRIED,
    ConsentRefusedError,
    ConsentRequest,
    check_request,
    require_approval,
    require_role,
    signed_in,
)
from simulators.zoom.errors import OAuthError
from simulators.zoom.grants import ACCESS_SECONDS, Grants, TokenPair
from simulators.zoom.registry import Registry
from simulators.zoom.simulation import SIMULATION


async def authorize(request: web.Request) -> web.Response:
    """`GET /oauth/authorize`: who are you, and may this app?"""
    simulation = request.app[SIMULATION]
    try:
        wanted = check_request(simulation.registry, request.query)
        require_approval(simulation.registry, wanted.app, simulation.world.accounts)
    except ConsentRefusedError as error:
        return _refused(error)
    users = [(user.id, f"{user.display_name} ({user.email})") for user in simulation.world.users.values()]
    form = html.form(
        "/oauth/authorize/decide",
        *(html.hidden(name, request.query[name]) for name in CARRIED if name in request.query),
        html.select("zoom_user_id", "Signed in to Zoom as", users),
        html.scopes(wanted.required),
        html.group("Optional permissions", *(html.checkbox("grant", scope, scope) for scope in wanted.offered)),
        html.button("Authorize", name="decision", value="allow_checked"),
        html.button("Decline", name="decision", value="deny", quiet=True),
    )
    about = "every meeting of the account" if wanted.app.level == "account" else "your meetings"
    intro = html.paragraph(f"{wanted.app.name} wants to see and manage {about}.")
    return html.page(f"Authorize {wanted.app.name}", intro, form, redirects_away=True)


async def decide(request: web.Request) -> web.Response:
    """`POST /oauth/authorize/decide`: the person has pressed a button; back to the app with a code or an error.

    The form has the app's own parameters, `zoom_user_id`, `decision` (`allow`, `allow_checked`, `deny`), and `decline`
    once for each optional scope that is not given. The page's own button says `allow_checked`: every optional scope
    whose `grant` box is empty is declined.
    """
    simulation = request.app[SIMULATION]
    fields = await request.post()
    form = {name: value for name, value in fields.items() if isinstance(value, str)}
    decision = form.get("decision")
    try:
        wanted = check_request(simulation.registry, form)
        user = signed_in(simulation.world.users, form)
        require_approval(simulation.registry, wanted.app, [user.account_id])
        if decision == "deny":
            return _back(wanted, error="access_denied")
        require_role(wanted.app, user)
        declined = {str(scope) for scope in fields.getall("decline", [])}
        if decision == "allow_checked":
            declined |= set(wanted.offered).difference(str(scope) for scope in fields.getall("grant", []))
        known = simulation.grants.authorization(wanted.app, user)
        scopes = wanted.granted(declined, known.scopes if known else ())
    except ConsentRefusedError as error:
        return _refused(error)
    code = simulation.grants.issue_code(
        wanted.app, user, scopes, redirect_uri=wanted.redirect_uri, challenge=wanted.challenge, method=wanted.method
    )
    return _back(wanted, code=code)


def _refused(error: ConsentRefusedError) -> web.Response:
    return html.page("Zoom cannot authorize", html.paragraph(str(error)), status=error.status)


async def token(request: web.Request) -> web.Response:
    """`POST /oauth/token`: HTTP Basic client authentication, parameters in a form body only."""
    simulation = request.app[SIMULATION]
    try:
        app, form = await _client_and_form(request, simulation.registry)
        pair = _exchange(simulation.grants, app, form)
    except OAuthError as error:
        return web.json_response(error.body(), status=error.status)
    return web.json_response(_token_body(pair, simulation.config), headers={"Cache-Control": "no-store"})


async def revoke(request: web.Request) -> web.Response:
    """`POST /oauth/revoke` with `token=<access token>`: the refresh token dies too."""
    simulation = request.app[SIMULATION]
    try:
        app, form = await _client_and_form(request, simulation.registry)
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


def _back(wanted: ConsentRequest, **result: str) -> web.Response:
    query = result if wanted.state is None else {**result, "state": wanted.state}
    return web.Response(status=302, headers={"Location": f"{wanted.redirect_uri}?{urlencode(query)}"})


async def _client_and_form(request: web.Request, registry: Registry) -> tuple[ZoomApp, dict[str, str]]:
    """Who calls, and the form. Raises OAuthError."""
    app = _client(request.headers.get("Authorization", ""), registry)
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


def _client(header: str, registry: Registry) -> ZoomApp:
    scheme, _, encoded = header.partition(" ")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # not base64, or not text
        client_id, secret = "", ""
    app = registry.by_client_id(client_id) if scheme.lower() == "basic" else None
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
