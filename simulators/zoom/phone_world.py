"""Phone lines and calls of the simulated Zoom. Data and look-ups; the rules are elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from simulators.zoom.world import User, World

CallSide = Literal["caller", "callee"]
CallState = Literal["ringing", "connected", "ended"]


@dataclass(frozen=True)
class Outcome:
    """How a leg ended: the words of the call history, of the old call log, and what the two sides are told.

    Zoom lists three reasons for a caller, and others for a callee. For the rest the caller is told none.
    """

    result: str
    log_result: str
    told_caller: str | None
    told_callee: str | None


HUNG_UP = Outcome("answered", "Call connected", "Call connected", None)
UNANSWERED: dict[str, Outcome] = {
    "decline": Outcome("rejected", "Rejected", None, "Rejected"),
    "no-answer": Outcome("no_answer", "No Answer", None, "No Answer"),
    "busy": Outcome("busy", "Busy", None, "Busy"),
    "cancel": Outcome("canceled", "Call Cancel", "Call Cancel", "Call Cancel"),
    "voicemail": Outcome("voicemail", "Voicemail", "Voicemail", "No Answer"),
}
"""By action, for a call that nobody answered."""


@dataclass(frozen=True)
class Party:
    """Somebody in a call: a person of the account, or an outside number. `number` is "" where only extensions count."""

    number: str
    name: str
    user: User | None = None
    extension_number: str = ""


@dataclass
class Leg:
    """What a call is to one of those in it. `side` is hers, and `other` whom she was put together with at first.

    `id` and `element_id` name it in her call history.
    """

    id: str
    element_id: str
    side: CallSide
    party: Party
    other: Party
    ring_time: float
    put_through_by: Party | None = None
    answer_time: float | None = None
    end_time: float | None = None
    outcome: Outcome | None = None

    @property
    def caller(self) -> Party:
        """Who calls, as this side sees it."""
        return self.party if self.side == "caller" else self.other

    @property
    def callee(self) -> Party:
        """Who is called, as this side sees it."""
        return self.other if self.side == "caller" else self.party

    @property
    def is_internal(self) -> bool:
        """Whether both are people of the account."""
        return self.party.user is not None and self.other.user is not None


@dataclass
class PhoneCall:
    """A call. `caller` and `callee` are the two in it now; `legs` also has those who put it through and left."""

    call_id: str
    path_id: str
    ring_time: float
    caller: Leg
    callee: Leg
    legs: list[Leg] = field(default_factory=list)
    answer_time: float | None = None
    end_time: float | None = None
    result: str | None = None

    @property
    def state(self) -> CallState:
        """A call that was put through rings again."""
        if self.end_time is not None:
            return "ended"
        return "ringing" if self.callee.answer_time is None else "connected"


class Exchange:
    """Who has which line, and every call that there was."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.calls: dict[str, PhoneCall] = {}

    def has_line(self, user: User) -> bool:
        """Whether this person can be reached by extension and can call."""
        return self._world.has_phone(user)

    def by_extension(self, account_id: str, extension_number: str) -> User | None:
        """Whose extension this is. Every account has its own."""
        return next((user for user in self._lines(account_id) if user.extension_number == extension_number), None)

    def by_number(self, account_id: str, number: str) -> User | None:
        """Which person of the account has this direct number."""
        return next((user for user in self._lines(account_id) if user.phone_number == number), None)

    def past_legs(self, user: User) -> list[tuple[PhoneCall, Leg]]:
        """What is over of this person's calls, with the call it was of."""
        return [
            (call, leg)
            for call in self.calls.values()
            for leg in call.legs
            if leg.end_time is not None and leg.party.user is not None and leg.party.user.id == user.id
        ]

    def _lines(self, account_id: str) -> Iterator[User]:
        return (user for user in self._world.users.values() if user.account_id == account_id and self.has_line(user))
