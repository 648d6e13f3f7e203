"""What can be dialled: a number of the telephone network, or an extension within a company's Zoom Phone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class CallWarning(StrEnum):
    """What a caller has to know before she dials."""

    NONE = ""
    EMERGENCY = "emergency"
    """Who answers may not see where the caller is."""
    PREMIUM_RATE = "premium_rate"
    """It costs more than other numbers."""


class Policy(StrEnum):
    """What becomes of numbers of a kind."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True)
class Line:
    """One end of a call, as far as it is known. At least one of number and extension is, in what is dialled."""

    e164: str = field(default="", repr=False)
    """`+` and digits only; empty for what is no number of the telephone network."""
    national: str = field(default="", repr=False)
    """The same as people of its country write it."""
    extension: str = field(default="", repr=False)
    """Digits only. What has no number in E.164 is dialled by this: extensions, and emergency numbers."""
    warning: CallWarning = CallWarning.NONE

    def is_same(self, other: Line) -> bool:
        """Tells whether both are the same telephone. Of an internal call Zoom may tell either, number or extension."""
        return (self.e164 != "" and self.e164 == other.e164) or (
            self.extension != "" and self.extension == other.extension
        )


class Access(StrEnum):
    """Whom a person can call with Zoom Phone."""

    FULL = "full"
    INTERNAL = "internal"
    """Extensions of her company only."""
    NONE = "none"
    """Nobody: she has no Zoom Phone."""
    DISABLED = "disabled"
    """Nobody: it is off for her whole Zoom account."""


@dataclass(frozen=True)
class Profile:
    """What Zoom says of a person's telephone."""

    zoom_user_id: str
    zoom_account_id: str
    access: Access
    line: Line
    """Her own; both parts may be empty."""
    region: str
    """The two-letter country of her number; empty where she has none."""
    by_company: bool
    """Whether the company's consent let us ask: only then may others be told her number."""
