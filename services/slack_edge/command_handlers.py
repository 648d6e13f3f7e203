"""Carries out commands: at most a few calls, an answer in time, and nothing lost where time runs out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from mesh import deadline
from mesh.errors import MeshError, Reason
from mesh.slack_protos import user_message
from services.slack_edge import call_replies, continuations, features, invitations, replies, usage
from services.slack_edge.answers import Answer
from services.slack_edge.asks import Asks
from services.slack_edge.blocks import Json
from services.slack_edge.callees import Callee, Nobody, Number, Person
from services.slack_edge.commands import (
    ConfigureCalls,
    ConfigureMyCalls,
    Help,
    Invocation,
    JoinMeeting,
    JoinWhat,
    LogOut,
    Permissions,
    ShowConfig,
    StartMeeting,
    Unknown,
)
from services.slack_edge.continuations import Continuation, Resumed
from services.slack_edge.gate import Gate, Who
from services.slack_edge.home import Home
from services.slack_edge.home_phone import Phone
from services.slack_edge.joining import join_url
from services.slack_edge.measures import count_command
from services.slack_edge.phone_calls import PhoneCalls
from services.slack_edge.standings import Standings
from services.slack_edge.starts import BUDGET, Starts
from services.slack_edge.telling import Teller
from services.slack_edge.workspaces import Workspace, Workspaces
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.phone.v1 import phone_service_pb2

if TYPE_CHECKING:
    from mesh.slack_user import SlackUser
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

log = logging.getLogger(__name__)

HELP_TIMEOUT = 0.8
"""Seconds in which help learns how things stand here; it does without."""
_CALL_OPTIONS = {
    "both": auth_service_pb2.CALL_OPTIONS_VIDEO_AND_PHONE,
    "video": auth_service_pb2.CALL_OPTIONS_VIDEO,
    "phone": auth_service_pb2.CALL_OPTIONS_PHONE,
}
_SHOWN_CALLS = {
    "all": phone_service_pb2.SHOWN_CALLS_ALL,
    "slack": phone_service_pb2.SHOWN_CALLS_FROM_SLACK,
}


class CommandHandlers:
    """Carries out what `commands.parse` understood."""

    def __init__(
        self,
        *,
        auth: AuthServiceAsyncStub,
        standings: Standings,
        calls: PhoneCalls,
        workspaces: Workspaces,
        asks: Asks,
        gate: Gate,
        starts: Starts,
        teller: Teller,
        home: Home,
        help_url: str,
        zoom_join_url: str,
    ) -> None:
        self._auth = auth
        self._standings = standings
        self._calls = calls
        self._workspaces = workspaces
        self._asks = asks
        self._gate = gate
        self._starts = starts
        self._teller = teller
        self._home = home
        self._help_url = help_url
        self._zoom_join_url = zoom_join_url

    async def handle(self, invocation: Invocation, seconds: float = BUDGET) -> Answer:
        """Returns the answer to one command, within `seconds`. Never raises MeshError: errors are answers too."""
        try:
            with deadline.budget(seconds):
                async with asyncio.timeout(seconds):
                    answer = await self._dispatch(invocation)
        except MeshError as error:
            kind = type(invocation.command).__name__
            log.info("a command came to nothing", extra={"command": kind, "reason": error.reason.value})
            count_command(invocation.command, error)
            return Answer(replies.failure(error))
        except TimeoutError as error:
            log.warning("a command took too long", extra={"command": type(invocation.command).__name__})
            count_command(invocation.command, error)
            return Answer(replies.failure(MeshError(Reason.DEADLINE_TOO_SHORT)))
        except Exception as error:
            count_command(invocation.command, error)
            raise
        count_command(invocation.command, answer.error)
        return answer

    async def _dispatch(self, invocation: Invocation) -> Answer:
        match invocation.command:
            case Help():
                return Answer(await self._help(invocation.user))
            case LogOut():
                return await self._log_out(invocation.user)
            case Permissions():
                return await self._in_workspace(invocation, self._permissions)
            case ConfigureCalls(which):
                return await self._in_workspace(invocation, partial(self._configure_calls, which))
            case ShowConfig() as command:
                return Answer(await self._config(command, invocation.user))
            case ConfigureMyCalls(which):
                return await self._in_workspace(invocation, partial(self._configure_my_calls, which))
            case StartMeeting() as command:
                return await self._in_workspace(invocation, partial(self._start_meeting, command))
            case (Number() | Person() | Nobody()) as callee:
                return await self._in_workspace(invocation, partial(self._place_call, callee))
            case command:
                return Answer(self._words(command))

    def _words(self, command: Unknown | JoinMeeting | JoinWhat) -> Json:
        """Answers what needs nobody to be asked."""
        match command:
            case Unknown(word):
                return usage.unknown_command(word, self._help_url)
            case JoinMeeting(target):
                return invitations.join(target, join_url(target, self._zoom_join_url))
            case JoinWhat(start_link):
                return invitations.join_what(start_link=start_link)

    async def _in_workspace(
        self, invocation: Invocation, work: Callable[[Invocation, Workspace], Coroutine[Any, Any, Answer]]
    ) -> Answer:
        return await self._gate.enter(_who(invocation), continuations.of(invocation), partial(work, invocation))

    async def _help(self, user: SlackUser) -> Json:
        (workspace, phone), standing = await asyncio.gather(
            self._workspace_and_phone(user), self._standings.of(user, HELP_TIMEOUT)
        )
        return usage.help_message(self._help_url, workspace, standing, phone)

    async def _config(self, command: ShowConfig, user: SlackUser) -> Json:
        (workspace, phone), shown = await asyncio.gather(
            self._workspace_and_phone(user), self._calls.shown(user, HELP_TIMEOUT)
        )
        return usage.config(workspace, shown, phone, of=command.of, wrong=command.wrong)

    async def _workspace_and_phone(self, user: SlackUser) -> tuple[Workspace | MeshError | None, Phone | None]:
        """Returns the person's workspace, and what she has of Zoom Phone; Zoom is not asked where none is offered."""
        workspace = await self._workspace_now(user)
        offered = isinstance(workspace, Workspace) and not workspace.is_older and workspace.offers_phone
        return workspace, await self._calls.profile(user, HELP_TIMEOUT) if offered else None

    async def _workspace_now(self, user: SlackUser) -> Workspace | MeshError | None:
        """Returns the person's workspace, or why there is none; None where that cannot be told in time."""
        try:
            async with asyncio.timeout(HELP_TIMEOUT):
                return await self._workspaces.get(user)
        except MeshError as error:
            return error if error.reason is Reason.SLACK_NOT_INSTALLED else None
        except TimeoutError:
            return None

    async def _permissions(self, invocation: Invocation, workspace: Workspace) -> Answer:
        who = (invocation.user, invocation.user_name, invocation.team_name)
        return Answer(await self._asks.permissions(*who, workspace))

    async def _configure_calls(self, which: str, invocation: Invocation, workspace: Workspace) -> Answer:
        """Sets what the workspace offers, for whoever may decide that."""
        if not await self._gate.is_admin(invocation.user, workspace):
            return Answer(replies.admins_only(may_ask=features.NAMES in workspace.scopes))
        request = auth_service_pb2.UpdateCallOptionsRequest(
            user=user_message(invocation.user), call_options=_CALL_OPTIONS[which]
        )
        await self._auth.UpdateCallOptions(request)
        self._workspaces.drop(invocation.user)
        offer = usage.offer(meetings=which != "phone", phone=which != "video")
        return Answer(replies.calls_configured(offer))

    async def _log_out(self, user: SlackUser) -> Answer:
        request = auth_service_pb2.DeleteConnectionRequest(user=user_message(user))
        response = await self._auth.DeleteConnection(request)

        async def after(_lost: str | None) -> None:
            await self._home.show(Who(user), signed_out=True)

        return Answer(replies.logged_out(was_connected=response.deleted), after if response.deleted else None)

    async def _place_call(self, callee: Callee, invocation: Invocation, workspace: Workspace) -> Answer:
        ids = {"request_id": invocation.request_id, "channel_id": invocation.channel_id}
        return Answer(await self._calls.prepare(invocation.user, workspace, callee, **ids))

    async def _configure_my_calls(self, which: str, invocation: Invocation, workspace: Workspace) -> Answer:
        """Sets which of her calls a person sees."""
        if not workspace.offers_phone:
            return Answer(replies.not_offered(call_replies.PHONE))
        await self._calls.show(invocation.user, _SHOWN_CALLS[which])
        return Answer(replies.my_calls_configured(shows_all=which == "all"))

    async def _start_meeting(self, command: StartMeeting, invocation: Invocation, workspace: Workspace) -> Answer:
        if not workspace.offers_meetings:
            return Answer(replies.not_offered("meetings"))
        return await self._starts.answer(
            invocation.user, invocation.user_name, continuations.wanted(invocation, command)
        )

    async def resume(self, user: SlackUser, continuation: Continuation) -> Resumed:
        """Starts the meeting for which a connection was missing; its card comes by the deliveries.

        Nothing where the workspace does not offer meetings any more. Raises MeshError as `StartMeeting` does.
        """
        if not (await self._workspaces.get(user)).offers_meetings:
            await self._teller.try_to_tell(user, continuation.response_url, replies.not_offered("meetings"))
            return Resumed.NOTHING
        response = await self._starts.begin(user, continuation)
        if response.HasField("recent"):
            message = invitations.recent(response.recent, user, continuation)
            await self._teller.try_to_tell(user, continuation.response_url, message)
            return Resumed.ASKED
        return Resumed.STARTING


def _who(invocation: Invocation) -> Who:
    return Who(invocation.user, invocation.user_name, invocation.team_name)
