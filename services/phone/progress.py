"""How far a call is, put together from facts that come in any order, several times, or not at all.

Zoom tells of a call in steps while it goes on, and once or several times in its history afterwards. Each is a
`Progress` of its own: what it knows of the call. Joining two never depends on which came first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Direction(StrEnum):
    """Who called whom, as the person sees it whose call it is."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class CallState(StrEnum):
    """The life of a phone call."""

    PREPARED = "prepared"
    RINGING = "ringing"
    CONNECTED = "connected"
    ENDED = "ended"
    UNFOLLOWED = "unfollowed"
    """Its person left: nothing is known of it any more."""


class Result(StrEnum):
    """How a call ended. In the order of what counts where Zoom tells several of one call.

    Who was put through, or rang in several places, has several ends; that somebody talked counts most. What says why is
    worth more than that nobody answered.
    """

    ANSWERED = "answered"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    VOICEMAIL = "voicemail"
    DECLINED = "declined"
    BUSY = "busy"
    FAILED = "failed"
    CANCELED = "canceled"
    NO_ANSWER = "no_answer"
    UNKNOWN = "unknown"
    NONE = ""
    """It has not ended."""


_RANK = {result: rank for rank, result in enumerate(Result)}


@dataclass(frozen=True)
class Progress:
    """What is known of a call. None and empty: not known, or not happened."""

    ring_time: datetime | None = None
    connect_time: datetime | None = None
    """When the caller's side was put through: to a person, or to a voicemail."""
    answer_time: datetime | None = None
    """When a person answered."""
    end_time: datetime | None = None
    result: Result = Result.NONE
    transferred: bool = False
    own_number: str = field(default="", repr=False)
    """The person's own number, in E.164."""
    in_history: bool = False
    """Whether Zoom's history told of it: after that there is nothing left to ask."""
    given_up: bool = False
    """Whether nobody waits for its end any more: it counts as over, and nobody knows since when."""

    @property
    def state(self) -> CallState:
        """How far it is. What rang elsewhere may have ended before somebody answered: then it goes on."""
        told = self.end_time is not None and (self.answer_time is None or self.answer_time <= self.end_time)
        if told or self.given_up:
            return CallState.ENDED
        if self.answer_time is not None or self.connect_time is not None:
            return CallState.CONNECTED
        return CallState.PREPARED if self.ring_time is None else CallState.RINGING

    def joined(self, other: Progress) -> Progress:
        """Returns what both know together."""
        return Progress(
            ring_time=_first(self.ring_time, other.ring_time),
            connect_time=_first(self.connect_time, other.connect_time),
            answer_time=_first(self.answer_time, other.answer_time),
            end_time=_last(self.end_time, other.end_time),
            result=min(self.result, other.result, key=_RANK.__getitem__),
            transferred=self.transferred or other.transferred,
            # Where two tell different numbers, always the same of the two.
            own_number=min(filter(None, (self.own_number, other.own_number)), default=""),
            in_history=self.in_history or other.in_history,
            given_up=self.given_up or other.given_up,
        )


def _first(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _last(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)
