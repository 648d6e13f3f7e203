"""Unkindness to events on demand: they are lost, repeated, late, or come in another order."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from simulators.slack.errors import SlackError
from simulators.slack.model import Json

T = TypeVar("T")

MAX_COPIES = 50
MAX_DELAY_SECONDS = 7 * 86_400
_CHANCE = secrets.SystemRandom()


@dataclass(frozen=True)
class EventFaults:
    """What happens to events that happen from now on, those whose type fits `event`. As made here: nothing.

    `hold` keeps them until they are released. `shuffle` releases them in another order, or gives each a part of
    `delay_seconds` instead of all of it, so that later ones overtake it.
    """

    event: str = "*"
    copies: int = 1
    drop_percent: float = 0
    delay_seconds: float = 0
    shuffle: bool = False
    hold: bool = False

    def strike(self, event_type: str) -> bool:
        """Tell whether they are for events of this type."""
        return fnmatchcase(event_type, self.event)

    def loses(self) -> bool:
        """Decide whether the next event is lost."""
        return _CHANCE.random() * 100 < self.drop_percent

    def delay(self) -> float:
        """Decide how many seconds the next event is late."""
        return self.delay_seconds * (_CHANCE.random() if self.shuffle else 1)


def event_faults(body: Json) -> EventFaults:
    """Read event faults from a control request; what is not named is kind. Raises SlackError `invalid_arguments`."""
    problems = [f"unknown field: {name}" for name in body.keys() - {field.name for field in fields(EventFaults)}]
    if "event" in body and not (isinstance(body["event"], str) and body["event"]):
        problems.append("event is the name of an event, or a pattern such as member_*")
    copies = body.get("copies", 1)
    if not isinstance(copies, int) or isinstance(copies, bool) or not 1 <= copies <= MAX_COPIES:
        problems.append(f"copies is 1 to {MAX_COPIES}")
    for name, most in (("drop_percent", 100), ("delay_seconds", MAX_DELAY_SECONDS)):
        if not _is_number(body.get(name, 0)) or not 0 <= body.get(name, 0) <= most:
            problems.append(f"{name} is 0 to {most}")
    problems += [
        f"{name} is true or false" for name in ("shuffle", "hold") if not isinstance(body.get(name, False), bool)
    ]
    if body.get("shuffle") is True and not body.get("hold") and not body.get("delay_seconds"):
        problems.append("shuffle needs events that wait: give hold or delay_seconds too")
    if problems:
        raise SlackError("invalid_arguments", [f"[ERROR] {problem}" for problem in problems])
    return EventFaults(**body)


def in_another_order(things: list[T]) -> list[T]:
    """Return the things in a random order that is not the one they are in."""
    if len(things) < 2:
        return list(things)
    numbers = list(range(len(things)))
    while numbers == sorted(numbers):
        _CHANCE.shuffle(numbers)
    return [things[number] for number in numbers]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
