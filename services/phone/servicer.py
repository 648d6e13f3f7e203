"""Turns protos into calls of `services.phone.calls`, and back."""

from __future__ import annotations

import uuid
from typing import Any

import grpc

from mesh.slack_user import from_message
from services.phone.calls import Call, CallCommand, Calls, CallState
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.phone.v1 import phone_service_pb2_grpc as pb_grpc
from zoomslack.type.v1 import slack_pb2

_STATES = {CallState.PREPARED: pb.PHONE_CALL_STATE_PREPARED}


class PhoneServicer(pb_grpc.PhoneServiceServicer):
    """`zoomslack.phone.v1.PhoneService`. Its proto documents each RPC."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def PlaceCall(  # noqa: N802 (gRPC's name)
        self, request: pb.PlaceCallRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.PlaceCallResponse:
        placed = await self._calls.place(
            CallCommand(
                user=from_message(request.user),
                request_id=str(uuid.UUID(request.request_id)),  # one way of writing it
                channel_id=request.conversation.slack_channel_id,
                phone_number=request.phone_number,
                region_code=request.region_code,
            )
        )
        return pb.PlaceCallResponse(call=_message(placed.call), call_url=placed.url)

    async def ResolveCallLink(  # noqa: N802 (gRPC's name)
        self, request: pb.ResolveCallLinkRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.ResolveCallLinkResponse:
        return pb.ResolveCallLinkResponse(call=_message(await self._calls.resolve(request.signed_id)))


def _message(call: Call) -> pb.PhoneCall:
    message = pb.PhoneCall(
        call_id=call.call_id,
        caller=slack_pb2.SlackUser(
            slack_enterprise_id=call.caller.enterprise_id,
            slack_team_id=call.caller.team_id,
            slack_user_id=call.caller.user_id,
        ),
        phone_number=call.number.e164,
        national_number=call.number.national,
        state=_STATES[call.state],
    )
    message.create_time.FromDatetime(call.create_time)
    return message
