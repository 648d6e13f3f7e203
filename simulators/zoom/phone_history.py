"""The history of calls, as the webhooks and `GET /phone/users/{userId}/call_history` tell it: one record per person.

Zoom has three forms: call logs (the oldest, which it is giving up), the call history and the call elements.
"""

from typing import Literal, get_args

from simulators.zoom.clock import iso
from simulators.zoom.events import Event
from simulators.zoom.phone_events import envelope, phone_id
from simulators.zoom.phone_world import HUNG_UP, Leg, Party, PhoneCall
from simulators.zoom.world import User

HistoryForm = Literal["history", "element", "call_log"]
FORMS: tuple[HistoryForm, ...] = get_args(HistoryForm)
CURRENT_FORMS: tuple[HistoryForm, ...] = ("history", "element")
_EXTENSION, _NUMBER = 1, 2


def completed(form: HistoryForm, call: PhoneCall, leg: Leg, user: User, now: float) -> Event:
    """`phone.<side>_call_history_completed`, `…_call_element_completed` or `…_call_log_completed`."""
    made = {
        "history": ("call_logs", history_record),
        "element": ("call_elements", element_record),
        "call_log": ("call_logs", _log_record),
    }
    key, make = made[form]
    body = {"user_id": user.id, key: [make(call, leg)]}
    name = form if form == "call_log" else f"call_{form}"
    return envelope(f"phone.{leg.side}_{name}_completed", user.account_id, body, now)


def history_record(call: PhoneCall, leg: Leg) -> dict[str, object]:
    """One of the `call_logs` of the call history."""
    return {"id": leg.id, "call_path_id": call.path_id, **_facts(call, leg)}


def element_record(call: PhoneCall, leg: Leg) -> dict[str, object]:
    """One of the `call_elements`."""
    return {"call_element_id": leg.element_id, "call_history_uuid": leg.id, **_facts(call, leg)}


def _facts(call: PhoneCall, leg: Leg) -> dict[str, object]:
    answered = {} if leg.answer_time is None else {"answer_time": iso(leg.answer_time)}
    operator = {} if leg.put_through_by is None else _operator(leg.put_through_by)
    return {
        "call_id": call.call_id,
        "connect_type": "internal" if leg.is_internal else "external",
        "call_type": "general",
        "direction": _direction(leg),
        "hide_caller_id": False,
        "end_to_end": False,
        **_party("caller", leg.caller),
        **_party("callee", leg.callee),
        "start_time": iso(leg.ring_time),
        **answered,
        "end_time": iso(_end(leg)),
        "event": _event_word(leg),
        "result": _result(leg),
        **operator,
        "talk_time": _talk_seconds(leg),
        "hold_time": 0,
        "wait_time": _wait_seconds(leg),
    }


def _party(side: str, party: Party) -> dict[str, object]:
    """Extensions are strings here, unlike in the events of running calls. What is not known is left out."""
    number = {f"{side}_did_number": party.number} if party.number else {}
    name = {f"{side}_name": party.name} if party.name else {}
    if party.user is None:
        return {**name, **number, f"{side}_number_type": "external_pstn"}
    return {
        f"{side}_ext_id": phone_id("extension", party.user),
        **name,
        f"{side}_email": party.user.email,
        **number,
        f"{side}_ext_number": party.extension_number,
        f"{side}_ext_type": "user",
        **({f"{side}_number_type": "zoom_pstn"} if number else {}),
    }


def _operator(by: Party) -> dict[str, object]:
    if by.user is None:
        return {}
    return {
        "operator_ext_number": by.extension_number,
        "operator_ext_id": phone_id("extension", by.user),
        "operator_ext_type": "user",
        "operator_name": by.name,
    }


def _log_record(call: PhoneCall, leg: Leg) -> dict[str, object]:
    """The oldest form. What only a callee is told stands at the end."""
    outcome = HUNG_UP if leg.outcome is None else leg.outcome
    record: dict[str, object] = {
        "id": leg.id,
        "call_id": call.call_id,
        "call_type": "voip" if leg.is_internal else "pstn",
        **_log_party("caller", leg.caller),
        **_log_party("callee", leg.callee),
        "direction": _direction(leg),
        "duration": _talk_seconds(leg),
        "result": outcome.log_result,
        "date_time": iso(leg.ring_time),
        "call_end_time": iso(_end(leg)),
        "path": "extension" if leg.is_internal else "pstn",
        "has_recording": False,
        "has_voicemail": outcome.result == "voicemail",
        "hold_time": 0,
    }
    if leg.side == "callee":
        record["waiting_time"] = _wait_seconds(leg)
        if leg.answer_time is not None:
            record["answer_start_time"] = iso(leg.answer_time)
    return record


def _log_party(side: str, party: Party) -> dict[str, object]:
    by_extension = party.user is not None
    did = {f"{side}_did_number": party.number} if by_extension and party.number else {}
    return {
        f"{side}_number": party.extension_number if by_extension else party.number,
        f"{side}_number_type": _EXTENSION if by_extension else _NUMBER,
        f"{side}_name": party.name,
        **did,
    }


def _direction(leg: Leg) -> str:
    return "outbound" if leg.side == "caller" else "inbound"


def _event_word(leg: Leg) -> str:
    if leg.put_through_by is not None:
        return "direct_transfer"
    return "outgoing" if leg.side == "caller" else "incoming"


def _result(leg: Leg) -> str:
    """Who called was connected, who was called answered."""
    if leg.answer_time is not None:
        return "connected" if leg.side == "caller" else "answered"
    return HUNG_UP.result if leg.outcome is None else leg.outcome.result


def _end(leg: Leg) -> float:
    return leg.ring_time if leg.end_time is None else leg.end_time


def _talk_seconds(leg: Leg) -> int:
    return 0 if leg.answer_time is None else int(_end(leg) - leg.answer_time)


def _wait_seconds(leg: Leg) -> int:
    return int((_end(leg) if leg.answer_time is None else leg.answer_time) - leg.ring_time)
