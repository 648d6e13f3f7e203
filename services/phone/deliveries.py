"""What Slack is to show of calls, as state with versions, and the rules of handing it to an edge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.phone.calls import Call

LEASE = timedelta(seconds=15)
"""How long an edge may work on a delivery before another one may take it."""
PAUSE = timedelta(seconds=1)
"""Between two updates of one message: Slack takes about one a second (Slack, "Rate limits")."""


@dataclass(frozen=True)
class Delivered:
    """What Slack shows."""

    version: int
    slack_channel_id: str
    slack_message_ts: str


@dataclass(frozen=True)
class Delivery:
    """A call that its person is to see in her own conversation with the app."""

    delivery_id: str
    lease_token: str
    lease_expire_time: datetime
    version: int
    failed_attempts: int
    call: Call
    delivered: Delivered | None
    lag_time: datetime | None = None
    """Since when Slack lags behind; None where that was not noted."""
    origins: tuple[str, ...] = ()
    """The traces of the latest change, and of the command by which it began."""
