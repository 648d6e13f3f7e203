"""Bot tokens: from auth, kept in memory for a minute."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from mesh.clock import Clock
from mesh.slack_user import SlackUser
from services.slack_edge.continuations import user_message
from zoomslack.auth.v1 import auth_service_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

TOKEN_LIFE = 60.0
"""Seconds a bot token is used before it is asked for again: a re-installation shows within a minute."""
_MAX_TEAMS = 1_000


class BotTokens:
    """Bot tokens from auth, for a minute each."""

    def __init__(self, auth: AuthServiceAsyncStub, clock: Clock) -> None:
        self._auth = auth
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[str, float]] = OrderedDict()

    async def get(self, user: SlackUser) -> str:
        """Returns the token for the user's workspace. Raises MeshError SLACK_NOT_INSTALLED and those of transport."""
        key = (user.enterprise_id, user.team_id)
        token, until = self._kept.get(key, ("", 0.0))
        if token and self._clock.monotonic() < until:
            return token
        request = auth_service_pb2.GetSlackInstallationRequest(user=user_message(user))
        response = await self._auth.GetSlackInstallation(request, timeout=3.0)
        self._kept[key] = (response.bot_access_token, self._clock.monotonic() + TOKEN_LIFE)
        self._kept.move_to_end(key)
        if len(self._kept) > _MAX_TEAMS:
            self._kept.popitem(last=False)
        return response.bot_access_token

    def drop(self, user: SlackUser) -> None:
        """Forgets the token of the user's workspace."""
        self._kept.pop((user.enterprise_id, user.team_id), None)
