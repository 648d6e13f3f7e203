"""What Slack's request is answered with."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from services.slack_edge.blocks import Json


@dataclass(frozen=True)
class Answer:
    """What to answer with, and what to do after that.

    `after` gets None when the answer went out in time, else a word for why Slack may not have shown it.
    """

    message: Json
    after: Callable[[str | None], Coroutine[Any, Any, None]] | None = None
    error: Exception | None = None
    """Why it is not what the person wanted, where something went wrong; for measurements."""
