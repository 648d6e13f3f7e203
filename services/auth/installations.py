"""The app in Slack workspaces and organisations."""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from mesh.clock import Clock
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.accounts import ZoomInstallation
from services.auth.detached import Detached
from services.auth.links import LIFETIME, digest, new_secret
from services.auth.renewals import Renewals
from services.auth.saving import save_tokens

log = logging.getLogger(__name__)

BOT_SCOPES = (
    *("commands", "calls:read", "calls:write", "chat:write"),
    *("chat:write.public", "users:read", "users:read.email", "channels:read", "groups:read"),
)
"""What the app asks of a workspace: the command, the call card and messages; beyond these, which a person may decline:
posts in public channels that it is no member of, people's names, the addresses by which they are matched, and word of
channels that let it in."""
MARGIN = timedelta(hours=2)
"""A bot token with less than this is renewed: it lives for twelve hours, and Slack lets the old one live on beside the
new one."""
_WAIT = 20.0


class CallOptions(StrEnum):
    """The kinds of calls that are offered in a workspace."""

    VIDEO_AND_PHONE = "video_and_phone"
    VIDEO = "video"
    PHONE = "phone"


@dataclass(frozen=True)
class BotTokens:
    """What Slack gives a bot. Without token rotation there is no refresh token, and no end."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expire_time: datetime | None
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Installation:
    """The app in one workspace or organisation. `install_id` names the consent, `token_version` counts the pairs."""

    enterprise_id: str
    """`E…`, empty where there is no organisation."""
    team_id: str
    """`T…`, empty for an installation in a whole organisation."""
    team_name: str
    app_id: str
    bot_user_id: str
    tokens: BotTokens
    install_time: datetime
    zoom_account_id: str = ""
    """The Zoom account whose administrator installed the app company-wide; empty without."""
    call_options: CallOptions = CallOptions.VIDEO_AND_PHONE
    install_id: str = ""
    token_version: int = 1
    lease_expire_time: datetime | None = None
    end_time: datetime | None = None

    @property
    def tenant_id(self) -> str:
        """The key: the workspace, or the organisation of an installation in a whole one."""
        return self.team_id or self.enterprise_id

    @property
    def key(self) -> tuple[str, int]:
        """See `services.auth.renewals.Pair`."""
        # Rows of before the column have no `install_id`: the tenant keeps them apart.
        return (f"{self.tenant_id} {self.install_id}", self.token_version)

    @property
    def about(self) -> dict[str, str]:
        """See `services.auth.renewals.Pair`."""
        return {"slack_team_id": self.team_id, "slack_enterprise_id": self.enterprise_id}

    def serves(self, rejected_sha256: str, until: datetime) -> bool:
        """See `services.auth.renewals.Pair`. No caller names a bot token that was refused."""
        del rejected_sha256
        expire_time = self.tokens.expire_time
        return self.end_time is None and (expire_time is None or expire_time > until)

    def same_pair(self, other: Installation) -> bool:
        """See `services.auth.renewals.Pair`."""
        return (self.key, self.end_time) == (other.key, other.end_time)


@dataclass(frozen=True)
class InstallLink:
    """A link to Slack's consent page, and the state to bind to the browser that follows it."""

    authorize_url: str = field(repr=False)
    state: str = field(repr=False)
    expire_time: datetime


@dataclass(frozen=True)
class Came:
    """What an installation goes on from: an administrator's consent at Zoom, or a person's connection."""

    installation: ZoomInstallation | None = None
    user: SlackUser | None = None
    continuation: bytes = field(default=b"", repr=False)
    browser_digest: str = ""
    """See `services.auth.links.ConnectLink`."""

    def is_of(self, browser_secret: str) -> bool:
        """Tells whether the browser with this secret may go on; without one, whether none is needed."""
        given = digest(browser_secret) if browser_secret else ""
        return hmac.compare_digest(self.browser_digest.encode(), given.encode())


@dataclass(frozen=True)
class UsedLink:
    """An install link as its use found it. `mine`: this call used it."""

    mine: bool
    used: bool
    zoom_state_digest: str = ""


@dataclass(frozen=True)
class Installed:
    """An installation that was completed."""

    installation: Installation
    came: Came


class InstallationStore(Protocol):
    """Where installations are kept (`services.auth.store_installations`)."""

    async def add_link(self, state_digest: str, expire_time: datetime, zoom_state_digest: str) -> None: ...
    async def use_link(self, state_digest: str) -> UsedLink | None: ...
    async def put(self, installation: Installation) -> bool: ...
    async def get(self, user: SlackUser) -> Installation | None: ...
    async def set_call_options(self, user: SlackUser, options: CallOptions) -> bool: ...


class ZoomSide(Protocol):
    """Completed links to Zoom (`services.auth.store_accounts`)."""

    async def came_from(self, state_digest: str) -> Came | None: ...


class OtherAccountError(Exception):
    """A workspace, or its organisation, belongs to another Zoom account whose grant lives."""


class SlackConsent(Protocol):
    """Slack's consent page and token method (`services.auth.slack_oauth`)."""

    def authorize_url(self, state: str, scopes: tuple[str, ...], team_id: str) -> str: ...
    async def exchange(self, code: str) -> Installation: ...


class Installations:
    """Install links and installations. One per process."""

    def __init__(
        self,
        *,
        store: InstallationStore,
        zoom_side: ZoomSide,
        slack: SlackConsent,
        renewals: Renewals[Installation, BotTokens],
        clock: Clock,
        detached: Detached,
    ) -> None:
        self._store = store
        self._zoom_side = zoom_side
        self._slack = slack
        self._renewals = renewals
        self._clock = clock
        self._detached = detached

    async def create_link(
        self, *, zoom_state: str, browser_secret: str = "", team_id: str, scopes: tuple[str, ...]
    ) -> InstallLink:
        """Returns a new link, which goes on from `zoom_state` where that is given.

        Raises MeshError: LINK_INVALID (also where the browser is another), LINK_EXPIRED (both of `zoom_state`).
        """
        zoom_state_digest = digest(zoom_state) if zoom_state else ""
        if zoom_state:
            came = await self._zoom_side.came_from(zoom_state_digest)
            if came is None or not came.is_of(browser_secret):
                raise MeshError(Reason.LINK_INVALID)
        state, expire_time = new_secret(), self._clock.now() + LIFETIME
        await self._store.add_link(digest(state), expire_time, zoom_state_digest)
        return InstallLink(self._slack.authorize_url(state, scopes or BOT_SCOPES, team_id), state, expire_time)

    async def complete(self, state: str, *, code: str, error: str, browser_secret: str = "") -> Installed:
        """Exchanges the code and stores the installation.

        Raises MeshError: LINK_INVALID (also where a company's installation was begun in another browser), LINK_EXPIRED,
        LINK_USED, CONSENT_DENIED, AUTHORIZATION_FAILED, COMPANY_ALREADY_INSTALLED, SLACK_UNAVAILABLE.
        """
        if not code and not error:
            raise MeshError(
                Reason.INVALID_REQUEST, violations=(FieldViolation("code", "a code or an error has to be given"),)
            )
        link = await self._store.use_link(digest(state))
        if link is None:
            raise MeshError(Reason.LINK_INVALID)
        if not link.mine:
            raise MeshError(Reason.LINK_USED if link.used else Reason.LINK_EXPIRED)
        if error == "access_denied":
            raise MeshError(Reason.CONSENT_DENIED, {"vendor": "slack"})
        if error:
            raise MeshError(Reason.AUTHORIZATION_FAILED)
        # Before the code is spent: Slack would have the app, and we no record of it.
        came = await self._came_from(link.zoom_state_digest, browser_secret)
        task = self._detached.start(self._install(code, came), "complete installation")
        try:
            return await self._detached.wait(task, _WAIT)
        except TimeoutError:
            raise MeshError(Reason.SLACK_UNAVAILABLE) from None

    async def get(self, user: SlackUser) -> Installation:
        """Returns the installation of the person's workspace, else of her organisation, with a token that works.

        Raises MeshError: SLACK_NOT_INSTALLED, SLACK_UNAVAILABLE.
        """
        installation = await self._store.get(user)
        if installation is None:
            raise MeshError(Reason.SLACK_NOT_INSTALLED)
        return await self._renewals.fresh(installation)

    async def set_call_options(self, user: SlackUser, options: CallOptions) -> None:
        """Sets what is offered in the person's workspace. Raises MeshError(SLACK_NOT_INSTALLED)."""
        if not await self._store.set_call_options(user, options):
            raise MeshError(Reason.SLACK_NOT_INSTALLED)

    async def _came_from(self, zoom_state_digest: str, browser_secret: str) -> Came:
        """Returns what a link goes on from. Raises MeshError(LINK_INVALID)."""
        came = await self._zoom_side.came_from(zoom_state_digest) if zoom_state_digest else None
        if came is None:
            return Came()
        if came.browser_digest and not came.is_of(browser_secret):
            raise MeshError(Reason.LINK_INVALID)
        return came

    async def _install(self, code: str, came: Came) -> Installed:
        fresh = await self._slack.exchange(code)
        if came.installation is not None:
            fresh = replace(fresh, zoom_account_id=came.installation.zoom_account_id)
        try:
            await self._put(fresh)
        except OtherAccountError:
            await self._put(replace(fresh, zoom_account_id=""))  # a plain installation: the account stays
            log.warning("a workspace of another Zoom account was not taken over", extra=fresh.about)
            raise MeshError(Reason.COMPANY_ALREADY_INSTALLED) from None
        log.info("installed in Slack", extra={**fresh.about, "zoom_account_id": fresh.zoom_account_id})
        return Installed(fresh, _of_tenant(came, fresh))

    async def _put(self, fresh: Installation) -> None:
        """Stores what Slack gave for the code, which works once."""
        await save_tokens(lambda: self._store.put(fresh), self._clock)


def _of_tenant(came: Came, installation: Installation) -> Came:
    """Leaves a person out who is of another workspace: what she began there does not go on here."""
    if came.user is None or came.user.team_id == installation.team_id:
        return came
    if not installation.team_id and came.user.enterprise_id == installation.enterprise_id:
        return came
    return Came()
