"""The app in Slack workspaces and organisations."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mesh.clock import Clock
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.detached import Detached
from services.auth.links import LIFETIME, digest, new_secret

log = logging.getLogger(__name__)

BOT_SCOPES = ("commands", "calls:read", "calls:write", "chat:write", "chat:write.public", "users:read")
"""What the app asks of a workspace: the command, the call card, posts in public channels, people's names."""
_WAIT = 20.0


@dataclass(frozen=True)
class Installation:
    """What Slack gives for an installation."""

    enterprise_id: str
    """`E…`, empty where there is no organisation."""
    team_id: str
    """`T…`, empty for an installation in a whole organisation."""
    team_name: str
    app_id: str
    bot_user_id: str
    scopes: tuple[str, ...]
    bot_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    """Empty unless the app has token rotation."""
    bot_token_expire_time: datetime | None
    install_time: datetime

    @property
    def tenant_id(self) -> str:
        """The key: the workspace, or the organisation of an installation in a whole one."""
        return self.team_id or self.enterprise_id


@dataclass(frozen=True)
class InstallLink:
    """A link to Slack's consent page, and the state to bind to the browser that follows it."""

    authorize_url: str = field(repr=False)
    state: str = field(repr=False)
    expire_time: datetime


@dataclass(frozen=True)
class UsedLink:
    """An install link as its use found it. `mine`: this call used it."""

    mine: bool
    used: bool


class InstallationStore(Protocol):
    """Where installations are kept (`services.auth.store_installations`)."""

    async def add_link(self, state_digest: str, expire_time: datetime) -> None: ...
    async def use_link(self, state_digest: str) -> UsedLink | None: ...
    async def put(self, installation: Installation) -> None: ...
    async def get(self, user: SlackUser) -> Installation | None: ...


class SlackConsent(Protocol):
    """Slack's consent page and token method (`services.auth.slack_oauth`)."""

    def authorize_url(self, state: str, scopes: tuple[str, ...]) -> str: ...
    async def exchange(self, code: str) -> Installation: ...


class Installations:
    """Install links and installations. One per process."""

    def __init__(self, *, store: InstallationStore, slack: SlackConsent, clock: Clock, detached: Detached) -> None:
        self._store = store
        self._slack = slack
        self._clock = clock
        self._detached = detached

    async def create_link(self) -> InstallLink:
        """Returns a new link."""
        state, expire_time = new_secret(), self._clock.now() + LIFETIME
        await self._store.add_link(digest(state), expire_time)
        return InstallLink(self._slack.authorize_url(state, BOT_SCOPES), state, expire_time)

    async def complete(self, state: str, *, code: str, error: str) -> Installation:
        """Exchanges the code and stores the installation.

        Raises MeshError: LINK_INVALID, LINK_EXPIRED, LINK_USED, CONSENT_DENIED, AUTHORIZATION_FAILED,
        SLACK_UNAVAILABLE.
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
        task = self._detached.start(self._install(code), "complete installation")
        try:
            return await self._detached.wait(task, _WAIT)
        except TimeoutError:
            raise MeshError(Reason.SLACK_UNAVAILABLE) from None

    async def get(self, user: SlackUser) -> Installation:
        """Returns the installation of the person's workspace, else of her organisation.

        Raises MeshError(SLACK_NOT_INSTALLED).
        """
        installation = await self._store.get(user)
        if installation is None:
            raise MeshError(Reason.SLACK_NOT_INSTALLED)
        return installation

    async def _install(self, code: str) -> Installation:
        installation = await self._slack.exchange(code)
        await self._store.put(installation)
        log.info(
            "installed in Slack",
            extra={"slack_team_id": installation.team_id, "slack_enterprise_id": installation.enterprise_id},
        )
        return installation
