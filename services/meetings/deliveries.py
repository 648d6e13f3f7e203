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
from services.meetings.meeting import Meeting

LEASE = timedelta(seconds=15)
"""How long an edge may work on a delivery before another one may take it."""
RESPONSE_URL_LIFE = timedelta(minutes=29)
"""Slack's address for answers works for thirty minutes after the command; one is kept for the way."""

WAIT = timedelta(days=30)
"""How long a result waits for the app to be let into its conversation: as long as Zoom keeps a deleted recording."""

AGAIN_AFTER = timedelta(seconds=5)
"""How long a result rests that was refused about when the app was let in: which of the two was first nobody knows."""
AGAIN_FOR = 2 * LEASE
"""How long an invitation is remembered, for the reports of refusals that are older than it."""

_PAUSE = {"card": timedelta(seconds=2)}
NOT_LET_IN = frozenset({"channel_not_found", "not_in_channel"})
"""What Slack says where the app is no member, and of a conversation that has another name by now."""


class Kind(StrEnum):
    """What is delivered."""

    CARD = "card"
    SUMMARY = "summary"
    RECORDING = "recording"
    FAILURE = "failure"
    NOTICE = "notice"
    DECLINED = "declined"


RESULTS = frozenset({Kind.SUMMARY, Kind.RECORDING})


class Refusal(StrEnum):
    """What becomes of a delivery that Slack refused."""

    FINAL = "slack refused a delivery"
    WAITS = "a result waits for the app to be let in"
    AGAIN = "a result was refused while the app was let in; it will be tried again"


class NoticeKind(StrEnum):
    """What a person is told in her own conversation with the app."""

    BASIC_PLAN = "basic_plan"
    """There are no summaries and recordings on her plan."""
    INVITE_APP = "invite_app"
    """Results of her meeting wait until the app is let into the conversation."""
    CALL_DECLINED = "call_declined"
    """Somebody declined the call of her meeting."""


@dataclass(frozen=True)
class Card:
    """The card of a meeting."""

    meeting: Meeting
    present: tuple[Attendee, ...]
    host_key: str = field(default="", repr=False)
    """For who started it alone; empty once the card was shown, and where Zoom gave none."""


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
    deleted: bool = False
    """Whether its owner deleted it; link and passcode are empty then."""


@dataclass(frozen=True)
class Notice:
    """Something that a person alone is told."""

    kind: NoticeKind
    meeting: Meeting
    guest_id: str = ""
    """The person in Slack of whom she is told; empty where it is about nobody."""


@dataclass(frozen=True)
class Failure:
    """Why a command that was taken came to nothing."""

    reason: str
    metadata: Mapping[str, str]


Content = Card | Summary | Recording | Failure | Notice


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
    recipient: str = ""
    """The Slack user in whose own conversation with the app it is shown; empty for the channel."""
    slack_thread_ts: str = ""
    """The message in whose thread it is shown; empty for the channel itself."""
    refused_before: bool = False
    """Whether Slack refused it before it was to be tried again."""
    lag_time: datetime | None = None
    """Since when Slack lags behind; None where that was not noted."""
    origins: tuple[str, ...] = ()
    """The traces of the latest change and of the command by which all of it began."""


def is_direct_message(channel_id: str) -> bool:
    """Tells whether a conversation is one of two people, into which an app never gets (Slack: ids beginning with D)."""
    return channel_id.startswith("D")


def may_be_shown_later(kind: Kind, recipient: str, slack_error: str) -> bool:
    """Tells whether a refusal may have been overtaken by an invitation, or by another name of the conversation."""
    return kind in (*RESULTS, Kind.CARD) and not recipient and slack_error in NOT_LET_IN


def waits(kind: Kind, recipient: str, slack_error: str) -> bool:
    """Tells whether a refusal ends when somebody lets the app into the conversation.

    Slack says `not_in_channel` of public conversations, and of private ones that they are not there at all.
    """
    return kind in RESULTS and not recipient and slack_error in NOT_LET_IN


def pause_after(kind: Kind) -> timedelta:
    """Returns how long a delivery rests after a success.

    Slack allows 50 updates of calls a minute and workspace: what changes meanwhile goes out together.
    """
    return _PAUSE.get(kind.value, timedelta())
