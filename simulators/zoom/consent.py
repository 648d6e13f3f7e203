"""The rules of the consent page: what an app may ask for, and what a person may answer. The page is in `oauth`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulators.zoom.config import ZoomApp
from simulators.zoom.registry import Registry
from simulators.zoom.world import User

CARRIED = (
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "optional_scope",
    "include_granted_scopes",
)
"""The parameters that count and travel through the page's form. Others are ignored, as Zoom does."""
_MAX_STATE = 4096
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_METHODS = ("plain", "S256")


class ConsentRefusedError(Exception):
    """The request or the answer is wrong; Zoom shows a page and never redirects."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class ConsentRequest:
    """A checked authorize request. RFC 7636: without a method, a challenge is `plain`."""

    app: ZoomApp
    redirect_uri: str
    state: str | None
    challenge: str | None
    method: str
    offered: tuple[str, ...]
    keep_granted: bool

    @property
    def required(self) -> tuple[str, ...]:
        """The scopes that come with any consent."""
        return tuple(scope for scope in self.app.scopes if scope not in self.app.optional_scopes)

    def granted(self, declined: Iterable[str], before: Iterable[str]) -> tuple[str, ...]:
        """The scopes that come of a consent; `before` are those granted until now.

        Raises ConsentRefusedError: a required scope was declined.
        """
        refused = set(declined)
        if not refused.issubset(self.offered):
            raise ConsentRefusedError("Only the optional scopes on this page can be declined.")
        given = {*self.required, *self.offered} - refused
        if self.keep_granted:
            given.update(before)
        return tuple(scope for scope in self.app.scopes if scope in given)


def check_request(registry: Registry, query: Mapping[str, str]) -> ConsentRequest:
    """Check what an app put into its authorize URL. Raises ConsentRefusedError."""
    app = registry.by_client_id(query.get("client_id", ""))
    if app is None:
        raise ConsentRefusedError("Invalid client id. (4,702)")
    redirect_uri = registry.redirect_uri(app.level)
    if query.get("redirect_uri") != redirect_uri:
        raise ConsentRefusedError("Invalid redirect: the URL is not registered for this app. (4,709)")
    if query.get("response_type") != "code":
        raise ConsentRefusedError("Invalid response type: only code is supported.")
    state = query.get("state")
    if state is not None and len(state) > _MAX_STATE:
        raise ConsentRefusedError("Invalid state: too long.")
    challenge, method = query.get("code_challenge"), query.get("code_challenge_method", "plain")
    if challenge is not None and not _CHALLENGE.fullmatch(challenge):
        raise ConsentRefusedError("Invalid code challenge.")
    if method not in _METHODS:
        raise ConsentRefusedError("Invalid code challenge method.")
    keep = query.get("include_granted_scopes", "false")
    if keep not in {"true", "false"}:
        raise ConsentRefusedError("Invalid include_granted_scopes: true or false.")
    return ConsentRequest(app, redirect_uri, state, challenge, method, _offered(app, query), keep == "true")


def require_approval(registry: Registry, app: ZoomApp, account_ids: Iterable[str]) -> None:
    """Raises ConsentRefusedError 403 when no admin of these accounts lets people use the app."""
    if not registry.is_approved_in_any(app.level, account_ids):
        message = f"{app.name} is not approved for your account. Contact your Zoom admin to approve this app."
        raise ConsentRefusedError(message, status=403)


def signed_in(users: Mapping[str, User], form: Mapping[str, str]) -> User:
    """Who has pressed a button. Raises ConsentRefusedError, also for somebody whom Zoom does not let sign in."""
    user = users.get(form.get("zoom_user_id", ""))
    if user is None or form.get("decision") not in {"allow", "allow_checked", "deny"}:
        raise ConsentRefusedError("Choose a person and a button.")
    if user.status != "active":
        raise ConsentRefusedError(f"{user.display_name} cannot sign in: the user is {user.status}.", status=403)
    return user


def require_role(app: ZoomApp, user: User) -> None:
    """Raises ConsentRefusedError 403 when this takes an admin and the person is none."""
    if app.level == "account" and not user.is_admin:
        text = f"{user.display_name} cannot add this app for the account. Contact your Zoom admin."
        raise ConsentRefusedError(text, status=403)


def _offered(app: ZoomApp, query: Mapping[str, str]) -> tuple[str, ...]:
    """The optional scopes to choose from: all of the app's, or those that the request names."""
    optional = tuple(scope for scope in app.scopes if scope in app.optional_scopes)
    if "optional_scope" not in query:
        return optional
    asked = query["optional_scope"].split()
    if unknown := set(asked).difference(optional):
        raise ConsentRefusedError(f"Invalid scope: {', '.join(sorted(unknown))} is not optional for this app. (4,700)")
    return tuple(scope for scope in optional if scope in asked)
