"""Auth as the tests of its callers need it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp

from mesh.errors import MeshError, Reason
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.auth.v1.auth_service_pb2_grpc import (
    AuthServiceServicer,
)
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    pass


SCOPES = "commands,calls:read,calls:write,chat:write,chat:write.public,users:read"
ZOOM_CONSENT = "https://zoom.example/oauth/authorize"


class FakeAuth(AuthServiceServicer):
    """Installs the app at a Slack simulator for real, and connects everybody to Zoom who brings a code."""

    def __init__(self) -> None:
        self.slack_url = ""
        self.edge_url = ""
        self.slack_client = ("", "")
        self.bot_token = ""
        self.enterprise_id = ""
        """The organisation of what was installed last."""
        self.failure: MeshError | None = None
        self.links: dict[str, auth_service_pb2.CreateConnectLinkRequest] = {}
        self.connected: set[str] = set()
        self.completion_failure: MeshError | None = None
        """What `CompleteConnection` raises of who agreed."""
        self.connection_failure: MeshError | None = None
        """What `GetConnection` raises."""
        self.app_level: auth_service_pb2.ZoomAppLevel.ValueType = auth_service_pb2.ZOOM_APP_LEVEL_USER
        """Whose consent connections live by."""
        self.company_account = ""
        """The Zoom account whose administrator installed the app for the workspace."""
        self.scopes = SCOPES.split(",")
        """What the workspace granted."""
        self.call_options: auth_service_pb2.CallOptions.ValueType = auth_service_pb2.CALL_OPTIONS_VIDEO_AND_PHONE
        self.asked_of_slack = SCOPES
        self.zoom_scopes: list[str] = []
        """What Zoom grants to whoever consents."""
        self.zoom_email = ""
        """Of whoever consents."""
        self.install_requests: list[auth_service_pb2.CreateSlackInstallLinkRequest] = []
        self.install_links: dict[str, auth_service_pb2.CreateSlackInstallLinkRequest] = {}
        """What each install link is for, as long as it was not used."""
        self.team_name = ""
        """What the workspace calls itself; empty for what Slack says."""
        self.events: list[auth_service_pb2.RecordZoomEventRequest | auth_service_pb2.RecordSlackEventRequest] = []
        self.browser_secrets: dict[str, str] = {}
        """Of company-wide installations, by state."""
        self.asked: list[str] = []
        """The names of the calls, in order."""

    def _note(self, name: str) -> None:
        self.asked.append(name)
        if self.failure is not None:
            raise self.failure

    def _check_browser(self, state: str, browser_secret: str) -> None:
        if not browser_secret or browser_secret != self.browser_secrets.get(state):
            raise MeshError(Reason.LINK_INVALID)

    async def CreateConnectLink(self, request: auth_service_pb2.CreateConnectLinkRequest, context: Any) -> Any:
        self._note("CreateConnectLink")
        state = f"state-{uuid.uuid4()}"
        self.links[state] = request
        return auth_service_pb2.CreateConnectLinkResponse(connect_url=f"{self.edge_url}/zoom/connect?link={state}")

    async def GetConnectLink(self, request: auth_service_pb2.GetConnectLinkRequest, context: Any) -> Any:
        self._note("GetConnectLink")
        link = self._link(request.state)
        return auth_service_pb2.GetConnectLinkResponse(
            user=link.user,
            slack_display_name=link.slack_display_name,
            slack_team_name=link.slack_team_name,
            authorize_url=f"{ZOOM_CONSENT}?state={request.state}",
        )

    async def CompleteConnection(self, request: auth_service_pb2.CompleteConnectionRequest, context: Any) -> Any:
        self._note("CompleteConnection")
        link = self._link(request.state)
        if request.error:
            raise MeshError(Reason.CONSENT_DENIED, {"vendor": "zoom"})
        if self.completion_failure is not None:
            raise self.completion_failure
        self.connected.add(link.user.slack_user_id)
        return auth_service_pb2.CompleteConnectionResponse(
            user=link.user,
            connection=self._connection(link.user),
            continuation=link.continuation,
            zoom_email=self.zoom_email,
        )

    def _connection(self, user: slack_pb2.SlackUser) -> auth_service_pb2.Connection:
        return auth_service_pb2.Connection(
            user=user,
            zoom_user_id="zoomUser",
            zoom_account_id="zoomAcme",
            zoom_plan=auth_service_pb2.ZOOM_PLAN_LICENSED,
            scopes=self.zoom_scopes,
            app_level=self.app_level,
        )

    def _link(self, state: str) -> auth_service_pb2.CreateConnectLinkRequest:
        if state not in self.links:
            raise MeshError(Reason.LINK_INVALID)
        return self.links[state]

    async def GetConnection(self, request: Any, context: Any) -> Any:
        if self.connection_failure is not None:
            raise self.connection_failure
        if request.user.slack_user_id not in self.connected:
            raise MeshError(Reason.ZOOM_NOT_CONNECTED)
        return auth_service_pb2.GetConnectionResponse(connection=self._connection(request.user))

    async def CreateZoomInstallLink(self, request: Any, context: Any) -> Any:
        self._note("CreateZoomInstallLink")
        state = f"company-{uuid.uuid4()}"
        query = urlencode({"state": state, "scopes": " ".join(request.zoom_scopes)})
        self.browser_secrets[state] = f"secret-of-{state}"
        return auth_service_pb2.CreateZoomInstallLinkResponse(
            authorize_url=f"{ZOOM_CONSENT}?{query}", state=state, browser_secret=self.browser_secrets[state]
        )

    async def CompleteZoomInstallation(
        self, request: auth_service_pb2.CompleteZoomInstallationRequest, context: Any
    ) -> Any:
        self._note("CompleteZoomInstallation")
        self._check_browser(request.state, request.browser_secret)
        if request.error:
            raise MeshError(Reason.CONSENT_DENIED, {"vendor": "zoom"})
        return auth_service_pb2.CompleteZoomInstallationResponse(installation=self._zoom_installation())

    async def UpdateCallOptions(self, request: auth_service_pb2.UpdateCallOptionsRequest, context: Any) -> Any:
        self._note("UpdateCallOptions")
        self.call_options = request.call_options
        return auth_service_pb2.UpdateCallOptionsResponse(call_options=request.call_options)

    async def RecordZoomEvent(self, request: auth_service_pb2.RecordZoomEventRequest, context: Any) -> Any:
        self._note("RecordZoomEvent")
        self.events.append(request)
        return auth_service_pb2.RecordZoomEventResponse(departures=1)

    async def FindConnectedUsers(self, request: Any, context: Any) -> Any:
        raise AssertionError("the edge asks for nobody")

    async def ListDepartures(self, request: Any, context: Any) -> Any:
        raise AssertionError("the edge erases nothing")

    async def CompleteDeparture(self, request: Any, context: Any) -> Any:
        raise AssertionError("the edge erases nothing")

    async def ListReceipts(self, request: Any, context: Any) -> Any:
        raise AssertionError("nothing shows receipts yet")

    async def RecordSlackEvent(self, request: auth_service_pb2.RecordSlackEventRequest, context: Any) -> Any:
        self._note("RecordSlackEvent")
        self.events.append(request)
        return auth_service_pb2.RecordSlackEventResponse(departures=1)

    async def IssueZoomAccessToken(self, request: Any, context: Any) -> Any:
        raise MeshError(Reason.ZOOM_NOT_CONNECTED)

    async def DeleteConnection(self, request: auth_service_pb2.DeleteConnectionRequest, context: Any) -> Any:
        self._note("DeleteConnection")
        deleted = request.user.slack_user_id in self.connected
        self.connected.discard(request.user.slack_user_id)
        return auth_service_pb2.DeleteConnectionResponse(deleted=deleted)

    async def CreateSlackInstallLink(self, request: Any, context: Any) -> Any:
        self._note("CreateSlackInstallLink")
        if request.zoom_state in self.browser_secrets or request.browser_secret:
            self._check_browser(request.zoom_state, request.browser_secret)
        self.install_requests.append(request)
        state = f"install-{uuid.uuid4()}"
        self.install_links[state] = request
        query = {
            "client_id": self.slack_client[0],
            "scope": ",".join(request.slack_scopes) or self.asked_of_slack,
            "state": state,
            "redirect_uri": f"{self.edge_url}/slack/oauth/callback",
        }
        url = f"{self.slack_url}/oauth/v2/authorize?{urlencode(query)}"
        return auth_service_pb2.CreateSlackInstallLinkResponse(authorize_url=url, state=state)

    async def CompleteSlackInstallation(
        self, request: auth_service_pb2.CompleteSlackInstallationRequest, context: Any
    ) -> Any:
        self._note("CompleteSlackInstallation")
        link = self.install_links.pop(request.state, None)
        if link is None:
            raise MeshError(Reason.LINK_USED)
        if link.zoom_state in self.browser_secrets:
            self._check_browser(link.zoom_state, request.browser_secret)
        if request.error:
            raise MeshError(Reason.CONSENT_DENIED, {"vendor": "slack"})
        form = {
            "client_id": self.slack_client[0],
            "client_secret": self.slack_client[1],
            "code": request.code,
            "redirect_uri": f"{self.edge_url}/slack/oauth/callback",
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.slack_url}/api/oauth.v2.access", data=form) as response,
        ):
            answer = await response.json()
        self.bot_token = answer["access_token"]
        self.enterprise_id = (answer["enterprise"] or {}).get("id", "")
        team = answer["team"] or {"id": "", "name": ""}  # null for a whole organisation
        installation = auth_service_pb2.SlackInstallation(
            slack_enterprise_id=self.enterprise_id,
            slack_team_id=team["id"],
            slack_team_name=self.team_name or team["name"],
            scopes=answer["scope"].split(","),
        )
        came = self.links.get(link.zoom_state)
        return auth_service_pb2.CompleteSlackInstallationResponse(
            installation=installation,
            zoom_installation=self._zoom_installation() if link.zoom_state and came is None else None,
            user=None if came is None else came.user,
            continuation=b"" if came is None else came.continuation,
        )

    def _zoom_installation(self) -> auth_service_pb2.ZoomInstallation:
        return auth_service_pb2.ZoomInstallation(zoom_account_id="zoomAcme", scopes=self.zoom_scopes)

    async def GetSlackInstallation(self, request: Any, context: Any) -> Any:
        self._note("GetSlackInstallation")
        if not self.bot_token:
            raise MeshError(Reason.SLACK_NOT_INSTALLED)
        return auth_service_pb2.GetSlackInstallationResponse(
            installation=auth_service_pb2.SlackInstallation(
                slack_enterprise_id=self.enterprise_id, scopes=self.scopes, zoom_account_id=self.company_account
            ),
            bot_access_token=self.bot_token,
            call_options=self.call_options,
        )
