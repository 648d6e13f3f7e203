"""Protos into calls, and back."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Any

import grpc

from mesh import deadline, paging
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.slack_user import from_message
from services.meetings import converters, zoom_events
from services.meetings.attendance import Host, attendees
from services.meetings.meetings import Meetings, StartCommand
from services.meetings.store import MeetingStore
from services.meetings.store_deliveries import DeliveryStore
from services.meetings.store_events import EventStore
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceServicer

log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]

_LOOK_INTERVAL = 0.5
"""Seconds between two looks for work that another replica made, or whose time has come."""
_DEFAULT_PAGE = 25


class MeetingsServicer(MeetingsServiceServicer):
    """The RPCs of `zoomslack.meetings.v1.MeetingsService`."""

    def __init__(self, meetings: Meetings, store: MeetingStore, deliveries: DeliveryStore, events: EventStore) -> None:
        self._meetings = meetings
        self._store = store
        self._deliveries = deliveries
        self._events = events
        # Set and replaced whenever this process made something to deliver: edges that wait look at once.
        self._news = asyncio.Event()
        self._stopping = False

    def stop_waiting(self) -> None:
        """Answers the edges that wait for work, so that the drain need not wait for them."""
        self._stopping = True
        self._announce()

    async def StartMeeting(self, request: pb.StartMeetingRequest, context: Context) -> pb.StartMeetingResponse:  # noqa: N802
        command = StartCommand(
            user=from_message(request.user),
            request_id=request.request_id,
            channel_id=request.conversation.slack_channel_id,
            topic=request.topic.replace("\x00", ""),
            response_url=request.slack_response_url,
            lease_holder=request.lease_holder,
        )
        started = await self._meetings.start(command)
        if started.delivery is None:
            self._announce()
        return pb.StartMeetingResponse(
            meeting=None if started.meeting is None else converters.meeting_message(started.meeting),
            delivery=None if started.delivery is None else converters.delivery_message(started.delivery),
            pending=started.pending,
        )

    async def GetMeeting(self, request: pb.GetMeetingRequest, context: Context) -> pb.GetMeetingResponse:  # noqa: N802
        meeting, zoom_host_id, sessions = await self._store.get(from_message(request.user), request.meeting_id)
        people = attendees(sessions, Host(zoom_host_id, meeting.host.user_id))
        return pb.GetMeetingResponse(
            meeting=converters.meeting_message(meeting), attendees=map(converters.attendee_message, people)
        )

    async def ListMeetings(self, request: pb.ListMeetingsRequest, context: Context) -> pb.ListMeetingsResponse:  # noqa: N802
        user = from_message(request.user)
        binding = ("ListMeetings", user.team_id, user.user_id)
        cursor = paging.read_token(request.page_token, *binding)
        size = request.page_size or _DEFAULT_PAGE
        found = await self._store.list_started(user, before=_position(cursor), limit=size + 1)
        page = found[:size]
        more = len(found) > size
        last = page[-1] if more else None
        return pb.ListMeetingsResponse(
            meetings=map(converters.meeting_message, page),
            next_page_token=paging.make_token(f"{last.create_time.isoformat()}|{last.meeting_id}", *binding)
            if last
            else "",
        )

    async def RecordZoomEvent(  # noqa: N802
        self, request: pb.RecordZoomEventRequest, context: Context
    ) -> pb.RecordZoomEventResponse:
        try:
            name, event = zoom_events.event_name(request.body), zoom_events.parse(request.body)
        except zoom_events.UnreadableError:
            violation = FieldViolation("body", "is no event: a JSON object with a name, in UTF-8")
            raise MeshError(Reason.INVALID_REQUEST, violations=(violation,)) from None
        disposition = await self._events.record(request.body, name, event)
        log.info("zoom event", extra={"event": name[:100], "disposition": disposition.value})
        self._announce()
        return pb.RecordZoomEventResponse(disposition=converters.DISPOSITIONS[disposition])

    async def LeaseDeliveries(  # noqa: N802
        self, request: pb.LeaseDeliveriesRequest, context: Context
    ) -> pb.LeaseDeliveriesResponse:
        loop = asyncio.get_running_loop()
        # Answer before the caller gives up: work that was leased must not be lost with the answer.
        until = loop.time() + deadline.within(request.wait.ToTimedelta().total_seconds() + 1.0) - 1.0
        while True:
            news = self._news
            if self._stopping:
                return pb.LeaseDeliveriesResponse()
            leased = await self._deliveries.lease(request.lease_holder, request.max_deliveries)
            left = until - loop.time()
            if leased or left <= 0:
                return pb.LeaseDeliveriesResponse(deliveries=map(converters.delivery_message, leased))
            try:
                await asyncio.wait_for(news.wait(), timeout=min(left, _LOOK_INTERVAL))
            except TimeoutError:
                continue

    async def RecordDeliveryProgress(  # noqa: N802
        self, request: pb.RecordDeliveryProgressRequest, context: Context
    ) -> pb.RecordDeliveryProgressResponse:
        await self._deliveries.record_call(
            from_message(request.user), request.delivery_id, request.lease_token, request.slack_call_id
        )
        return pb.RecordDeliveryProgressResponse()

    async def CompleteDelivery(  # noqa: N802
        self, request: pb.CompleteDeliveryRequest, context: Context
    ) -> pb.CompleteDeliveryResponse:
        user = from_message(request.user)
        key = (user, request.delivery_id, request.lease_token)
        match request.WhichOneof("outcome"):
            case "delivered":
                await self._deliveries.delivered(*key, converters.delivered_from(request.delivered))
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

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _position(cursor: str | None) -> tuple[datetime, str] | None:
    if cursor is None:
        return None
    moment, _, meeting_id = cursor.partition("|")
    try:
        return datetime.fromisoformat(moment), meeting_id
    except ValueError:
        raise MeshError(Reason.PAGE_TOKEN_INVALID) from None
