"""Who a new token is for: Zoom's `GET /users/me`."""

from __future__ import annotations

import logging
from typing import Any

import httpx

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.grants import TokenPair, ZoomPlan, ZoomProfile
from zoom_api.client import ZoomClient
from zoom_api.errors import UNAVAILABLE_DELAY
from zoom_api.tokens import AccessToken

log = logging.getLogger(__name__)

_MAX_ID = 64
_PLANS = {1: ZoomPlan.BASIC, 2: ZoomPlan.LICENSED, 4: ZoomPlan.UNASSIGNED, 99: ZoomPlan.UNASSIGNED}
_PASSING = {Reason.ZOOM_UNAVAILABLE, Reason.ZOOM_RATE_LIMITED, Reason.ZOOM_DAILY_LIMIT}
_NOBODY_YET = SlackUser("", "", "")


class _NewToken:
    """A token source for a token that no connection has yet."""

    def __init__(self, tokens: TokenPair) -> None:
        self._token = AccessToken(tokens.access_token, tokens.expire_time, "", "")

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

    async def profile(self, tokens: TokenPair) -> ZoomProfile:
        """Returns the Zoom user who granted `tokens`.

        Raises MeshError: AUTHORIZATION_FAILED, ZOOM_CLIENT_INVALID (the app lacks a scope), ZOOM_UNAVAILABLE.
        """
        client = ZoomClient(self._http, self._api_url, _NewToken(tokens), self._clock)
        try:
            answer = await client.call(_NOBODY_YET, "GET", "/users/me")
        except MeshError as error:
            raise _as_consent_error(error) from None
        return _profile(answer)


def _as_consent_error(error: MeshError) -> MeshError:
    if error.reason in _PASSING:
        return MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=error.retry_delay)
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
    plan = _PLANS.get(kind, ZoomPlan.UNKNOWN) if isinstance(kind, int) else ZoomPlan.UNKNOWN
    return ZoomProfile(user_id, account_id, plan)
