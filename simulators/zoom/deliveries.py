"""Webhook deliveries: what is sent to whom, what came of it, and what may go wrong on demand."""

from dataclasses import dataclass, field

from simulators.zoom.config import AppLevel


@dataclass
class Attempt:
    """One HTTP request: its status, or why there was none."""

    status: int | None
    error: str | None
    elapsed_seconds: float
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    """Those that were sent, with the signature."""


@dataclass
class Delivery:
    """One event for one app. `subject` is the meeting number or person it is about, for people who read the log."""

    seq: int
    level: AppLevel
    event: str
    subject: str
    body: bytes
    at: float
    state: str = "queued"
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(frozen=True)
class WebhookFaults:
    """Unkindness on demand. `hold` keeps events until they are released, `delay_seconds` for so long by the simulated
    clock. `shuffle` releases them in another order, gives each a part of the delay, and lets the events of a meeting
    overtake each other on their way.
    """

    copies: int = 1
    drop_percent: float = 0.0
    shuffle: bool = False
    hold: bool = False
    delay_seconds: float = 0.0
