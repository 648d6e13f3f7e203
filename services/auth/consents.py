"""Consent at Zoom: a link that works once, a code that works once, and nothing lost between the two.

The first code that comes back with a link's state claims it. A claim is a lease, so that a crash on the way does not
burn the link: whoever repeats the same code goes on where it stopped. What Zoom gave for the code is stored before it
is used, as the code does not work twice.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn, Protocol, TypeVar

from mesh.clock import Clock
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.detached import Detached
from services.auth.grants import AppLevel, TokenPair
from services.auth.links import LIFETIME, ConnectLink, LinkStore, challenge, digest, new_secret
from services.auth.revocation import Revocations
from services.auth.saving import save_tokens

log = logging.getLogger(__name__)

T = TypeVar("T")

CLAIM = timedelta(seconds=30)
"""Longer than the exchange, storing its tokens, and the profile take together."""
EXCHANGE_LIMIT = 10.0
"""Seconds for exchanging a code."""
POLL = 0.1
"""Seconds between two looks at a link that another call is working on."""
PATIENCE = 45.0
_WAIT = 30.0
_BUSY_DELAY = timedelta(seconds=2)


@dataclass(frozen=True)
class NewLink:
    """A link to hand out: its secret, and the address of Zoom's consent page."""

    state: str = field(repr=False)
    authorize_url: str = field(repr=False)
    link: ConnectLink


class ZoomConsent(Protocol):
    """Zoom's consent page and what its code is good for (`services.auth.zoom_oauth`)."""

    def authorize_url(self, state: str, code_challenge: str, scopes: tuple[str, ...]) -> str: ...
    async def exchange(self, code: str, verifier: str) -> TokenPair: ...


Finish = Callable[[ConnectLink, str, TokenPair], Awaitable[bool]]
"""Stores what a link was for, as the holder (by name) of its claim. False where the claim was lost meanwhile."""


@dataclass(frozen=True)
class Parts:
    """What consents are made with."""

    links: LinkStore
    zoom: Mapping[AppLevel, ZoomConsent]
    """The apps that this deployment has."""
    revocations: Revocations
    clock: Clock
    detached: Detached
    exchange_limit: float = EXCHANGE_LIMIT


class Consents:
    """Links to Zoom's consent page, and the codes that come back. One per process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def offers(self, level: AppLevel) -> bool:
        """Tells whether this deployment has the app."""
        return level in self._parts.zoom

    async def create(
        self,
        level: AppLevel,
        user: SlackUser,
        *,
        display_name: str = "",
        team_name: str = "",
        continuation: bytes = b"",
        zoom_scopes: tuple[str, ...] = (),
        browser_secret: str = "",
    ) -> NewLink:
        """Stores and returns a new link, bound to the browser that holds `browser_secret` where one is given."""
        state = new_secret()
        link = ConnectLink(
            state_digest=digest(state),
            level=level,
            user=user,
            display_name=display_name,
            team_name=team_name,
            expire_time=self._parts.clock.now() + LIFETIME,
            zoom_scopes=zoom_scopes,
            verifier=new_secret(),
            continuation=continuation,
            browser_digest=digest(browser_secret) if browser_secret else "",
        )
        await self._parts.links.add_link(link)
        return NewLink(state, self._authorize_url(state, link), link)

    async def look(self, state: str, level: AppLevel) -> NewLink:
        """Returns a link that can be used. Raises MeshError: LINK_INVALID, LINK_EXPIRED, LINK_USED."""
        link = await self._parts.links.get_link(digest(state))
        if link is None or link.level is not level:
            raise MeshError(Reason.LINK_INVALID)
        link.check_unused(self._parts.clock.now())
        return NewLink(state, self._authorize_url(state, link), link)

    async def check_browser(self, state: str, level: AppLevel, browser_secret: str) -> None:
        """Raises MeshError(LINK_INVALID) unless the link was begun in the browser that holds the secret."""
        link = await self._parts.links.get_link(digest(state))
        if link is None or link.level is not level or not link.is_of(browser_secret):
            raise MeshError(Reason.LINK_INVALID)

    async def complete(self, state: str, level: AppLevel, *, code: str, error: str, finish: Finish) -> ConnectLink:
        """Uses a link up with the code that came back, and returns it completed.

        `finish` runs at most once at a time and link; a repeated call with the code that completed the link does not
        run it. Raises MeshError: LINK_INVALID, LINK_EXPIRED, LINK_USED, CONSENT_DENIED, AUTHORIZATION_FAILED, what the
        exchange raises, and what `finish` raises.
        """
        if error:
            await self._refuse(digest(state), level, error)
        if not code:
            raise MeshError(
                Reason.INVALID_REQUEST, violations=(FieldViolation("code", "a code or an error has to be given"),)
            )
        work = _Completion(self._parts, digest(state), level, code, finish)
        task = self._parts.detached.start(work.run(), "complete consent")
        try:
            return await self._parts.detached.wait(task, _WAIT)
        except TimeoutError:
            raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY) from None

    def _authorize_url(self, state: str, link: ConnectLink) -> str:
        zoom = self._parts.zoom.get(link.level)
        if zoom is None:
            raise MeshError(Reason.COMPANY_INSTALL_NOT_OFFERED)
        return zoom.authorize_url(state, challenge(link.verifier), link.zoom_scopes)

    async def _refuse(self, state_digest: str, level: AppLevel, error: str) -> NoReturn:
        """Uses a link up whose person, or Zoom, said no. Always raises."""
        link = await self._parts.links.refuse_link(state_digest, level)
        if link is None:
            raise MeshError(Reason.LINK_INVALID)
        if link.used_time is None:  # it could not be used
            raise MeshError(Reason.LINK_EXPIRED)
        if link.code_digest:
            raise MeshError(Reason.LINK_USED)
        log.info("zoom consent refused", extra=who(link))
        if error == "access_denied":
            raise MeshError(Reason.CONSENT_DENIED, {"vendor": "zoom"})
        raise MeshError(Reason.AUTHORIZATION_FAILED)


class _Completion:
    """One call's work on one link."""

    def __init__(self, parts: Parts, state_digest: str, level: AppLevel, code: str, finish: Finish) -> None:
        self._parts = parts
        self._state_digest = state_digest
        self._level = level
        self._code = code
        self._finish = finish
        self._owner = str(uuid.uuid4())
        self._tokens: TokenPair | None = None

    async def run(self) -> ConnectLink:
        """Returns the completed link, whoever completed it."""
        code_digest = digest(self._code)
        give_up = self._parts.clock.monotonic() + PATIENCE
        while self._parts.clock.monotonic() < give_up:
            claim = await self._parts.links.claim_link(self._state_digest, self._level, code_digest, self._owner, CLAIM)
            if claim is None:
                if self._tokens is not None:
                    # The link was deleted while it was worked on, as its workspace left: nobody may use these.
                    self._parts.revocations.forget(self._tokens)
                raise MeshError(Reason.LINK_INVALID)
            link = claim.link
            if claim.mine:
                if await self._work(link):
                    return link
                continue  # too slow: the claim is somebody else's by now, or free again
            if link.used_time is None:
                raise MeshError(Reason.LINK_EXPIRED)
            if not hmac.compare_digest(link.code_digest.encode(), code_digest.encode()):
                raise MeshError(Reason.LINK_USED)
            if link.complete_time is not None:
                return link
            if link.is_over(self._parts.clock.now()):
                raise MeshError(Reason.LINK_EXPIRED)
            await self._parts.clock.sleep(POLL)  # another call works on it
        raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY)

    async def _work(self, link: ConnectLink) -> bool:
        """Does the work of a link, as the holder of its claim. False where the claim was lost before the end."""
        try:
            self._tokens = link.tokens or await self._exchange(link)
            return await self._finish(link, self._owner, self._tokens)
        except MeshError as error:
            log.warning("consent came to nothing", extra={**who(link), "reason": error.reason.value})
            await self._release(link)
            raise

    async def _exchange(self, link: ConnectLink) -> TokenPair:
        """Returns what Zoom gives for the code, kept with the link."""
        zoom = self._parts.zoom.get(self._level)
        if zoom is None:
            raise MeshError(Reason.COMPANY_INSTALL_NOT_OFFERED)
        tokens = await limited(self._parts.exchange_limit, zoom.exchange(self._code, link.verifier))
        try:
            await save_tokens(lambda: self._parts.links.keep_tokens(link, tokens), self._parts.clock)
        except Exception:
            self._parts.revocations.forget(tokens)  # the code is used, so nobody can ever have them
            raise
        return tokens

    async def _release(self, link: ConnectLink) -> None:
        """Lets the next try begin at once. Where that fails, the claim runs out; the caller hears the first cause."""
        try:
            await self._parts.links.release_link(link, self._owner)
        except MeshError as error:
            log.warning("a claim is left to run out", extra={**who(link), "reason": error.reason.value})


async def limited(seconds: float, call: Awaitable[T]) -> T:
    """Returns what Zoom answers. Raises MeshError(ZOOM_UNAVAILABLE) after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError:
        raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY) from None


def who(link: ConnectLink) -> dict[str, str]:
    """Returns whose link it is, for logs."""
    return {
        "app_level": link.level.value,
        "slack_team_id": link.user.team_id,
        "slack_user_id": link.user.user_id,
    }
