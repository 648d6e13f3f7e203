"""Meetings as the tests of the edge need it, and what it would have the edge show."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mesh.errors import MeshError, Reason
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceServicer
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    pass


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
        self.was_over = False
        """What `EndMeeting` answers."""
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
        return pb.EndMeetingResponse(was_over=self.was_over)

    async def ListRunningMeetings(self, request: pb.ListRunningMeetingsRequest, context: Any) -> Any:
        return pb.ListRunningMeetingsResponse(meetings=self.running)

    def ScheduleMeeting(self, request: pb.ScheduleMeetingRequest, context: Any) -> Any:
        raise NotImplementedError  # the edge schedules no meeting

    def WatchMeeting(self, request: pb.WatchMeetingRequest, context: Any) -> Any:
        raise NotImplementedError  # the edge follows no meeting

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
