"""Protos into calls, and back."""

from __future__ import annotations

import logging
import uuid
from datetime import UTC
from typing import Any

import grpc
from google.protobuf.message import Message

from mesh import paging
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.long_poll import LongPoll
from mesh.slack_user import from_message
from services.phone import converters, zoom_events
from services.phone.calls import Calls
from services.phone.deliveries import Delivered
from services.phone.facts import Disposition
from services.phone.profiles import Profiles
from services.phone.shown_calls import Recorder
from services.phone.store import CallStore, Filter
from services.phone.store_deliveries import DeliveryStore
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceServicer

log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE = 25
_DIRECTIONS = {message: direction for direction, message in converters.DIRECTIONS.items()}
_RESULTS = {message: result for result, message in converters.RESULTS.items() if message}


class PhoneServicer(PhoneServiceServicer):
    """The RPCs of `zoomslack.phone.v1.PhoneService`."""

    def __init__(
        self, *, calls: Calls, store: CallStore, profiles: Profiles, recorder: Recorder, deliveries: DeliveryStore
    ) -> None:
        self._calls = calls
        self._store = store
        self._profiles = profiles
        self._recorder = recorder
        self._deliveries = deliveries
        self._edges = LongPoll()

    def stop_waiting(self) -> None:
        """Answers the edges that wait for work, so that the drain need not wait for them."""
        self._edges.stop()

    def announce(self) -> None:
        """Has the edges that wait for work look again."""
        self._edges.announce()

    async def belongs_elsewhere(self, request: Message) -> bool:
        """Tells whether a call that another team's program names is one of another workspace than it names."""
        if not isinstance(request, pb.GetCallRequest):
            return False
        return await self._store.belongs_elsewhere(from_message(request.user), str(uuid.UUID(request.call_id)))

    async def PlaceCall(self, request: pb.PlaceCallRequest, context: Context) -> pb.PlaceCallResponse:  # noqa: N802
        request_id = str(uuid.UUID(request.request_id))  # one way of writing it
        placed = await self._calls.place(converters.command_from(request, request_id))
        return pb.PlaceCallResponse(
            call=converters.call_message(placed.call),
            call_url=placed.url,
            warning=converters.WARNINGS[placed.call.line.warning],
        )

    async def ResolveCallLink(  # noqa: N802
        self, request: pb.ResolveCallLinkRequest, context: Context
    ) -> pb.ResolveCallLinkResponse:
        opening_id = str(uuid.UUID(request.opening_id)) if request.opening_id else ""
        call, opened_before = await self._calls.resolve(request.signed_id, opening_id)
        return pb.ResolveCallLinkResponse(call=converters.call_message(call), opened_before=opened_before)

    async def GetCall(self, request: pb.GetCallRequest, context: Context) -> pb.GetCallResponse:  # noqa: N802
        call = await self._store.get(from_message(request.user), str(uuid.UUID(request.call_id)))
        return pb.GetCallResponse(call=converters.call_message(call))

    async def ListCalls(self, request: pb.ListCallsRequest, context: Context) -> pb.ListCallsResponse:  # noqa: N802
        user, wanted = from_message(request.user), _filter(request)
        binding = ("ListCalls", user.team_id, user.user_id, repr(wanted))
        before = paging.read_position(request.page_token, *binding)
        size = request.page_size or _DEFAULT_PAGE
        found = await self._store.list_of(user, wanted, before=before, limit=size + 1)
        page = found[:size]
        last = page[-1] if len(found) > size else None
        return pb.ListCallsResponse(
            calls=map(converters.call_message, page),
            next_page_token=paging.make_position(last.create_time, last.call_id, *binding) if last else "",
        )

    async def GetPhoneProfile(  # noqa: N802
        self, request: pb.GetPhoneProfileRequest, context: Context
    ) -> pb.GetPhoneProfileResponse:
        user = from_message(request.user)
        if request.choice_only:
            return pb.GetPhoneProfileResponse(shown_calls=_shown_calls(shows_all=await self._profiles.shows_all(user)))
        profile, shows_all = await self._profiles.of(user)
        return pb.GetPhoneProfileResponse(
            access=converters.ACCESSES[profile.access],
            phone_number=profile.line.e164,
            extension_number=profile.line.extension,
            shown_calls=_shown_calls(shows_all=shows_all),
        )

    async def UpdateShownCalls(  # noqa: N802
        self, request: pb.UpdateShownCallsRequest, context: Context
    ) -> pb.UpdateShownCallsResponse:
        show_all = request.shown_calls == pb.SHOWN_CALLS_ALL
        await self._profiles.choose(from_message(request.user), show_all=show_all)
        return pb.UpdateShownCallsResponse()

    async def RecordZoomEvent(  # noqa: N802
        self, request: pb.RecordZoomEventRequest, context: Context
    ) -> pb.RecordZoomEventResponse:
        try:
            name, facts = zoom_events.parse(request.body)
        except zoom_events.UnreadableError:
            violation = FieldViolation("body", "is no event: a JSON object with a name, in UTF-8")
            raise MeshError(Reason.INVALID_REQUEST, violations=(violation,)) from None
        disposition = await self._recorder.record(request.body, name, facts)
        log.info("zoom event", extra={"event": name[:100], "disposition": disposition.value})
        if disposition is Disposition.APPLIED:
            self._edges.announce()
        return pb.RecordZoomEventResponse(disposition=converters.DISPOSITIONS[disposition])

    async def LeaseDeliveries(  # noqa: N802
        self, request: pb.LeaseDeliveriesRequest, context: Context
    ) -> pb.LeaseDeliveriesResponse:
        leased = await self._edges.wait(
            lambda: self._deliveries.lease(request.lease_holder, request.max_deliveries), request.wait.ToTimedelta()
        )
        return pb.LeaseDeliveriesResponse(deliveries=map(converters.delivery_message, leased))

    async def CompleteDelivery(  # noqa: N802
        self, request: pb.CompleteDeliveryRequest, context: Context
    ) -> pb.CompleteDeliveryResponse:
        user = from_message(request.user)
        key = (user, request.delivery_id, request.lease_token)
        match request.WhichOneof("outcome"):
            case "delivered":
                shown = request.delivered
                await self._deliveries.delivered(
                    *key, Delivered(shown.version, shown.slack_channel_id, shown.slack_message_ts)
                )
            case "refused":
                await self._deliveries.refused(*key, request.refused.slack_error)
                log.warning(
                    "slack refused a delivery",
                    extra={
                        "delivery_id": request.delivery_id,
                        "team_id": user.team_id,
                        "slack_error": request.refused.slack_error,
                    },
                )
            case "postponed":
                await self._deliveries.postponed(*key, request.postponed.retry_delay.ToTimedelta())
        return pb.CompleteDeliveryResponse()


def _shown_calls(*, shows_all: bool) -> pb.ShownCalls.ValueType:
    return pb.SHOWN_CALLS_ALL if shows_all else pb.SHOWN_CALLS_FROM_SLACK


def _filter(request: pb.ListCallsRequest) -> Filter:
    return Filter(
        begin_time=request.begin_time.ToDatetime(UTC) if request.HasField("begin_time") else None,
        end_time=request.end_time.ToDatetime(UTC) if request.HasField("end_time") else None,
        direction=_DIRECTIONS.get(request.direction),
        result=_RESULTS.get(request.result),
    )
