"""Slack's OAuth v2: the consent page, and `oauth.v2.access` for codes and refresh tokens."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.vendor_calls import Outcome, VendorCall, vendor_call
from services.auth.installations import BotTokens, Installation
from services.auth.refreshes import counted_refresh
from services.auth.renewals import GrantEndedError

log = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds for one request."""
UNAVAILABLE_DELAY = timedelta(seconds=10)
_OPERATOR_ERRORS = {"bad_client_secret", "invalid_client_id", "bad_redirect_uri", "oauth_authorization_url_mismatch"}
_ENDED_ERRORS = {"invalid_refresh_token", "token_revoked", "token_expired", "account_inactive", "app_not_installed"}
_MAX_LIFETIME = 10 * 86_400
_PASSING_ERRORS = {
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
}


@dataclass(frozen=True)
class SlackApp:
    """The app as it is registered at Slack."""

    client_id: str
    client_secrets: tuple[str, ...] = field(repr=False)
    """The current one, and beside it the next or the one before while it is rotated."""
    redirect_uri: str


def open_session() -> aiohttp.ClientSession:
    """Returns the process's HTTP session for Slack. The SDK ignores its own timeout with a session, so it is here."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT, connect=3.0))


class SlackOAuth:
    """Installing the app."""

    def __init__(
        self, session: aiohttp.ClientSession, *, api_url: str, authorize_url: str, app: SlackApp, clock: Clock
    ) -> None:
        """`api_url` is the Web API's root, `https://slack.com/api`."""
        self._client = AsyncWebClient(base_url=api_url.rstrip("/") + "/", session=session, retry_handlers=[])
        self._client.proxy = None  # the constructor takes one from the environment, even for addresses of this machine
        self._authorize_url = authorize_url
        self._app = app
        self._clock = clock
        self._works = 0
        """Which of the client secrets Slack took last."""

    def authorize_url(self, state: str, scopes: tuple[str, ...], team_id: str) -> str:
        """Returns the address of Slack's consent page. Slack separates scopes by commas, and adds them to what it has.

        `team_id` is the workspace that the page suggests; empty for none.
        """
        query = {
            "client_id": self._app.client_id,
            "scope": ",".join(scopes),
            "redirect_uri": self._app.redirect_uri,
            "state": state,
            **({"team": team_id} if team_id else {}),
        }
        return f"{self._authorize_url}?{urlencode(query)}"

    async def exchange(self, code: str) -> Installation:
        """Returns what Slack gives for a code. Raises MeshError: AUTHORIZATION_FAILED, SLACK_UNAVAILABLE."""
        try:
            answer = await self._access({"code": code, "redirect_uri": self._app.redirect_uri})
        except _RefusedError as refused:
            if refused.word not in _OPERATOR_ERRORS:
                log.info("Slack refused the code", extra={"slack_error": refused.word})
            raise MeshError(Reason.AUTHORIZATION_FAILED) from None
        return self._installation(answer)

    async def refresh(self, refresh_token: str) -> BotTokens:
        """Returns the next pair of a bot.

        Raises GrantEndedError where the app has to be installed again, and MeshError(SLACK_UNAVAILABLE) where the pair
        is as good as before: a wrong client secret is ours to mend, and signs nobody out.
        """
        with counted_refresh("slack"):
            return await self._refresh(refresh_token)

    async def _refresh(self, refresh_token: str) -> BotTokens:
        try:
            answer = await self._access({"grant_type": "refresh_token", "refresh_token": refresh_token})
        except _RefusedError as refused:
            if refused.word in _ENDED_ERRORS:
                raise GrantEndedError(refused.word) from None
            raise _unavailable() from None
        tokens = self._tokens(answer)
        if not tokens.access_token or not tokens.refresh_token:
            log.error("Slack's answer to a refresh has no usable tokens")
            raise _unavailable()
        return tokens

    async def _access(self, form: dict[str, str]) -> Any:
        """Calls `oauth.v2.access`. Raises _RefusedError, and MeshError(SLACK_UNAVAILABLE).

        Where Slack does not take a client secret the next one is tried: it looks at the secret before anything else.
        """
        secrets = self._app.client_secrets
        for attempt in range(len(secrets)):
            which = (self._works + attempt) % len(secrets)
            try:
                answer = await self._access_once(form, secrets[which])
            except _RefusedError as refused:
                if refused.word != "bad_client_secret" or attempt == len(secrets) - 1:
                    raise
                continue
            self._works = which
            break
        return answer

    async def _access_once(self, form: dict[str, str], secret: str) -> Any:
        with vendor_call("slack", "Slack oauth.v2.access", "/oauth.v2.access") as one:
            try:
                # Not the SDK's own `oauth_v2_access`: it builds the header by a class that aiohttp is taking away.
                response = await self._client.api_call(
                    "oauth.v2.access",
                    data=form,
                    headers={"Authorization": aiohttp.encode_basic_auth(self._app.client_id, secret)},
                )
            except SlackApiError as error:
                refusal = _refusal(error)
                slack_refused(one, error)
                raise refusal from None
            except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                one.broke_off(error)
                raise _unavailable() from None
            return response.data

    def _tokens(self, answer: Any) -> BotTokens:
        body = answer if isinstance(answer, dict) else {}
        seconds = body.get("expires_in")
        return BotTokens(
            access_token=_text(body, "access_token"),
            refresh_token=_text(body, "refresh_token"),
            expire_time=self._clock.now() + timedelta(seconds=seconds)
            if isinstance(seconds, int) and 0 < seconds <= _MAX_LIFETIME
            else None,
            scopes=tuple(sorted({scope for scope in _text(body, "scope").split(",") if scope})),
        )

    def _installation(self, answer: Any) -> Installation:
        body = answer if isinstance(answer, dict) else {}
        team, enterprise = body.get("team"), body.get("enterprise")
        installation = Installation(
            enterprise_id=_text(enterprise, "id"),
            team_id="" if body.get("is_enterprise_install") is True else _text(team, "id"),
            team_name=_text(team, "name") or _text(enterprise, "name"),
            app_id=_text(body, "app_id"),
            bot_user_id=_text(body, "bot_user_id"),
            tokens=self._tokens(body),
            install_time=self._clock.now(),
        )
        if not installation.tenant_id or not installation.tokens.access_token or body.get("token_type") != "bot":
            log.error("Slack's answer to oauth.v2.access names no workspace or no bot token")
            raise _unavailable()
        return installation


class _RefusedError(Exception):
    """Slack said no, for good."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def _refusal(error: SlackApiError) -> Exception:
    data = error.response.data if hasattr(error.response, "data") else error.response
    status = getattr(error.response, "status_code", 200)
    word = _text(data, "error")
    if not word or word in _PASSING_ERRORS or status == 429 or status >= 500:
        return _unavailable()
    if word in _OPERATOR_ERRORS:
        log.error(
            "Slack refuses this deployment's app: check ZOOMSLACK_SLACK_CLIENT_ID, its secret and the redirect URL",
            extra={"slack_error": word},
        )
    return _RefusedError(word)


def slack_refused(one: VendorCall, error: SlackApiError) -> None:
    """Notes how a request ended to which Slack did not say yes."""
    word = _text(getattr(error.response, "data", None), "error")
    status: int = getattr(error.response, "status_code", 0) or getattr(error.response, "status", 0)
    if status == 429 or word in {"ratelimited", "rate_limited"}:
        one.ended(Outcome.LIMITED, "ratelimited")
        wait = getattr(error.response, "headers", {}).get("Retry-After", "")
        if wait.isascii() and wait.isdecimal():
            one.wants_pause(float(wait))
    elif not word or word in _PASSING_ERRORS or status >= 500:
        one.ended(Outcome.FAILED, word[:100] or f"http_{status}")
    else:
        one.ended(Outcome.REFUSED, word[:100])


def _unavailable() -> MeshError:
    return MeshError(Reason.SLACK_UNAVAILABLE, retry_delay=UNAVAILABLE_DELAY)


def _text(thing: Any, name: str) -> str:
    value = thing.get(name) if isinstance(thing, dict) else None
    return value[:4096] if isinstance(value, str) else ""
