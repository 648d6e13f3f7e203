"""Access tokens from auth, kept in memory for a minute."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mesh.clock import Clock
from mesh.slack_protos import user_message
from mesh.slack_user import SlackUser
from zoomslack.auth.v1 import auth_service_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

EARLY = timedelta(seconds=60)
"""A token is not used in its last minute: the call that carries it takes time too."""
KEEP = timedelta(seconds=60)
"""Not kept longer, however long it lives: who connects as somebody else is obeyed within a minute.

Who logs out is obeyed at once: Zoom refuses her revoked token. The company's token lives on, so it is never kept:
whether it still serves her only auth knows.
"""
_CAPACITY = 10_000


@dataclass(frozen=True)
class AccessToken:
    """A bearer token and whom it acts for."""

    value: str = field(repr=False)
    expire_time: datetime
    zoom_user_id: str
    zoom_account_id: str
    path_user_id: str = "me"
    """What stands for the user in Zoom's paths. With a token of the user's own anything but `me` is refused."""
    is_basic: bool = False
    """Whether the user's plan is Basic: free, without summaries and cloud recordings."""


@dataclass(frozen=True)
class _Kept:
    token: AccessToken
    until: datetime


class AccessTokens:
    """Gives access tokens. One per process."""

    def __init__(self, auth: AuthServiceAsyncStub, clock: Clock) -> None:
        self._auth = auth
        self._clock = clock
        self._kept: OrderedDict[SlackUser, _Kept] = OrderedDict()

    async def get(self, user: SlackUser, *, rejected: AccessToken | None = None) -> AccessToken:
        """Returns a token for `user`; with `rejected`, another one than Zoom has just refused.

        Raises MeshError: ZOOM_NOT_CONNECTED, ZOOM_UNAVAILABLE and the others of `IssueZoomAccessToken`.
        """
        kept = self._kept.get(user)
        if kept is not None and kept.token != rejected and kept.until > self._clock.now():
            self._kept.move_to_end(user)
            return kept.token
        self._kept.pop(user, None)
        response = await self._auth.IssueZoomAccessToken(
            auth_service_pb2.IssueZoomAccessTokenRequest(
                user=user_message(user),
                rejected_token_sha256=hashlib.sha256(rejected.value.encode()).hexdigest() if rejected else "",
            )
        )
        token = AccessToken(
            response.access_token,
            response.expire_time.ToDatetime(UTC),
            response.zoom_user_id,
            response.zoom_account_id,
            response.zoom_path_user_id or "me",
            response.zoom_plan == auth_service_pb2.ZOOM_PLAN_BASIC,
        )
        if token.path_user_id != "me":
            return token
        self._kept[user] = _Kept(token, min(token.expire_time - EARLY, self._clock.now() + KEEP))
        if len(self._kept) > _CAPACITY:
            self._kept.popitem(last=False)
        return token
