"""What a person sees of her phone calls in her own conversation with the app. Pure functions, as in `cards`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from services.slack_edge import dialling, values
from services.slack_edge.blocks import Json, actions, button, fields, mrkdwn, section
from services.slack_edge.call_words import is_person, number_in_words, parties
from services.slack_edge.texts import date, escape, to_the_second
from zoomslack.phone.v1 import phone_service_pb2 as pb

CALL_AGAIN = "zoom_call_again"
"""The `action_id` of the button that calls the other side."""
NAMED = {"person": str, "number": str, "team": str}
"""What it carries: a person of Slack, or a number or extension."""

_Outcome = tuple[str, str]
"""The title of a call that ended, and its result in words."""

_OUTBOUND: Mapping[pb.CallResult.ValueType, _Outcome] = {
    pb.CALL_RESULT_ANSWERED: ("Call ended", "answered"),
    pb.CALL_RESULT_ANSWERED_ELSEWHERE: ("Call ended", "answered by somebody else"),
    pb.CALL_RESULT_VOICEMAIL: ("Call not answered", "went to voicemail"),
    pb.CALL_RESULT_DECLINED: ("Call declined", "declined by the other side"),
    pb.CALL_RESULT_BUSY: ("Call not answered", "the other side was busy"),
    pb.CALL_RESULT_FAILED: ("Call failed", "could not be put through"),
    pb.CALL_RESULT_CANCELED: ("Call canceled", "canceled before anybody answered"),
    pb.CALL_RESULT_NO_ANSWER: ("Call not answered", "nobody answered"),
}
_INBOUND: Mapping[pb.CallResult.ValueType, _Outcome] = {
    pb.CALL_RESULT_ANSWERED: ("Call ended", "answered"),
    pb.CALL_RESULT_ANSWERED_ELSEWHERE: ("Call answered", "answered by somebody else"),
    pb.CALL_RESULT_VOICEMAIL: ("Missed call", "missed; the caller reached your voicemail"),
    pb.CALL_RESULT_DECLINED: ("Call declined", "declined by you"),
    pb.CALL_RESULT_BUSY: ("Missed call", "missed; you were busy"),
    pb.CALL_RESULT_FAILED: ("Call failed", "could not be put through"),
    pb.CALL_RESULT_CANCELED: ("Missed call", "missed; the caller gave up"),
    pb.CALL_RESULT_NO_ANSWER: ("Missed call", "missed"),
}
_UNTOLD: _Outcome = ("Call ended", "Zoom did not tell how it ended")
_UNFOLLOWED = (
    "Zoom was disconnected while this call was on, so it is not followed any more, and its details were erased. "
    "Type `/zoom` to connect again."
)
_WORTH_ANOTHER = frozenset(
    {pb.CALL_RESULT_NO_ANSWER, pb.CALL_RESULT_BUSY, pb.CALL_RESULT_VOICEMAIL, pb.CALL_RESULT_FAILED}
)
"""How a call ends that its caller may want to try again."""


def message(call: pb.PhoneCall, *, again: bool = False) -> Json | None:
    """Returns the message that shows a call as it is; None for a state that only a newer version knows.

    With `again` there is a button for the next call, however this one ended.
    """
    if call.state == pb.PHONE_CALL_STATE_UNFOLLOWED:
        return {"text": _UNFOLLOWED, "blocks": [section(mrkdwn(_UNFOLLOWED))]}
    title = _title(call)
    if title is None:
        return None
    number = number_in_words(call)
    return {
        "text": f"{title}: {escape(number)}" if number else title,
        "blocks": [
            section(mrkdwn(f"*{title}*")),
            fields(*parties(call)),
            section(mrkdwn("\n".join(_facts(call)))),
            *_next(call, again=again),
        ],
    }


def _title(call: pb.PhoneCall) -> str | None:
    match call.state:
        case pb.PHONE_CALL_STATE_PREPARED:
            return "Call prepared"
        case pb.PHONE_CALL_STATE_RINGING:
            return "Incoming call" if _is_inbound(call) else "Calling"
        case pb.PHONE_CALL_STATE_CONNECTED:
            return "In a call"
        case pb.PHONE_CALL_STATE_ENDED:
            return _outcome(call)[0]
    return None


def _outcome(call: pb.PhoneCall) -> _Outcome:
    return (_INBOUND if _is_inbound(call) else _OUTBOUND).get(call.result, _UNTOLD)


def _is_inbound(call: pb.PhoneCall) -> bool:
    return call.direction == pb.CALL_DIRECTION_INBOUND


def _facts(call: pb.PhoneCall) -> list[str]:
    facts = [f"Started: {date(_began(call))}"]
    if call.state == pb.PHONE_CALL_STATE_RINGING:
        facts.append("It rings.")
    if call.state == pb.PHONE_CALL_STATE_CONNECTED and call.HasField("answer_time"):
        facts.append(f"Connected since: {date(call.answer_time.ToDatetime(UTC))}")
    if call.state == pb.PHONE_CALL_STATE_ENDED:
        talked = _talked(call)
        facts += [f"Duration: {to_the_second(talked)}"] if talked is not None else []
        facts.append(f"Result: {_outcome(call)[1]}")
    if call.transferred:
        facts.append("It was put through to somebody else.")
    return facts


def _began(call: pb.PhoneCall) -> datetime:
    moment = call.ring_time if call.HasField("ring_time") else call.create_time
    return moment.ToDatetime(UTC)


def _talked(call: pb.PhoneCall) -> timedelta | None:
    """Returns how long they talked; None where nobody did, or nobody tells."""
    if call.HasField("talk_duration"):
        return call.talk_duration.ToTimedelta()
    if call.HasField("answer_time") and call.HasField("end_time"):
        return call.end_time.ToDatetime(UTC) - call.answer_time.ToDatetime(UTC)
    return None


def _next(call: pb.PhoneCall, *, again: bool) -> list[Json]:
    """Returns the button that calls the other side, after a call in which nobody talked, or with `again` after any."""
    dialled = dialling.number(call) or dialling.extension(call)
    if call.state != pb.PHONE_CALL_STATE_ENDED or not dialled:
        return []
    words = "Call again" if again else ""
    if _is_inbound(call) and _title(call) == "Missed call":
        words = "Call back"
    elif not _is_inbound(call) and call.result in _WORTH_ANOTHER:
        words = "Try again"
    person = call.contact_slack_user_id if is_person(call.contact_slack_user_id) else ""
    value = values.encode(person=person, number=dialled, team=call.user.slack_team_id)
    return [actions(button(words, CALL_AGAIN, value=value))] if words else []
