"""Who of a workspace is connected to which Zoom user, from auth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesh.slack_user import SlackUser
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

_TIMEOUT = 1.5
"""Seconds for one answer: Zoom waits for us, three at the most."""


class ConnectedUsers:
    """Asks auth."""

    def __init__(self, auth: AuthServiceAsyncStub) -> None:
        self._auth = auth

    async def is_connected(self, user: SlackUser, zoom_user_id: str) -> bool:
        """Tells whether `user` is connected to this Zoom user. Raises MeshError as `FindConnectedUsers` does."""
        request = pb.FindConnectedUsersRequest(
            user=slack_pb2.SlackUser(
                slack_enterprise_id=user.enterprise_id, slack_team_id=user.team_id, slack_user_id=user.user_id
            ),
            zoom_user_ids=[zoom_user_id],
        )
        response = await self._auth.FindConnectedUsers(request, timeout=_TIMEOUT)
        return any(
            (found.zoom_user_id, found.slack_user_id) == (zoom_user_id, user.user_id) for found in response.users
        )
