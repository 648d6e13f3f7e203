"""Connecting a Slack user to a Zoom user, and parting them again.

A connect link is made for one Slack user. The first code that comes back with its state claims it. A claim is a lease,
so that a crash on the way does not burn the link: whoever repeats the same code goes on where it stopped. What Zoom
gave for the code is stored before it is used, as the code does not work twice.
"""

from __future__ import annotations

import hmac
import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NoReturn, Protocol

from mesh.clock import Clock
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.detached import Detached
from services.auth.grants import TokenPair, ZoomProfile
from services.auth.links import LIFETIME, ConnectLink, challenge, digest, new_secret

log = logging.getLogger(__name__)

CLAIM = timedelta(seconds=30)
"""Longer than the exchange, the profile and the commit take together."""
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
class Claim:
    """A link as one call found it. `mine`: this call is to work on it, and nobody else does."""

    link: ConnectLink
    mine: bool


@dataclass(frozen=True)
class Deleted:
    """What a logout removed. `access_token` is to be revoked at Zoom; empty where nothing is."""

    found: bool
    access_token: str = field(default="", repr=False)


class ConnectionStore(Protocol):
    """Where links and connections are kept (`services.auth.store`)."""

    async def add_link(self, link: ConnectLink) -> None: ...
    async def get_link(self, state_digest: str) -> ConnectLink | None: ...
    async def claim_link(
        self, state_digest: str, code_digest: str, owner: str, duration: timedelta
    ) -> Claim | None: ...
    async def refuse_link(self, state_digest: str) -> ConnectLink | None: ...
    async def release_link(self, link: ConnectLink, owner: str) -> None: ...
    async def keep_tokens(self, link: ConnectLink, tokens: TokenPair) -> None: ...
    async def connect(self, link: ConnectLink, tokens: TokenPair, profile: ZoomProfile) -> str: ...
    async def get(self, user: SlackUser) -> Connection | None: ...
    async def delete(self, user: SlackUser) -> Deleted: ...


class ZoomConsent(Protocol):
    """Zoom's consent page and token endpoint (`services.auth.zoom_oauth`)."""

    def authorize_url(self, state: str, code_challenge: str) -> str: ...
    async def exchange(self, code: str, verifier: str) -> TokenPair: ...
    async def revoke(self, access_token: str) -> None: ...


class Profiles(Protocol):
    """Who a token is for (`services.auth.zoom_users`)."""

    async def profile(self, tokens: TokenPair) -> ZoomProfile: ...


class Connections:
    """Links and connections. One per process."""

    def __init__(
        self,
        *,
        store: ConnectionStore,
        zoom: ZoomConsent,
        profiles: Profiles,
        clock: Clock,
        detached: Detached,
        public_url: str,
    ) -> None:
        """`public_url` is where browsers reach the edge, without a slash at the end."""
        self._store = store
        self._zoom = zoom
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
        await self._store.add_link(link)
        return NewLink(f"{self._public_url}/zoom/connect?link={state}", link.expire_time)

    async def consent(self, state: str) -> Consent:
        """Returns what is behind a link. Raises MeshError: LINK_INVALID, LINK_EXPIRED, LINK_USED."""
        link = await self._store.get_link(digest(state))
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
        if deleted.access_token:
            await self._revoke(deleted.access_token)
        return deleted.found

    async def _refuse(self, state_digest: str, error: str) -> NoReturn:
        """Uses a link up whose person, or Zoom, said no. Always raises."""
        link = await self._store.refuse_link(state_digest)
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
            claim = await self._store.claim_link(state_digest, code_digest, owner, CLAIM)
            if claim is None:
                raise MeshError(Reason.LINK_INVALID)
            link = claim.link
            if claim.mine:
                return await self._connect(link, code, owner)
            if link.used_time is None:
                raise MeshError(Reason.LINK_EXPIRED)
            if not hmac.compare_digest(link.code_digest.encode(), code_digest.encode()):
                raise MeshError(Reason.LINK_USED)
            if link.complete_time is not None:
                return await self._repeated(link)
            await self._clock.sleep(POLL)  # another call works on it
        raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=_BUSY_DELAY)

    async def _connect(self, link: ConnectLink, code: str, owner: str) -> Completed:
        """Does the work of a link, as the holder of its claim."""
        try:
            tokens = link.tokens
            if tokens is None:
                tokens = await self._zoom.exchange(code, link.verifier)
                await self._store.keep_tokens(link, tokens)
            profile = await self._profiles.profile(tokens)
        except MeshError as error:
            log.warning("not connected", extra={**_who(link.user), "reason": error.reason.value})
            await self._store.release_link(link, owner)
            raise
        orphan = await self._store.connect(link, tokens, profile)
        log.info("zoom connected", extra={**_who(link.user), "zoom_user_id": profile.zoom_user_id})
        if orphan:
            await self._revoke(orphan)
        return await self._repeated(link)

    async def _repeated(self, link: ConnectLink) -> Completed:
        """Returns the stored answer of a completed link; one that was deleted since cannot be had again."""
        connection = await self._store.get(link.user)
        if connection is None:
            raise MeshError(Reason.LINK_USED)
        return Completed(connection, link.continuation)

    async def _revoke(self, access_token: str) -> None:
        task = self._detached.start(self._zoom.revoke(access_token), "revoke tokens")
        try:
            await self._detached.wait(task, REVOKE_WAIT)
        except (MeshError, TimeoutError) as error:
            log.warning("tokens are forgotten here, Zoom was not told", extra={"cause": type(error).__name__})


def _who(user: SlackUser) -> dict[str, str]:
    return {"slack_team_id": user.team_id, "slack_user_id": user.user_id}
