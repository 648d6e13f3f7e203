"""The buttons about phone calls in messages: the reply whose button dials, which says once its call is over, and the
button that calls the other side once more.

Slack tells of a press with an address at which the message may be replaced, within half an hour (Slack, "Handling user
interaction"). Only this process knows it: where another replica shows the end of the call, the reply stays until its
button is pressed again. Nothing dials by that alone: the page behind it asks.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_protos import user_message
from services.slack_edge import call_cards, call_replies, callees, replies, values
from services.slack_edge.answers import Answer
from services.slack_edge.blocks import Json
from services.slack_edge.gate import Gate
from services.slack_edge.interactions import Key, Reaction
from services.slack_edge.payloads import Interaction
from services.slack_edge.phone_calls import PhoneCalls
from services.slack_edge.reactions import PRESSED
from services.slack_edge.slack_api import SlackApi, SlackError
from services.slack_edge.workspaces import Workspace
from zoomslack.phone.v1 import phone_service_pb2 as pb

if TYPE_CHECKING:
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

log = logging.getLogger(__name__)

_LIFE = 30 * 60.0
_MOST = 10_000
_FINISHED = frozenset({pb.PHONE_CALL_STATE_ENDED, pb.PHONE_CALL_STATE_UNFOLLOWED})
"""States after which nothing comes."""


class CallButtons:
    """Knows where the replies are whose buttons were pressed. One per process."""

    def __init__(
        self, slack: SlackApi, gate: Gate, calls: PhoneCalls, phone: PhoneServiceAsyncStub, clock: Clock
    ) -> None:
        self._slack = slack
        self._gate = gate
        self._calls = calls
        self._phone = phone
        self._clock = clock
        self._pressed_at: OrderedDict[str, tuple[str, float]] = OrderedDict()
        """By call: the response URL of the last press, and until when it works."""

    def table(self) -> dict[Key, Reaction]:
        """Returns what leads here."""
        return {
            # Only who typed the command sees the button, and whatever fails here, Slack opens the page behind it.
            (PRESSED, call_replies.CALL): Reaction(self._pressed, for_everybody=True),
            (PRESSED, call_cards.CALL_AGAIN): Reaction(self._call_again),
        }

    async def _pressed(self, interaction: Interaction) -> None:
        """Keeps in mind where the reply is, and has it say so where its call is over, or not there any more."""
        named = values.decode(interaction.value, **call_replies.NAMED)
        if named is None or not interaction.response_url:
            return
        self._pressed_at[named["call"]] = (interaction.response_url, self._clock.monotonic() + _LIFE)
        self._pressed_at.move_to_end(named["call"])
        if len(self._pressed_at) > _MOST:
            self._pressed_at.popitem(last=False)
        try:
            who = await self._gate.within(interaction.who, named["team"])
            request = pb.GetCallRequest(user=user_message(who.user), call_id=named["call"])
            call = (await self._phone.GetCall(request, timeout=3.0)).call
        except MeshError as error:
            log.info("what became of a call is not known", extra={"reason": error.reason.value})
            if error.reason is Reason.CALL_NOT_FOUND:
                await self._replace(named["call"], call_replies.gone())
            return
        await self.shown(call)

    async def shown(self, call: pb.PhoneCall) -> None:
        """Has the reply that placed a call say so, once nothing comes after this state. Never raises SlackError."""
        message = call_cards.message(call, again=True)
        if call.state in _FINISHED and message is not None:
            await self._replace(call.call_id, message)

    async def _replace(self, call_id: str, message: Json) -> None:
        response_url, until = self._pressed_at.pop(call_id, ("", 0.0))
        if not response_url or self._clock.monotonic() >= until:
            return
        instead = {"replace_original": True, **message}
        try:
            await self._slack.patiently(partial(self._slack.respond, response_url, instead), or_twice=True)
        except SlackError as error:
            log.info("a reply does not say what became of its call", extra={"cause": str(error)})

    async def _call_again(self, interaction: Interaction) -> Json:
        """Prepares a call to the other side of one that is over: who it is, where that is known, else her number."""
        named = values.decode(interaction.value, **call_cards.NAMED)
        if named is None:
            return replies.outdated()
        who = await self._gate.within(interaction.who, named["team"])
        callee = callees.Person(named["person"]) if named["person"] else callees.understand(named["number"])

        async def work(workspace: Workspace) -> Answer:
            ids = {"request_id": interaction.request_id, "channel_id": interaction.channel_id}
            return Answer(await self._calls.prepare(who.user, workspace, callee, **ids))

        return (await self._gate.enter(who, None, work)).message
