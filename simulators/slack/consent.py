"""The rules of the consent page: what an app may ask for, and what a person may answer. The page is in `pages`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from simulators.slack.config import KNOWN_BOT_SCOPES, KNOWN_USER_SCOPES, SlackConfig
from simulators.slack.errors import SlackError
from simulators.slack.model import User
from simulators.slack.world import World

MAX_STATE = 2048
PARAMETERS = ("client_id", "scope", "user_scope", "redirect_uri", "state", "team")
WORKSPACE, ORGANISATION = "workspace", "organisation"


@dataclass(frozen=True)
class Consent:
    """A checked request for consent; `parameters` are the fields as they came, for the page's form."""

    bot_scopes: frozenset[str]
    optional_scopes: frozenset[str]
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

    def without(self, declined: Iterable[str]) -> frozenset[str]:
        """Return the bot scopes that are left. Raises SlackError `invalid_arguments`: a required one was declined."""
        if required := set(declined) - self.optional_scopes:
            raise SlackError("invalid_arguments", [f"not optional: {scope}" for scope in sorted(required)])
        return self.bot_scopes - set(declined)


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
        optional_scopes=bot_scopes & set(config.optional_bot_scopes),
        user_scopes=user_scopes,
        redirect_uri=redirect_uri or config.allowed_redirects[0],
        redirect_uri_sent=bool(redirect_uri),
        state=query["state"],
        team=query.get("team") or None,
        parameters={name: query[name] for name in PARAMETERS if name in query},
    )


def tenant_for(world: World, consent: Consent, user: User, form: Mapping[str, str]) -> str:
    """Return what the person installs the app for, by the form's `install_for` and `team_id`.

    Without a word it is the workspace that the app named (`team`), else her own. Raises SlackError
    `invalid_team_for_non_distributed_app`: not her workspace; `restricted_action`: only an admin of the organisation
    installs for all of it; `cannot_install_an_org_installed_app`: that was done already.
    """
    enterprise = world.workspaces[user.team_id].enterprise
    if form.get("install_for", WORKSPACE) == ORGANISATION:
        if enterprise is None or not user.is_org_admin:
            raise SlackError("restricted_action")
        if not consent.bot_scopes:
            raise SlackError("no_scopes", ["an organisation needs a bot scope"])
        return enterprise.id
    team_id = form.get("team_id") or consent.team or user.team_id
    if team_id not in user.team_ids:
        raise SlackError("invalid_team_for_non_distributed_app")
    if enterprise is not None and enterprise.id in world.installations:
        raise SlackError("cannot_install_an_org_installed_app")
    return team_id


def _scopes(text: str) -> frozenset[str]:
    return frozenset(scope.strip() for scope in text.split(",") if scope.strip())


def _registered(config: SlackConfig, redirect_uri: str) -> bool:
    if "#" in redirect_uri or ".." in redirect_uri:
        return False
    bare = redirect_uri.partition("?")[0]
    return any(bare == known or bare.startswith(known.rstrip("/") + "/") for known in config.allowed_redirects)
