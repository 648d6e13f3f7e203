"""OAuth without HTTP: authorization codes, access and refresh tokens, and who has added which app."""

import base64
import hashlib
import hmac
import secrets
from collections import deque
from dataclasses import dataclass

from simulators.zoom.clock import SimulatedClock
from simulators.zoom.config import AppLevel, ZoomApp
from simulators.zoom.errors import OAuthError, invalid_token
from simulators.zoom.registry import Registry
from simulators.zoom.world import User

CODE_SECONDS = 300
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 90 * 86_400
_ISSUED_TEXTS_KEPT = 100_000


@dataclass
class Authorization:
    """One person (for the admin-managed app: one account) has added one app. It outlives single tokens.

    `user_id` is who did it. What an admin did for the account belongs to the account: the next admin replaces it.
    """

    level: AppLevel
    user_id: str
    account_id: str
    scopes: tuple[str, ...]
    authorized_at: float

    @property
    def owner_id(self) -> str:
        """The person or account that has added the app."""
        return self.account_id if self.level == "account" else self.user_id


@dataclass
class Code:
    """An authorization code on its way through the browser."""

    level: AppLevel
    user: User
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str | None
    method: str
    expires_at: float
    used: bool = False


@dataclass
class Token:
    """An access or refresh token. `dead_at` is when it stops working, whatever the reason."""

    authorization: Authorization
    dead_at: float
    revoked: bool = False
    rotated: bool = False


@dataclass(frozen=True)
class TokenPair:
    """The token texts, on their way out; they are looked up by their hashes."""

    access_token: str
    refresh_token: str
    scopes: tuple[str, ...]


class Grants:
    """Issues, rotates, revokes and checks tokens."""

    def __init__(self, registry: Registry, clock: SimulatedClock) -> None:
        self._registry = registry
        self._clock = clock
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self._authorizations: dict[tuple[AppLevel, str], Authorization] = {}
        # Beside the hashes, and only for a test that searches logs and databases for leaked texts.
        self._issued: deque[str] = deque(maxlen=_ISSUED_TEXTS_KEPT)

    def issue_code(
        self,
        app: ZoomApp,
        user: User,
        scopes: tuple[str, ...],
        *,
        redirect_uri: str,
        challenge: str | None,
        method: str = "plain",
    ) -> str:
        """Make a code after consent to these scopes. It lives five minutes and works once."""
        value = secrets.token_urlsafe(24)
        expires_at = self._clock.now() + CODE_SECONDS
        self._codes[_digest(value)] = Code(app.level, user, scopes, redirect_uri, challenge, method, expires_at)
        self._issued.append(value)
        return value

    def redeem_code(self, app: ZoomApp, value: str, *, redirect_uri: str, verifier: str | None) -> TokenPair:
        """Turn a code into tokens; all earlier tokens of this person (or account) and app die.

        Raises OAuthError when the code is unknown, used, expired or another app's, when the redirect URI or the PKCE
        verifier does not fit, or when the app is not approved.
        """
        code = self._codes.get(_digest(value))
        if code is None or code.level != app.level:
            raise OAuthError(400, "invalid_grant", "Invalid authorization code")
        if code.used or self._clock.now() >= code.expires_at:
            raise OAuthError(400, "invalid_grant", "Authorization code expired")
        if redirect_uri != code.redirect_uri:
            raise OAuthError(400, "invalid_request", "Redirect URI mismatch.")
        if code.challenge is not None and not _verifier_fits(code.challenge, code.method, verifier):
            raise OAuthError(400, "invalid_grant", "Invalid code verifier")
        self._require_approval(app.level, code.user.account_id)
        code.used = True
        now = self._clock.now()
        authorization = Authorization(app.level, code.user.id, code.user.account_id, code.scopes, now)
        self._kill(app.level, authorization.owner_id)
        self._authorizations[app.level, authorization.owner_id] = authorization
        return self._issue_pair(authorization)

    def refresh(self, app: ZoomApp, value: str) -> TokenPair:
        """Rotate: a new pair, and the old refresh token is dead (after the configured grace time).

        The old access token works until it expires, as measured on the real service. Raises OAuthError invalid_grant.
        """
        token = self._refresh.get(_digest(value))
        if token is None or token.authorization.level != app.level or not self._alive(token):
            raise OAuthError(400, "invalid_grant", "Invalid Token!")
        self._require_approval(app.level, token.authorization.account_id)
        if not token.rotated:
            token.rotated = True
            token.dead_at = min(token.dead_at, self._clock.now() + self._registry.refresh_grace_seconds(app.level))
        return self._issue_pair(token.authorization)

    def revoke(self, app: ZoomApp, value: str) -> None:
        """Kill all tokens that belong to this access token's authorisation. The app stays added.

        Raises OAuthError when the access token is dead or unknown.
        """
        token = self._access.get(_digest(value))
        if token is None or token.authorization.level != app.level or not self._alive(token):
            raise OAuthError(400, "invalid_request", "Invalid Token!")
        self._kill(app.level, token.authorization.owner_id)

    def authenticate(self, value: str) -> Authorization:
        """Who stands behind an access token. Raises ZoomError 401/124."""
        token = self._access.get(_digest(value))
        if token is None or token.revoked:
            raise invalid_token()
        if not self._registry.is_approved(token.authorization.level, token.authorization.account_id):
            raise invalid_token()
        if self._clock.now() >= token.dead_at:
            raise invalid_token("Access token is expired.")
        return token.authorization

    def authorizations(self) -> list[Authorization]:
        """All that stand now."""
        return list(self._authorizations.values())

    def authorization(self, app: ZoomApp, user: User) -> Authorization | None:
        """By what the app may see this person: that she has added it, or her account."""
        return self._authorizations.get((app.level, user.account_id if app.level == "account" else user.id))

    def issued_texts(self) -> set[str]:
        """Every code and token that was given out, dead or alive."""
        return set(self._issued)

    def live_counts(self) -> dict[str, int]:
        """How many tokens of each kind work now."""
        return {
            "access": sum(self._alive(token) for token in self._access.values()),
            "refresh": sum(self._alive(token) for token in self._refresh.values()),
        }

    def expire_access(self, user_id: str) -> int:
        """Let the person's access tokens expire now; their refresh tokens go on. Returns how many."""
        mine = [t for t in self._access.values() if t.authorization.user_id == user_id and self._alive(t)]
        for token in mine:
            token.dead_at = self._clock.now()
        return len(mine)

    def revoke_user(self, user_id: str) -> None:
        """Kill all tokens that the person got, of all apps."""
        for token in [*self._access.values(), *self._refresh.values()]:
            if token.authorization.user_id == user_id:
                token.revoked = True

    def uninstall(self, app: ZoomApp, user: User) -> Authorization | None:
        """The person removes the app: the tokens die and the authorisation is gone. Returns what was removed.

        The account's authorisation is removed by any of its admins, and by nobody else.
        """
        granted = self.authorization(app, user)
        if granted is None or (app.level == "account" and not user.is_admin):
            return None
        self._kill(app.level, granted.owner_id)
        return self._authorizations.pop((app.level, granted.owner_id))

    def forget_user(self, user_id: str) -> None:
        """The person has left the account: what she added for herself is gone, and all tokens that she got."""
        self.revoke_user(user_id)
        self._authorizations.pop(("user", user_id), None)

    def _require_approval(self, level: AppLevel, account_id: str) -> None:
        if not self._registry.is_approved(level, account_id):
            raise OAuthError(400, "invalid_grant", "Token disabled by an administrator.", code=4738)

    def _issue_pair(self, authorization: Authorization) -> TokenPair:
        self._forget_dead()
        now = self._clock.now()
        access, refresh = secrets.token_urlsafe(64), secrets.token_urlsafe(64)
        self._access[_digest(access)] = Token(authorization, now + ACCESS_SECONDS)
        self._refresh[_digest(refresh)] = Token(authorization, now + REFRESH_SECONDS)
        self._issued.extend((access, refresh))
        return TokenPair(access, refresh, authorization.scopes)

    def _kill(self, level: AppLevel, owner_id: str) -> None:
        for token in [*self._access.values(), *self._refresh.values()]:
            if (token.authorization.level, token.authorization.owner_id) == (level, owner_id):
                token.revoked = True

    def _alive(self, token: Token) -> bool:
        return not token.revoked and self._clock.now() < token.dead_at

    def _forget_dead(self) -> None:
        """Keep memory bounded in long runs: drop what has been dead for a day, and old codes."""
        horizon = self._clock.now() - 86_400
        self._access = {key: token for key, token in self._access.items() if token.dead_at > horizon}
        self._refresh = {key: token for key, token in self._refresh.items() if token.dead_at > horizon}
        self._codes = {key: code for key, code in self._codes.items() if code.expires_at > horizon}


def _digest(value: str) -> str:
    """Tokens are looked up by hash: the comparison tells nothing about the token, and memory does not hold it."""
    return hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()


def _verifier_fits(challenge: str, method: str, verifier: str | None) -> bool:
    """RFC 7636 §4.6."""
    if verifier is None:
        return False
    if method == "S256":
        verifier = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(challenge.encode(), verifier.encode())
