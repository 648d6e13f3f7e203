"""Starting meetings: one call to the service that owns them, and a card in time or soon after."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mesh import deadline
from mesh.errors import MeshError, Reason
from mesh.slack_protos import user_message
from services.slack_edge import cards, invitations, replies
from services.slack_edge.answers import Answer
from services.slack_edge.blocks import Json
from services.slack_edge.continuations import Continuation
from services.slack_edge.presenter import Presenter
from services.slack_edge.reports import Reports, at_once
from services.slack_edge.slack_api import SlackApi, SlackError
from services.slack_edge.tasks import Tasks
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from mesh.slack_user import SlackUser
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub

BUDGET = 2.5
"""Seconds from a command's arrival to its answer. Slack gives up after three (Slack, "Implementing slash commands")."""
START_TIMEOUT = 1.8
"""Seconds of these for the meeting; the rest is for showing its card."""
PATIENT_TIMEOUT = 8.0
"""Seconds for a meeting when Slack has its answer already, or a browser waits instead."""


class Starts:
    """Starts meetings. One per process."""

    def __init__(
        self,
        meetings: MeetingsServiceAsyncStub,
        slack: SlackApi,
        presenter: Presenter,
        reports: Reports,
        tasks: Tasks,
        *,
        lease_holder: str,
    ) -> None:
        self._meetings = meetings
        self._slack = slack
        self._presenter = presenter
        self._reports = reports
        self._tasks = tasks
        self._lease_holder = lease_holder

    async def answer(self, user: SlackUser, user_name: str, what: Continuation) -> Answer:
        """Starts a meeting and answers with its card, or with word of it. Raises MeshError as `StartMeeting` does."""
        response = await self._request(user, what, self._lease_holder, START_TIMEOUT)
        if response.HasField("delivery"):
            return await self._show_now(response.delivery, user_name)
        if response.HasField("recent"):
            return Answer(invitations.recent(response.recent, user, what))
        return Answer(replies.starting() if response.pending else replies.already_started())

    async def begin(self, user: SlackUser, what: Continuation) -> pb.StartMeetingResponse:
        """Starts a meeting whose card comes by the deliveries. Raises as above."""
        with deadline.budget(PATIENT_TIMEOUT):
            return await self._request(user, what, "", PATIENT_TIMEOUT)

    async def _request(
        self, user: SlackUser, what: Continuation, lease_holder: str, seconds: float
    ) -> pb.StartMeetingResponse:
        allowed = self._slack.may_respond(what.response_url)
        request = pb.StartMeetingRequest(
            user=user_message(user),
            request_id=what.request_id,
            conversation=slack_pb2.SlackConversation(slack_channel_id=what.channel_id),
            topic=what.topic,
            slack_response_url=what.response_url if allowed else "",
            lease_holder=lease_holder,
            personal_room=what.personal_room,
            slack_thread_ts=what.thread_ts,
            start_another=what.start_another,
        )
        return await self._meetings.StartMeeting(request, timeout=seconds)

    async def _show_now(self, delivery: pb.Delivery, host_name: str) -> Answer:
        """Answers with the card itself. What cannot be done in time is left to the deliveries, with what is done."""
        adding = self._tasks.start(self._presenter.add_call(delivery, host_name), "add call")
        done, _ = await asyncio.wait({adding}, timeout=max(0.0, deadline.within(BUDGET) - 0.05))
        if not done:
            self._tasks.start(self._hand_over(delivery, adding), "hand over")
            return Answer(replies.starting())
        try:
            call = adding.result()
        except (SlackError, MeshError) as error:
            self._tasks.start(self._reports.failed(delivery, error, is_told=True), "report")
            if isinstance(error, SlackError) and error.is_final:
                return Answer(replies.cannot_show_card(delivery.card.meeting.join_url, error.sentence), error=error)
            if isinstance(error, MeshError) and error.reason is Reason.SLACK_NOT_INSTALLED:
                return Answer(replies.failure(error), error=error)
            return Answer(replies.starting())

        async def report(lost: str | None) -> None:
            shown = pb.Delivered(
                version=delivery.version,
                slack_call_id=call["id"],
                slack_channel_id=delivery.conversation.slack_channel_id,
            )
            # Where the answer may not have counted, whoever leases next looks whether Slack shows the call.
            await self._reports.complete(delivery, shown if lost is None else at_once(lost))
            if lost is None:
                await self._presenter.follow_up(delivery)

        message = cards.card_message(delivery.card.meeting, call["id"])
        return Answer({"response_type": "in_channel", **message}, report)

    async def _hand_over(self, delivery: pb.Delivery, adding: asyncio.Task[Json]) -> None:
        try:
            await adding
        except (SlackError, MeshError) as error:
            await self._reports.failed(delivery, error)
        else:
            await self._reports.complete(delivery, at_once("slack_slow"))
