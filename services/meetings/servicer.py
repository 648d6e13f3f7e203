"""Protos into calls, and back."""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import grpc
from google.protobuf.message import Message

from mesh import paging
from mesh.errors import FieldViolation, MeshError, Reason
from mesh.long_poll import LongPoll
from mesh.slack_user import from_message
from services.meetings import converters, zoom_events
from services.meetings.attendance import Host, attendees
from services.meetings.changes import Snapshot
from services.meetings.deliveries import Refusal
from services.meetings.endings import Endings
from services.meetings.events import Disposition
from services.meetings.meetings import Meetings
from services.meetings.requests import StartCommand
from services.meetings.store import MeetingStore
from services.meetings.store_deliveries import DeliveryStore
from services.meetings.store_events import EventStore
from services.meetings.store_moves import MoveStore, Tenant
from services.meetings.watches import Watches
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceServicer

log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE = 25


class MeetingsServicer(MeetingsServiceServicer):
    """The RPCs of `zoomslack.meetings.v1.MeetingsService`."""

    def __init__(
        self,
        meetings: Meetings,
        endings: Endings,
        store: MeetingStore,
        deliveries: DeliveryStore,
        events: EventStore,
        moves: MoveStore,
        watches: Watches,
    ) -> None:
        self._meetings = meetings
        self._endings = endings
        self._store = store
        self._deliveries = deliveries
        self._events = events
        self._moves = moves
        self._watches = watches
        self._edges = LongPoll()

    def stop_waiting(self) -> None:
        """Answers the edges that wait for work and ends the streams, so that the drain need not wait for them."""
        self._edges.stop()
        self._watches.stop()

    async def belongs_elsewhere(self, request: Message) -> bool:
        """Tells whether a meeting that another team's program names is one of another workspace than it names."""
        if not isinstance(request, pb.GetMeetingRequest | pb.EndMeetingRequest | pb.WatchMeetingRequest):
            return False
        return await self._store.belongs_elsewhere(from_message(request.user), str(uuid.UUID(request.meeting_id)))

    async def StartMeeting(self, request: pb.StartMeetingRequest, context: Context) -> pb.StartMeetingResponse:  # noqa: N802
        started = await self._meetings.start(
            StartCommand(
                user=from_message(request.user),
                request_id=request.request_id,
                channel_id=request.conversation.slack_channel_id,
                topic=request.topic.replace("\x00", ""),
                response_url=request.slack_response_url,
                lease_holder=request.lease_holder,
                personal_room=request.personal_room,
                slack_thread_ts=request.slack_thread_ts,
                start_another=request.start_another,
            )
        )
        if started.delivery is None:
            self._edges.announce()
        return converters.started_message(started)

    async def ScheduleMeeting(  # noqa: N802
        self, request: pb.ScheduleMeetingRequest, context: Context
    ) -> pb.ScheduleMeetingResponse:
        started = await self._meetings.start(
            StartCommand(
                user=from_message(request.user),
                request_id=request.request_id,
                channel_id=request.conversation.slack_channel_id,
                topic=request.topic.replace("\x00", ""),
                slack_thread_ts=request.slack_thread_ts,
                schedule=converters.schedule_from(request),
            )
        )
        self._edges.announce()
        return converters.scheduled_message(started)

    async def GetMeeting(self, request: pb.GetMeetingRequest, context: Context) -> pb.GetMeetingResponse:  # noqa: N802
        meeting, zoom_host_id, sessions = await self._store.get(from_message(request.user), request.meeting_id)
        people = attendees(sessions, Host(zoom_host_id, meeting.host.user_id))
        return pb.GetMeetingResponse(
            meeting=converters.meeting_message(meeting), attendees=map(converters.attendee_message, people)
        )

    async def ListMeetings(self, request: pb.ListMeetingsRequest, context: Context) -> pb.ListMeetingsResponse:  # noqa: N802
        user = from_message(request.user)
        binding = ("ListMeetings", user.team_id, user.user_id)
        before = paging.read_position(request.page_token, *binding)
        size = request.page_size or _DEFAULT_PAGE
        found = await self._store.list_started(user, before=before, limit=size + 1)
        page = found[:size]
        last = page[-1] if len(found) > size else None
        return pb.ListMeetingsResponse(
            meetings=map(converters.meeting_message, page),
            next_page_token=paging.make_position(last.create_time, last.meeting_id, *binding) if last else "",
        )

    async def EndMeeting(self, request: pb.EndMeetingRequest, context: Context) -> pb.EndMeetingResponse:  # noqa: N802
        meeting, was_over = await self._endings.end(from_message(request.user), request.meeting_id)
        self._edges.announce()
        self._watches.announce()
        return pb.EndMeetingResponse(meeting=converters.meeting_message(meeting), was_over=was_over)

    async def WatchMeeting(  # noqa: N802
        self, request: pb.WatchMeetingRequest, context: Context
    ) -> AsyncGenerator[pb.WatchMeetingResponse, None]:
        user = from_message(request.user)
        binding = ("WatchMeeting", user.team_id, request.meeting_id)
        after = paging.read_resume_token(request.resume_token, *binding)
        async with aclosing(self._watches.follow(user, request.meeting_id, after)) as steps:
            async for step in steps:
                if isinstance(step, Snapshot):
                    token = paging.make_resume_token(step.head.sequence, *binding)
                    yield converters.snapshot_message(step, token)
                    continue
                for change in step.changes:
                    token = paging.make_resume_token(change.sequence, *binding)
                    yield converters.change_message(step.meeting, change, token)

    async def ListRunningMeetings(  # noqa: N802
        self, request: pb.ListRunningMeetingsRequest, context: Context
    ) -> pb.ListRunningMeetingsResponse:
        found = await self._store.list_running(from_message(request.user))
        return pb.ListRunningMeetingsResponse(
            meetings=[
                pb.RunningMeeting(meeting=converters.meeting_message(meeting), present_count=count)
                for meeting, count in found
            ]
        )

    async def ReleaseDeliveries(  # noqa: N802
        self, request: pb.ReleaseDeliveriesRequest, context: Context
    ) -> pb.ReleaseDeliveriesResponse:
        released = await self._deliveries.release(from_message(request.user), request.conversation.slack_channel_id)
        if released:
            log.info("results released", extra={"team_id": request.user.slack_team_id, "released": released})
            self._edges.announce()
        return pb.ReleaseDeliveriesResponse(released=released)

    async def RecordCallDeclined(  # noqa: N802
        self, request: pb.RecordCallDeclinedRequest, context: Context
    ) -> pb.RecordCallDeclinedResponse:
        meeting_id = str(uuid.UUID(request.meeting_id))  # one way of writing it
        await self._store.tell_of_declined_call(from_message(request.user), meeting_id, request.guest_slack_user_id)
        self._edges.announce()
        return pb.RecordCallDeclinedResponse()

    async def MoveConversation(  # noqa: N802
        self, request: pb.MoveConversationRequest, context: Context
    ) -> pb.MoveConversationResponse:
        # A workspace is named by a person in it, an organisation by itself.
        enterprise_id = request.user.slack_enterprise_id or request.slack_enterprise_id
        moved = await self._moves.move(
            Tenant(enterprise_id, request.user.slack_team_id),
            request.old_conversation.slack_channel_id,
            request.new_conversation.slack_channel_id,
        )
        self._edges.announce()
        log.info("conversation moved", extra={"team_id": request.user.slack_team_id, "meetings": moved})
        return pb.MoveConversationResponse(moved_meetings=moved)

    async def RecordZoomEvent(  # noqa: N802
        self, request: pb.RecordZoomEventRequest, context: Context
    ) -> pb.RecordZoomEventResponse:
        try:
            name, facts = zoom_events.event_name(request.body), zoom_events.parse_all(request.body)
        except zoom_events.UnreadableError:
            violation = FieldViolation("body", "is no event: a JSON object with a name, in UTF-8")
            raise MeshError(Reason.INVALID_REQUEST, violations=(violation,)) from None
        disposition = await self._events.record(request.body, name, facts)
        log.info("zoom event", extra={"event": name[:100], "disposition": disposition.value})
        if disposition is Disposition.APPLIED:
            self._edges.announce()
            self._watches.announce()
        return pb.RecordZoomEventResponse(disposition=converters.DISPOSITIONS[disposition])

    async def LeaseDeliveries(  # noqa: N802
        self, request: pb.LeaseDeliveriesRequest, context: Context
    ) -> pb.LeaseDeliveriesResponse:
        leased = await self._edges.wait(
            lambda: self._deliveries.lease(request.lease_holder, request.max_deliveries), request.wait.ToTimedelta()
        )
        return pb.LeaseDeliveriesResponse(deliveries=map(converters.delivery_message, leased))

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
                if await self._deliveries.delivered(*key, converters.delivered_from(request.delivered)):
                    self._edges.announce()  # more can be shown there
            case "refused":
                refusal = await self._deliveries.refused(*key, request.refused.slack_error)
                if refusal is Refusal.WAITS:
                    self._edges.announce()  # the host is to be told
                log.warning(
                    refusal.value,
                    extra={
                        "delivery_id": request.delivery_id,
                        "team_id": user.team_id,
                        "slack_error": request.refused.slack_error,
                    },
                )
            case "postponed":
                await self._deliveries.postponed(*key, request.postponed.retry_delay.ToTimedelta())
        return pb.CompleteDeliveryResponse()
