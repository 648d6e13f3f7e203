"""The services that the edge calls, in memory: they answer as told, and remember what they were asked."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp

from mesh.channel import open_channel
from mesh.errors import MeshError, Reason
from mesh.server import MeshServer, ServerOptions
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.auth.v1.auth_service_pb2_grpc import (
    AuthServiceServicer,
    AuthServiceStub,
    add_AuthServiceServicer_to_server,
)
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceServicer
from zoomslack.phone.v1 import phone_service_pb2 as phone_pb
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceServicer
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub


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


class FakeDepartures(AuthServiceServicer):
    """The half of auth that tells who left: lists each departure until its erasure was reported."""

    def __init__(self) -> None:
        self.list_failures: list[MeshError] = []
        """Raised, one each, instead of an answer to `ListDepartures`."""
        self.report_failures: list[MeshError] = []
        """The same for `CompleteDeparture`."""
        self.asked: list[auth_service_pb2.ListDeparturesRequest] = []
        self.waited_for = asyncio.Event()
        """Set once somebody waits for departures."""
        self.reports: asyncio.Queue[auth_service_pb2.CompleteDepartureRequest] = asyncio.Queue()
        self._departures: dict[str, auth_service_pb2.Departure] = {}
        self._news = asyncio.Event()

    def leave(self, depart_time: datetime, **who: Any) -> str:
        """Has somebody leave (`slack_team_id=…`) and returns the departure's id."""
        departure_id = str(uuid.uuid4())
        departure = auth_service_pb2.Departure(departure_id=departure_id, **who)
        departure.depart_time.FromDatetime(depart_time)
        self._departures[departure_id] = departure
        self._news.set()
        return departure_id

    async def report(self) -> auth_service_pb2.CompleteDepartureRequest:
        """Waits for the next report."""
        async with asyncio.timeout(10):
            return await self.reports.get()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[AuthServiceAsyncStub]:
        """Serves over gRPC, and gives the stub that a service has of auth."""
        service = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]

        async def ready() -> bool:
            return True

        server = MeshServer(
            ServerOptions("127.0.0.1:0", drain_delay=0, drain_grace=1),
            service.full_name,
            lambda grpc_server: add_AuthServiceServicer_to_server(self, grpc_server),
            ready,
        )
        await server.start()
        try:
            async with open_channel(f"127.0.0.1:{server.port}", service) as channel:
                yield AuthServiceStub(channel)
        finally:
            await server.drain()

    async def ListDepartures(self, request: auth_service_pb2.ListDeparturesRequest, context: Any) -> Any:
        self.asked.append(request)
        if self.list_failures:
            raise self.list_failures.pop(0)
        self.waited_for.set()
        await self._news.wait()  # the caller's deadline, or its end, ends the wait
        listed = [one for name, one in self._departures.items() if name not in request.except_departure_ids]
        departures = listed[: request.max_departures]
        return auth_service_pb2.ListDeparturesResponse(departures=departures)

    async def CompleteDeparture(self, request: auth_service_pb2.CompleteDepartureRequest, context: Any) -> Any:
        if self.report_failures:
            raise self.report_failures.pop(0)
        self._departures.pop(request.departure_id, None)
        if not self._departures:
            self._news.clear()
        await self.reports.put(request)
        return auth_service_pb2.CompleteDepartureResponse()


class FakeMeetings(MeetingsServiceServicer):
    """Starts meetings at once, unless told otherwise, and leases what a test puts up for delivery."""

    def __init__(self) -> None:
        self.failure: MeshError | None = None
        """What `StartMeeting` and `RecordZoomEvent` raise."""
        self.pending = False
        self.gate = asyncio.Event()
        """While it is closed `StartMeeting` does not answer."""
        self.gate.set()
        self.started: list[pb.StartMeetingRequest] = []
        self.meetings: dict[str, pb.Meeting] = {}
        self.progress: list[pb.RecordDeliveryProgressRequest] = []
        self.progress_failure: MeshError | None = None
        self.outcomes: asyncio.Queue[pb.CompleteDeliveryRequest] = asyncio.Queue()
        self.events: list[bytes] = []
        self.stopped = False
        self.recent: pb.RecentMeeting | None = None
        self.host_key = ""
        """What `StartMeeting` answers with instead of starting, unless another one is wanted."""
        self.running: list[pb.RunningMeeting] = []
        self.ended: list[pb.EndMeetingRequest] = []
        self.released: list[pb.ReleaseDeliveriesRequest] = []
        self.moved: list[pb.MoveConversationRequest] = []
        self.declined: list[pb.RecordCallDeclinedRequest] = []
        self._offered: asyncio.Queue[pb.Delivery] = asyncio.Queue()

    async def StartMeeting(self, request: pb.StartMeetingRequest, context: Any) -> Any:
        self.started.append(request)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        if self.recent is not None and not request.start_another:
            return pb.StartMeetingResponse(recent=self.recent)
        if self.pending:
            return pb.StartMeetingResponse(pending=True)
        if request.request_id in self.meetings:
            return pb.StartMeetingResponse(meeting=self.meetings[request.request_id])
        meeting = new_meeting(request.user, request.conversation, topic=request.topic)
        self.meetings[request.request_id] = meeting
        place = {"slack_response_url": request.slack_response_url, "slack_thread_ts": request.slack_thread_ts}
        delivery = card(meeting, **place)
        delivery.card.host_key = self.host_key
        if not request.lease_holder:
            self.offer(delivery)
            return pb.StartMeetingResponse(meeting=meeting)
        return pb.StartMeetingResponse(meeting=meeting, delivery=delivery)

    async def EndMeeting(self, request: pb.EndMeetingRequest, context: Any) -> Any:
        self.ended.append(request)
        if self.failure is not None:
            raise self.failure
        return pb.EndMeetingResponse()

    async def ListRunningMeetings(self, request: pb.ListRunningMeetingsRequest, context: Any) -> Any:
        return pb.ListRunningMeetingsResponse(meetings=self.running)

    async def RecordCallDeclined(self, request: pb.RecordCallDeclinedRequest, context: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        self.declined.append(request)
        return pb.RecordCallDeclinedResponse()

    async def MoveConversation(self, request: pb.MoveConversationRequest, context: Any) -> Any:
        self.moved.append(request)
        return pb.MoveConversationResponse(moved_meetings=1)

    async def ReleaseDeliveries(self, request: pb.ReleaseDeliveriesRequest, context: Any) -> Any:
        self.released.append(request)
        return pb.ReleaseDeliveriesResponse(released=1)

    def offer(self, delivery: pb.Delivery) -> None:
        """Puts something up for delivery."""
        self._offered.put_nowait(delivery)

    async def outcome(self) -> pb.CompleteDeliveryRequest:
        """Waits for the next report."""
        async with asyncio.timeout(10):
            return await self.outcomes.get()

    async def LeaseDeliveries(self, request: pb.LeaseDeliveriesRequest, context: Any) -> Any:
        delivery = await self._offered.get()  # the caller's deadline ends the wait
        return pb.LeaseDeliveriesResponse(deliveries=[delivery])

    async def RecordDeliveryProgress(self, request: pb.RecordDeliveryProgressRequest, context: Any) -> Any:
        if self.progress_failure is not None:
            raise self.progress_failure
        self.progress.append(request)
        return pb.RecordDeliveryProgressResponse()

    async def CompleteDelivery(self, request: pb.CompleteDeliveryRequest, context: Any) -> Any:
        await self.outcomes.put(request)
        return pb.CompleteDeliveryResponse()

    async def GetMeeting(self, request: Any, context: Any) -> Any:
        raise MeshError(Reason.MEETING_NOT_FOUND)

    async def ListMeetings(self, request: Any, context: Any) -> Any:
        return pb.ListMeetingsResponse(meetings=self.meetings.values())

    async def RecordZoomEvent(self, request: pb.RecordZoomEventRequest, context: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        self.events.append(request.body)
        return pb.RecordZoomEventResponse(disposition=pb.EVENT_DISPOSITION_APPLIED)


class FakePhone(PhoneServiceServicer):
    """Prepares every call, unless told otherwise, and leases what a test puts up for delivery."""

    def __init__(self) -> None:
        self.failure: MeshError | None = None
        """What `PlaceCall`, `UpdateShownCalls` and `RecordZoomEvent` raise."""
        self.number = "+12025550145"
        self.call: dict[str, Any] = {}
        """What is told of a call beside its number, or instead."""
        self.warning: phone_pb.CallWarning.ValueType = phone_pb.CALL_WARNING_UNSPECIFIED
        self.edge_url = ""
        self.placed: list[phone_pb.PlaceCallRequest] = []
        self.resolved: list[str] = []
        """The links that were opened."""
        self.profile: phone_pb.GetPhoneProfileResponse | MeshError = phone_pb.GetPhoneProfileResponse(
            access=phone_pb.PHONE_ACCESS_FULL,
            phone_number="+12025550101",
            extension_number="1001",
            shown_calls=phone_pb.SHOWN_CALLS_FROM_SLACK,
        )
        self.asked_for_profiles: list[phone_pb.GetPhoneProfileRequest] = []
        self.events: list[bytes] = []
        self.outcomes: asyncio.Queue[phone_pb.CompleteDeliveryRequest] = asyncio.Queue()
        self._offered: asyncio.Queue[phone_pb.Delivery] = asyncio.Queue()

    async def PlaceCall(self, request: phone_pb.PlaceCallRequest, context: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        self.placed.append(request)
        return phone_pb.PlaceCallResponse(
            call=self._call(
                user=request.user,
                contact_name=request.contact.display_name,
                contact_slack_user_id=request.contact.slack_user_id,
            ),
            call_url=f"{self.edge_url}/call/signed.id",
            warning=self.warning,
        )

    async def ResolveCallLink(self, request: phone_pb.ResolveCallLinkRequest, context: Any) -> Any:
        if request.signed_id != "signed.id":
            raise MeshError(Reason.CALL_LINK_INVALID)
        self.resolved.append(request.signed_id)
        return phone_pb.ResolveCallLinkResponse(call=self._call())

    async def GetCall(self, request: Any, context: Any) -> Any:
        raise AssertionError("the edge asks for no single call")

    async def ListCalls(self, request: Any, context: Any) -> Any:
        raise AssertionError("the edge lists no calls")

    async def GetPhoneProfile(self, request: phone_pb.GetPhoneProfileRequest, context: Any) -> Any:
        self.asked_for_profiles.append(request)
        if isinstance(self.profile, MeshError):
            raise self.profile
        return self.profile

    async def UpdateShownCalls(self, request: phone_pb.UpdateShownCallsRequest, context: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        if not isinstance(self.profile, MeshError):
            self.profile.shown_calls = request.shown_calls
        return phone_pb.UpdateShownCallsResponse()

    async def RecordZoomEvent(self, request: phone_pb.RecordZoomEventRequest, context: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        self.events.append(request.body)
        return phone_pb.RecordZoomEventResponse(disposition=phone_pb.EVENT_DISPOSITION_APPLIED)

    def offer(self, delivery: phone_pb.Delivery) -> None:
        """Puts something up for delivery."""
        self._offered.put_nowait(delivery)

    async def outcome(self) -> phone_pb.CompleteDeliveryRequest:
        """Waits for the next report."""
        async with asyncio.timeout(10):
            return await self.outcomes.get()

    async def LeaseDeliveries(self, request: phone_pb.LeaseDeliveriesRequest, context: Any) -> Any:
        delivery = await self._offered.get()  # the caller's deadline ends the wait
        return phone_pb.LeaseDeliveriesResponse(deliveries=[delivery])

    async def CompleteDelivery(self, request: phone_pb.CompleteDeliveryRequest, context: Any) -> Any:
        await self.outcomes.put(request)
        return phone_pb.CompleteDeliveryResponse()

    def _call(self, **about: Any) -> phone_pb.PhoneCall:
        known = {"phone_number": self.number, "national_number": "(202) 555-0145"}
        return phone_pb.PhoneCall(**{**known, **about, **self.call})


def phone_delivery(call: phone_pb.PhoneCall, **changes: Any) -> phone_pb.Delivery:
    """Returns a lease on a phone call."""
    fields: dict[str, Any] = {
        "delivery_id": str(uuid.uuid4()),
        "lease_token": str(uuid.uuid4()),
        "lease_expire_time": datetime.now(UTC) + timedelta(seconds=15),
        "user": call.user,
        "version": 1,
        "call": call,
        **changes,
    }
    return phone_pb.Delivery(**fields)


def new_meeting(user: slack_pb2.SlackUser, conversation: slack_pb2.SlackConversation, **changes: Any) -> pb.Meeting:
    """Returns a meeting that was made a moment ago."""
    fields: dict[str, Any] = {
        "meeting_id": str(uuid.uuid4()),
        "host": user,
        "conversation": conversation,
        "zoom_meeting_id": "85012345678",
        "join_url": "https://zoom.example/j/85012345678?pwd=INVENTEDPWD.1",
        "passcode": "x7Kp2Q",
        "state": pb.MEETING_STATE_CREATED,
        "create_time": datetime.now(UTC),
        **changes,
    }
    return pb.Meeting(**fields)


def card(meeting: pb.Meeting, *present: pb.Attendee, **changes: Any) -> pb.Delivery:
    """Returns a lease on the card of a meeting."""
    return leased(meeting, card=pb.MeetingCard(meeting=meeting, present=present), **changes)


def leased(meeting: pb.Meeting, **changes: Any) -> pb.Delivery:
    """Returns a lease on something about a meeting; the content is among `changes`."""
    fields: dict[str, Any] = {
        "delivery_id": str(uuid.uuid4()),
        "lease_token": str(uuid.uuid4()),
        "lease_expire_time": datetime.now(UTC) + timedelta(seconds=15),
        "user": meeting.host,
        "conversation": meeting.conversation,
        "version": 1,
        **changes,
    }
    return pb.Delivery(**fields)
