"""Zoom's REST API: one HTTP client, a token per person, refusals as reasons of this mesh."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from mesh import deadline
from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from mesh.vendor_calls import vendor_call
from zoom_api.errors import RATE_LIMIT_DELAY, UNAVAILABLE_DELAY, TokenRejectedError, error_for, is_per_second
from zoom_api.tokens import AccessToken

TIMEOUT = 15.0
"""Seconds for one request: Zoom may take ten to make a meeting, and the answer is worth waiting for."""
_SECOND = 1.0
_JITTER = 0.25
"""Seconds to wait for room under a limit per second, and how many more at the most."""
_LEAST = 0.5
"""Seconds that a second try needs."""
_MAX_ANSWER = 4 * 1024 * 1024
# Nothing has reached Zoom when these are raised; after all the others it may have done what it was asked.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class TokenSource(Protocol):
    """Where access tokens come from (`zoom_api.tokens.AccessTokens`)."""

    async def get(self, user: SlackUser, *, rejected: AccessToken | None = None) -> AccessToken: ...


def open_http_client(*, timeout: float = TIMEOUT) -> httpx.AsyncClient:
    """Returns the process's client for Zoom. Redirects are not followed: none is documented for what we call."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(timeout, connect=3.0),
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        headers={"User-Agent": "zoomslack", "Accept": "application/json"},
        follow_redirects=False,
        trust_env=False,
    )


def path_segment(value: str) -> str:
    """Returns `value` for use in a path. A meeting UUID that begins with `/` or holds `//` is encoded twice (Zoom)."""
    once = quote(value, safe="")
    return quote(once, safe="") if value.startswith("/") or "//" in value else once


class ZoomClient:
    """Calls Zoom in the name of a Slack user."""

    def __init__(self, http: httpx.AsyncClient, base_url: str, tokens: TokenSource, clock: Clock) -> None:
        """`base_url` is the API's root, `https://api.zoom.us/v2`."""
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens
        self._clock = clock

    async def token(self, user: SlackUser) -> AccessToken:
        """Returns the token calls of `user` will carry. Raises MeshError as `IssueZoomAccessToken` does."""
        return await self._tokens.get(user)

    async def call(
        self,
        user: SlackUser,
        method: str,
        route: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Calls `method` on `route` (`/meetings/{meetingId}`) and returns the parsed answer, `{}` for an empty one.

        `{userId}` in a route is filled in here: which name the user has in a path depends on whose token it is.
        A 401 is answered with one try under a fresh token, and a limit per second with one a second later, where the
        caller's deadline leaves the time: Zoom did nothing then, whatever was asked. Raises MeshError:
        ZOOM_OUTCOME_UNKNOWN when a request that changes something was sent and its answer was lost or is a 5xx, and
        what `zoom_api.errors` makes of refusals.
        """
        token = await self._tokens.get(user)
        try:
            return await self._patiently(token, method, route, path or {}, query, body)
        except TokenRejectedError:
            token = await self._tokens.get(user, rejected=token)
        try:
            return await self._patiently(token, method, route, path or {}, query, body)
        except TokenRejectedError:
            raise MeshError(Reason.ZOOM_NOT_CONNECTED) from None

    async def _patiently(self, *request: Any) -> dict[str, Any]:
        """Does what `_once` does; where Zoom counts too many requests in a second, once more in the next."""
        try:
            return await self._once(*request)
        except _BusyError as busy:
            pause = _next_second(busy.limit)
            if pause is None:
                raise busy.limit from None
        await self._clock.sleep(pause)
        try:
            return await self._once(*request)
        except _BusyError as busy:
            raise busy.limit from None

    async def _once(
        self,
        token: AccessToken,
        method: str,
        route: str,
        path: Mapping[str, str],
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        values = {"userId": token.path_user_id, **path}
        url = self._base_url + route.format_map({name: path_segment(value) for name, value in values.items()})
        with vendor_call("zoom", f"Zoom {method} {route}", route, method=method) as one:
            try:
                async with asyncio.timeout(TIMEOUT + 5.0):  # httpx limits each wait, not their sum
                    status, headers, answer = await self._exchange(token, method, url, query, body)
            except (httpx.HTTPError, TimeoutError) as error:
                one.broke_off(error)
                down = MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=UNAVAILABLE_DELAY)
                raise (down if isinstance(error, _NOT_SENT) else _unknown(method, down)) from None
            one.answered(status)
            if status < 300:
                return answer if isinstance(answer, dict) else {}
            refusal = error_for(status, headers, answer, now=self._clock.now())
            if status == 429 and isinstance(refusal, MeshError) and refusal.retry_delay is not None:
                one.wants_pause(refusal.retry_delay.total_seconds())
                if is_per_second(status, headers, answer):
                    raise _BusyError(refusal)
            # A gateway that gave up (502, 504) does not know what Zoom behind it did, nor does a server that broke off.
            raise _unknown(method, refusal) if status >= 500 and isinstance(refusal, MeshError) else refusal

    async def _exchange(
        self,
        token: AccessToken,
        method: str,
        url: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> tuple[int, Mapping[str, str], Any]:
        async with self._http.stream(
            method, url, params=query, json=body, headers={"Authorization": f"Bearer {token.value}"}
        ) as response:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > _MAX_ANSWER:
                    raise httpx.DecodingError("answer too long", request=response.request)
            try:
                answer = json.loads(content) if content else None
            except ValueError:
                answer = None
            if answer is None and 200 <= response.status_code < 300 and response.status_code != 204:
                raise httpx.DecodingError("no JSON", request=response.request)
            return response.status_code, response.headers, answer


class _BusyError(Exception):
    """Zoom's limit per second."""

    def __init__(self, limit: MeshError) -> None:
        super().__init__(str(limit))
        self.limit = limit


def _next_second(limit: MeshError) -> float | None:
    """Returns the seconds to wait before another try; None where nobody waits that long for it.

    Who was refused together does not come again together.
    """
    asked = limit.retry_delay.total_seconds() if limit.retry_delay is not None else 0.0
    if asked > RATE_LIMIT_DELAY.total_seconds():  # Zoom names a time of its own
        return None
    pause = _SECOND + random.uniform(0.0, _JITTER)  # noqa: S311 (no secret)
    left = deadline.remaining()
    return pause if left is None or left >= pause + _LEAST else None


def _unknown(method: str, error: MeshError) -> MeshError:
    """Returns what `error` means of a request that may have been carried out all the same."""
    return error if method == "GET" else MeshError(Reason.ZOOM_OUTCOME_UNKNOWN, retry_delay=error.retry_delay)
