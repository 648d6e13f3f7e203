"""Connecting a Slack user to a Zoom user by a link, and parting them again."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.consents import Consents, NewLink, limited
from services.auth.grants import AppLevel, Grants, Standing, TokenPair, ZoomProfile
from services.auth.links import ConnectLink
from services.auth.revocation import Orphan, Revocations

log = logging.getLogger(__name__)

PROFILE_LIMIT = 10.0
"""Seconds for learning who consented."""
REVOKE_WAIT = 1.5
"""Seconds a logout waits for Zoom: the person is waiting in Slack, and is signed out already."""


@dataclass(frozen=True)
class ConnectPage:
    """A link's own page, which says whose Slack account it is for before it leads to Zoom."""

    url: str = field(repr=False)
    expire_time: datetime


@dataclass(frozen=True)
class Completed:
    """A connection, and what the person was doing when it was found missing."""

    standing: Standing
    link: ConnectLink = field(repr=False)
    zoom_email: str = field(default="", repr=False)
    """Of the Zoom user who consented; empty for a call that repeats an earlier one."""


@dataclass(frozen=True)
class Deleted:
    """What a logout removed. `orphan` is to be revoked at Zoom; None where nothing is."""

    found: bool
    orphan: Orphan | None = None


@dataclass(frozen=True)
class Stored:
    """What storing a connection came to. `mine`: the claim was still held; else nothing was changed.

    `orphan` is the pair of a grant that nobody uses any more, as the person was connected to another Zoom user before.
    """

    mine: bool
    orphan: Orphan | None = None


class ConnectionStore(Protocol):
    """Where connections are kept (`services.auth.store`)."""

    async def connect(self, link: ConnectLink, owner: str, tokens: TokenPair, profile: ZoomProfile) -> Stored: ...
    async def standing(self, user: SlackUser) -> Standing: ...
    async def delete(self, user: SlackUser) -> Deleted: ...
    async def of_zoom_users(self, user: SlackUser, zoom_user_ids: list[str]) -> list[tuple[str, str]]: ...


class Profiles(Protocol):
    """Who a token is for (`services.auth.zoom_users`)."""

    async def own(self, tokens: TokenPair) -> ZoomProfile: ...


class Connections:
    """Connections. One per process."""

    def __init__(
        self,
        *,
        consents: Consents,
        store: ConnectionStore,
        grants: Grants,
        profiles: Profiles,
        revocations: Revocations,
        public_url: str,
        profile_limit: float = PROFILE_LIMIT,
    ) -> None:
        """`public_url` is where browsers reach the edge, without a slash at the end; the limit is in seconds."""
        self._consents = consents
        self._store = store
        self._grants = grants
        self._profiles = profiles
        self._revocations = revocations
        self._public_url = public_url
        self._profile_limit = profile_limit

    async def create_link(
        self,
        user: SlackUser,
        *,
        display_name: str,
        team_name: str,
        continuation: bytes,
        zoom_scopes: tuple[str, ...] = (),
    ) -> ConnectPage:
        """Returns the page of a new link for `user`."""
        new = await self._consents.create(
            AppLevel.USER,
            user,
            display_name=display_name,
            team_name=team_name,
            continuation=continuation,
            zoom_scopes=zoom_scopes,
        )
        return ConnectPage(f"{self._public_url}/zoom/connect?link={new.state}", new.link.expire_time)

    async def consent(self, state: str) -> NewLink:
        """Returns what is behind a link. Raises MeshError: LINK_INVALID, LINK_EXPIRED, LINK_USED."""
        return await self._consents.look(state, AppLevel.USER)

    async def complete(self, state: str, *, code: str, error: str) -> Completed:
        """Connects the person of the link with the Zoom user who consented.

        Raises MeshError as the proto's CompleteConnection says.
        """
        profiles: list[ZoomProfile] = []

        async def connect(link: ConnectLink, owner: str, tokens: TokenPair) -> bool:
            profiles.append(await limited(self._profile_limit, self._profiles.own(tokens)))
            return await self._connect(link, owner, tokens, profiles[-1])

        link = await self._consents.complete(state, AppLevel.USER, code=code, error=error, finish=connect)
        standing = await self._store.standing(link.user)
        if not standing.grants():
            raise MeshError(Reason.LINK_USED)  # deleted since: it cannot be had again
        return Completed(standing, link, profiles[-1].email if profiles else "")

    async def get(self, user: SlackUser) -> Standing:
        """Returns the person's standing, with a connection and a grant that serves it.

        Raises MeshError(ZOOM_NOT_CONNECTED), and what matching her raises.
        """
        standing = await self._grants.standing(user)
        if not standing.grants():
            raise MeshError(Reason.ZOOM_NOT_CONNECTED)
        return standing

    async def of_zoom_users(self, user: SlackUser, zoom_user_ids: list[str]) -> list[tuple[str, str]]:
        """Returns the Slack users of the person's workspace by the Zoom users that they are connected to."""
        return await self._store.of_zoom_users(user, zoom_user_ids) if zoom_user_ids else []

    async def delete(self, user: SlackUser) -> bool:
        """Signs the person out of Zoom, wherever this Slack user is linked to the same Zoom user.

        In an organisation one Slack user has the same id in all workspaces, and the guide promises "every channel and
        workspace". Other Slack users of the same Zoom user (a shared account) stay connected; the tokens are revoked
        with the last of them. Returns whether there was a connection; Zoom is told as far as it answers.
        """
        deleted = await self._store.delete(user)
        if deleted.found:
            log.info("zoom disconnected", extra=_who(user))
        if deleted.orphan is not None:
            await self._revocations.revoke(deleted.orphan, REVOKE_WAIT)
        return deleted.found

    async def _connect(self, link: ConnectLink, owner: str, tokens: TokenPair, profile: ZoomProfile) -> bool:
        stored = await self._store.connect(link, owner, tokens, profile)
        if stored.mine:
            log.info("zoom connected", extra={**_who(link.user), "zoom_user_id": profile.zoom_user_id})
        if stored.orphan is not None:
            await self._revocations.revoke(stored.orphan, REVOKE_WAIT)
        return stored.mine


def _who(user: SlackUser) -> dict[str, str]:
    return {"slack_team_id": user.team_id, "slack_user_id": user.user_id}
