"""What Slack tells of by itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.slack_edge.workspaces import Workspaces
from zoomslack.auth.v1 import auth_service_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

log = logging.getLogger(__name__)

EVENT_TIMEOUT = 2.5
"""Seconds to record an event: Slack counts an answer after three as none."""
_MAX_WORD = 255
_MAX_CHALLENGE = 1_000


def challenge_of(event: Mapping[str, Any]) -> str | None:
    """Returns what Slack wants to read back when it checks the address of the events; None for anything else."""
    challenge = event.get("challenge")
    if event.get("type") != "url_verification" or not isinstance(challenge, str):
        return None
    return challenge[:_MAX_CHALLENGE]


_LEAVING = frozenset({"app_uninstalled", "tokens_revoked", "team_access_revoked"})


class Events:
    """Events, each handed to the service that owns what it is about."""

    def __init__(self, auth: AuthServiceAsyncStub, workspaces: Workspaces) -> None:
        self._auth = auth
        self._workspaces = workspaces

    async def take(self, event: Mapping[str, Any], body: bytes) -> None:
        """Takes one event, whose signed bytes are `body`. What it means is recorded when this returns.

        Raises MeshError where it was not recorded: Slack then sends the event again.
        """
        if event.get("type") == "app_rate_limited":
            log.warning("Slack holds events back", extra={"team_id": _word(event.get("team_id"))})
            return
        inner = event.get("event")
        kind = inner.get("type") if isinstance(inner, dict) else event.get("type")
        log.debug("event", extra={"kind": _word(kind), "event_id": _word(event.get("event_id"))})
        if kind not in _LEAVING:
            return
        request = auth_service_pb2.RecordSlackEventRequest(body=body)
        response = await self._auth.RecordSlackEvent(request, timeout=EVENT_TIMEOUT)
        self._workspaces.drop_tenant(_word(event.get("enterprise_id")), _word(event.get("team_id")))
        log.info("event", extra={"event": kind, "departures": response.departures})


def _word(value: object) -> str:
    return value[:_MAX_WORD] if isinstance(value, str) else ""
