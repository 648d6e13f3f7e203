"""Calls as protos, and back."""

from __future__ import annotations

from mesh.slack_protos import user_message
from mesh.slack_user import from_message
from services.phone.calls import Call, CallCommand, Contact
from services.phone.deliveries import Delivery
from services.phone.facts import Disposition
from services.phone.lines import Access, CallWarning
from services.phone.phone_numbers import written_for
from services.phone.progress import CallState, Direction, Result
from zoomslack.phone.v1 import phone_service_pb2 as pb

STATES = {
    CallState.PREPARED: pb.PHONE_CALL_STATE_PREPARED,
    CallState.RINGING: pb.PHONE_CALL_STATE_RINGING,
    CallState.CONNECTED: pb.PHONE_CALL_STATE_CONNECTED,
    CallState.ENDED: pb.PHONE_CALL_STATE_ENDED,
    CallState.UNFOLLOWED: pb.PHONE_CALL_STATE_UNFOLLOWED,
}
DIRECTIONS = {
    Direction.OUTBOUND: pb.CALL_DIRECTION_OUTBOUND,
    Direction.INBOUND: pb.CALL_DIRECTION_INBOUND,
}
RESULTS = {
    Result.NONE: pb.CALL_RESULT_UNSPECIFIED,
    Result.ANSWERED: pb.CALL_RESULT_ANSWERED,
    Result.ANSWERED_ELSEWHERE: pb.CALL_RESULT_ANSWERED_ELSEWHERE,
    Result.VOICEMAIL: pb.CALL_RESULT_VOICEMAIL,
    Result.DECLINED: pb.CALL_RESULT_DECLINED,
    Result.BUSY: pb.CALL_RESULT_BUSY,
    Result.FAILED: pb.CALL_RESULT_FAILED,
    Result.CANCELED: pb.CALL_RESULT_CANCELED,
    Result.NO_ANSWER: pb.CALL_RESULT_NO_ANSWER,
    Result.UNKNOWN: pb.CALL_RESULT_UNKNOWN,
}
WARNINGS = {
    CallWarning.NONE: pb.CALL_WARNING_UNSPECIFIED,
    CallWarning.EMERGENCY: pb.CALL_WARNING_EMERGENCY,
    CallWarning.PREMIUM_RATE: pb.CALL_WARNING_PREMIUM_RATE,
}
ACCESSES = {
    Access.FULL: pb.PHONE_ACCESS_FULL,
    Access.INTERNAL: pb.PHONE_ACCESS_INTERNAL,
    Access.NONE: pb.PHONE_ACCESS_NONE,
    Access.DISABLED: pb.PHONE_ACCESS_DISABLED,
}
DISPOSITIONS = {
    Disposition.APPLIED: pb.EVENT_DISPOSITION_APPLIED,
    Disposition.DUPLICATE: pb.EVENT_DISPOSITION_DUPLICATE,
    Disposition.IGNORED: pb.EVENT_DISPOSITION_IGNORED,
}


def command_from(request: pb.PlaceCallRequest, request_id: str) -> CallCommand:
    """Returns what a request asks for."""
    contact = request.contact
    return CallCommand(
        user=from_message(request.user),
        request_id=request_id,
        channel_id=request.conversation.slack_channel_id,
        phone_number=request.phone_number,
        region_code=request.region_code,
        contact=(
            Contact(contact.slack_user_id, contact.display_name.replace("\x00", ""), contact.phone_number)
            if request.HasField("contact")
            else None
        ),
    )


def call_message(call: Call) -> pb.PhoneCall:
    """Returns a call as its proto."""
    progress, is_over = call.progress, call.state is CallState.ENDED
    message = pb.PhoneCall(
        call_id=call.call_id,
        user=user_message(call.user),
        phone_number=call.line.e164,
        national_number=_written(call),
        extension_number=call.line.extension,
        contact_name=call.contact_name,
        contact_slack_user_id=call.contact_user_id,
        user_phone_number=progress.own_number,
        direction=DIRECTIONS[call.direction],
        placed_from_slack=call.from_slack,
        state=STATES[call.state],
        result=RESULTS[progress.result if is_over else Result.NONE],
        transferred=progress.transferred,
    )
    message.create_time.FromDatetime(call.create_time)
    if progress.ring_time is not None:
        message.ring_time.FromDatetime(progress.ring_time)
    # Until Zoom tells when somebody answered: since when the caller has been put through.
    answered = progress.answer_time or (None if is_over else progress.connect_time)
    if answered is not None:
        message.answer_time.FromDatetime(answered)
    if is_over and progress.end_time is not None:
        message.end_time.FromDatetime(progress.end_time)
    if call.talk_duration is not None:
        message.talk_duration.FromTimedelta(call.talk_duration)
    return message


def _written(call: Call) -> str:
    # What is no number in E.164 is an emergency number, written as it is dialled.
    return written_for(call.line.e164, call.progress.own_number) if call.line.e164 else call.line.national


def delivery_message(delivery: Delivery) -> pb.Delivery:
    """Returns a delivery as its proto."""
    message = pb.Delivery(
        delivery_id=delivery.delivery_id,
        lease_token=delivery.lease_token,
        user=user_message(delivery.call.user),
        version=delivery.version,
        failed_attempts=delivery.failed_attempts,
        call=call_message(delivery.call),
        origins=delivery.origins,
    )
    message.lease_expire_time.FromDatetime(delivery.lease_expire_time)
    if delivery.lag_time is not None:
        message.lag_time.FromDatetime(delivery.lag_time)
    if delivery.delivered is not None:
        shown = delivery.delivered
        message.delivered.version = shown.version
        message.delivered.slack_channel_id = shown.slack_channel_id
        message.delivered.slack_message_ts = shown.slack_message_ts
    return message
