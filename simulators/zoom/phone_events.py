"""Bodies of Zoom's webhook events about phone calls while they happen. Those of the history are in phone_history.

Whether an event has a field depends on the event and on whose side it is told to: names come only while it rings, and
who the other one is at Zoom only at the end. Fields without a value are left out, except a number, which is then "".
"""

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Literal

from simulators.zoom.clock import iso
from simulators.zoom.events import Event
from simulators.zoom.phone_world import Leg, Party, PhoneCall
from simulators.zoom.world import User

_Stage = Literal["ringing", "talking", "over"]
_CLIENT = "MAC_Client(6.6.0)"


def ringing(call: PhoneCall, leg: Leg, device: int, now: float) -> Event:
    """`phone.caller_ringing`, or `phone.callee_ringing` for one of the devices that ring."""
    return _event(f"phone.{leg.side}_ringing", call, leg, "ringing", {}, now, device=device)


def talking(call: PhoneCall, leg: Leg, now: float) -> Event:
    """`phone.caller_connected` or `phone.callee_answered`, which differ in the name of the time."""
    if leg.side == "caller":
        return _event("phone.caller_connected", call, leg, "talking", {"connected_start_time": iso(now)}, now)
    return _event("phone.callee_answered", call, leg, "talking", {"answer_start_time": iso(now)}, now)


def over(call: PhoneCall, leg: Leg, now: float) -> Event:
    """`phone.caller_ended`, or `phone.callee_ended`, `…_missed` or `…_rejected`. `handup_result` is Zoom's spelling."""
    outcome = leg.outcome
    told = None if outcome is None else outcome.told_caller if leg.side == "caller" else outcome.told_callee
    extra: dict[str, object] = {}
    if leg.answer_time is not None:
        extra["answer_start_time"] = iso(leg.answer_time)
    extra["call_end_time"] = iso(now if leg.end_time is None else leg.end_time)
    if told is not None:
        extra["handup_result"] = told
    if leg.side == "caller" or leg.answer_time is not None:
        return _event(f"phone.{leg.side}_ended", call, leg, "over", extra, now)
    rejected = outcome is not None and outcome.result == "rejected"
    return _event("phone.callee_rejected" if rejected else "phone.callee_missed", call, leg, "over", extra, now)


def put_through(call: PhoneCall, by: User, dialled: str, now: float) -> Event:
    """`phone.blind_transfer_initiated`. An empty `failure_reason` is success."""
    body = {
        "failure_reason": "",
        "call_id": call.call_id,
        "owner": {
            "type": "user",
            "id": by.id,
            "name": by.display_name,
            "extension_number": int(by.extension_number),
        },
        "transfer_phone_number": dialled,
        "date_time": iso(now),
    }
    return envelope("phone.blind_transfer_initiated", by.account_id, body, now)


def envelope(event: str, account_id: str, body: Mapping[str, object], now: float) -> Event:
    """What is around the object of every phone event."""
    return {"event": event, "event_ts": int(now * 1000), "payload": {"account_id": account_id, "object": dict(body)}}


def phone_id(kind: str, user: User) -> str:
    """An id that Zoom Phone gives to something of a person: her extension, her number, a device."""
    return base64.urlsafe_b64encode(sha256(f"{kind} {user.id}".encode()).digest())[:22].decode()


def _event(
    name: str, call: PhoneCall, leg: Leg, stage: _Stage, extra: Mapping[str, object], now: float, *, device: int = 1
) -> Event:
    own, other = _own(leg.party, stage, device), _other(leg.other, stage)
    caller, callee = (own, other) if leg.side == "caller" else (other, own)
    body = {
        "call_id": call.call_id,
        "caller": caller,
        "callee": callee,
        "ringing_start_time": iso(leg.ring_time),
        **extra,
    }
    user = leg.party.user
    return envelope(name, "" if user is None else user.account_id, body, now)


def _own(party: Party, stage: _Stage, device: int) -> dict[str, object]:
    """The side that is told."""
    shown = {**_line(party, stage), **_person(party)}
    if party.user is not None:
        shown["device_id"] = phone_id(f"device {device}", party.user)
        if stage != "over":
            shown["device_type"] = _CLIENT
    return shown


def _other(party: Party, stage: _Stage) -> dict[str, object]:
    """The side across."""
    return {**_line(party, stage), **(_person(party) if stage == "over" else {})}


def _line(party: Party, stage: _Stage) -> dict[str, object]:
    name: dict[str, object] = {"name": party.name} if stage == "ringing" and party.name else {}
    if party.user is None:
        outside = {"extension_type": "pstn", "phone_number": party.number, "connection_type": "pstn_off_net"}
        return {**outside, **name}
    return {
        "extension_id": phone_id("extension", party.user),
        "extension_type": "user",
        **name,
        "phone_number": party.number,
        "extension_number": int(party.extension_number),
        "connection_type": "voip",
    }


def _person(party: Party) -> dict[str, object]:
    return {} if party.user is None else {"user_id": party.user.id, "timezone": party.user.timezone}
