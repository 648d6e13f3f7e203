"""The app's Home tab: shown when somebody opens it, and again after what she did there."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from mesh import deadline
from mesh.errors import MeshError
from mesh.slack_protos import user_message
from services.slack_edge import call_replies, home_phone, home_view, host_controls, modals, replies, values
from services.slack_edge.answers import Answer
from services.slack_edge.asks import Asks
from services.slack_edge.blocks import Json, mrkdwn, section
from services.slack_edge.gate import Gate, Who
from services.slack_edge.home_phone import Phone
from services.slack_edge.home_view import Facts
from services.slack_edge.interactions import Key, Reaction
from services.slack_edge.payloads import Interaction
from services.slack_edge.phone_calls import PhoneCalls
from services.slack_edge.reactions import PRESSED, MeetingReactions
from services.slack_edge.shortcuts import SUBMITTED, Shortcuts, wrong_in_start
from services.slack_edge.slack_api import SlackApi, SlackError
from services.slack_edge.standings import Standings, is_connected
from services.slack_edge.workspaces import Workspace
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.phone.v1 import phone_service_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mesh.slack_user import SlackUser
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub

log = logging.getLogger(__name__)

FACTS_TIMEOUT = 2.0
"""Seconds to learn what the tab shows; it is shown without what comes later."""
SHOW_SECONDS = 15.0


@dataclass(frozen=True)
class _Gone:
    """Meetings that are not shown any more, while meetings may not know it yet."""

    meeting_id: str
    host_id: str
    """Whose meetings they all are; empty for nobody's."""

    def includes(self, meeting: pb.Meeting) -> bool:
        """Tells whether a meeting is one of them."""
        hers = bool(self.host_id) and meeting.host.slack_user_id == self.host_id
        return hers or meeting.meeting_id == self.meeting_id


class Home:
    """Shows the Home tab, and does what its buttons say."""

    def __init__(
        self,
        *,
        standings: Standings,
        meetings: MeetingsServiceAsyncStub,
        calls: PhoneCalls,
        slack: SlackApi,
        gate: Gate,
        asks: Asks,
        reactions: MeetingReactions,
        shortcuts: Shortcuts,
        help_url: str,
    ) -> None:
        self._standings = standings
        self._meetings = meetings
        self._calls = calls
        self._slack = slack
        self._gate = gate
        self._asks = asks
        self._reactions = reactions
        self._shortcuts = shortcuts
        self._help_url = help_url
        self._turns: WeakValueDictionary[SlackUser, asyncio.Lock] = WeakValueDictionary()

    def table(self) -> dict[Key, Reaction]:
        """Returns what leads here."""
        return {
            (PRESSED, home_view.START): Reaction(self._shortcuts.ask_what_to_start),
            (PRESSED, home_view.JOIN): Reaction(self._ask_what_to_join),
            (PRESSED, home_view.CONNECT): Reaction(self._connect),
            (PRESSED, host_controls.END_AT_HOME): Reaction(self._end, is_kept=True),
            (PRESSED, home_phone.SHOWN_CALLS): Reaction(self._show_calls),
            (SUBMITTED, modals.START): Reaction(self._start, answer=wrong_in_start, is_kept=True),
        }

    async def show(self, who: Who, *, over: str = "", signed_out: bool = False) -> None:
        """Shows the tab as it is now. Never raises SlackError or MeshError: whoever opens it again has another try.

        `over` is the id of a meeting that was ended a moment ago: the event that says so may still be on its way.
        Who `signed_out` a moment ago has no meetings of her own any more, though they may not be erased yet.
        """
        # One at a time: what was learnt first must not be shown last. Whose turn nobody awaits is forgotten.
        turn = self._turns.setdefault(who.user, asyncio.Lock())
        try:
            async with turn:
                with deadline.budget(SHOW_SECONDS):
                    await self._show(who, _Gone(over, who.user.user_id if signed_out else ""))
        except (SlackError, MeshError) as error:
            log.info("a Home tab is not shown", extra={"cause": str(error)[:100]})

    async def _show(self, who: Who, gone: _Gone) -> None:
        answer = (await self._gate.enter(who, None, lambda workspace: self._view(who, workspace, gone))).message
        arguments = {"user_id": who.user.user_id, "view": _as_view(answer)}
        await self._slack.call(who.user, "views.publish", arguments)

    async def _view(self, who: Who, workspace: Workspace, gone: _Gone) -> Answer:
        standing, running, phone = await asyncio.gather(
            self._standings.of(who.user, FACTS_TIMEOUT), self._running(who.user, gone), self._phone(who, workspace)
        )
        facts = Facts(
            user_id=who.user.user_id,
            is_connected=is_connected(standing),
            running=running,
            offers_meetings=workspace.offers_meetings,
            offers_phone=workspace.offers_phone,
            company_wide=workspace.company_wide,
            phone=phone,
            help_url=self._help_url,
        )
        return Answer(home_view.view(facts))

    async def _phone(self, who: Who, workspace: Workspace) -> Phone | None:
        return await self._calls.profile(who.user) if workspace.offers_phone else None

    async def _running(self, user: SlackUser, gone: _Gone) -> Sequence[pb.RunningMeeting] | None:
        request = pb.ListRunningMeetingsRequest(user=user_message(user))
        try:
            response = await self._meetings.ListRunningMeetings(request, timeout=FACTS_TIMEOUT)
        except MeshError as error:
            log.info("running meetings are not known", extra={"reason": error.reason.value})
            return None
        return [running for running in response.meetings if not gone.includes(running.meeting)]

    async def _ask_what_to_join(self, interaction: Interaction) -> None:
        await self._shortcuts.open(interaction, modals.join())

    async def _connect(self, interaction: Interaction) -> None:
        """Opens a modal with the link: one on the tab itself would be too old by the time it is pressed."""
        who = interaction.who
        message = await self._asks.connect(who.user, who.name, who.team_name, None)
        await self._shortcuts.open(interaction, modals.message(message["blocks"]))

    async def _start(self, interaction: Interaction) -> Json | None:
        message = await self._shortcuts.start(interaction)
        if interaction.view.private_metadata == modals.FROM_HOME:
            await self.show(interaction.who)
        return message

    async def _show_calls(self, interaction: Interaction) -> Json | None:
        """Shows other calls than before, and the tab as it is then."""
        named = values.decode(interaction.value, all=bool)
        if named is None:
            return replies.outdated()
        shown = phone_service_pb2.SHOWN_CALLS_ALL if named["all"] else phone_service_pb2.SHOWN_CALLS_FROM_SLACK

        async def work(workspace: Workspace) -> Answer:
            if not workspace.offers_phone:
                return Answer(replies.not_offered(call_replies.PHONE))
            await self._calls.show(interaction.who.user, shown)
            return Answer({})

        message = (await self._gate.enter(interaction.who, None, work)).message
        await self.show(interaction.who)
        return message or None

    async def _end(self, interaction: Interaction) -> Json | None:
        message = await self._reactions.end(interaction)
        named = values.decode(interaction.value, **host_controls.NAMED) or {}
        await self.show(interaction.who, over="" if message else named.get("meeting", ""))
        return message


def _as_view(answer: Json) -> Json:
    """Returns the tab, or a message as a tab: what asks for something that everything else needs."""
    if answer.get("type") == "home":
        return answer
    return home_view.home(answer.get("blocks") or [section(mrkdwn(answer["text"]))])
