"""What Slack is to show, as state with versions, and the rules of handing it to an edge.

A delivery has a desired version, raised by everything that changes what should be seen, and a delivered version with
what Slack gave back. An edge leases what lags, brings Slack to the desired state and reports. However many events
come, one update shows them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from mesh.slack_user import SlackUser
from services.meetings.attendance import Attendee
from services.meetings.meetings import Meeting

LEASE = timedelta(seconds=15)
"""How long an edge may work on a delivery before another one may take it."""
RESPONSE_URL_LIFE = timedelta(minutes=29)
"""Slack's address for answers works for thirty minutes after the command; one is kept for the way."""

_PAUSE = {"card": timedelta(seconds=2)}


class Kind(StrEnum):
    """What is delivered."""

    CARD = "card"
    SUMMARY = "summary"
    RECORDING = "recording"
    FAILURE = "failure"


@dataclass(frozen=True)
class Card:
    """The card of a meeting."""

    meeting: Meeting
    present: tuple[Attendee, ...]


@dataclass(frozen=True)
class Summary:
    """The summary of a meeting that ended."""

    meeting: Meeting
    attendees: tuple[Attendee, ...]


@dataclass(frozen=True)
class Recording:
    """A recording of a meeting."""

    meeting: Meeting
    play_url: str = field(repr=False)
    passcode: str = field(repr=False)


@dataclass(frozen=True)
class Failure:
    """Why a command that was taken came to nothing."""

    reason: str
    metadata: Mapping[str, str]


Content = Card | Summary | Recording | Failure


@dataclass(frozen=True)
class Delivered:
    """What Slack shows."""

    version: int
    slack_call_id: str = ""
    slack_channel_id: str = ""
    slack_message_ts: str = ""
    attendees: tuple[Attendee, ...] = ()
    ended: bool = False


@dataclass(frozen=True)
class Delivery:
    """Something to show, leased."""

    delivery_id: str
    lease_token: str
    lease_expire_time: datetime
    user: SlackUser
    channel_id: str
    version: int
    failed_attempts: int
    content: Content
    delivered: Delivered | None
    slack_call_id: str
    """The call that an earlier attempt made, perhaps without showing it."""
    response_url: str = field(repr=False)
    slack_thread_ts: str = ""
    """The message in whose thread it is shown; empty for the channel itself."""


def pause_after(kind: Kind) -> timedelta:
    """Returns how long a delivery rests after a success.

    Slack allows 50 updates of calls a minute and workspace: what changes meanwhile goes out together.
    """
    return _PAUSE.get(kind.value, timedelta())
