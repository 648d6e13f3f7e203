"""OAuth v2: the consent page's rules and `oauth.v2.access`. The pages themselves are in `pages`."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from simulators.slack.config import KNOWN_BOT_SCOPES, KNOWN_USER_SCOPES, SlackConfig
from simulators.slack.errors import SlackError
from simulators.slack.model import AuthorizationCode, Installation, Json, User
from simulators.slack.simulator import Simulator
from simulators.slack.tokens import issue, listed
from simulators.slack.world import World

CODE_SECONDS = 10 * 60
MAX_STATE = 2048
PARAMETERS = ("client_id", "scope", "user_scope", "redirect_uri", "state", "team")


@dataclass(frozen=True)
class Consent:
    """A checked request for consent; `parameters` are the fields as they came, for the page's form."""

    bot_scopes: frozenset[str]
    user_scopes: frozenset[str]
    redirect_uri: str
    redirect_uri_sent: bool
    state: str
    team: str | None
    parameters: Mapping[str, str]

    def back(self, **result: str) -> str:
        """Return the address to which the browser goes back."""
        joiner = "&" if urlsplit(self.redirect_uri).query else "?"
        return self.redirect_uri + joiner + urlencode({**result, "state": self.state})


def check_consent(config: SlackConfig, query: Mapping[str, str]) -> Consent:
    """Check what an app put into its authorize URL.

    Raises SlackError `invalid_client_id`, `bad_redirect_uri`, `missing_state`, `invalid_scope`, `no_scopes`. Slack
    would let a missing `state` pass; here it is a fault to be found.
    """
    if unknown := query.keys() - set(PARAMETERS):
        raise SlackError("invalid_arguments", [f"unknown parameter: {name}" for name in sorted(unknown)])
    if query.get("client_id") != config.client_id:
        raise SlackError("invalid_client_id")
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri and not _registered(config, redirect_uri):
        raise SlackError("bad_redirect_uri")
    if not 0 < len(query.get("state", "")) <= MAX_STATE:
        raise SlackError("missing_state")
    bot_scopes, user_scopes = _scopes(query.get("scope", "")), _scopes(query.get("user_scope", ""))
    if unknown_scopes := (bot_scopes - KNOWN_BOT_SCOPES) | (user_scopes - KNOWN_USER_SCOPES):
        raise SlackError("invalid_scope", sorted(unknown_scopes))
    if not bot_scopes and not user_scopes:
        raise SlackError("no_scopes")
    return Consent(
        bot_scopes=bot_scopes,
        user_scopes=user_scopes,
        redirect_uri=redirect_uri or config.allowed_redirects[0],
        redirect_uri_sent=bool(redirect_uri),
        state=query["state"],
        team=query.get("team") or None,
        parameters={name: query[name] for name in PARAMETERS if name in query},
    )


def allow(world: World, consent: Consent, user: User) -> str:
    """Record a person's consent. Returns the address to which her browser goes back, with the code."""
    value = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(32)}"
    world.codes[value] = AuthorizationCode(
        value,
        user.id,
        user.team_id,
        consent.bot_scopes,
        consent.user_scopes,
        consent.redirect_uri if consent.redirect_uri_sent else None,
        world.clock.now() + CODE_SECONDS,
    )
    return consent.back(code=value)


def access(sim: Simulator, args: Json) -> Json:
    """oauth.v2.access: a code or a refresh token for tokens. The app counts as installed from here on."""
    config = sim.config
    if args.get("client_id") != config.client_id:
        raise SlackError("invalid_client_id")
    if not hmac.compare_digest(args.get("client_secret", "").encode(), config.client_secret.encode()):
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
    installation = _install(world, code)
    user_scopes = installation.user_scopes.get(code.user_id, frozenset())
    authed_user: Json = {"id": code.user_id}
    rotation = sim.config.token_rotation
    if code.user_scopes:
        _, part = issue(world, code.team_id, "user", code.user_id, user_scopes, rotation=rotation)
        authed_user |= part
    bot: Json = {}
    if code.bot_scopes:
        bot_user_id = installation.bot_user_id
        _, bot = issue(world, code.team_id, "bot", bot_user_id, installation.bot_scopes, rotation=rotation)
        bot["bot_user_id"] = bot_user_id
    return {**_install_json(sim, code.team_id), **bot, "authed_user": authed_user}


def _refresh(sim: Simulator, args: Json) -> Json:
    world = sim.world
    refresh = world.refresh_tokens.get(args.get("refresh_token", ""))
    installation = world.installations.get(refresh.team_id) if refresh else None
    if refresh is None or refresh.used or installation is None:
        raise SlackError("invalid_refresh_token")
    refresh.used = True
    scopes = installation.bot_scopes if refresh.kind == "bot" else installation.user_scopes[refresh.user_id]
    _, part = issue(world, refresh.team_id, refresh.kind, refresh.user_id, scopes, rotation=True)
    answer = {**_install_json(sim, refresh.team_id), **part}
    return answer | {"bot_user_id" if refresh.kind == "bot" else "user_id": refresh.user_id}


def _install(world: World, code: AuthorizationCode) -> Installation:
    """Create or widen the installation: scopes are additive until the app is removed."""
    installation = world.installations.get(code.team_id)
    if installation is None:
        ids = (world.new_id("U"), world.new_id("B"))
        installation = Installation(code.team_id, *ids, code.user_id, world.clock.now(), frozenset())
        world.installations[code.team_id] = installation
    installation.installed_by, installation.installed_at = code.user_id, world.clock.now()
    installation.bot_scopes |= code.bot_scopes
    if code.user_scopes:
        known = installation.user_scopes.get(code.user_id, frozenset())
        installation.user_scopes[code.user_id] = known | code.user_scopes
    return installation


def _install_json(sim: Simulator, team_id: str) -> Json:
    workspace = sim.world.workspaces[team_id]
    return {
        "ok": True,
        "app_id": sim.config.app_id,
        "team": {"id": workspace.id, "name": workspace.name},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _scopes(text: str) -> frozenset[str]:
    return frozenset(scope.strip() for scope in text.split(",") if scope.strip())


def _registered(config: SlackConfig, redirect_uri: str) -> bool:
    if "#" in redirect_uri or ".." in redirect_uri:
        return False
    bare = redirect_uri.partition("?")[0]
    return any(bare == known or bare.startswith(known.rstrip("/") + "/") for known in config.allowed_redirects)


def describe(scopes: frozenset[str]) -> str:
    """Return scopes for people to read."""
    return listed(scopes).replace(",", ", ") or "none"
