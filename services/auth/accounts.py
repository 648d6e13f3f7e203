"""Installing for a whole Zoom account: an administrator consents once, and nobody in her workspaces has to."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.connections import PROFILE_LIMIT
from services.auth.consents import Consents, NewLink, limited
from services.auth.grants import AppLevel, TokenPair, ZoomProfile
from services.auth.links import ConnectLink, new_secret

log = logging.getLogger(__name__)

NOBODY = SlackUser("", "", "")
"""Whose link an administrator's is: nobody's in Slack yet."""


@dataclass(frozen=True)
class ZoomInstallation:
    """What an administrator granted for an account."""

    zoom_account_id: str
    scopes: tuple[str, ...]
    install_time: datetime


@dataclass(frozen=True)
class ZoomInstallLink:
    """A link to Zoom's consent for an account, and the secret of the browser that begins with it."""

    new: NewLink
    browser_secret: str = field(repr=False)


class AccountStore(Protocol):
    """Where accounts are kept (`services.auth.store_accounts`)."""

    async def install(self, link: ConnectLink, owner: str, tokens: TokenPair, profile: ZoomProfile) -> bool: ...
    async def installation_of(self, state_digest: str) -> ZoomInstallation | None: ...


class Profiles(Protocol):
    """Who a token is for (`services.auth.zoom_users`)."""

    async def own(self, tokens: TokenPair) -> ZoomProfile: ...


class Accounts:
    """Company-wide installations at Zoom. One per process."""

    def __init__(
        self, *, consents: Consents, store: AccountStore, profiles: Profiles, profile_limit: float = PROFILE_LIMIT
    ) -> None:
        self._consents = consents
        self._store = store
        self._profiles = profiles
        self._profile_limit = profile_limit

    async def create_link(self, zoom_scopes: tuple[str, ...] = ()) -> ZoomInstallLink:
        """Returns a new link. Raises MeshError(COMPANY_INSTALL_NOT_OFFERED) where there is no such app."""
        if not self._consents.offers(AppLevel.ACCOUNT):
            raise MeshError(Reason.COMPANY_INSTALL_NOT_OFFERED)
        browser_secret = new_secret()
        new = await self._consents.create(
            AppLevel.ACCOUNT, NOBODY, zoom_scopes=zoom_scopes, browser_secret=browser_secret
        )
        return ZoomInstallLink(new, browser_secret)

    async def complete(self, state: str, *, code: str, error: str, browser_secret: str) -> ZoomInstallation:
        """Stores what the administrator granted.

        Raises MeshError as the proto's CompleteZoomInstallation says.
        """
        await self._consents.check_browser(state, AppLevel.ACCOUNT, browser_secret)
        link = await self._consents.complete(state, AppLevel.ACCOUNT, code=code, error=error, finish=self._install)
        installation = await self._store.installation_of(link.state_digest)
        if installation is None:
            raise MeshError(Reason.LINK_USED)  # removed since: it cannot be had again
        return installation

    async def _install(self, link: ConnectLink, owner: str, tokens: TokenPair) -> bool:
        profile = await limited(self._profile_limit, self._profiles.own(tokens))
        mine = await self._store.install(link, owner, tokens, profile)
        if mine:
            log.info("installed for a Zoom account", extra={"zoom_account_id": profile.zoom_account_id})
        return mine
