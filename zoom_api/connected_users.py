"""Who of a workspace is connected to which Zoom user, from auth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesh.slack_protos import user_message
from mesh.slack_user import SlackUser
from zoomslack.auth.v1 import auth_service_pb2 as pb

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub


class ConnectedUsers:
    """Asks auth."""

    def __init__(self, auth: AuthServiceAsyncStub, *, timeout: float = 5.0) -> None:
        """`timeout`: seconds for one answer."""
        self._auth = auth
        self._timeout = timeout

    async def find(self, user: SlackUser, zoom_user_ids: Sequence[str]) -> Mapping[str, str]:
        """Returns the Slack users of the workspace of `user` who are connected to these Zoom users, by Zoom user.

        Where two of them share one, it is always the same of the two. Raises MeshError as `FindConnectedUsers` does.
        """
        return dict(sorted(await self._pairs(user, zoom_user_ids), reverse=True))

    async def is_connected(self, user: SlackUser, zoom_user_id: str) -> bool:
        """Tells whether `user` is connected to this Zoom user. Raises MeshError as `FindConnectedUsers` does."""
        return (zoom_user_id, user.user_id) in await self._pairs(user, [zoom_user_id])

    async def _pairs(self, user: SlackUser, zoom_user_ids: Sequence[str]) -> list[tuple[str, str]]:
        request = pb.FindConnectedUsersRequest(user=user_message(user), zoom_user_ids=zoom_user_ids)
        response = await self._auth.FindConnectedUsers(request, timeout=self._timeout)
        return [(found.zoom_user_id, found.slack_user_id) for found in response.users]
