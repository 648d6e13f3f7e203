"""Preparing phone calls: one call to the service that owns them, and a button that dials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.slack_edge import replies
from services.slack_edge.blocks import Json
from services.slack_edge.continuations import user_message
from services.slack_edge.workspaces import Workspace
from zoomslack.phone.v1 import phone_service_pb2
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from mesh.slack_user import SlackUser
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub


class PhoneCalls:
    """Prepares phone calls. One per process."""

    def __init__(self, phone: PhoneServiceAsyncStub) -> None:
        self._phone = phone

    async def prepare(
        self, user: SlackUser, workspace: Workspace, *, request_id: str, channel_id: str, phone_number: str
    ) -> Json:
        """Returns the message with the button. Raises MeshError as `PlaceCall` does."""
        if not workspace.offers_phone:
            return replies.not_offered("phone calls")
        response = await self.place(user, request_id=request_id, channel_id=channel_id, phone_number=phone_number)
        return replies.call_ready(response.call.national_number, response.call_url)

    async def place(
        self, user: SlackUser, *, request_id: str, channel_id: str, phone_number: str
    ) -> phone_service_pb2.PlaceCallResponse:
        """Prepares a call. Raises as above."""
        return await self._phone.PlaceCall(
            phone_service_pb2.PlaceCallRequest(
                user=user_message(user),
                request_id=request_id,
                conversation=slack_pb2.SlackConversation(slack_channel_id=channel_id),
                phone_number=phone_number,
            )
        )
