"""Slack's Call icon and the call menu of profiles, for whoever has them.

Slack sends these requests to its partners' apps only, so they are taken only where a setting says so. Source: Slack,
"Using the Calls API": a form like that of a command, with `type` instead of `command`, answered at its response URL
with the address that opens the call for the caller.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh import deadline
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.slack_edge import call_replies, callees, cards, dialling, invitations, replies
from services.slack_edge.answers import Answer
from services.slack_edge.blocks import Json
from services.slack_edge.continuations import Continuation
from services.slack_edge.gate import Gate, Who
from services.slack_edge.interactions import ACKNOWLEDGE_WITHIN
from services.slack_edge.phone_calls import PhoneCalls
from services.slack_edge.starts import Starts
from services.slack_edge.tasks import Tasks
from services.slack_edge.telling import Teller
from services.slack_edge.texts import clean
from services.slack_edge.workspaces import Workspace
from zoomslack.phone.v1 import phone_service_pb2

log = logging.getLogger(__name__)

WORK_SECONDS = 20.0
_MAX_NAME = 80
_REQUEST_IDS = uuid.UUID("f2f2a0f6-5e5f-5b1a-8d4c-3f0b7f1f7f60")


@dataclass(frozen=True)
class Press:
    """One press of the icon."""

    who: Who
    channel_id: str
    response_url: str = field(repr=False)
    request_id: str
    """The same for the same press: Slack sends no id with it, but an address that no other press has."""
    phone_number: str | None
    """Whom to dial; None for a meeting."""


def understand_press(form: Mapping[str, str]) -> Press | None:
    """Returns the press that a verified form says; None where it is a command."""
    kind = form.get("type")
    if "command" in form or kind not in ("video", "audio"):
        return None
    team_id, response_url = form.get("team_id", ""), form.get("response_url", "")
    return Press(
        who=Who(
            SlackUser(form.get("enterprise_id", ""), team_id, form.get("user_id", "")),
            clean(form.get("user_name", ""), _MAX_NAME),
            clean(form.get("team_domain", ""), _MAX_NAME),
        ),
        channel_id=form.get("channel_id", ""),
        response_url=response_url,
        request_id=str(uuid.uuid5(_REQUEST_IDS, f"{team_id}:{response_url}")),
        phone_number=form.get("phone_number", "")[: callees.MAX_TEXT] if kind == "audio" else None,
    )


class CallIcon:
    """Starts what the icon asks for. Acknowledged as interactions are that must not be lost."""

    def __init__(self, gate: Gate, starts: Starts, calls: PhoneCalls, teller: Teller, tasks: Tasks) -> None:
        self._gate = gate
        self._starts = starts
        self._calls = calls
        self._teller = teller
        self._tasks = tasks

    async def take(self, press: Press) -> None:
        """Takes one press; returns once it is done with, and always in time for the acknowledgement."""
        task = self._tasks.start(self._react(press), "react to the call icon")
        await asyncio.wait({task}, timeout=ACKNOWLEDGE_WITHIN)

    async def _react(self, press: Press) -> None:
        wish = Continuation(press.request_id, press.channel_id, "", press.response_url)

        async def work(workspace: Workspace) -> Answer:
            if press.phone_number is None:
                return Answer(await self._meet(press, wish, workspace))
            return Answer(await self._place(press, press.phone_number, workspace))

        try:
            with deadline.budget(WORK_SECONDS):
                then = wish if press.phone_number is None else None
                message = (await self._gate.enter(press.who, then, work)).message
        except MeshError as error:
            log.info("a press of the call icon came to nothing", extra={"reason": error.reason.value})
            message = replies.failure(error)
        except Exception:
            log.exception("the call icon hit a defect")
            message = replies.failure(MeshError(Reason.INTERNAL))
        await self._teller.try_to_tell(press.who.user, press.response_url, message)

    async def _meet(self, press: Press, wish: Continuation, workspace: Workspace) -> Json:
        if not workspace.offers_meetings:
            return replies.not_offered("meetings")
        response = await self._starts.begin(press.who.user, wish)
        if response.HasField("recent"):
            return invitations.recent(response.recent, press.who.user, wish)
        if not response.HasField("meeting"):
            return replies.starting()
        # The host's own start link is not ours to give: whoever is signed in to Zoom becomes the host by this one, too.
        meeting = response.meeting
        return _opening("call", meeting.join_url, cards.client_url(meeting))

    async def _place(self, press: Press, number: str, workspace: Workspace) -> Json:
        callee = callees.understand(number)
        ids = {"request_id": press.request_id, "channel_id": press.channel_id}
        placed = await self._calls.place(press.who.user, workspace, callee, **ids)
        if not isinstance(placed, phone_service_pb2.PlaceCallResponse):
            return placed
        client_url = dialling.client_url(placed.call)
        if placed.warning or not client_url:  # she has to read it before anything dials
            return call_replies.ready(placed.call, placed.call_url, placed.warning)
        return _opening("audio", placed.call_url, client_url)


def _opening(kind: str, url: str, client_url: str) -> Json:
    return {
        "response_type": kind,
        "call_initiation_url": url,
        "desktop_protocol_call_initiation_url": client_url,
    }
