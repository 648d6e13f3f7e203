# Copied from client/following.py by tools/generate.py. DO NOT EDIT.
"""What both clients know of a meeting that they follow: how far they are, and when to give up."""

from __future__ import annotations

import random
import time
from typing import Final

import grpc

from zoomslack.meetings.v1.meetings_service_pb2 import WatchMeetingRequest, WatchMeetingResponse

from .errors import error_from

PATIENCE: Final = 60.0
"""Seconds without a word after which a meeting is followed no longer."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_PASSING = frozenset({"UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED"})
"""What a stream ends with when its server drains, dies or is too old, and not because of what was asked."""


class Following:
    """One meeting that is followed through as many streams as it takes."""

    def __init__(self, request: WatchMeetingRequest, patience: float) -> None:
        self.request = WatchMeetingRequest()
        self.request.CopyFrom(request)
        self._patience = patience
        self._heard = time.monotonic()
        self._pause = _FIRST_PAUSE

    def take(self, response: WatchMeetingResponse) -> WatchMeetingResponse:
        """Returns a response, after which the next stream goes on."""
        self.request.resume_token = response.resume_token
        self._heard, self._pause = time.monotonic(), _FIRST_PAUSE
        return response

    def pause(self, failure: grpc.RpcError) -> float:
        """Returns how many seconds to wait before the next stream. Raises CallError where that would not help."""
        error = error_from(failure)
        if error.code.name not in _PASSING or time.monotonic() - self._heard > self._patience:
            raise error from None
        # Apart from each other: a server that drains has many streams.
        pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return max(pause, error.retry_delay.total_seconds()) if error.retry_delay else pause
