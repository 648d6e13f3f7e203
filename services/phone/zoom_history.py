"""Zoom's call history, as its events and its API tell it, in up to three forms.

Sources: Zoom's event and API references for Zoom Phone. Elements are the newest form; logs of the history end in
November 2026, and the call log, the oldest, was to end in May 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from services.phone import zoom_fields as fields
from services.phone.facts import CallFact
from services.phone.lines import Line
from services.phone.progress import Direction, Progress, Result
from zoom_api import bodies


def history(
    account_id: str, zoom_user_id: str, entries: Iterable[dict[str, Any]], direction: Direction | None = None
) -> tuple[CallFact, ...]:
    """Returns what entries of a user's call history say; `direction` is that of entries that tell none."""
    if not zoom_user_id:
        return ()
    facts = (_past(account_id, zoom_user_id, entry, direction) for entry in entries)
    return tuple(fact for fact in facts if fact is not None)


def _past(account_id: str, zoom_user_id: str, entry: dict[str, Any], direction: Direction | None) -> CallFact | None:
    """Returns what an entry of the history says, in any of its three forms; None where it lacks what it is about."""
    told = bodies.text(entry, "direction")
    direction = Direction(told) if told in {"outbound", "inbound"} else direction
    zoom_call_id = bodies.text(entry, "call_id")
    if direction is None or not zoom_call_id:
        return None
    other, mine = ("callee", "caller") if direction is Direction.OUTBOUND else ("caller", "callee")
    return CallFact(
        zoom_account_id=account_id,
        zoom_user_id=zoom_user_id,
        zoom_call_id=zoom_call_id,
        direction=direction,
        line=_past_line(entry, other),
        contact_name=fields.name(entry, f"{other}_name"),
        progress=_past_progress(entry, own_number=_past_line(entry, mine).e164),
    )


def _past_progress(entry: dict[str, Any], own_number: str) -> Progress:
    begun = bodies.time_or_none(entry, "start_time") or bodies.time_or_none(entry, "date_time")
    ended = bodies.time_or_none(entry, "end_time") or bodies.time_or_none(entry, "call_end_time")
    answered = bodies.time_or_none(entry, "answer_time")
    word = bodies.text(entry, "result").casefold().replace(" ", "_")
    if word == "hang_up" and answered is None:
        word = "canceled"  # the caller hung up before anybody answered
    result = _RESULTS.get(word, Result.UNKNOWN)
    talked = fields.seconds(entry, "talk_time") or (
        fields.seconds(entry, "duration") if result is Result.ANSWERED else None
    )
    if bodies.text(entry, "result_reason").endswith("_by_other"):
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
    either = bodies.text(entry, f"{side}_number")
    is_extension = entry.get(f"{side}_number_type") == 1
    number = bodies.text(entry, f"{side}_did_number") or ("" if is_extension else either)
    extension = bodies.text(entry, f"{side}_ext_number") or (either if is_extension else "")
    return fields.line(number, extension)
