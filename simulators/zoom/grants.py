"""OAuth without HTTP: authorization codes, access and refresh tokens, and who has added which app."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from simulators.zoom.clock import SimulatedClock
from simulators.zoom.config import ZoomApp, ZoomConfig
from simulators.zoom.errors import OAuthError, invalid_token

CODE_SECONDS = 300
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 90 * 86_400


@dataclass
class Authorization:
    """One person (for the admin-managed app: one account) has added one app. It outlives single tokens."""

    app: ZoomApp
    user_id: str
    scopes: tuple[str, ...]
    authorized_at: float


@dataclass
class Code:
    """An authorization code on its way through the browser."""

    app: ZoomApp
    user_id: str
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
    """The only place where token texts exist; the simulator keeps their hashes."""

    access_token: str
    refresh_token: str
    scopes: tuple[str, ...]


class Grants:
    """Issues, rotates, revokes and checks tokens."""

    def __init__(self, config: ZoomConfig, clock: SimulatedClock) -> None:
        self._config = config
        self._clock = clock
        self._codes: dict[str, Code] = {}
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self._authorizations: dict[tuple[str, str], Authorization] = {}

    def issue_code(
        self, app: ZoomApp, user_id: str, *, redirect_uri: str, challenge: str | None, method: str = "plain"
    ) -> str:
        """Make a code after consent. It lives five minutes and works once."""
        value = secrets.token_urlsafe(24)
        expires_at = self._clock.now() + CODE_SECONDS
        self._codes[_digest(value)] = Code(app, user_id, redirect_uri, challenge, method, expires_at)
        return value

    def redeem_code(self, app: ZoomApp, value: str, *, redirect_uri: str, verifier: str | None) -> TokenPair:
        """Turn a code into tokens; all earlier tokens of this person and app die.

        Raises OAuthError when the code is unknown, used, expired or another app's, or when the redirect URI or the
        PKCE verifier does not fit.
        """
        code = self._codes.get(_digest(value))
        if code is None or code.app is not app:
            raise OAuthError(400, "invalid_grant", "Invalid authorization code")
        if code.used or self._clock.now() >= code.expires_at:
            raise OAuthError(400, "invalid_grant", "Authorization code expired")
        if redirect_uri != code.redirect_uri:
            raise OAuthError(400, "invalid_request", "Redirect URI mismatch.")
        if code.challenge is not None and not _verifier_fits(code.challenge, code.method, verifier):
            raise OAuthError(400, "invalid_grant", "Invalid code verifier")
        code.used = True
        self._kill(app, code.user_id)
        authorization = Authorization(app, code.user_id, app.scopes, self._clock.now())
        self._authorizations[app.level, code.user_id] = authorization
        return self._issue_pair(authorization)

    def refresh(self, app: ZoomApp, value: str) -> TokenPair:
        """Rotate: a new pair, and the old refresh token is dead (after the configured grace time).

        The old access token works until it expires, as measured on the real service. Raises OAuthError invalid_grant.
        """
        token = self._refresh.get(_digest(value))
        if token is None or token.authorization.app is not app or not self._alive(token):
            raise OAuthError(400, "invalid_grant", "Invalid Token!")
        if not token.rotated:
            token.rotated = True
            token.dead_at = min(token.dead_at, self._clock.now() + self._config.old_refresh_grace_seconds)
        return self._issue_pair(token.authorization)

    def revoke(self, app: ZoomApp, value: str) -> None:
        """Kill all tokens that belong to this access token's authorisation. The app stays added.

        Raises OAuthError when the access token is dead or unknown.
        """
        token = self._access.get(_digest(value))
        if token is None or token.authorization.app is not app or not self._alive(token):
            raise OAuthError(400, "invalid_request", "Invalid Token!")
        self._kill(app, token.authorization.user_id)

    def authenticate(self, value: str) -> Authorization:
        """Who stands behind an access token. Raises ZoomError 401/124."""
        token = self._access.get(_digest(value))
        if token is None or token.revoked:
            raise invalid_token()
        if self._clock.now() >= token.dead_at:
            raise invalid_token("Access token is expired.")
        return token.authorization

    def authorizations(self) -> list[Authorization]:
        """All that stand now."""
        return list(self._authorizations.values())

    def authorization(self, app: ZoomApp, user_id: str) -> Authorization | None:
        """Whether this person has added this app."""
        return self._authorizations.get((app.level, user_id))

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
        """Kill all the person's tokens of all apps."""
        for app in self._config.apps:
            self._kill(app, user_id)

    def uninstall(self, app: ZoomApp, user_id: str) -> Authorization | None:
        """Remove the app: the tokens die and the authorisation is gone. Returns what was removed."""
        self._kill(app, user_id)
        return self._authorizations.pop((app.level, user_id), None)

    def _issue_pair(self, authorization: Authorization) -> TokenPair:
        self._forget_dead()
        now = self._clock.now()
        access, refresh = secrets.token_urlsafe(64), secrets.token_urlsafe(64)
        self._access[_digest(access)] = Token(authorization, now + ACCESS_SECONDS)
        self._refresh[_digest(refresh)] = Token(authorization, now + REFRESH_SECONDS)
        return TokenPair(access, refresh, authorization.scopes)

    def _kill(self, app: ZoomApp, user_id: str) -> None:
        for token in [*self._access.values(), *self._refresh.values()]:
            if token.authorization.app is app and token.authorization.user_id == user_id:
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
