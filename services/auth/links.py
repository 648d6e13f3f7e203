"""Links that work once and for ten minutes, and the secrets within them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.grants import AppLevel, TokenPair

LIFETIME = timedelta(minutes=10)
"""As long as Slack's authorisation code lives, twice as long as Zoom's."""
KEPT = timedelta(days=1)
"""How long a link is remembered after its end, so that its owner hears "expired" or "used", not "unknown"."""
FOLLOWED = timedelta(hours=1)
"""How long after an administrator's consent at Zoom she may connect Slack workspaces to the account."""
REPEAT = timedelta(minutes=5)
"""How long after its end a link that was used in time may still be completed with its code: as long as Zoom's code
lives. What Zoom gave for the code is revoked then."""


def new_secret() -> str:
    """Returns 256 random bits as text: a state, or a PKCE verifier (43 characters, RFC 7636 §4.1)."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Returns what is stored of a secret, SHA-256 in hex. Its 256 random bits make salt and stretching needless."""
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge(verifier: str) -> str:
    """Returns the PKCE challenge of `verifier`, method S256 (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class ConnectLink:
    """A link to Zoom's consent: of one Slack user, and nobody else, or of an administrator for a whole account."""

    state_digest: str
    level: AppLevel
    """The app that consent is asked for."""
    user: SlackUser
    """Whose link it is; empty for an administrator's, who is nobody in Slack yet."""
    display_name: str
    team_name: str
    expire_time: datetime
    zoom_scopes: tuple[str, ...] = ()
    """What is asked for, beside what was granted before; empty for all of the app's."""
    verifier: str = field(default="", repr=False)
    """The PKCE verifier; empty once the link is completed."""
    continuation: bytes = field(default=b"", repr=False)
    tokens: TokenPair | None = None
    """What Zoom gave for the code, while the connection is not stored yet."""
    used_time: datetime | None = None
    code_digest: str = ""
    """The digest of the code that uses the link; empty where Zoom sent an error instead."""
    complete_time: datetime | None = None
    zoom_account_id: str = ""
    """The account for which an administrator completed the link."""
    browser_digest: str = ""
    """The digest of what the browser of an administrator holds; empty for a person's link, which is bound otherwise."""

    def is_of(self, browser_secret: str) -> bool:
        """Tells whether the link was begun in the browser that holds this secret."""
        return hmac.compare_digest(self.browser_digest.encode(), digest(browser_secret).encode())

    def is_over(self, now: datetime) -> bool:
        """Tells whether not even the code that used it completes it any more."""
        return self.expire_time + REPEAT <= now

    def check_unused(self, now: datetime) -> None:
        """Raises MeshError(LINK_USED), or MeshError(LINK_EXPIRED)."""
        if self.used_time is not None:
            raise MeshError(Reason.LINK_USED)
        if self.expire_time <= now:
            raise MeshError(Reason.LINK_EXPIRED)


@dataclass(frozen=True)
class Claim:
    """A link as one call found it. `mine`: this call is to work on it, and nobody else does."""

    link: ConnectLink
    mine: bool


class LinkStore(Protocol):
    """Where links are kept (`services.auth.store_links`)."""

    async def add_link(self, link: ConnectLink) -> None: ...
    async def get_link(self, state_digest: str) -> ConnectLink | None: ...
    async def claim_link(
        self, state_digest: str, level: AppLevel, code_digest: str, owner: str, duration: timedelta
    ) -> Claim | None: ...
    async def refuse_link(self, state_digest: str, level: AppLevel) -> ConnectLink | None: ...
    async def release_link(self, link: ConnectLink, owner: str) -> None: ...
    async def keep_tokens(self, link: ConnectLink, tokens: TokenPair) -> None: ...
