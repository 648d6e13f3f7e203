"""Zoom's OAuth endpoints, for one of the two apps.

Rules of Zoom: client authentication by HTTP Basic only, parameters in a form body only; PKCE method S256 has to be
named, as the default is `plain`; every refresh gives a new refresh token. The shape of refusals is not documented:
`error`, `reason`, `error_description`, `errorCode` and `errorMessage` were all seen, so all are read.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any
from urllib.parse import urlencode

import httpx

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.vendor_calls import vendor_call
from services.auth.grants import AppLevel, TokenPair
from services.auth.refreshes import counted_refresh
from services.auth.renewals import GrantEndedError
from zoom_api.errors import UNAVAILABLE_DELAY, error_for

log = logging.getLogger(__name__)

TIMEOUT = 10.0
"""Seconds for one request, from connecting to the last byte."""
REVOKE_TIMEOUT = 5.0
_MAX_ANSWER = 64 * 1024
_MAX_TOKEN = 16 * 1024
_MAX_LIFETIME = 86_400
_CODE = re.compile(r"\b(4),?(7\d\d)\b")


class Refusal(Enum):
    """What kind of no an answer of the token endpoint is."""

    GRANT = "the code or the refresh token works no more"
    ADMIN = "the account's administrator does not allow the app"
    CLIENT = "the client id, the secret or the redirect address is wrong"
    OTHER = "something else about this request"
    PASSING = "Zoom is busy or broken"


_BY_CODE = {
    **dict.fromkeys((4702, 4704, 4705, 4706, 4709), Refusal.CLIENT),
    **dict.fromkeys((4717, 4738), Refusal.ADMIN),
    **dict.fromkeys((4733, 4734, 4735, 4737, 4741), Refusal.GRANT),
}
_BY_WORD = {
    "invalid_grant": Refusal.GRANT,
    "invalid_client": Refusal.CLIENT,
    "unauthorized_client": Refusal.CLIENT,
    "unsupported_grant_type": Refusal.CLIENT,
}


@dataclass(frozen=True)
class ZoomApp:
    """An app registered at Zoom."""

    level: AppLevel
    client_id: str
    client_secrets: tuple[str, ...] = field(repr=False)
    """The current one, and beside it the next or the one before while it is rotated."""
    redirect_uri: str


class ZoomOAuth:
    """Consent, tokens and their end."""

    def __init__(self, http: httpx.AsyncClient, oauth_url: str, app: ZoomApp, clock: Clock) -> None:
        """`oauth_url` is the root of `/authorize`, `/token` and `/revoke`."""
        self._http = http
        self._url = oauth_url.rstrip("/")
        self._app = app
        self._clock = clock
        self._works = 0
        """Which of the secrets Zoom took last."""

    def authorize_url(self, state: str, code_challenge: str, scopes: tuple[str, ...] = ()) -> str:
        """Returns the address of Zoom's consent page, which asks for `scopes` beside what was granted before."""
        query = {
            "response_type": "code",
            "client_id": self._app.client_id,
            "redirect_uri": self._app.redirect_uri,
            "state": state,
            "code_challenge": code_challenge,
            "code_challenge_method": "S256",
        }
        if scopes:
            query |= {"optional_scope": " ".join(scopes), "include_granted_scopes": "true"}
        return f"{self._url}/authorize?{urlencode(query)}"

    async def exchange(self, code: str, verifier: str) -> TokenPair:
        """Returns the tokens for a code.

        Raises MeshError: AUTHORIZATION_FAILED, ZOOM_APP_NOT_APPROVED, ZOOM_CLIENT_INVALID, ZOOM_UNAVAILABLE.
        """
        status, headers, answer = await self._post(
            "/token",
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._app.redirect_uri,
                "code_verifier": verifier,
            },
        )
        if status == 200:
            return self._pair(answer)
        match refusal(status, answer):
            case Refusal.PASSING:
                delay = _passing(status, headers, answer, self._clock).retry_delay
                raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=delay)
            case Refusal.CLIENT:
                raise self._client_invalid(answer)
            case Refusal.ADMIN:
                raise MeshError(Reason.ZOOM_APP_NOT_APPROVED)
            case _:
                raise MeshError(Reason.AUTHORIZATION_FAILED)

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Returns the next pair.

        Raises GrantEndedError where the person has to consent again, and MeshError: ZOOM_UNAVAILABLE,
        ZOOM_RATE_LIMITED, ZOOM_CLIENT_INVALID where the grant is as good as before. A refusal that nobody documented
        raises ZOOM_NOT_CONNECTED: it asks for consent and leaves the grant as it is.
        """
        with counted_refresh("zoom"):
            return await self._refresh(refresh_token)

    async def _refresh(self, refresh_token: str) -> TokenPair:
        status, headers, answer = await self._post(
            "/token", {"grant_type": "refresh_token", "refresh_token": refresh_token}
        )
        if status == 200:
            return self._pair(answer)
        kind = refusal(status, answer)
        if kind is Refusal.GRANT or _zoom_code(answer) == 4738:
            raise GrantEndedError(_cause(status, answer))
        if kind is Refusal.PASSING:
            raise _passing(status, headers, answer, self._clock)
        if kind is Refusal.CLIENT:
            raise self._client_invalid(answer)
        log.warning("refresh refused", extra={"cause": _cause(status, answer)})
        raise MeshError(Reason.ZOOM_NOT_CONNECTED)

    async def revoke(self, access_token: str) -> None:
        """Ends the grant of this access token, its refresh token included. A token that is dead already is fine.

        Raises MeshError: ZOOM_UNAVAILABLE, ZOOM_RATE_LIMITED, ZOOM_CLIENT_INVALID where Zoom did not get to the token.
        """
        status, headers, answer = await self._post("/revoke", {"token": access_token}, limit=REVOKE_TIMEOUT)
        if status == 200:
            return
        kind = refusal(status, answer)
        if kind is Refusal.PASSING:
            raise _passing(status, headers, answer, self._clock)
        if kind is Refusal.CLIENT:
            raise self._client_invalid(answer)
        log.info("revoke refused", extra={"cause": _cause(status, answer)})

    async def _post(
        self, route: str, form: dict[str, str], *, limit: float = TIMEOUT
    ) -> tuple[int, httpx.Headers, Any]:
        """Returns status, headers and parsed body (None where it is no JSON). Raises MeshError(ZOOM_UNAVAILABLE).

        Where Zoom does not take a client secret the next one is tried: it looks at the secret before anything else, so
        that neither code nor refresh token is used up by that.
        """
        secrets = self._app.client_secrets
        for attempt in range(len(secrets)):
            which = (self._works + attempt) % len(secrets)
            status, headers, answer = await self._post_once(route, form, secrets[which], limit)
            if status == 200 or refusal(status, answer) is not Refusal.CLIENT:
                self._works = which
                break
        return status, headers, answer

    async def _post_once(
        self, route: str, form: dict[str, str], secret: str, limit: float
    ) -> tuple[int, httpx.Headers, Any]:
        with vendor_call("zoom", f"Zoom POST /oauth{route}", f"/oauth{route}") as one:
            try:
                # httpx limits the time between two bytes, not the whole.
                async with asyncio.timeout(limit):
                    status, headers, content = await self._exchange_bytes(route, form, secret)
            except (httpx.HTTPError, TimeoutError) as error:
                one.broke_off(error)
                raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=UNAVAILABLE_DELAY) from None
            one.answered(status)
            if status == 429 and (delay := _passing(status, headers, None, self._clock).retry_delay) is not None:
                one.wants_pause(delay.total_seconds())
        try:
            return status, headers, json.loads(content)
        except (ValueError, RecursionError):
            return status, headers, None

    async def _exchange_bytes(self, route: str, form: dict[str, str], secret: str) -> tuple[int, httpx.Headers, bytes]:
        basic = httpx.BasicAuth(self._app.client_id, secret)
        async with self._http.stream("POST", self._url + route, data=form, auth=basic) as response:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > _MAX_ANSWER:
                    raise httpx.DecodingError("answer too long", request=response.request)
            return response.status_code, response.headers, bytes(content)

    def _pair(self, answer: Any) -> TokenPair:
        access, refresh, seconds, scope = (
            answer.get(name) if isinstance(answer, dict) else None
            for name in ("access_token", "refresh_token", "expires_in", "scope")
        )
        if (
            not isinstance(access, str)
            or not isinstance(refresh, str)
            or not isinstance(seconds, int)
            or not 0 < len(access) <= _MAX_TOKEN
            or not 0 < len(refresh) <= _MAX_TOKEN
            or not 0 < seconds <= _MAX_LIFETIME
        ):
            log.error("Zoom's token endpoint answered 200 without usable tokens")
            raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=UNAVAILABLE_DELAY)
        scopes = sorted(set(scope.split())) if isinstance(scope, str) else []
        expire_time = self._clock.now() + timedelta(seconds=seconds)
        return TokenPair(access, refresh, expire_time, tuple(scopes), self._app.level)

    def _client_invalid(self, answer: Any) -> MeshError:
        name = f"ZOOMSLACK_ZOOM_{self._app.level.name}_CLIENT"
        log.error(
            "Zoom refuses this deployment's app: check client id, secret and redirect URL",
            extra={"cause": _cause(401, answer), "variables": f"{name}_ID, {name}_SECRET"},
        )
        return MeshError(Reason.ZOOM_CLIENT_INVALID)


def refusal(status: int, answer: Any) -> Refusal:
    """Returns what an answer that is not 200 means: Zoom's number decides, then its word, then the status."""
    if status in {408, 429} or status >= 500 or status < 400:
        return Refusal.PASSING
    by_code = _BY_CODE.get(_zoom_code(answer))
    if by_code is not None:
        return by_code
    by_word = _BY_WORD.get(_text(answer, "error"))
    if by_word is not None:
        return by_word
    return Refusal.CLIENT if status == 401 else Refusal.OTHER


def _zoom_code(answer: Any) -> int:
    """Returns the number between 4700 and 4799 in an answer, wherever it stands, or 0."""
    for name in ("errorCode", "code", "error", "reason", "error_description", "errorMessage", "message"):
        found = _CODE.search(_text(answer, name))
        if found:
            return int(found.group(1) + found.group(2))
    return 0


def _text(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    return str(value)[:500] if isinstance(value, str | int) else ""


def _cause(status: int, answer: Any) -> str:
    """Returns a short name of a refusal for logs: a number or one of OAuth's words, never Zoom's sentences."""
    code, word = _zoom_code(answer), _text(answer, "error")
    return str(code or (word if re.fullmatch(r"[a-z_]{1,40}", word) else status))


def _passing(status: int, headers: httpx.Headers, answer: Any, clock: Clock) -> MeshError:
    error = error_for(status, headers, answer, now=clock.now()) if status == 429 or status >= 500 else None
    return error if isinstance(error, MeshError) else MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=UNAVAILABLE_DELAY)
