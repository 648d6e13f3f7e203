"""Zoom's events about calls, read leniently: real ones carry more fields than documented, and fewer.

Sources: Zoom's event and API references for Zoom Phone. While a call goes on Zoom sends an event per step
(`phone.caller_…` about who called, `phone.callee_…` about who was called); afterwards it tells its history, in up to
three forms. Of the other side only one of number and extension can be counted on, and of nobody a name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.phone import zoom_fields as fields
from services.phone import zoom_history
from services.phone.facts import CallFact
from services.phone.lines import Line
from services.phone.progress import Direction, Progress, Result
from zoom_api import bodies
from zoom_api.bodies import UnreadableError as UnreadableError  # noqa: PLC0414 (servicers catch it by this module)

MAX_ENTRIES = 300
"""Calls in one event or answer that are looked at: as many as fit on a page of Zoom's."""


def parse(body: bytes) -> tuple[str, tuple[CallFact, ...]]:
    """Returns the name of the event in `body` and what it says of calls: nothing where it is of no interest.

    Raises UnreadableError when it is no event at all.
    """
    event = bodies.load_event(body)
    name: str = event["event"]
    payload = event.get("payload")
    thing = payload.get("object") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(thing, dict):
        return name, ()
    account_id = bodies.text(payload, "account_id")
    if (step := _STEPS.get(name)) is not None:
        facts = _step(step, account_id, thing)
    elif (key := _HISTORIES.get(name.removeprefix("phone.caller_").removeprefix("phone.callee_"))) is not None:
        direction = Direction.OUTBOUND if name.startswith("phone.caller_") else Direction.INBOUND
        facts = zoom_history.history(account_id, bodies.text(thing, "user_id"), _entries(thing.get(key)), direction)
    elif name in _TRANSFERS:
        facts = _transfer(account_id, thing)
    else:
        facts = ()
    return name, facts


@dataclass(frozen=True)
class _Step:
    """One of the events that Zoom sends while a call goes on."""

    direction: Direction
    read: Callable[[dict[str, Any]], Progress]


def _step(step: _Step, account_id: str, thing: dict[str, Any]) -> tuple[CallFact, ...]:
    own, other = ("caller", "callee") if step.direction is Direction.OUTBOUND else ("callee", "caller")
    mine, theirs = fields.part(thing, own), fields.part(thing, other)
    zoom_user_id, zoom_call_id = bodies.text(mine, "user_id"), bodies.text(thing, "call_id")
    if not zoom_user_id or not zoom_call_id:
        return ()
    begun = Progress(
        ring_time=bodies.time_or_none(thing, "ringing_start_time"),
        own_number=fields.e164(bodies.text(mine, "phone_number")),
    )
    return (
        CallFact(
            zoom_account_id=account_id,
            zoom_user_id=zoom_user_id,
            zoom_call_id=zoom_call_id,
            direction=step.direction,
            line=fields.line(bodies.text(theirs, "phone_number"), bodies.text(theirs, "extension_number")),
            contact_name=fields.name(theirs, "name"),
            progress=step.read(thing).joined(begun),
        ),
    )


def _rings(_thing: dict[str, Any]) -> Progress:
    return Progress()


def _connected(thing: dict[str, Any]) -> Progress:
    return Progress(connect_time=bodies.time_or_none(thing, "connected_start_time"))


def _answered(thing: dict[str, Any]) -> Progress:
    return Progress(answer_time=bodies.time_or_none(thing, "answer_start_time"))


def _ended(thing: dict[str, Any]) -> Progress:
    # Without `answer_start_time` nobody answered (Zoom's reference); a voicemail is nobody.
    answered, end_time = bodies.time_or_none(thing, "answer_start_time"), bodies.time_or_none(thing, "call_end_time")
    said = _HANDUPS.get(bodies.text(thing, "handup_result").casefold(), Result.NO_ANSWER)
    if said is Result.VOICEMAIL:
        return Progress(end_time=end_time, result=said)
    if answered is not None:
        return Progress(answer_time=answered, end_time=end_time, result=Result.ANSWERED)
    return Progress(end_time=end_time, result=said)


def _rejected(thing: dict[str, Any]) -> Progress:
    return Progress(end_time=bodies.time_or_none(thing, "call_end_time"), result=Result.DECLINED)


# `handup_result` is how Zoom spells it. "Call connected" of a call that nobody answered says nothing.
_HANDUPS = {
    "voicemail": Result.VOICEMAIL,
    "call cancel": Result.CANCELED,
    "busy": Result.BUSY,
    "no answer": Result.NO_ANSWER,
    "rejected": Result.DECLINED,
}
_STEPS = {
    "phone.caller_ringing": _Step(Direction.OUTBOUND, _rings),
    "phone.caller_connected": _Step(Direction.OUTBOUND, _connected),
    "phone.caller_ended": _Step(Direction.OUTBOUND, _ended),
    "phone.callee_ringing": _Step(Direction.INBOUND, _rings),
    "phone.callee_answered": _Step(Direction.INBOUND, _answered),
    "phone.callee_ended": _Step(Direction.INBOUND, _ended),
    "phone.callee_missed": _Step(Direction.INBOUND, _ended),
    "phone.callee_rejected": _Step(Direction.INBOUND, _rejected),
}
_HISTORIES = {
    "call_history_completed": "call_logs",
    "call_element_completed": "call_elements",
    "call_log_completed": "call_logs",  # until the newer forms are everywhere
}
_TRANSFERS = frozenset(
    {
        "phone.blind_transfer_initiated",
        "phone.warm_transfer_completed",
        "phone.transfer_call_to_voicemail_initiated",
    }
)


def _transfer(account_id: str, thing: dict[str, Any]) -> tuple[CallFact, ...]:
    owner, zoom_call_id = fields.part(thing, "owner"), bodies.text(thing, "call_id")
    zoom_user_id = bodies.text(owner, "id")
    if bodies.text(thing, "failure_reason") or not zoom_user_id or not zoom_call_id:
        return ()
    return (CallFact(account_id, zoom_user_id, zoom_call_id, None, Line(), "", Progress(transferred=True)),)


def _entries(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)][:MAX_ENTRIES] if isinstance(value, list) else []
