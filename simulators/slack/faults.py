"""Faults on demand: make the next answers to the app late, wrong or absent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from aiohttp import web

from simulators.slack.errors import SlackError
from simulators.slack.model import Json

FaultKind = Literal["error", "status", "ratelimited", "delay", "close"]
RESPONSE_URL = "response_url"
MAX_FAULTS = 100
_BOUNDS = {"status": (400, 599), "retry_after": (0, 86_400), "delay_seconds": (0, 600), "times": (1, 100_000)}


@dataclass
class Fault:
    """One fault. `after` does the work first, so that the app does not learn that it was done."""

    method: str
    kind: FaultKind
    error: str = "internal_error"
    status: int = 500
    retry_after: int = 1
    delay_seconds: float = 10.0
    after: bool = False
    times: int = 1


class Faults:
    """The faults that are still to come, in the order in which they were ordered."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._ordered = 0

    def add(self, body: Json) -> Json:
        """Order a fault. Raises SlackError `invalid_arguments`."""
        try:
            fault = Fault(**body)
        except TypeError:
            raise SlackError(
                "invalid_arguments", ["[ERROR] method and kind are needed; unknown fields are not"]
            ) from None
        if wrong := _wrong(fault):
            raise SlackError("invalid_arguments", [f"[ERROR] wrong value: {', '.join(wrong)}"])
        if len(self._faults) >= MAX_FAULTS:
            raise SlackError("invalid_arguments", [f"[ERROR] {MAX_FAULTS} faults are waiting already"])
        self._ordered += 1
        self._faults[self._ordered] = fault
        return {"id": self._ordered, **asdict(fault)}

    def take(self, method: str) -> Fault | None:
        """Return the fault that strikes this request, counting it down."""
        for number, fault in self._faults.items():
            if fnmatchcase(method, fault.method):
                fault.times -= 1
                if fault.times <= 0:
                    del self._faults[number]
                return fault
        return None

    def waiting(self) -> list[Json]:
        """Return the faults still to come."""
        return [{"id": number, **asdict(fault)} for number, fault in self._faults.items()]

    def remove(self, number: str) -> None:
        """Call one fault off. Raises SlackError `fault_not_found`."""
        found = next((known for known in self._faults if str(known) == number), None)
        if found is None:
            raise SlackError("fault_not_found")
        del self._faults[found]

    def clear(self) -> None:
        """Call every fault off."""
        self._faults.clear()


def _wrong(fault: Fault) -> list[str]:
    """Name the members of a fault that are not what they have to be."""
    kinds: dict[str, Any] = {"method": str, "error": str, "status": int, "retry_after": int, "times": int}
    kinds |= {"delay_seconds": (int, float), "after": bool}
    values = asdict(fault)
    wrong = [name for name, kind in kinds.items() if not isinstance(values[name], kind)]
    # For Python, true is a number.
    wrong += [name for name in _BOUNDS if isinstance(values[name], bool)]
    wrong += [
        name for name, (least, most) in _BOUNDS.items() if name not in wrong and not least <= values[name] <= most
    ]
    wrong += [name for name in ("method", "error") if values[name] == ""]
    return wrong + ([] if fault.kind in get_args(FaultKind) else ["kind"])


Work = Callable[[], Awaitable[web.Response]]


async def answer_with(fault: Fault | None, request: web.Request, work: Work) -> web.Response:
    """Do the work and answer, or do as the fault says."""
    if fault is None:
        return await work()
    response = await work() if fault.after else None
    if fault.kind == "delay":
        await asyncio.sleep(fault.delay_seconds)
        return response or await work()
    if fault.kind == "close" and request.transport is not None:
        request.transport.abort()
    return _failure(fault)


def _failure(fault: Fault) -> web.Response:
    if fault.kind == "ratelimited":
        headers = {"Retry-After": str(fault.retry_after)}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
    if fault.kind == "error":
        return web.json_response({"ok": False, "error": fault.error})
    return web.json_response({"ok": False, "error": "fatal_error"}, status=fault.status)
