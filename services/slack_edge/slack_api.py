"""The way to Slack: Web API methods and `response_url`, refusals sorted by what they mean.

Methods go through slack-sdk's `api_call` with a JSON body. Its `calls_*` helpers would put join links and passcodes
into the address of the request, which proxies log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from mesh import deadline
from mesh.clock import Clock
from mesh.slack_user import SlackUser
from mesh.vendor_calls import Outcome, VendorCall, count_held_back, vendor_call
from services.slack_edge.blocks import Json
from services.slack_edge.limits import Pauses
from services.slack_edge.slack_errors import REFUSALS, TOKEN_DEAD, Nature, nature_of
from services.slack_edge.workspaces import Workspaces

log = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT = 10.0
"""Seconds for one request to Slack."""
MAX_RESPONSE_URL = 2048
RATE_LIMITED = "ratelimited"
MAX_REPEATS = 2
"""Of what Slack puts off. At an address that takes one message a second a card, its controls and a word may meet."""
MAX_PATIENCE = 5.0
"""Seconds after which something is tried again that a person waits for, whatever Slack asks."""
_MAX_RETRY_AFTER = 3600.0
_VENDOR_DOMAINS = ("slack.com", "slack-gov.com")


class SlackError(Exception):
    """Slack did not do what it was asked. `error` is its word, or ours where it gave none; free of content."""

    def __init__(
        self, method: str, error: str, nature: Nature, retry_after: float | None = None, needed: str = ""
    ) -> None:
        super().__init__(f"{method}: {error}")
        self.method = method
        self.error = error[:100].encode("utf-8", "replace").decode()  # half a character would not fit into a report
        self.nature = nature
        self.retry_after = retry_after
        """Seconds that Slack asked us to wait."""
        self.needed = needed[:100]
        """The scope that is missing, where Slack says so."""

    @property
    def is_final(self) -> bool:
        """Whether trying again is useless."""
        return self.nature is not Nature.PASSING

    @property
    def sentence(self) -> str:
        """What to tell a person about it."""
        return REFUSALS[self.nature].sentence


def open_session() -> aiohttp.ClientSession:
    """Returns the process's HTTP client. Call within the running loop; slack-sdk ignores its own timeout beside one."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TIMEOUT, connect=3.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


class SlackApi:
    """Slack, as seen from here."""

    def __init__(self, base_url: str, workspaces: Workspaces, session: aiohttp.ClientSession, clock: Clock) -> None:
        """`base_url` is the root of the methods, `https://slack.com/api`."""
        self._base_url = base_url
        self._workspaces = workspaces
        self._session = session
        self._clock = clock
        self._pauses = Pauses(clock)
        # slack-sdk formats every request body for its log unless its logger's own level is set above DEBUG.
        self._sdk_log = logging.getLogger(f"{__name__}.sdk")
        self._sdk_log.setLevel(logging.WARNING)

    async def call(
        self, user: SlackUser, method: str, arguments: Json, *, form: bool = False, is_needed: bool = True
    ) -> Json:
        """Calls a method with the bot token of the user's workspace and returns the answer.

        `form`: for methods that read no JSON (`users.info`). A token that turns out dead is asked for again, once.
        Where the call is not needed nobody has to mend a refusal. Slack is not asked again before it wants to be.
        Raises SlackError, and MeshError where there is no token.
        """
        limited = _limited(user, method, arguments)
        if left := self._pauses.left(limited):
            count_held_back("slack", f"/{method}")
            raise SlackError(method, RATE_LIMITED, Nature.PASSING, left)
        try:
            return await self._with_living_token(user, method, arguments, form=form)
        except SlackError as failure:
            if failure.error == RATE_LIMITED and failure.retry_after:
                self._pauses.add(limited, failure.retry_after)
            if is_needed:
                _note(failure)
            raise

    async def _with_living_token(self, user: SlackUser, method: str, arguments: Json, *, form: bool) -> Json:
        token = (await self._workspaces.get(user)).bot_token
        try:
            return await self._once(token, method, arguments, form=form)
        except SlackError as failure:
            if failure.error not in TOKEN_DEAD:
                raise
            self._workspaces.drop(user)
            fresh = (await self._workspaces.get(user)).bot_token
            if fresh == token:
                raise
        return await self._once(fresh, method, arguments, form=form)

    async def _once(self, token: str, method: str, arguments: Json, *, form: bool) -> Json:
        client = AsyncWebClient(
            token=token, base_url=self._base_url, session=self._session, retry_handlers=[], logger=self._sdk_log
        )
        client.proxy = None  # the constructor takes one from the environment, even for addresses of this machine
        body: Any = {"data": arguments} if form else {"json": arguments}
        with vendor_call("slack", f"Slack {method}", f"/{method}") as one:
            try:
                async with asyncio.timeout(deadline.within(TIMEOUT)):
                    response = await client.api_call(method, **body)
            except SlackApiError as error:
                failure = _failure(method, error)
            except TimeoutError:
                failure = SlackError(method, "timeout", Nature.PASSING)
            except (SlackClientError, aiohttp.ClientError, OSError, ValueError, AttributeError, TypeError) as error:
                # The last three: what slack-sdk raises over an answer that is no JSON object.
                failure = SlackError(method, type(error).__name__, Nature.PASSING)
            else:
                return dict(response.data) if isinstance(response.data, dict) else {}
            _end(one, failure)
            raise failure

    async def patiently(self, ask: Callable[[], Awaitable[T]], *, or_twice: bool = False) -> T:
        """Asks again where Slack wants that later: nobody else would. Raises what the last try raises.

        `or_twice`: once again also where it may have been done, and its answer got lost.
        """
        for repeated in range(MAX_REPEATS):
            try:
                return await ask()
            except SlackError as failure:
                is_unsure = or_twice and not repeated
                if failure.is_final or not (is_unsure or failure.error == RATE_LIMITED):
                    raise
                await self._clock.sleep(min(failure.retry_after or 1.0, MAX_PATIENCE))
        return await ask()

    def may_respond(self, url: str) -> bool:
        """Tells whether `url` is Slack's, and so may be posted to."""
        return is_slacks(url, self._base_url)

    async def respond(self, url: str, message: Json) -> None:
        """Posts a message to a `response_url` that `may_respond` allows. Raises SlackError.

        Not by slack-sdk's webhook client: that one follows redirects, to wherever they lead.
        """
        method = "response_url"
        if not self.may_respond(url):
            raise SlackError(method, "url_not_allowed", Nature.OURS)
        with vendor_call("slack", f"Slack {method}", "/{response_url}") as one:
            try:
                async with (
                    asyncio.timeout(deadline.within(TIMEOUT)),
                    self._session.post(url, json=message, allow_redirects=False) as response,
                ):
                    status, headers = response.status, response.headers
                    word = (await response.content.read(256)).decode("ascii", "replace")
            except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
                failure = SlackError(method, type(error).__name__, Nature.PASSING)
            else:
                if status == 200:
                    return
                passing = status == 429 or status >= 500
                told = word.strip() if word.strip().isidentifier() else f"http_{status}"
                failure = SlackError(
                    method,
                    RATE_LIMITED if status == 429 else told,
                    Nature.PASSING if passing else Nature.GONE,
                    _retry_after(headers),
                )
            _end(one, failure)
            raise failure


def is_slacks(url: str, base_url: str) -> bool:
    """Tells whether a response URL belongs to Slack, or to whatever plays Slack at `base_url`.

    The form that brought it was signed; still, nothing else is ever called.
    """
    if not 0 < len(url) <= MAX_RESPONSE_URL:
        return False
    try:
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:
            return False
        scheme, host, port = _origin(parts)
    except ValueError:
        return False
    if (scheme, host, port) == _origin(urlsplit(base_url)):
        return True
    vendor = any(host == domain or host.endswith(f".{domain}") for domain in _VENDOR_DOMAINS)
    return scheme == "https" and port == 443 and vendor


def _failure(method: str, error: SlackApiError) -> SlackError:
    # `response` is slack-sdk's own, or aiohttp's where the body was no JSON.
    response: Any = error.response
    status: int = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    headers: Mapping[str, str] = getattr(response, "headers", {})
    data = getattr(response, "data", None)
    word = data.get("error") if isinstance(data, dict) else None
    if status == 429:
        return SlackError(method, RATE_LIMITED, Nature.PASSING, _retry_after(headers) or 1.0)
    if not isinstance(word, str) or not word:
        return SlackError(method, f"http_{status}", Nature.PASSING)
    nature = Nature.PASSING if status >= 500 else nature_of(word)
    needed = data.get("needed") if isinstance(data, dict) else None
    return SlackError(method, word, nature, _retry_after(headers), needed if isinstance(needed, str) else "")


def _limited(user: SlackUser, method: str, arguments: Json) -> tuple[str, ...]:
    """Returns what Slack limits together (Slack, "Rate limits"): methods by workspace, posts by place."""
    place = str(arguments.get("channel", "")) if method == "chat.postMessage" else ""
    return user.team_id, method, place


def _note(failure: SlackError) -> None:
    """Logs what somebody has to mend. What passes, or is gone, means something only to whoever asked."""
    if failure.nature in {Nature.PASSING, Nature.GONE}:
        return
    refusal = REFUSALS[failure.nature]
    about = {"method": failure.method, "slack_error": failure.error, "nature": failure.nature.value}
    needed = {"needed": failure.needed} if failure.needed else {}
    log.log(refusal.level, "Slack refuses a call", extra={**about, **needed, "advice": refusal.advice})


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "")
    return min(float(value), _MAX_RETRY_AFTER) if value.isascii() and value.isdecimal() else None


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port


def _end(one: VendorCall, failure: SlackError) -> None:
    """Notes how a request ended that failed."""
    if failure.error == RATE_LIMITED:
        outcome = Outcome.LIMITED
    elif "timeout" in failure.error.lower():
        outcome = Outcome.TIMED_OUT
    else:
        outcome = Outcome.FAILED if failure.nature is Nature.PASSING else Outcome.REFUSED
    one.ended(outcome, failure.error)
    if outcome is Outcome.LIMITED and failure.retry_after:
        one.wants_pause(failure.retry_after)
