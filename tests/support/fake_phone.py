"""Phone as the tests of the edge need it, and what it would have the edge show."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mesh.errors import MeshError, Reason
from zoomslack.phone.v1 import phone_service_pb2 as phone_pb
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceServicer

if TYPE_CHECKING:
    pass


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
        self.stored: list[phone_pb.PhoneCall] = []
        """The calls that were placed, the oldest first."""
        self.looked_up: list[str] = []
        """The calls that were asked for."""
        self.placed: list[phone_pb.PlaceCallRequest] = []
        self.resolved: list[str] = []
        """The links that were opened."""
        self.opening_ids: list[str] = []
        """By which openings."""
        self.lost_answers = 0
        """How many links are opened without the edge hearing of it."""
        self.profile: phone_pb.GetPhoneProfileResponse | MeshError = phone_pb.GetPhoneProfileResponse(
            access=phone_pb.PHONE_ACCESS_FULL,
            phone_number="+12025550101",
            extension_number="1001",
            shown_calls=phone_pb.SHOWN_CALLS_FROM_SLACK,
        )
        self.shown_calls: phone_pb.ShownCalls.ValueType = phone_pb.SHOWN_CALLS_FROM_SLACK
        """What people chose."""
        self.asked_for_profiles: list[phone_pb.GetPhoneProfileRequest] = []
        self.events: list[bytes] = []
        self.outcomes: asyncio.Queue[phone_pb.CompleteDeliveryRequest] = asyncio.Queue()
        self._offered: asyncio.Queue[phone_pb.Delivery] = asyncio.Queue()

    async def PlaceCall(self, request: phone_pb.PlaceCallRequest, context: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        self.placed.append(request)
        call = self._call(
            call_id=str(uuid.uuid4()),
            user=request.user,
            state=phone_pb.PHONE_CALL_STATE_PREPARED,
            contact_name=request.contact.display_name,
            contact_slack_user_id=request.contact.slack_user_id,
        )
        self.stored.append(call)
        return phone_pb.PlaceCallResponse(
            call=call,
            call_url=f"{self.edge_url}/call/signed.id",
            warning=self.warning,
        )

    async def ResolveCallLink(self, request: phone_pb.ResolveCallLinkRequest, context: Any) -> Any:
        if request.signed_id != "signed.id":
            raise MeshError(Reason.CALL_LINK_INVALID)
        opened_before = bool({*self.opening_ids} - {request.opening_id})
        self.resolved.append(request.signed_id)
        self.opening_ids.append(request.opening_id)
        if self.lost_answers:
            self.lost_answers -= 1
            raise MeshError(Reason.SERVICE_UNAVAILABLE)
        return phone_pb.ResolveCallLinkResponse(call=self._call(), opened_before=opened_before)

    async def GetCall(self, request: Any, context: Any) -> Any:
        self.looked_up.append(request.call_id)
        call = next((one for one in self.stored if one.call_id == request.call_id), None)
        if call is None:
            raise MeshError(Reason.CALL_NOT_FOUND)
        return phone_pb.GetCallResponse(call=call)

    async def ListCalls(self, request: Any, context: Any) -> Any:
        raise AssertionError("the edge lists no calls")

    async def GetPhoneProfile(self, request: phone_pb.GetPhoneProfileRequest, context: Any) -> Any:
        if request.choice_only:
            return phone_pb.GetPhoneProfileResponse(shown_calls=self.shown_calls)
        self.asked_for_profiles.append(request)
        if isinstance(self.profile, MeshError):
            raise self.profile
        return self.profile

    async def UpdateShownCalls(self, request: phone_pb.UpdateShownCallsRequest, context: Any) -> Any:
        if self.failure is not None:
            raise self.failure
        self.shown_calls = request.shown_calls
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
