"""What was granted at Zoom, and which access token serves whom.

Two apps are registered at Zoom. With the user-managed one each person grants for herself; with the admin-managed one
an administrator grants for the whole account, once. In a workspace that belongs to a Zoom account the administrator's
grant serves everybody who is matched; where it ends, people go on with their own, if they have one. So a workspace
may change from one kind of installation to the other and back, and nobody is asked again who need not be.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser

if TYPE_CHECKING:
    from services.auth.renewals import Renewals

log = logging.getLogger(__name__)

MARGIN = timedelta(minutes=5)
"""A token of Zoom with less than this is renewed: it lives for an hour, and callers keep it for a minute."""
ME = "me"
"""What stands for the user in Zoom's paths with a token of her own; anything else is refused then."""


class AppLevel(StrEnum):
    """The two apps at Zoom, by who authorises them."""

    USER = "user"
    """User-managed: each person for herself."""
    ACCOUNT = "account"
    """Admin-managed: an administrator for the whole account."""


class ZoomPlan(StrEnum):
    """What Zoom's `type` of a user says."""

    UNKNOWN = "unknown"
    BASIC = "basic"
    LICENSED = "licensed"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class TokenPair:
    """What Zoom's token endpoint gives."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expire_time: datetime
    """When the access token stops working."""
    scopes: tuple[str, ...]
    level: AppLevel = AppLevel.USER
    """The app that it was given to, and that alone can renew and revoke it."""

    @property
    def access_sha256(self) -> str:
        """The digest by which callers name a token that Zoom refused, in hex."""
        return hashlib.sha256(self.access_token.encode()).hexdigest()


@dataclass(frozen=True)
class ZoomProfile:
    """A Zoom user."""

    zoom_user_id: str
    zoom_account_id: str
    plan: ZoomPlan
    email: str = field(default="", repr=False, compare=False)
    """Empty where it is not at hand: it is told to the person herself and never stored."""


@dataclass(frozen=True)
class Grant:
    """A grant as it is stored. `grant_id` names the consent, `token_version` counts the pairs since."""

    grant_id: str
    token_version: int
    zoom_user_id: str
    """Who consented: the person, or for a whole account its administrator."""
    zoom_account_id: str
    tokens: TokenPair
    consent_time: datetime
    lease_expire_time: datetime | None
    end_time: datetime | None

    @property
    def level(self) -> AppLevel:
        """Whose grant it is: the user's, or the account's."""
        return self.tokens.level

    @property
    def key(self) -> tuple[str, int]:
        """See `services.auth.renewals.Pair`."""
        return (self.grant_id, self.token_version)

    @property
    def about(self) -> dict[str, str]:
        """See `services.auth.renewals.Pair`."""
        return {"zoom_user_id": self.zoom_user_id, "app_level": self.level.value}

    def serves(self, rejected_sha256: str, until: datetime) -> bool:
        """See `services.auth.renewals.Pair`."""
        if self.end_time is not None or self.tokens.expire_time <= until:
            return False
        return not hmac.compare_digest(self.tokens.access_sha256.encode(), rejected_sha256.encode())

    def same_pair(self, other: Grant) -> bool:
        """See `services.auth.renewals.Pair`."""
        return (self.key, self.end_time) == (other.key, other.end_time)


@dataclass(frozen=True)
class Connection:
    """A Slack user's link to a Zoom user."""

    user: SlackUser
    profile: ZoomProfile
    connect_time: datetime
    matched: bool
    """Whether it was found by the e-mail address; else the person connected by a link."""


@dataclass(frozen=True)
class Standing:
    """What is known of a person: who she is at Zoom, and which grants may serve her."""

    connection: Connection | None
    own: Grant | None = None
    """What she granted herself."""
    account: Grant | None = None
    """What an administrator granted for the Zoom account that her workspace belongs to."""
    signed_out: bool = False
    """She logged out under a company-wide installation, which must not match her again."""

    @property
    def may_match(self) -> bool:
        """Tells whether she is to be looked for in the account: nothing else serves her, and she did not sign out."""
        return not self.grants() and not self.signed_out and _live(self.account)

    def grants(self) -> list[Grant]:
        """Returns the grants that serve her, the account's before her own; none where she is not connected."""
        if self.connection is None:
            return []
        same_account = (
            self.account is not None and self.account.zoom_account_id == self.connection.profile.zoom_account_id
        )
        candidates = (self.account if same_account else None, self.own)
        return [grant for grant in candidates if grant is not None and _live(grant)]


@dataclass(frozen=True)
class Issued:
    """An access token and for whom it is."""

    tokens: TokenPair
    profile: ZoomProfile
    path_user_id: str
    """What stands for the user in Zoom's paths: `me`, or with the account's token her id."""


class StandingStore(Protocol):
    """Where all of it is kept (`services.auth.store`)."""

    async def standing(self, user: SlackUser) -> Standing: ...


class TokenRefusedError(Exception):
    """Zoom answered 401 to the account's token, which should work."""


class Matcher(Protocol):
    """Finds people in an account (`services.auth.matches`). Raises TokenRefusedError."""

    async def match(self, user: SlackUser, account: Grant) -> bool: ...


_NO_WAY = frozenset({Reason.ZOOM_NOT_CONNECTED, Reason.ZOOM_CLIENT_INVALID, Reason.SLACK_NOT_INSTALLED})
"""What waiting does not mend: the grant has ended, an operator's settings are wrong, or Slack cannot be asked."""


class Grants:
    """Gives out access tokens. One per process."""

    def __init__(
        self,
        *,
        store: StandingStore,
        renewals: Mapping[AppLevel, Renewals[Grant, TokenPair]],
        matcher: Matcher,
    ) -> None:
        """`renewals` has the apps that this deployment has."""
        self._store = store
        self._renewals = renewals
        self._matcher = matcher

    async def standing(self, user: SlackUser) -> Standing:
        """Returns what is known of a person, who is matched first where she can be.

        Raises MeshError as `services.auth.matches` does.
        """
        standing = await self._known(user)
        if not standing.may_match or standing.account is None:
            return standing
        try:
            matched = await self._match(user, standing.account)
        except TokenRefusedError:
            log.warning("Zoom refuses the account's token", extra=standing.account.about)
            return standing
        except MeshError as error:
            if error.reason not in _NO_WAY:
                raise
            log.warning("nobody can be matched", extra={**standing.account.about, "reason": error.reason.value})
            return standing
        return await self._known(user) if matched else standing

    async def issue(self, user: SlackUser, rejected_sha256: str = "") -> Issued:
        """Returns an access token that works, and is another than the rejected one.

        Where one grant cannot serve her, another one may. Raises MeshError: ZOOM_NOT_CONNECTED, and ZOOM_UNAVAILABLE,
        ZOOM_RATE_LIMITED or ZOOM_CLIENT_INVALID when a needed refresh failed or is not done at the caller's deadline.
        """
        standing, failure = await self.standing(user), MeshError(Reason.ZOOM_NOT_CONNECTED)
        for grant in standing.grants():
            try:
                fresh = await self._renewals[grant.level].fresh(grant, rejected_sha256)
            except MeshError as error:
                if error.reason not in _NO_WAY:
                    raise
                log.info("a grant does not serve", extra={**grant.about, "reason": error.reason.value})
                # Nobody is asked to consent again because of an operator's mistake.
                failure = error if error.reason is Reason.ZOOM_CLIENT_INVALID else failure
                continue
            if standing.connection is not None:
                profile = standing.connection.profile
                path_user_id = ME if fresh.level is AppLevel.USER else profile.zoom_user_id
                return Issued(fresh.tokens, profile, path_user_id)
        raise failure

    async def _known(self, user: SlackUser) -> Standing:
        """Returns what is known of a person. What was granted to an app that was taken out of the settings waits."""
        standing = await self._store.standing(user)
        return standing if AppLevel.ACCOUNT in self._renewals else replace(standing, account=None)

    async def _match(self, user: SlackUser, account: Grant) -> bool:
        """Looks for a person in an account. Raises TokenRefusedError, and MeshError."""
        renewals = self._renewals[AppLevel.ACCOUNT]
        account = await renewals.fresh(account)
        try:
            return await self._matcher.match(user, account)
        except TokenRefusedError:
            return await self._matcher.match(user, await renewals.fresh(account, account.tokens.access_sha256))


def _live(grant: Grant | None) -> bool:
    return grant is not None and grant.end_time is None
