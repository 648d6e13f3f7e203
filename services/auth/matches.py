"""Finding a Slack user in the Zoom account that her workspace belongs to, once, by her confirmed e-mail address.

The address is compared and forgotten; the match is kept as ids. Nobody is matched who is not surely a member of the
company: guests, people of other companies in shared channels, bots, and whoever has not confirmed the address on both
sides connect by a link, or not at all.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.detached import Detached
from services.auth.grants import Grant, TokenPair, ZoomProfile
from services.auth.installations import Installation

log = logging.getLogger(__name__)

_WAIT = 15.0
MISS = timedelta(minutes=2)
"""For how long nobody is looked for again who was not found: whenever she types, several services ask about her."""
_MISSES_KEPT = 10_000


@dataclass(frozen=True)
class SlackPerson:
    """What Slack says about somebody."""

    team_id: str
    enterprise_id: str
    """The organisation she belongs to; empty without one."""
    email: str = field(repr=False)
    """Empty where the app may not read it."""
    is_email_confirmed: bool
    is_member: bool
    """A full member of her workspace: no guest, no bot, not of another company, not deactivated."""

    def may_match(self, installation: Installation) -> bool:
        """Tells whether she is surely somebody of the company that installed the app."""
        same_team = bool(self.team_id) and self.team_id == installation.team_id
        same_organisation = bool(self.enterprise_id) and self.enterprise_id == installation.enterprise_id
        at_home = same_team or same_organisation
        return at_home and self.is_member and self.is_email_confirmed and bool(self.email)


@dataclass(frozen=True)
class Sought:
    """A person, and by what she was looked for."""

    user: SlackUser
    grant_id: str
    install_id: str
    install_time: datetime


class Store(Protocol):
    """Where matches are kept (`services.auth.store_accounts`)."""

    async def add_match(self, user: SlackUser, profile: ZoomProfile) -> bool: ...


class People(Protocol):
    """Slack's people (`services.auth.slack_people`)."""

    async def person(self, bot_token: str, user: SlackUser) -> SlackPerson | None: ...


class ZoomUsers(Protocol):
    """Zoom's users (`services.auth.zoom_users`)."""

    async def by_email(self, tokens: TokenPair, email: str) -> ZoomProfile | None: ...


class Installations(Protocol):
    """Installations with a bot token that works (`services.auth.installations`)."""

    async def get(self, user: SlackUser) -> Installation: ...


class Matches:
    """Finds people. One per process."""

    def __init__(
        self,
        *,
        store: Store,
        people: People,
        zoom_users: ZoomUsers,
        installations: Installations,
        clock: Clock,
        detached: Detached,
    ) -> None:
        self._store = store
        self._people = people
        self._zoom_users = zoom_users
        self._installations = installations
        self._clock = clock
        self._detached = detached
        self._misses: dict[Sought, datetime] = {}
        self._tasks: dict[SlackUser, asyncio.Task[bool]] = {}

    async def match(self, user: SlackUser, account: Grant) -> bool:
        """Looks for the person in the account of `account`, whose token works. Returns whether she is matched now.

        Raises TokenRefusedError, and MeshError: SLACK_UNAVAILABLE, SLACK_NOT_INSTALLED, and what Zoom's refusals are;
        also when the caller's deadline comes first. The search then goes on.
        """
        task = self._tasks.get(user)
        if task is None:
            task = self._tasks[user] = self._detached.start(self._match(user, account), "match a person")
            task.add_done_callback(lambda _: self._tasks.pop(user, None))
        try:
            return await self._detached.wait(task, _WAIT)
        except TimeoutError:
            raise MeshError(Reason.ZOOM_UNAVAILABLE) from None

    async def _match(self, user: SlackUser, account: Grant) -> bool:
        installation = await self._installations.get(user)
        # Either consent made anew may change the answer.
        sought = Sought(user, account.grant_id, installation.install_id, installation.install_time)
        if self._misses.get(sought, self._clock.now()) > self._clock.now():
            return False
        profile = await self._find(user, account, installation)
        if profile is None:
            self._note_miss(sought)
            return False
        if await self._store.add_match(user, profile):
            log.info("matched by e-mail address", extra={**_who(user), "zoom_user_id": profile.zoom_user_id})
        return True

    async def _find(self, user: SlackUser, account: Grant, installation: Installation) -> ZoomProfile | None:
        person = await self._people.person(installation.tokens.access_token, user)
        if person is None or not person.may_match(installation):
            log.info("a person is not to be matched", extra=_who(user))
            return None
        profile = await self._zoom_users.by_email(account.tokens, person.email)
        if profile is None or profile.zoom_account_id != account.zoom_account_id:
            log.info("the Zoom account has nobody with this address", extra=_who(user))
            return None
        return profile

    def _note_miss(self, sought: Sought) -> None:
        if len(self._misses) >= _MISSES_KEPT:
            del self._misses[next(iter(self._misses))]  # the oldest
        self._misses.pop(sought, None)
        self._misses[sought] = self._clock.now() + MISS


def _who(user: SlackUser) -> dict[str, str]:
    return {"slack_team_id": user.team_id, "slack_user_id": user.user_id}
