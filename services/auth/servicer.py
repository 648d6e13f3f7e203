"""Turns protos into calls of the rules, and back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc

from mesh import paging
from mesh.callers import caller_names
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.long_poll import LongPoll
from mesh.slack_protos import user_message
from mesh.slack_user import from_message
from services.auth import converters, vendor_events
from services.auth.accounts import Accounts
from services.auth.connections import Connections
from services.auth.departures import Departures, Eraser
from services.auth.grants import AppLevel, Grants
from services.auth.installations import Installations
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.auth.v1 import auth_service_pb2_grpc as pb_grpc

log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE = 25


@dataclass(frozen=True)
class Rules:
    """What the RPCs are about."""

    connections: Connections
    grants: Grants
    accounts: Accounts
    installations: Installations
    departures: Departures


class AuthServicer(pb_grpc.AuthServiceServicer):
    """`zoomslack.auth.v1.AuthService`. Its proto documents each RPC."""

    def __init__(self, rules: Rules, client_ids: Mapping[AppLevel, str]) -> None:
        """`client_ids` are those of our apps at Zoom: its events name them. Make it within the running loop."""
        self._rules = rules
        self._client_ids = client_ids
        self._leaving = LongPoll()

    @property
    def waiting(self) -> int:
        """How many services wait for departures at this moment."""
        return self._leaving.waiting

    def stop_waiting(self) -> None:
        """Answers the services that wait for departures, so that the drain need not wait for them."""
        self._leaving.stop()

    async def CreateConnectLink(  # noqa: N802 (gRPC's name)
        self, request: pb.CreateConnectLinkRequest, context: Context
    ) -> pb.CreateConnectLinkResponse:
        page = await self._rules.connections.create_link(
            from_message(request.user),
            display_name=request.slack_display_name,
            team_name=request.slack_team_name,
            continuation=request.continuation,
            zoom_scopes=tuple(request.zoom_scopes),
        )
        return pb.CreateConnectLinkResponse(connect_url=page.url, expire_time=converters.moment(page.expire_time))

    async def GetConnectLink(  # noqa: N802
        self, request: pb.GetConnectLinkRequest, context: Context
    ) -> pb.GetConnectLinkResponse:
        new = await self._rules.connections.consent(request.state)
        return pb.GetConnectLinkResponse(
            user=user_message(new.link.user),
            slack_display_name=new.link.display_name,
            slack_team_name=new.link.team_name,
            authorize_url=new.authorize_url,
            expire_time=converters.moment(new.link.expire_time),
        )

    async def CompleteConnection(  # noqa: N802
        self, request: pb.CompleteConnectionRequest, context: Context
    ) -> pb.CompleteConnectionResponse:
        completed = await self._rules.connections.complete(request.state, code=request.code, error=request.error)
        return pb.CompleteConnectionResponse(
            user=user_message(completed.link.user),
            connection=converters.connection_message(completed.standing),
            continuation=completed.link.continuation,
            slack_display_name=completed.link.display_name,
            zoom_email=completed.zoom_email,
        )

    async def GetConnection(  # noqa: N802
        self, request: pb.GetConnectionRequest, context: Context
    ) -> pb.GetConnectionResponse:
        standing = await self._rules.connections.get(from_message(request.user))
        return pb.GetConnectionResponse(connection=converters.connection_message(standing))

    async def DeleteConnection(  # noqa: N802
        self, request: pb.DeleteConnectionRequest, context: Context
    ) -> pb.DeleteConnectionResponse:
        deleted = await self._rules.connections.delete(from_message(request.user))
        self._leaving.announce()
        return pb.DeleteConnectionResponse(deleted=deleted)

    async def IssueZoomAccessToken(  # noqa: N802
        self, request: pb.IssueZoomAccessTokenRequest, context: Context
    ) -> pb.IssueZoomAccessTokenResponse:
        issued = await self._rules.grants.issue(from_message(request.user), request.rejected_token_sha256)
        return pb.IssueZoomAccessTokenResponse(
            access_token=issued.tokens.access_token,
            expire_time=converters.moment(issued.tokens.expire_time),
            zoom_user_id=issued.profile.zoom_user_id,
            zoom_account_id=issued.profile.zoom_account_id,
            zoom_path_user_id=issued.path_user_id,
            zoom_plan=converters.PLANS[issued.profile.plan],
        )

    async def FindConnectedUsers(  # noqa: N802
        self, request: pb.FindConnectedUsersRequest, context: Context
    ) -> pb.FindConnectedUsersResponse:
        found = await self._rules.connections.of_zoom_users(from_message(request.user), list(request.zoom_user_ids))
        users = [pb.ConnectedUser(zoom_user_id=zoom, slack_user_id=slack) for zoom, slack in found]
        return pb.FindConnectedUsersResponse(users=users)

    async def CreateZoomInstallLink(  # noqa: N802
        self, request: pb.CreateZoomInstallLinkRequest, context: Context
    ) -> pb.CreateZoomInstallLinkResponse:
        link = await self._rules.accounts.create_link(tuple(request.zoom_scopes))
        return pb.CreateZoomInstallLinkResponse(
            authorize_url=link.new.authorize_url,
            state=link.new.state,
            expire_time=converters.moment(link.new.link.expire_time),
            browser_secret=link.browser_secret,
        )

    async def CompleteZoomInstallation(  # noqa: N802
        self, request: pb.CompleteZoomInstallationRequest, context: Context
    ) -> pb.CompleteZoomInstallationResponse:
        installation = await self._rules.accounts.complete(
            request.state, code=request.code, error=request.error, browser_secret=request.browser_secret
        )
        return pb.CompleteZoomInstallationResponse(installation=converters.zoom_installation_message(installation))

    async def CreateSlackInstallLink(  # noqa: N802
        self, request: pb.CreateSlackInstallLinkRequest, context: Context
    ) -> pb.CreateSlackInstallLinkResponse:
        link = await self._rules.installations.create_link(
            zoom_state=request.zoom_state,
            browser_secret=request.browser_secret,
            team_id=request.slack_team_id,
            scopes=tuple(request.slack_scopes),
        )
        return pb.CreateSlackInstallLinkResponse(
            authorize_url=link.authorize_url, state=link.state, expire_time=converters.moment(link.expire_time)
        )

    async def CompleteSlackInstallation(  # noqa: N802
        self, request: pb.CompleteSlackInstallationRequest, context: Context
    ) -> pb.CompleteSlackInstallationResponse:
        installed = await self._rules.installations.complete(
            request.state, code=request.code, error=request.error, browser_secret=request.browser_secret
        )
        came = installed.came
        return pb.CompleteSlackInstallationResponse(
            installation=converters.installation_message(installed.installation),
            zoom_installation=None
            if came.installation is None
            else converters.zoom_installation_message(came.installation),
            user=None if came.user is None else user_message(came.user),
            continuation=came.continuation,
        )

    async def GetSlackInstallation(  # noqa: N802
        self, request: pb.GetSlackInstallationRequest, context: Context
    ) -> pb.GetSlackInstallationResponse:
        installation = await self._rules.installations.get(from_message(request.user))
        expire_time = installation.tokens.expire_time
        return pb.GetSlackInstallationResponse(
            installation=converters.installation_message(installation),
            bot_access_token=installation.tokens.access_token,
            expire_time=None if expire_time is None else converters.moment(expire_time),
            call_options=converters.CALL_OPTIONS[installation.call_options],
        )

    async def UpdateCallOptions(  # noqa: N802
        self, request: pb.UpdateCallOptionsRequest, context: Context
    ) -> pb.UpdateCallOptionsResponse:
        options = converters.CALL_OPTIONS_OF[request.call_options]
        await self._rules.installations.set_call_options(from_message(request.user), options)
        return pb.UpdateCallOptionsResponse(call_options=request.call_options)

    async def RecordZoomEvent(  # noqa: N802
        self, request: pb.RecordZoomEventRequest, context: Context
    ) -> pb.RecordZoomEventResponse:
        level = converters.LEVEL_OF[request.app_level]
        try:
            fact = vendor_events.zoom_fact(request.body, level, self._client_ids)
        except vendor_events.UnreadableError:
            raise _unreadable() from None
        count = await self._rules.departures.from_zoom(fact)
        self._leaving.announce()
        return pb.RecordZoomEventResponse(departures=count)

    async def RecordSlackEvent(  # noqa: N802
        self, request: pb.RecordSlackEventRequest, context: Context
    ) -> pb.RecordSlackEventResponse:
        try:
            facts = vendor_events.slack_facts(request.body)
        except vendor_events.UnreadableError:
            raise _unreadable() from None
        count = await self._rules.departures.from_slack(facts)
        self._leaving.announce()
        return pb.RecordSlackEventResponse(departures=count)

    async def ListDepartures(  # noqa: N802
        self, request: pb.ListDeparturesRequest, context: Context
    ) -> pb.ListDeparturesResponse:
        eraser, but = converters.ERASER_OF[request.eraser], list(request.except_departure_ids)
        _check_is(context, eraser)
        found = await self._leaving.wait(
            lambda: self._rules.departures.pending(eraser, request.max_departures, but), request.wait.ToTimedelta()
        )
        return pb.ListDeparturesResponse(departures=map(converters.departure_message, found))

    async def CompleteDeparture(  # noqa: N802
        self, request: pb.CompleteDepartureRequest, context: Context
    ) -> pb.CompleteDepartureResponse:
        eraser = converters.ERASER_OF[request.eraser]
        _check_is(context, eraser)
        await self._rules.departures.complete(eraser, request.departure_id, request.erased_rows)
        return pb.CompleteDepartureResponse()

    async def ListReceipts(  # noqa: N802
        self, request: pb.ListReceiptsRequest, context: Context
    ) -> pb.ListReceiptsResponse:
        user, size = from_message(request.user), request.page_size or _DEFAULT_PAGE
        binding = ("ListReceipts", user.team_id)
        before = paging.read_position(request.page_token, *binding)
        found = await self._rules.departures.receipts(user, before=before, limit=size + 1)
        last = found[size - 1] if len(found) > size else None
        return pb.ListReceiptsResponse(
            receipts=map(converters.receipt_message, found[:size]),
            next_page_token=paging.make_position(last.record_time, last.departed.departure_id, *binding)
            if last
            else "",
        )


def _check_is(context: Context, eraser: Eraser) -> None:
    """Raises MeshError(CALLER_NOT_ALLOWED) where a certificate names another service than the one it speaks for."""
    names = caller_names(context)
    if names and f"{eraser.value}.zoomslack" not in names:
        log.warning("a service speaks for another one", extra={"caller": ",".join(sorted(names))[:200]})
        raise MeshError(Reason.CALLER_NOT_ALLOWED, {"eraser": eraser.value})


def _unreadable() -> MeshError:
    violation = FieldViolation("body", "is no event: a JSON object, in UTF-8")
    return MeshError(Reason.INVALID_REQUEST, violations=(violation,))
