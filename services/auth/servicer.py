"""Turns protos into calls of the rules, and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import grpc
from google.protobuf import timestamp_pb2

from mesh.slack_user import SlackUser, from_message
from services.auth.connections import Connection, Connections
from services.auth.grants import Grants, ZoomPlan
from services.auth.installations import Installation, Installations
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.auth.v1 import auth_service_pb2_grpc as pb_grpc
from zoomslack.type.v1 import slack_pb2

Context = grpc.aio.ServicerContext[Any, Any]

_PLANS = {
    ZoomPlan.UNKNOWN: pb.ZOOM_PLAN_UNSPECIFIED,
    ZoomPlan.BASIC: pb.ZOOM_PLAN_BASIC,
    ZoomPlan.LICENSED: pb.ZOOM_PLAN_LICENSED,
    ZoomPlan.UNASSIGNED: pb.ZOOM_PLAN_UNASSIGNED,
}


class AuthServicer(pb_grpc.AuthServiceServicer):
    """`zoomslack.auth.v1.AuthService`. Its proto documents each RPC."""

    def __init__(self, connections: Connections, grants: Grants, installations: Installations) -> None:
        self._connections = connections
        self._grants = grants
        self._installations = installations

    async def CreateConnectLink(  # noqa: N802 (gRPC's name)
        self, request: pb.CreateConnectLinkRequest, context: Context
    ) -> pb.CreateConnectLinkResponse:
        link = await self._connections.create_link(
            from_message(request.user),
            display_name=request.slack_display_name,
            team_name=request.slack_team_name,
            continuation=request.continuation,
        )
        return pb.CreateConnectLinkResponse(connect_url=link.url, expire_time=_moment(link.expire_time))

    async def GetConnectLink(  # noqa: N802
        self, request: pb.GetConnectLinkRequest, context: Context
    ) -> pb.GetConnectLinkResponse:
        consent = await self._connections.consent(request.state)
        return pb.GetConnectLinkResponse(
            user=_user(consent.link.user),
            slack_display_name=consent.link.display_name,
            slack_team_name=consent.link.team_name,
            authorize_url=consent.authorize_url,
            expire_time=_moment(consent.link.expire_time),
        )

    async def CompleteConnection(  # noqa: N802
        self, request: pb.CompleteConnectionRequest, context: Context
    ) -> pb.CompleteConnectionResponse:
        completed = await self._connections.complete(request.state, code=request.code, error=request.error)
        return pb.CompleteConnectionResponse(
            user=_user(completed.connection.user),
            connection=_connection(completed.connection),
            continuation=completed.continuation,
        )

    async def GetConnection(  # noqa: N802
        self, request: pb.GetConnectionRequest, context: Context
    ) -> pb.GetConnectionResponse:
        connection = await self._connections.get(from_message(request.user))
        return pb.GetConnectionResponse(connection=_connection(connection))

    async def DeleteConnection(  # noqa: N802
        self, request: pb.DeleteConnectionRequest, context: Context
    ) -> pb.DeleteConnectionResponse:
        return pb.DeleteConnectionResponse(deleted=await self._connections.delete(from_message(request.user)))

    async def IssueZoomAccessToken(  # noqa: N802
        self, request: pb.IssueZoomAccessTokenRequest, context: Context
    ) -> pb.IssueZoomAccessTokenResponse:
        grant = await self._grants.issue(from_message(request.user), request.rejected_token_sha256)
        return pb.IssueZoomAccessTokenResponse(
            access_token=grant.tokens.access_token,
            expire_time=_moment(grant.tokens.expire_time),
            zoom_user_id=grant.profile.zoom_user_id,
            zoom_account_id=grant.profile.zoom_account_id,
        )

    async def CreateSlackInstallLink(  # noqa: N802
        self, request: pb.CreateSlackInstallLinkRequest, context: Context
    ) -> pb.CreateSlackInstallLinkResponse:
        link = await self._installations.create_link()
        return pb.CreateSlackInstallLinkResponse(
            authorize_url=link.authorize_url, state=link.state, expire_time=_moment(link.expire_time)
        )

    async def CompleteSlackInstallation(  # noqa: N802
        self, request: pb.CompleteSlackInstallationRequest, context: Context
    ) -> pb.CompleteSlackInstallationResponse:
        installation = await self._installations.complete(request.state, code=request.code, error=request.error)
        return pb.CompleteSlackInstallationResponse(installation=_installation(installation))

    async def GetSlackInstallation(  # noqa: N802
        self, request: pb.GetSlackInstallationRequest, context: Context
    ) -> pb.GetSlackInstallationResponse:
        installation = await self._installations.get(from_message(request.user))
        expire_time = installation.bot_token_expire_time
        return pb.GetSlackInstallationResponse(
            installation=_installation(installation),
            bot_access_token=installation.bot_token,
            expire_time=None if expire_time is None else _moment(expire_time),
        )


def _moment(value: datetime) -> timestamp_pb2.Timestamp:
    moment = timestamp_pb2.Timestamp()
    moment.FromDatetime(value)
    return moment


def _user(user: SlackUser) -> slack_pb2.SlackUser:
    return slack_pb2.SlackUser(
        slack_enterprise_id=user.enterprise_id, slack_team_id=user.team_id, slack_user_id=user.user_id
    )


def _connection(connection: Connection) -> pb.Connection:
    return pb.Connection(
        user=_user(connection.user),
        zoom_user_id=connection.profile.zoom_user_id,
        zoom_account_id=connection.profile.zoom_account_id,
        zoom_plan=_PLANS[connection.profile.plan],
        scopes=connection.scopes,
        connect_time=_moment(connection.connect_time),
    )


def _installation(installation: Installation) -> pb.SlackInstallation:
    return pb.SlackInstallation(
        slack_enterprise_id=installation.enterprise_id,
        slack_team_id=installation.team_id,
        slack_team_name=installation.team_name,
        slack_app_id=installation.app_id,
        slack_bot_user_id=installation.bot_user_id,
        scopes=installation.scopes,
        install_time=_moment(installation.install_time),
    )
