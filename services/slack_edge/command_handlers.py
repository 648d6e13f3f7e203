"""Carries out commands: at most a few calls, an answer in time, and nothing lost where time runs out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mesh import deadline
from mesh.errors import MeshError, Reason
from services.slack_edge import cards, continuations, features, replies
from services.slack_edge.asks import Asks
from services.slack_edge.blocks import Json
from services.slack_edge.commands import (
    CallPerson,
    CallWhom,
    ConfigureCalls,
    Help,
    Invocation,
    LogOut,
    Permissions,
    PlaceCall,
    StartMeeting,
    Unknown,
)
from services.slack_edge.continuations import Continuation, user_message
from services.slack_edge.presenter import Presenter
from services.slack_edge.reports import Reports, at_once
from services.slack_edge.slack_api import SlackApi, SlackError
from services.slack_edge.tasks import Tasks
from services.slack_edge.workspaces import Workspace, Workspaces
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.phone.v1 import phone_service_pb2
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from mesh.slack_user import SlackUser
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

log = logging.getLogger(__name__)

BUDGET = 2.5
"""Seconds from a command's arrival to its answer. Slack gives up after three (Slack, "Implementing slash commands")."""
START_TIMEOUT = 1.8
"""Seconds of these for the meeting; the rest is for showing its card."""
HELP_TIMEOUT = 0.8
"""Seconds in which help learns what kind of installation this is; it does without."""
_CALL_OPTIONS = {
    "both": auth_service_pb2.CALL_OPTIONS_VIDEO_AND_PHONE,
    "video": auth_service_pb2.CALL_OPTIONS_VIDEO,
    "phone": auth_service_pb2.CALL_OPTIONS_PHONE,
}
CONTINUE_TIMEOUT = 8.0
"""Seconds for a meeting when a browser waits instead of Slack."""


@dataclass(frozen=True)
class Answer:
    """What to answer a command with, and what to do after that.

    `after` gets None when the answer went out in time, else a word for why Slack may not have shown it.
    """

    message: Json
    after: Callable[[str | None], Coroutine[Any, Any, None]] | None = None


class CommandHandlers:
    """Carries out what `commands.parse` understood."""

    def __init__(
        self,
        *,
        auth: AuthServiceAsyncStub,
        meetings: MeetingsServiceAsyncStub,
        phone: PhoneServiceAsyncStub,
        slack: SlackApi,
        workspaces: Workspaces,
        asks: Asks,
        presenter: Presenter,
        reports: Reports,
        tasks: Tasks,
        help_url: str,
        lease_holder: str,
    ) -> None:
        self._auth = auth
        self._meetings = meetings
        self._phone = phone
        self._slack = slack
        self._workspaces = workspaces
        self._asks = asks
        self._presenter = presenter
        self._reports = reports
        self._tasks = tasks
        self._help_url = help_url
        self._lease_holder = lease_holder

    async def handle(self, invocation: Invocation, seconds: float = BUDGET) -> Answer:
        """Returns the answer to one command, within `seconds`. Never raises MeshError: errors are answers too."""
        try:
            with deadline.budget(seconds):
                async with asyncio.timeout(seconds):
                    return await self._dispatch(invocation)
        except MeshError as error:
            kind = type(invocation.command).__name__
            log.info("a command came to nothing", extra={"command": kind, "reason": error.reason.value})
            return Answer(replies.failure(error))
        except TimeoutError:
            log.warning("a command took too long", extra={"command": type(invocation.command).__name__})
            return Answer(replies.failure(MeshError(Reason.DEADLINE_TOO_SHORT)))

    async def _dispatch(self, invocation: Invocation) -> Answer:
        match invocation.command:
            case Help():
                return Answer(replies.usage(self._help_url, await self._kind_of(invocation.user)))
            case Unknown(word):
                return Answer(replies.unknown_command(word, self._help_url))
            case CallPerson():
                return Answer(replies.call_person())
            case CallWhom():
                return Answer(replies.call_whom())
            case LogOut():
                return await self._log_out(invocation.user)
            case Permissions():
                return await self._in_workspace(invocation, self._permissions)
            case ConfigureCalls(""):
                return Answer(replies.config_usage())
            case ConfigureCalls(which):
                return await self._in_workspace(invocation, partial(self._configure_calls, which))
            case StartMeeting(topic):
                return await self._in_workspace(invocation, partial(self._start_meeting, topic))
            case PlaceCall(phone_number):
                return await self._in_workspace(invocation, partial(self._place_call, phone_number))

    async def _in_workspace(
        self, invocation: Invocation, work: Callable[[Invocation, Workspace], Coroutine[Any, Any, Answer]]
    ) -> Answer:
        """Does `work` where the installation carries it; else asks for what is missing."""
        user, then = invocation.user, continuations.of(invocation)
        who = (user, invocation.user_name, invocation.team_name)
        try:
            workspace = await self._workspaces.get(user)
            if workspace.is_older:
                is_admin = await self._is_admin(user, workspace)
                return Answer(await self._asks.renewal(*who, then, is_admin=is_admin))
            return await work(invocation, workspace)
        except MeshError as error:
            if error.reason is Reason.ZOOM_NOT_CONNECTED:
                return Answer(await self._asks.connect(*who, then))
            if error.reason is Reason.ZOOM_SCOPE_MISSING:
                return Answer(await self._asks.scopes(*who, error, then))
            if error.reason is Reason.SLACK_NOT_INSTALLED:
                return Answer(self._asks.not_installed())
            raise

    async def _kind_of(self, user: SlackUser) -> Workspace | MeshError | None:
        """Returns the person's workspace, or why there is none; None where that cannot be told in time."""
        try:
            async with asyncio.timeout(HELP_TIMEOUT):
                return await self._workspaces.get(user)
        except MeshError as error:
            return error if error.reason is Reason.SLACK_NOT_INSTALLED else None
        except TimeoutError:
            return None

    async def _is_admin(self, user: SlackUser, workspace: Workspace) -> bool | None:
        """Tells whether the person administers the workspace; None where Slack does not say."""
        if features.NAMES not in workspace.scopes:
            return None
        try:
            answer = await self._slack.call(user, "users.info", {"user": user.user_id}, form=True)
        except (SlackError, MeshError) as error:
            log.info("Slack does not tell who administers a workspace", extra={"cause": str(error)[:100]})
            return None
        found = answer.get("user")
        return isinstance(found, dict) and any(found.get(flag) is True for flag in ("is_admin", "is_owner"))

    async def _permissions(self, invocation: Invocation, workspace: Workspace) -> Answer:
        who = (invocation.user, invocation.user_name, invocation.team_name)
        return Answer(await self._asks.permissions(*who, workspace))

    async def _configure_calls(self, which: str, invocation: Invocation, workspace: Workspace) -> Answer:
        """Sets what the workspace offers, for whoever may decide that."""
        if not await self._is_admin(invocation.user, workspace):
            return Answer(replies.admins_only(may_ask=features.NAMES in workspace.scopes))
        request = auth_service_pb2.UpdateCallOptionsRequest(
            user=user_message(invocation.user), call_options=_CALL_OPTIONS[which]
        )
        await self._auth.UpdateCallOptions(request)
        self._workspaces.drop(invocation.user)
        return Answer(replies.calls_configured(which))

    async def _log_out(self, user: SlackUser) -> Answer:
        request = auth_service_pb2.DeleteConnectionRequest(user=user_message(user))
        response = await self._auth.DeleteConnection(request)
        return Answer(replies.logged_out(was_connected=response.deleted))

    async def _place_call(self, phone_number: str, invocation: Invocation, workspace: Workspace) -> Answer:
        if not workspace.offers_phone:
            return Answer(replies.not_offered("phone calls"))
        response = await self._phone.PlaceCall(
            phone_service_pb2.PlaceCallRequest(
                user=user_message(invocation.user),
                request_id=invocation.request_id,
                conversation=slack_pb2.SlackConversation(slack_channel_id=invocation.channel_id),
                phone_number=phone_number,
            ),
        )
        return Answer(replies.call_ready(response.call.national_number, response.call_url))

    async def _start_meeting(self, topic: str, invocation: Invocation, workspace: Workspace) -> Answer:
        if not workspace.offers_meetings:
            return Answer(replies.not_offered("meetings"))
        what = Continuation(invocation.request_id, invocation.channel_id, topic, invocation.response_url)
        response = await self._request_meeting(invocation.user, what, self._lease_holder, START_TIMEOUT)
        if response.HasField("delivery"):
            return await self._show_now(response.delivery, invocation.user_name)
        return Answer(replies.starting() if response.pending else replies.already_started())

    async def resume(self, user: SlackUser, continuation: Continuation) -> None:
        """Starts the meeting for which a connection was missing; its card comes by the deliveries.

        Raises MeshError as `StartMeeting` does.
        """
        with deadline.budget(CONTINUE_TIMEOUT):
            await self._request_meeting(user, continuation, "", CONTINUE_TIMEOUT)

    async def _request_meeting(
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
            self._tasks.start(self._reports.failed(delivery, error), "report")
            if isinstance(error, SlackError) and error.is_final:
                return Answer(replies.cannot_show_card(delivery.card.meeting.join_url))
            if isinstance(error, MeshError) and error.reason is Reason.SLACK_NOT_INSTALLED:
                return Answer(replies.failure(error))
            return Answer(replies.starting())

        async def report(lost: str | None) -> None:
            shown = pb.Delivered(
                version=delivery.version,
                slack_call_id=call["id"],
                slack_channel_id=delivery.conversation.slack_channel_id,
            )
            # Where the answer may not have counted, whoever leases next looks whether Slack shows the call.
            await self._reports.complete(delivery, shown if lost is None else at_once(lost))

        message = cards.card_message(delivery.card.meeting, call["id"])
        return Answer({"response_type": "in_channel", **message}, report)

    async def _hand_over(self, delivery: pb.Delivery, adding: asyncio.Task[Json]) -> None:
        try:
            await adding
        except (SlackError, MeshError) as error:
            await self._reports.failed(delivery, error)
        else:
            await self._reports.complete(delivery, at_once("slack_slow"))
