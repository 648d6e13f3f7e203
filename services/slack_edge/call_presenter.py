"""Brings a person's own conversation with the app to the state of her phone calls: one message for each call."""

from __future__ import annotations

import logging

from mesh.slack_user import SlackUser, from_message
from services.slack_edge import call_cards
from services.slack_edge.blocks import Json
from services.slack_edge.call_buttons import CallButtons
from services.slack_edge.slack_api import SlackApi, SlackError
from services.slack_edge.slack_errors import MESSAGE_GONE, Nature
from services.slack_edge.telling import NO_UNFURL
from zoomslack.phone.v1 import phone_service_pb2 as pb

log = logging.getLogger(__name__)

_MAX_ID = 64


class CallPresenter:
    """Shows calls in Slack. Every method may be repeated after a failure halfway."""

    def __init__(self, slack: SlackApi, buttons: CallButtons) -> None:
        self._slack = slack
        self._buttons = buttons

    def content_of(self, _delivery: pb.Delivery) -> str:
        """Returns what a delivery brings, in a word."""
        return "phone_call"

    async def show(self, delivery: pb.Delivery) -> pb.Delivered:
        """Shows the call of `delivery` and returns what Slack shows then. Raises SlackError and MeshError."""
        message = call_cards.message(delivery.call)
        if message is None:  # from a newer version of phone: another edge may know it, later
            raise SlackError("deliver", "unknown_content", Nature.PASSING)
        user = from_message(delivery.user)
        place = await self._change(user, delivery.delivered, message)
        if place is None and delivery.call.state == pb.PHONE_CALL_STATE_UNFOLLOWED:
            return pb.Delivered(version=delivery.version)  # nobody sees it: nothing is there to be finished
        channel_id, ts = place or await self._post(user, message)
        return pb.Delivered(version=delivery.version, slack_channel_id=channel_id, slack_message_ts=ts)

    async def _change(self, user: SlackUser, shown: pb.Delivered, message: Json) -> tuple[str, str] | None:
        """Changes what Slack shows; returns where it is, None where there is nothing that could be changed."""
        if not shown.slack_message_ts:
            return None
        place = {"channel": shown.slack_channel_id, "ts": shown.slack_message_ts}
        try:
            await self._slack.call(user, "chat.update", {**place, **message})
        except SlackError as failure:
            if failure.error not in MESSAGE_GONE:
                raise
            log.info("the message of a call is gone", extra={"slack_error": failure.error})
            return None
        return shown.slack_channel_id, shown.slack_message_ts

    async def _post(self, user: SlackUser, message: Json) -> tuple[str, str]:
        # A person's id opens her conversation with the app (Slack, `chat.postMessage`).
        answer = await self._slack.call(user, "chat.postMessage", {"channel": user.user_id, **NO_UNFURL, **message})
        return str(answer.get("channel", ""))[:_MAX_ID], str(answer.get("ts", ""))[:_MAX_ID]

    async def follow_up(self, delivery: pb.Delivery) -> None:
        """Has the reply that placed a call say so, once it is over."""
        await self._buttons.shown(delivery.call)

    async def comfort(self, delivery: pb.Delivery, error: Exception) -> None:
        """Where her own conversation with the app is closed to it, there is no other place to tell her."""
