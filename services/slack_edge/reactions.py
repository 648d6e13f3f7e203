"""What buttons that start and end meetings lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesh.errors import MeshError, Reason
from mesh.slack_protos import user_message
from services.slack_edge import host_controls, invitations, replies, values
from services.slack_edge.answers import Answer
from services.slack_edge.blocks import Json
from services.slack_edge.continuations import Continuation
from services.slack_edge.gate import Gate, Who
from services.slack_edge.interactions import Key, Reaction
from services.slack_edge.payloads import Interaction
from services.slack_edge.starts import PATIENT_TIMEOUT, Starts
from services.slack_edge.workspaces import Workspace
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

if TYPE_CHECKING:
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub

PRESSED = "block_actions"


class MeetingReactions:
    """Starts and ends meetings for whoever pressed."""

    def __init__(self, meetings: MeetingsServiceAsyncStub, gate: Gate, starts: Starts) -> None:
        self._meetings = meetings
        self._gate = gate
        self._starts = starts

    def table(self) -> dict[Key, Reaction]:
        """Returns what leads here."""
        return {
            (PRESSED, invitations.START_ANOTHER): Reaction(self._start_another, is_kept=True),
            (PRESSED, host_controls.END): Reaction(self._end, is_kept=True),
        }

    async def start(self, who: Who, what: Continuation) -> Json:
        """Starts a meeting whose card comes by the deliveries; returns what is to be said beside it, if anything.

        Raises MeshError as `StartMeeting` does.
        """

        async def work(workspace: Workspace) -> Answer:
            if not workspace.offers_meetings:
                return Answer(replies.not_offered("meetings"))
            response = await self._starts.begin(who.user, what)
            if response.HasField("recent"):
                return Answer(invitations.recent(response.recent, who.user, what))
            return Answer({})

        return (await self._gate.enter(who, what, work)).message

    async def end(self, interaction: Interaction) -> Json | None:
        """Ends the meeting that a button names; returns why not, None where it is over. Raises as `EndMeeting`."""
        return (await self._ended(interaction))[0]

    async def _ended(self, interaction: Interaction) -> tuple[Json | None, bool]:
        """Does the same; returns beside it whether the meeting was over before."""
        named = values.decode(interaction.value, **host_controls.NAMED)
        if named is None:
            return replies.outdated(), False
        if named["host"] != interaction.who.user.user_id:
            return host_controls.not_the_host(), False
        who = await self._gate.within(interaction.who, named["team"])
        was_over = False

        async def work(_workspace: Workspace) -> Answer:
            nonlocal was_over
            request = pb.EndMeetingRequest(user=user_message(who.user), meeting_id=named["meeting"])
            was_over = (await self._meetings.EndMeeting(request, timeout=PATIENT_TIMEOUT)).was_over
            return Answer({})

        return (await self._gate.enter(who, None, work)).message or None, was_over

    async def _end(self, interaction: Interaction) -> Json:
        """Ends a meeting by the button of a message, which a press is the only way to change (see `host_controls`)."""
        try:
            message, was_over = await self._ended(interaction)
        except MeshError as error:
            if error.reason is not Reason.MEETING_NOT_FOUND:
                raise
            return {"replace_original": True, "text": replies.sentence(error)}
        return message or (host_controls.over() if was_over else host_controls.ending())

    async def _start_another(self, interaction: Interaction) -> Json:
        wish = values.decode(interaction.value, topic=str, room=bool, thread=str, team=str)
        if wish is None:
            return replies.outdated()
        what = Continuation(
            interaction.answer_id,  # the guard against a second meeting is off: a double click would start two
            interaction.channel_id,
            wish["topic"],
            interaction.response_url,
            personal_room=wish["room"],
            thread_ts=wish["thread"],
            start_another=True,
        )
        who = await self._gate.within(interaction.who, wish["team"])
        return await self.start(who, what) or invitations.another_starts()
