"""Who somebody is at Zoom, as far as auth can tell in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesh.errors import MeshError, Reason
from mesh.slack_protos import user_message
from mesh.slack_user import SlackUser
from zoomslack.auth.v1 import auth_service_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

Standing = auth_service_pb2.Connection | MeshError
"""A person's connection, or why none is known: ZOOM_NOT_CONNECTED, or what kept auth from telling."""


class Standings:
    """Asks auth. One per process."""

    def __init__(self, auth: AuthServiceAsyncStub) -> None:
        self._auth = auth

    async def of(self, user: SlackUser, seconds: float) -> Standing:
        """Returns the standing of `user`. Never raises MeshError: whoever shows it can do without.

        Auth matches the person first where her company installed the app, which may take longer than `seconds`.
        """
        request = auth_service_pb2.GetConnectionRequest(user=user_message(user))
        try:
            return (await self._auth.GetConnection(request, timeout=seconds)).connection
        except MeshError as error:
            return error


def is_connected(standing: Standing) -> bool | None:
    """Tells whether the person is connected; None where that is not known now."""
    if isinstance(standing, MeshError):
        return False if standing.reason is Reason.ZOOM_NOT_CONNECTED else None
    return True
