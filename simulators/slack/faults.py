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
        self._faults: list[Fault] = []

    def add(self, body: Json) -> Json:
        """Order a fault. Raises SlackError `invalid_arguments`."""
        try:
            fault = Fault(**body)
        except TypeError:
            raise SlackError(
                "invalid_arguments", ["[ERROR] method and kind are needed; unknown fields are not"]
            ) from None
        kinds: dict[str, Any] = {"method": str, "error": str, "status": int, "retry_after": int, "times": int}
        kinds |= {"delay_seconds": (int, float), "after": bool}
        wrong = [name for name, kind in kinds.items() if not isinstance(getattr(fault, name), kind)]
        if wrong or fault.kind not in get_args(FaultKind) or len(self._faults) >= MAX_FAULTS:
            raise SlackError("invalid_arguments", [f"[ERROR] wrong value: {', '.join(wrong) or 'kind'}"])
        self._faults.append(fault)
        return asdict(fault)

    def take(self, method: str) -> Fault | None:
        """Return the fault that strikes this request, counting it down."""
        for fault in self._faults:
            if fnmatchcase(method, fault.method):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    def waiting(self) -> list[Json]:
        """Return the faults still to come."""
        return [asdict(fault) for fault in self._faults]

    def clear(self) -> None:
        """Call every fault off."""
        self._faults.clear()


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
