"""Connecting a Slack user to a Zoom user, and parting them again.

A connect link is made for one Slack user. The first code that comes back with its state claims it. A claim is a lease,
so that a crash on the way does not burn the link: whoever repeats the same code goes on where it stopped. What Zoom
gave for the code is stored before it is used, as the code does not work twice.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import uuid
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn, Protocol, TypeVar

from mesh.clock import Clock
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.detached import Detached
from services.auth.grants import TokenPair, ZoomProfile
from services.auth.links import LIFETIME, ConnectLink, LinkStore, challenge, digest, new_secret
from services.auth.revocation import Revocations
from services.auth.saving import save_tokens

log = logging.getLogger(__name__)

T = TypeVar("T")

CLAIM = timedelta(seconds=30)
"""Longer than the exchange, storing its tokens, and the profile take together."""
EXCHANGE_LIMIT = 10.0
"""Seconds for exchanging a code."""
PROFILE_LIMIT = 10.0
"""Seconds for learning who consented."""
POLL = 0.1
"""Seconds between two looks at a link that another call is working on."""
PATIENCE = 45.0
_WAIT = 30.0
_BUSY_DELAY = timedelta(seconds=2)
REVOKE_WAIT = 1.5
"""Seconds a logout waits for Zoom: the person is waiting in Slack, and is signed out already."""


@dataclass(frozen=True)
class Connection:
    """A Slack user's link to a Zoom user."""

    user: SlackUser
    profile: ZoomProfile
    scopes: tuple[str, ...]
    connect_time: datetime


@dataclass(frozen=True)
class NewLink:
    """A link to hand out."""

    url: str = field(repr=False)
    expire_time: datetime


@dataclass(frozen=True)
class Consent:
    """What the page behind a connect link shows, and where it leads."""

    link: ConnectLink
    authorize_url: str = field(repr=False)


@dataclass(frozen=True)
class Completed:
    """A connection, and what the person was doing when it was found missing."""

    connection: Connection
    continuation: bytes = field(repr=False)


@dataclass(frozen=True)
class Deleted:
    """What a logout removed. `tokens` are to be revoked at Zoom; None where nothing is."""

    found: bool
    tokens: TokenPair | None = None


@dataclass(frozen=True)
class Stored:
    """What storing a connection came to. `mine`: the claim was still held; else nothing was changed.

    `orphan` is the pair of a grant that nobody uses any more, as the person was connected to another Zoom user before.
    """

    mine: bool
    orphan: TokenPair | None = None


class ConnectionStore(Protocol):
    """Where connections are kept (`services.auth.store`)."""

    async def connect(self, link: ConnectLink, owner: str, tokens: TokenPair, profile: ZoomProfile) -> Stored: ...
    async def get(self, user: SlackUser) -> Connection | None: ...
    async def delete(self, user: SlackUser) -> Deleted: ...


class ZoomConsent(Protocol):
    """Zoom's consent page and what its code is good for (`services.auth.zoom_oauth`)."""

    def authorize_url(self, state: str, code_challenge: str) -> str: ...
    async def exchange(self, code: str, verifier: str) -> TokenPair: ...


class Profiles(Protocol):
    """Who a token is for (`services.auth.zoom_users`)."""

    async def profile(self, tokens: TokenPair) -> ZoomProfile: ...


class Connections:
    """Links and connections. One per process."""

    def __init__(
        self,
        *,
        links: LinkStore,
        store: ConnectionStore,
        zoom: ZoomConsent,
        profiles: Profiles,
        revocations: Revocations,
        clock: Clock,
        detached: Detached,
        public_url: str,
        exchange_limit: float = EXCHANGE_LIMIT,
        profile_limit: float = PROFILE_LIMIT,
    ) -> None:
        """`public_url` is where browsers reach the edge, without a slash at the end; the limits are in seconds."""
        self._links = links
        self._store = store
        self._zoom = zoom
        self._revocations = revocations
        self._exchange_limit = exchange_limit
        self._profile_limit = profile_limit
        self._profiles = profiles
        self._clock = clock
        self._detached = detached
        self._public_url = public_url

    async def create_link(self, user: SlackUser, *, display_name: str, team_name: str, continuation: bytes) -> NewLink:
        """Returns a new link for `user`."""
        state = new_secret()
        link = ConnectLink(
            state_digest=digest(state),
            user=user,
            display_name=display_name,
            team_name=team_name,
            expire_time=self._clock.now() + LIFETIME,
            verifier=new_secret(),
            continuation=continuation,
        )
        await self._links.add_link(link)
        return NewLink(f"{self._public_url}/zoom/connect?link={state}", link.expire_time)

    async def consent(self, state: str) -> Consent:
        """Returns what is behind a link. Raises MeshError: LINK_INVALID, LINK_EXPIRED, LINK_USED."""
        link = await self._links.get_link(digest(state))
        if link is None:
            raise MeshError(Reason.LINK_INVALID)
        link.check_unused(self._clock.now())
        return Consent(link, self._zoom.authorize_url(state, challenge(link.verifier)))

    async def complete(self, state: str, *, code: str, error: str) -> Completed:
        """Connects the person of the link with the Zoom user who consented.

        Raises MeshError as the proto's CompleteConnection says.
        """
        if error:
            await self._refuse(digest(state), error)
        if not code:
            raise MeshError(
                Reason.INVALID_REQUEST, violations=(FieldViolation("code", "a code or an error has to be given"),)
            )
        task = self._detached.start(self._complete(digest(state), code), "complete connection")
        try:
            return await self._detached.wait(task, _WAIT)
        except TimeoutError:
            raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY) from None

    async def get(self, user: SlackUser) -> Connection:
        """Returns the person's connection. Raises MeshError(ZOOM_NOT_CONNECTED)."""
        connection = await self._store.get(user)
        if connection is None:
            raise MeshError(Reason.ZOOM_NOT_CONNECTED)
        return connection

    async def delete(self, user: SlackUser) -> bool:
        """Signs the person out of Zoom, wherever this Slack user is linked to the same Zoom user.

        In an organisation one Slack user has the same id in all workspaces, and the guide promises "every channel and
        workspace". Other Slack users of the same Zoom user (a shared account) stay connected; the tokens are revoked
        with the last of them. Returns whether there was a connection; Zoom is told as far as it answers.
        """
        deleted = await self._store.delete(user)
        if deleted.found:
            log.info("zoom disconnected", extra=_who(user))
        if deleted.tokens is not None:
            await self._revocations.revoke(deleted.tokens, REVOKE_WAIT)
        return deleted.found

    async def _refuse(self, state_digest: str, error: str) -> NoReturn:
        """Uses a link up whose person, or Zoom, said no. Always raises."""
        link = await self._links.refuse_link(state_digest)
        if link is None:
            raise MeshError(Reason.LINK_INVALID)
        if link.used_time is None:  # it could not be used
            raise MeshError(Reason.LINK_EXPIRED)
        if link.code_digest:
            raise MeshError(Reason.LINK_USED)
        log.info("zoom consent refused", extra=_who(link.user))
        if error == "access_denied":
            raise MeshError(Reason.CONSENT_DENIED, {"vendor": "zoom"})
        raise MeshError(Reason.AUTHORIZATION_FAILED)

    async def _complete(self, state_digest: str, code: str) -> Completed:
        owner, code_digest = str(uuid.uuid4()), digest(code)
        give_up = self._clock.monotonic() + PATIENCE
        while self._clock.monotonic() < give_up:
            claim = await self._links.claim_link(state_digest, code_digest, owner, CLAIM)
            if claim is None:
                raise MeshError(Reason.LINK_INVALID)
            link = claim.link
            if claim.mine:
                completed = await self._connect(link, code, owner)
                if completed is not None:
                    return completed
                continue  # too slow: the claim is somebody else's by now, or free again
            if link.used_time is None:
                raise MeshError(Reason.LINK_EXPIRED)
            if not hmac.compare_digest(link.code_digest.encode(), code_digest.encode()):
                raise MeshError(Reason.LINK_USED)
            if link.complete_time is not None:
                return await self._repeated(link)
            if link.is_over(self._clock.now()):
                raise MeshError(Reason.LINK_EXPIRED)
            await self._clock.sleep(POLL)  # another call works on it
        raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY)

    async def _connect(self, link: ConnectLink, code: str, owner: str) -> Completed | None:
        """Does the work of a link, as the holder of its claim. None where the claim was lost before the end."""
        try:
            tokens = link.tokens or await self._exchange(link, code)
            profile = await _limited(self._profile_limit, self._profiles.profile(tokens))
            stored = await self._store.connect(link, owner, tokens, profile)
        except MeshError as error:
            log.warning("not connected", extra={**_who(link.user), "reason": error.reason.value})
            await self._release(link, owner)
            raise
        if not stored.mine:
            return None
        log.info("zoom connected", extra={**_who(link.user), "zoom_user_id": profile.zoom_user_id})
        if stored.orphan is not None:
            await self._revocations.revoke(stored.orphan, REVOKE_WAIT)
        return await self._repeated(link)

    async def _exchange(self, link: ConnectLink, code: str) -> TokenPair:
        """Returns what Zoom gives for the code, kept with the link."""
        tokens = await _limited(self._exchange_limit, self._zoom.exchange(code, link.verifier))
        try:
            await save_tokens(lambda: self._links.keep_tokens(link, tokens), self._clock)
        except Exception:
            self._revocations.begin(tokens)  # the code is used, so nobody can ever have them
            raise
        return tokens

    async def _release(self, link: ConnectLink, owner: str) -> None:
        """Lets the next try begin at once. Where that fails, the claim runs out; the caller hears the first cause."""
        try:
            await self._links.release_link(link, owner)
        except MeshError as error:
            log.warning("a claim is left to run out", extra={**_who(link.user), "reason": error.reason.value})

    async def _repeated(self, link: ConnectLink) -> Completed:
        """Returns the stored answer of a completed link; one that was deleted since cannot be had again."""
        connection = await self._store.get(link.user)
        if connection is None:
            raise MeshError(Reason.LINK_USED)
        return Completed(connection, link.continuation)


async def _limited(seconds: float, call: Awaitable[T]) -> T:
    """Returns what Zoom answers. Raises MeshError(ZOOM_UNAVAILABLE) after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError:
        raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY) from None


def _who(user: SlackUser) -> dict[str, str]:
    return {"slack_team_id": user.team_id, "slack_user_id": user.user_id}
