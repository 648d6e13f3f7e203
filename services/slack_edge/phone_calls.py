"""Preparing phone calls: one call to the service that owns them, and a button that dials."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mesh.errors import MeshError, Reason
from mesh.slack_protos import user_message
from services.slack_edge import call_replies, replies
from services.slack_edge.blocks import Json
from services.slack_edge.callees import Callee, Nobody, Number
from services.slack_edge.contacts import Contact, Contacts, Uncallable
from services.slack_edge.workspaces import Workspace
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from mesh.slack_user import SlackUser
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

log = logging.getLogger(__name__)

PROFILE_TIMEOUT = 2.0
"""Seconds to learn what a person can do with Zoom Phone."""


class PhoneCalls:
    """Prepares phone calls. One per process."""

    def __init__(self, phone: PhoneServiceAsyncStub, contacts: Contacts) -> None:
        self._phone = phone
        self._contacts = contacts

    async def prepare(
        self, user: SlackUser, workspace: Workspace, callee: Callee, *, request_id: str, channel_id: str
    ) -> Json:
        """Returns the message with the button, or what keeps it. Raises MeshError as `PlaceCall` does."""
        placed = await self.place(user, workspace, callee, request_id=request_id, channel_id=channel_id)
        if isinstance(placed, pb.PlaceCallResponse):
            return call_replies.ready(placed.call, placed.call_url, placed.warning)
        return placed

    async def place(
        self, user: SlackUser, workspace: Workspace, callee: Callee, *, request_id: str, channel_id: str
    ) -> pb.PlaceCallResponse | Json:
        """Prepares a call; returns a message where there is something to be told instead. Raises as above."""
        if not workspace.offers_phone:
            return replies.not_offered(call_replies.PHONE)
        if isinstance(callee, Nobody):
            return call_replies.whom(callee.why)
        where = slack_pb2.SlackConversation(slack_channel_id=channel_id) if channel_id else None
        request = pb.PlaceCallRequest(user=user_message(user), request_id=request_id, conversation=where)
        if isinstance(callee, Number):
            request.phone_number = callee.phone_number
            return await self._phone.PlaceCall(request)
        contact = await self._contacts.find(user, workspace, callee.user_id)
        if isinstance(contact, Uncallable):
            return call_replies.uncallable(contact)
        request.contact.CopyFrom(_contact(contact))
        try:
            return await self._phone.PlaceCall(request)
        except MeshError as error:
            if error.reason is not Reason.PHONE_CONTACT_UNREACHABLE:
                raise
            inside_only = error.metadata.get("access") == "internal"
            return call_replies.unreachable(contact.known, inside_only=inside_only, company_wide=workspace.company_wide)

    async def profile(
        self, user: SlackUser, seconds: float = PROFILE_TIMEOUT
    ) -> pb.GetPhoneProfileResponse | MeshError:
        """Returns what a person can do with Zoom Phone, or why that is not known. Never raises MeshError."""
        request = pb.GetPhoneProfileRequest(user=user_message(user))
        try:
            return await self._phone.GetPhoneProfile(request, timeout=seconds)
        except MeshError as error:
            return error

    async def shown(self, user: SlackUser, seconds: float) -> pb.ShownCalls.ValueType | None:
        """Returns which of her calls a person chose to see, whatever Zoom does; None where that is not known now."""
        request = pb.GetPhoneProfileRequest(user=user_message(user), choice_only=True)
        try:
            return (await self._phone.GetPhoneProfile(request, timeout=seconds)).shown_calls
        except MeshError as error:
            log.info("which calls a person sees is not known", extra={"reason": error.reason.value})
            return None

    async def show(self, user: SlackUser, shown: pb.ShownCalls.ValueType) -> None:
        """Sets which of her calls a person sees. Raises as `UpdateShownCalls`."""
        request = pb.UpdateShownCallsRequest(user=user_message(user), shown_calls=shown)
        await self._phone.UpdateShownCalls(request)


def _contact(contact: Contact) -> pb.Contact:
    profile = contact.profile
    return pb.Contact(slack_user_id=contact.user_id, display_name=profile.name, phone_number=profile.phone_number)
