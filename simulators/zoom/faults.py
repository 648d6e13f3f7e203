"""Faults on demand: the next matching requests are answered with an error, late, or not at all."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from simulators.zoom.errors import ControlError
from simulators.zoom.fields import BOOLEAN, OBJECT, Field, problems

FaultKind = Literal["status", "delay", "close"]

MAX_FAULTS = 100
_FIELDS = {
    "method": Field(kind="string", pattern=r"[A-Z]{3,7}|\*"),
    "path": Field(kind="string", minimum=1, maximum=500),
    "kind": Field(kind="string", choices=("status", "delay", "close")),
    "status": Field(kind="integer", minimum=200, maximum=599),
    "message": Field(kind="string", maximum=2000),
    "body": Field(kind="string", maximum=100_000),
    "headers": OBJECT,
    "after": BOOLEAN,
    "times": Field(kind="integer", minimum=1, maximum=100_000),
}
_MAX_DELAY_SECONDS = 120.0


@dataclass(kw_only=True)
class Fault:
    """What happens to the next `times` requests that match.

    `after` does the work first, so that the caller does not learn of a success. `code` is Zoom's number for REST and
    the `error` word for OAuth; `body` replaces the JSON answer by raw text, as a broken proxy would.
    """

    id: int
    method: str
    path: str
    kind: FaultKind
    status: int = 500
    code: int | str | None = None
    message: str = "Internal Server Error"
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 10.0
    after: bool = False
    times: int = 1

    def describe(self) -> dict[str, object]:
        """The fault as the control API lists it."""
        return dict(vars(self))


class Faults:
    """The faults that are set."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._made = 0

    def add(self, body: Mapping[str, object]) -> Fault:
        """Set a fault from a control request. Raises ControlError 400 when it makes no sense."""
        checked = {name: value for name, value in body.items() if name not in {"code", "delay_seconds"}}
        found = problems(checked, _FIELDS)
        code, delay = body.get("code"), body.get("delay_seconds", 10)
        headers = body.get("headers", {})
        if not isinstance(code, int | str | None):
            found.append(("code", "Invalid field."))
        if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay <= _MAX_DELAY_SECONDS:
            found.append(("delay_seconds", f"0 to {_MAX_DELAY_SECONDS:.0f}"))
        if isinstance(headers, dict) and not all(isinstance(value, str) for value in headers.values()):
            found.append(("headers", "values are strings"))
        if "path" not in body or "kind" not in body:
            found.append(("path, kind", "required"))
        if found or len(self._faults) >= MAX_FAULTS:
            detail = "; ".join(f"{name}: {text}" for name, text in found)
            raise ControlError(400, detail or f"more than {MAX_FAULTS} faults")
        self._made += 1
        fault = Fault(id=self._made, **{"method": "*", **body})  # type: ignore[arg-type]  # checked above
        self._faults.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that fits this request; one of its times is used up."""
        for fault in self._faults:
            if fault.method in {"*", method} and fnmatch.fnmatchcase(path, fault.path):
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None

    def list(self) -> list[dict[str, object]]:
        """All faults that are still to come."""
        return [fault.describe() for fault in self._faults]

    def clear(self) -> None:
        """Remove all."""
        self._faults.clear()
