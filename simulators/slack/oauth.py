"""OAuth v2: codes, and `oauth.v2.access`. What comes before, on the consent page, is in `consent` and `pages`."""

from __future__ import annotations

import secrets

from simulators.slack.consent import Consent
from simulators.slack.errors import SlackError
from simulators.slack.model import AuthorizationCode, Installation, Json, User, is_organisation
from simulators.slack.simulator import Simulator
from simulators.slack.tokens import issue, listed
from simulators.slack.world import World

CODE_SECONDS = 10 * 60


def allow(world: World, consent: Consent, user: User, tenant_id: str, bot_scopes: frozenset[str]) -> str:
    """Record a person's consent to these of the scopes. Returns the code that her browser brings back."""
    value = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(32)}"
    world.codes[value] = AuthorizationCode(
        value,
        user.id,
        tenant_id,
        bot_scopes,
        consent.user_scopes,
        consent.redirect_uri if consent.redirect_uri_sent else None,
        world.clock.now() + CODE_SECONDS,
    )
    return value


def install_unheard(sim: Simulator, user: User, tenant_id: str, bot_scopes: frozenset[str]) -> None:
    """Install the app without its hearing of it, as if it had lost what it was told."""
    code = AuthorizationCode("", user.id, tenant_id, bot_scopes, frozenset(), None, sim.clock.now())
    _issue_all(sim, code)


def access(sim: Simulator, args: Json) -> Json:
    """oauth.v2.access: a code or a refresh token for tokens. The app counts as installed from here on."""
    config = sim.config
    if args.get("client_id") != config.client_id:
        raise SlackError("invalid_client_id")
    if not sim.registration.is_client_secret(args.get("client_secret", "")):
        raise SlackError("bad_client_secret")
    grant_type = args.get("grant_type", "authorization_code")
    if grant_type == "authorization_code":
        return _redeem(sim, args)
    if grant_type == "refresh_token":
        return _refresh(sim, args)
    raise SlackError("invalid_grant_type")


def _redeem(sim: Simulator, args: Json) -> Json:
    world = sim.world
    code = world.codes.get(args.get("code", ""))
    if code is None or code.used or world.clock.now() >= code.expires_at:
        raise SlackError("invalid_code")
    if args.get("redirect_uri") != code.redirect_uri:
        raise SlackError("bad_redirect_uri")
    code.used = True
    return _issue_all(sim, code)


def _issue_all(sim: Simulator, code: AuthorizationCode) -> Json:
    world = sim.world
    installation = _install(world, code)
    user_scopes = installation.user_scopes.get(code.user_id, frozenset())
    authed_user: Json = {"id": code.user_id}
    rotation = sim.config.token_rotation
    if code.user_scopes:
        _, part = issue(world, code.tenant_id, "user", code.user_id, user_scopes, rotation=rotation)
        authed_user |= part
    bot: Json = {}
    if code.bot_scopes:
        bot_user_id = installation.bot_user_id
        _, bot = issue(world, code.tenant_id, "bot", bot_user_id, installation.bot_scopes, rotation=rotation)
        bot["bot_user_id"] = bot_user_id
    return {**_install_json(sim, code.tenant_id), **bot, "authed_user": authed_user}


def _refresh(sim: Simulator, args: Json) -> Json:
    world = sim.world
    refresh = world.refresh_tokens.get(args.get("refresh_token", ""))
    installation = world.installations.get(refresh.tenant_id) if refresh else None
    if refresh is None or refresh.used or installation is None:
        raise SlackError("invalid_refresh_token")
    refresh.used = True
    scopes = installation.bot_scopes if refresh.kind == "bot" else installation.user_scopes[refresh.user_id]
    _, part = issue(world, refresh.tenant_id, refresh.kind, refresh.user_id, scopes, rotation=True)
    answer = {**_install_json(sim, refresh.tenant_id), **part}
    return answer | {"bot_user_id" if refresh.kind == "bot" else "user_id": refresh.user_id}


def _install(world: World, code: AuthorizationCode) -> Installation:
    """Create or widen the installation: scopes are additive until the app is removed."""
    installation = world.installations.get(code.tenant_id)
    if installation is None:
        ids = (world.new_id("U"), world.new_id("B"))
        installation = Installation(code.tenant_id, *ids, code.user_id, world.clock.now(), frozenset())
        world.installations[code.tenant_id] = installation
    installation.installed_by, installation.installed_at = code.user_id, world.clock.now()
    installation.bot_scopes |= code.bot_scopes
    if code.user_scopes:
        known = installation.user_scopes.get(code.user_id, frozenset())
        installation.user_scopes[code.user_id] = known | code.user_scopes
    return installation


def _install_json(sim: Simulator, tenant_id: str) -> Json:
    org_wide = is_organisation(tenant_id)
    workspace = None if org_wide else sim.world.workspaces[tenant_id]
    enterprise = workspace.enterprise if workspace else sim.world.enterprise(tenant_id)
    return {
        "ok": True,
        "app_id": sim.config.app_id,
        "team": workspace and {"id": workspace.id, "name": workspace.name},
        "enterprise": enterprise and {"id": enterprise.id, "name": enterprise.name},
        "is_enterprise_install": org_wide,
    }


def describe(scopes: frozenset[str]) -> str:
    """Return scopes for people to read."""
    return listed(scopes).replace(",", ", ") or "none"
