"""Bodies of Zoom's events about phone calls, as Zoom writes them, and what the call history says of the same."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


def iso(moment: datetime) -> str:
    """Returns a time as Zoom writes it: whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Spoken:
    """A call as both sides live it. Times are seconds after it began to ring."""

    begun: datetime
    call_id: str = "7018317023722949162"
    account_id: str = "zoomAcme"
    caller: dict[str, Any] = field(
        default_factory=lambda: {"user_id": "zoomAda", "phone_number": "+12025550101", "extension_number": 1001}
    )
    callee: dict[str, Any] = field(default_factory=lambda: {"phone_number": "+12025550143", "extension_type": "pstn"})

    def event(self, name: str, sent: float = 0.0, **times: Any) -> bytes:
        """Returns `phone.<name>`; times are seconds, everything else stands as it is."""
        thing = {
            "call_id": self.call_id,
            "caller": self.caller,
            "callee": self.callee,
            "ringing_start_time": iso(self.begun),
            **{key: self._at(value) for key, value in times.items()},
        }
        return self._body(name, sent, thing)

    def ringing(self, side: str = "caller", **names: str) -> bytes:
        """Returns the first event; `names` are those of caller and callee, which only this one tells."""
        named = {key: {**getattr(self, key), "name": name} for key, name in names.items()}
        return self.event(f"{side}_ringing", 0.5, **named)

    def connected(self, after: float = 7) -> bytes:
        """Returns that the caller was put through."""
        return self.event("caller_connected", after, connected_start_time=after)

    def ended(self, after: float = 130, *, answered: float | None = 7, handup: str = "Call connected") -> bytes:
        """Returns the end as the caller hears of it."""
        times = {} if answered is None else {"answer_start_time": answered}
        return self.event("caller_ended", after, call_end_time=after, handup_result=handup, **times)

    def transfer(self, name: str = "blind_transfer_initiated", *, failure: str = "", owner: str = "zoomAda") -> bytes:
        """Returns that somebody put the call through."""
        thing = {
            "call_id": self.call_id,
            "failure_reason": failure,
            "transfer_phone_number": "1003",
            "owner": {"id": owner, "type": "user", "name": "Ada", "extension_number": 1001},
            "date_time": self._at(60.0),
        }
        return self._body(name, 60.0, thing)

    def entry(self, result: str = "connected", *, answered: float | None = 7, ended: float = 130) -> dict[str, Any]:
        """Returns an entry of the call history, of the caller's."""
        talk = {} if answered is None else {"answer_time": self._at(answered), "talk_time": int(ended - answered)}
        return {
            "call_element_id": f"element-{self.call_id}",
            "call_history_uuid": f"history-{self.call_id}",
            "call_id": self.call_id,
            "direction": "outbound",
            "caller_did_number": self.caller.get("phone_number", ""),
            "caller_ext_number": str(self.caller.get("extension_number", "")),
            "callee_did_number": self.callee.get("phone_number", ""),
            "callee_ext_number": str(self.callee.get("extension_number", "")),
            "callee_name": "Grace Hopper",
            "start_time": iso(self.begun),
            "end_time": self._at(ended),
            "result": result,
            **talk,
        }

    def history(self, *entries: dict[str, Any], form: str = "element", side: str = "caller") -> bytes:
        """Returns the event that tells entries of the history, in the newest form or the one before."""
        key = "call_elements" if form == "element" else "call_logs"
        user_id = getattr(self, side).get("user_id", "")
        thing = {"user_id": user_id, key: list(entries) or [self.entry()]}
        return self._body(f"{side}_call_{form}_completed", 140.0, thing)

    def _at(self, value: Any) -> Any:
        return iso(self.begun + timedelta(seconds=value)) if isinstance(value, int | float) else value

    def _body(self, name: str, sent: float, thing: dict[str, Any]) -> bytes:
        stamp = int((self.begun.timestamp() + sent) * 1000)
        event = {
            "event": f"phone.{name}",
            "event_ts": stamp,
            "payload": {"account_id": self.account_id, "object": thing},
        }
        return json.dumps(event, separators=(",", ":")).encode()
