"""Zoom's users, as far as auth needs them: who consented, and who in an account has an e-mail address."""

from __future__ import annotations

import logging
import string
from typing import Any

import httpx

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.grants import AppLevel, TokenPair, TokenRefusedError, ZoomPlan, ZoomProfile
from zoom_api.client import ZoomClient
from zoom_api.errors import UNAVAILABLE_DELAY
from zoom_api.tokens import AccessToken

log = logging.getLogger(__name__)

_MAX_ID = 64
_MAX_EMAIL = 320
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_PLANS = {1: ZoomPlan.BASIC, 2: ZoomPlan.LICENSED, 4: ZoomPlan.UNASSIGNED, 99: ZoomPlan.UNASSIGNED}
_PASSING = {Reason.ZOOM_UNAVAILABLE, Reason.ZOOM_RATE_LIMITED, Reason.ZOOM_DAILY_LIMIT}
_NOBODY_YET = SlackUser("", "", "")
_NO_SUCH_USER = {Reason.ZOOM_NOT_FOUND, Reason.ZOOM_REFUSED, Reason.ZOOM_SCOPE_MISSING}
"""Zoom has no such user in this account, or does not show this app any: either way nobody can be matched."""


class _GivenToken:
    """A token source for a token that is at hand."""

    def __init__(self, tokens: TokenPair, path_user_id: str) -> None:
        self._token = AccessToken(tokens.access_token, tokens.expire_time, "", "", path_user_id)

    async def get(self, user: SlackUser, *, rejected: AccessToken | None = None) -> AccessToken:
        if rejected is not None:
            raise MeshError(Reason.AUTHORIZATION_FAILED)
        return self._token


class ZoomUsers:
    """Zoom's users, as far as auth needs them."""

    def __init__(self, http: httpx.AsyncClient, api_url: str, clock: Clock) -> None:
        """`api_url` is the API's root, `https://api.zoom.us/v2`."""
        self._http = http
        self._api_url = api_url
        self._clock = clock

    async def own(self, tokens: TokenPair) -> ZoomProfile:
        """Returns the Zoom user who granted `tokens`.

        Raises MeshError: AUTHORIZATION_FAILED, ZOOM_CLIENT_INVALID (the app lacks a scope), ZOOM_ADMIN_REQUIRED (the
        role of who consented lacks one), ZOOM_UNAVAILABLE.
        """
        try:
            answer = await self._client(tokens).call(_NOBODY_YET, "GET", "/users/{userId}")
        except MeshError as error:
            raise _as_consent_error(error, tokens.level) from None
        return _profile(answer)

    async def by_email(self, tokens: TokenPair, email: str) -> ZoomProfile | None:
        """Returns the active user of the account with this address, if she has confirmed it; None where there is none.

        `tokens` are an administrator's. Raises TokenRefusedError, and MeshError as `ZoomClient.call` does.
        """
        client = self._client(tokens, path_user_id=email)
        try:
            answer = await client.call(_NOBODY_YET, "GET", "/users/{userId}")
        except MeshError as error:
            if error.reason is Reason.AUTHORIZATION_FAILED:
                raise TokenRefusedError from None
            if error.reason in _NO_SUCH_USER:
                return None
            raise
        theirs = answer.get("email")
        if not isinstance(theirs, str) or _lower(theirs) != _lower(email):
            return None
        if answer.get("status") != "active" or answer.get("verified") != 1:
            return None
        return _profile(answer)

    def _client(self, tokens: TokenPair, *, path_user_id: str = "me") -> ZoomClient:
        return ZoomClient(self._http, self._api_url, _GivenToken(tokens, path_user_id), self._clock)


def _lower(email: str) -> str:
    """Returns an address with its letters of ASCII small. Other letters stay: some fold to letters of ASCII, and would
    make one person's address another's (`K`, the sign of Kelvin, to `k`)."""
    return email.translate(_SMALL)


def _as_consent_error(error: MeshError, level: AppLevel) -> MeshError:
    if error.reason in _PASSING:
        return MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=error.retry_delay)
    if error.reason is Reason.ZOOM_SCOPE_MISSING and level is AppLevel.ACCOUNT:
        # Zoom gives an administrator's app only the scopes that her role has.
        log.warning("an administrator's role lacks a scope", extra={"scopes": error.metadata.get("scopes", "")})
        return MeshError(Reason.ZOOM_ADMIN_REQUIRED)
    if error.reason is Reason.ZOOM_SCOPE_MISSING:
        log.error("the Zoom app lacks a scope it needs", extra={"scopes": error.metadata.get("scopes", "")})
        return MeshError(Reason.ZOOM_CLIENT_INVALID)
    return MeshError(Reason.AUTHORIZATION_FAILED)


def _profile(answer: dict[str, Any]) -> ZoomProfile:
    user_id, account_id, kind = answer.get("id"), answer.get("account_id"), answer.get("type")
    if (
        not isinstance(user_id, str)
        or not isinstance(account_id, str)
        or not 0 < len(user_id) <= _MAX_ID
        or not 0 < len(account_id) <= _MAX_ID
    ):
        log.error("Zoom's user has no usable id")
        raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=UNAVAILABLE_DELAY)
    email = answer.get("email")
    return ZoomProfile(user_id, account_id, plan_of(kind), email[:_MAX_EMAIL] if isinstance(email, str) else "")


def plan_of(kind: object) -> ZoomPlan:
    """Returns what Zoom's `type` of a user says."""
    return _PLANS.get(kind, ZoomPlan.UNKNOWN) if isinstance(kind, int) else ZoomPlan.UNKNOWN
