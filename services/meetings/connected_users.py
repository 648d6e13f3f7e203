"""Who of a workspace is connected to which Zoom user, from auth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mesh.slack_user import SlackUser
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

_TIMEOUT = 5.0
"""Seconds for one answer. Nobody waits for it: what is not answered is asked again."""


class ConnectedUsers:
    """Asks auth."""

    def __init__(self, auth: AuthServiceAsyncStub) -> None:
        self._auth = auth

    async def find(self, user: SlackUser, zoom_user_ids: Sequence[str]) -> Mapping[str, str]:
        """Returns the Slack users of the workspace of `user` who are connected to these Zoom users, by Zoom user.

        Where two of them share one, it is always the same of the two. Raises MeshError as `FindConnectedUsers` does.
        """
        response = await self._auth.FindConnectedUsers(
            pb.FindConnectedUsersRequest(
                user=slack_pb2.SlackUser(
                    slack_enterprise_id=user.enterprise_id, slack_team_id=user.team_id, slack_user_id=user.user_id
                ),
                zoom_user_ids=zoom_user_ids,
            ),
            timeout=_TIMEOUT,
        )
        found = sorted(((u.zoom_user_id, u.slack_user_id) for u in response.users), reverse=True)
        return dict(found)
