"""Zoom's events and call history, read leniently: real ones carry more fields than documented, and fewer.

Sources: Zoom's event and API references for Zoom Phone. While a call goes on Zoom sends an event per step
(`phone.caller_…` about who called, `phone.callee_…` about who was called); afterwards it tells its history, in up to
three forms. Of the other side only one of number and extension can be counted on, and of nobody a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.phone.facts import CallFact
from services.phone.lines import Line
from services.phone.phone_numbers import national
from services.phone.progress import Direction, Progress, Result

NAME_LENGTH = 200
ID_LENGTH = 200
MAX_ENTRIES = 300
"""Calls in one event or answer that are looked at: as many as fit on a page of Zoom's."""
_NUMBER = re.compile(r"\+?[0-9]{7,15}", re.ASCII)
_EXTENSION = re.compile(r"[0-9]{1,15}", re.ASCII)


class UnreadableError(ValueError):
    """The body is no event: not JSON in UTF-8, or not an object with a name. Says nothing of its contents."""


def parse(body: bytes) -> tuple[str, tuple[CallFact, ...]]:
    """Returns the name of the event in `body` and what it says of calls: nothing where it is of no interest.

    Raises UnreadableError when it is no event at all.
    """
    event = _load(body)
    name: str = event["event"]
    payload = event.get("payload")
    thing = payload.get("object") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(thing, dict):
        return name, ()
    account_id = text(payload, "account_id")
    if (step := _STEPS.get(name)) is not None:
        facts = _step(step, account_id, thing)
    elif (key := _HISTORIES.get(name.removeprefix("phone.caller_").removeprefix("phone.callee_"))) is not None:
        direction = Direction.OUTBOUND if name.startswith("phone.caller_") else Direction.INBOUND
        facts = history(account_id, text(thing, "user_id"), _entries(thing.get(key)), direction)
    elif name in _TRANSFERS:
        facts = _transfer(account_id, thing)
    else:
        facts = ()
    return name, facts


def history(
    account_id: str, zoom_user_id: str, entries: Iterable[dict[str, Any]], direction: Direction | None = None
) -> tuple[CallFact, ...]:
    """Returns what entries of a user's call history say; `direction` is that of entries that tell none."""
    if not zoom_user_id:
        return ()
    facts = (_past(account_id, zoom_user_id, entry, direction) for entry in entries)
    return tuple(fact for fact in facts if fact is not None)


@dataclass(frozen=True)
class _Step:
    """One of the events that Zoom sends while a call goes on."""

    direction: Direction
    read: Callable[[dict[str, Any]], Progress]


def _step(step: _Step, account_id: str, thing: dict[str, Any]) -> tuple[CallFact, ...]:
    own, other = ("caller", "callee") if step.direction is Direction.OUTBOUND else ("callee", "caller")
    mine, theirs = _object(thing, own), _object(thing, other)
    zoom_user_id, zoom_call_id = text(mine, "user_id"), text(thing, "call_id")
    if not zoom_user_id or not zoom_call_id:
        return ()
    progress = step.read(thing)
    own_number = _e164(text(mine, "phone_number"))
    return (
        CallFact(
            zoom_account_id=account_id,
            zoom_user_id=zoom_user_id,
            zoom_call_id=zoom_call_id,
            direction=step.direction,
            line=line(text(theirs, "phone_number"), text(theirs, "extension_number")),
            contact_name=_name(theirs, "name"),
            progress=progress.joined(Progress(ring_time=_time(thing, "ringing_start_time"), own_number=own_number)),
        ),
    )


def _rings(_thing: dict[str, Any]) -> Progress:
    return Progress()


def _connected(thing: dict[str, Any]) -> Progress:
    return Progress(connect_time=_time(thing, "connected_start_time"))


def _answered(thing: dict[str, Any]) -> Progress:
    return Progress(answer_time=_time(thing, "answer_start_time"))


def _ended(thing: dict[str, Any]) -> Progress:
    # Without `answer_start_time` nobody answered (Zoom's reference); a voicemail is nobody.
    answered, end_time = _time(thing, "answer_start_time"), _time(thing, "call_end_time")
    said = _HANDUPS.get(text(thing, "handup_result").casefold(), Result.NO_ANSWER)
    if said is Result.VOICEMAIL:
        return Progress(end_time=end_time, result=said)
    if answered is not None:
        return Progress(answer_time=answered, end_time=end_time, result=Result.ANSWERED)
    return Progress(end_time=end_time, result=said)


def _rejected(thing: dict[str, Any]) -> Progress:
    return Progress(end_time=_time(thing, "call_end_time"), result=Result.DECLINED)


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
    owner, zoom_call_id = _object(thing, "owner"), text(thing, "call_id")
    zoom_user_id = text(owner, "id")
    if text(thing, "failure_reason") or not zoom_user_id or not zoom_call_id:
        return ()
    return (CallFact(account_id, zoom_user_id, zoom_call_id, None, Line(), "", Progress(transferred=True)),)


def _past(account_id: str, zoom_user_id: str, entry: dict[str, Any], direction: Direction | None) -> CallFact | None:
    """Returns what an entry of the history says, in any of its three forms; None where it lacks what it is about."""
    told = text(entry, "direction")
    direction = Direction(told) if told in {"outbound", "inbound"} else direction
    zoom_call_id = text(entry, "call_id")
    if direction is None or not zoom_call_id:
        return None
    other, mine = ("callee", "caller") if direction is Direction.OUTBOUND else ("caller", "callee")
    return CallFact(
        zoom_account_id=account_id,
        zoom_user_id=zoom_user_id,
        zoom_call_id=zoom_call_id,
        direction=direction,
        line=_past_line(entry, other),
        contact_name=_name(entry, f"{other}_name"),
        progress=_past_progress(entry, own_number=_past_line(entry, mine).e164),
    )


def _past_progress(entry: dict[str, Any], own_number: str) -> Progress:
    begun = _time(entry, "start_time") or _time(entry, "date_time")
    ended = _time(entry, "end_time") or _time(entry, "call_end_time")
    answered = _time(entry, "answer_time")
    result = _RESULTS.get(text(entry, "result").casefold().replace(" ", "_"), Result.UNKNOWN)
    talked = _seconds(entry, "talk_time") or (_seconds(entry, "duration") if result is Result.ANSWERED else None)
    if text(entry, "result_reason").endswith("_by_other"):
        result, answered = Result.ANSWERED_ELSEWHERE, None
    elif result is Result.UNKNOWN and answered is not None:
        result = Result.ANSWERED
    elif result is Result.ANSWERED and answered is None and ended is not None and talked is not None:
        answered = ended - talked  # the oldest form tells no time of answering
    if result is not Result.ANSWERED:
        answered = None
    if ended is None and begun is not None:
        ended = (answered or begun) + (talked or timedelta())
    return Progress(
        ring_time=begun,
        answer_time=answered,
        end_time=ended,
        result=result,
        own_number=own_number,
        in_history=True,
    )


# The words of all three forms; the oldest one writes some of them with spaces and capitals.
_RESULTS = {
    **dict.fromkeys(
        ("answered", "accepted", "picked_up", "connected", "succeeded", "call_connected", "hang_up"), Result.ANSWERED
    ),
    "voicemail": Result.VOICEMAIL,
    **dict.fromkeys(("rejected", "call_rejected", "declined"), Result.DECLINED),
    "busy": Result.BUSY,
    **dict.fromkeys(("canceled", "cancelled", "call_cancel", "call_canceled", "abandoned"), Result.CANCELED),
    **dict.fromkeys(("no_answer", "ring_timeout", "overflowed", "missed"), Result.NO_ANSWER),
    **dict.fromkeys(
        (
            *("call_failed", "unconnected", "system_blocked", "service_unavailable"),
            *("invalid_key", "invalid_operation", "blocked"),
        ),
        Result.FAILED,
    ),
}


def _past_line(entry: dict[str, Any], side: str) -> Line:
    """Returns one side of a call in the history: newer forms have a field for each, the oldest one for both."""
    either = text(entry, f"{side}_number")
    is_extension = entry.get(f"{side}_number_type") == 1
    number = text(entry, f"{side}_did_number") or ("" if is_extension else either)
    extension = text(entry, f"{side}_ext_number") or (either if is_extension else "")
    return line(number, extension)


def line(number: str, extension: str) -> Line:
    """Returns what Zoom tells of one side, whose number it writes with `+` or without."""
    e164 = _e164(number)
    if not e164 and not extension and _EXTENSION.fullmatch(number):
        extension = number  # a short one where a number belongs
    return Line(e164, national(e164) if e164 else "", extension if _EXTENSION.fullmatch(extension) else "")


def _e164(number: str) -> str:
    """Returns a number with `+`, which Zoom's API leaves out and its events do not; empty for anything else."""
    written = re.sub(r"[ ().\-]", "", number)
    return f"+{written.removeprefix('+')}" if _NUMBER.fullmatch(written) else ""


def _load(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableError("not JSON in UTF-8") from None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise UnreadableError("no event")
    return event


def _entries(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)][:MAX_ENTRIES] if isinstance(value, list) else []


def _object(source: dict[str, Any], key: str) -> dict[str, Any]:
    value = source.get(key)
    return value if isinstance(value, dict) else {}


def text(source: dict[str, Any], key: str) -> str:
    """Returns a string or whole number as text; empty where there is none, or one too long to be an id."""
    value = source.get(key)
    if value is None or isinstance(value, bool | dict | list | float):
        return ""
    found = _clean(str(value)).strip()
    return found if len(found) <= ID_LENGTH else ""


def _name(source: dict[str, Any], key: str) -> str:
    value = source.get(key)
    return _clean(value)[:NAME_LENGTH] if isinstance(value, str) else ""


def _clean(value: str) -> str:
    """Removes what a database or UTF-8 does not take: NUL, and halves of surrogate pairs (a truncated emoji)."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def _seconds(source: dict[str, Any], key: str) -> timedelta | None:
    value = source.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1_000_000:
        return None
    return timedelta(seconds=value)


def _time(source: dict[str, Any], key: str) -> datetime | None:
    value = source.get(key)
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
