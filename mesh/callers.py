"""Who may call: the mesh's own services by a list, programs of other teams by a policy. By certificate alone."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from mesh.errors import FieldViolation, MeshError, Reason
from mesh.interceptors import Call, Layer, Next
from mesh.policy import EDGE_ALONE, Policy

log = logging.getLogger(__name__)

BelongsElsewhere = Callable[[Message], Awaitable[bool]]
"""Tells whether what a request names, and its person's workspace does not have, belongs to another workspace."""

_SHOWN = 200
"""Characters of a caller's names in an answer or a log."""
_NOT_FOUND = frozenset({Reason.MEETING_NOT_FOUND, Reason.CALL_NOT_FOUND})
_TEAM = re.compile(r"T[A-Z0-9]{1,31}")


def caller_names(context: Any) -> set[str]:
    """Returns the names in the caller's certificate; none where there is no certificate. `context` is a servicer's."""
    found = context.auth_context().get("x509_subject_alternative_name", ())
    return {name.decode("ascii", "replace") for name in found}


@dataclass(frozen=True)
class Guest:
    """A call of another team's program that its policy allows."""

    caller: str
    """Its name in the policy."""
    method: str
    """The full name, with a slash in front."""
    team_id: str
    """The workspace that the request names; empty where that is no id of one."""

    def refused(self, reason: Reason, said: str) -> MeshError:
        """Logs a refusal and returns it, to be raised."""
        about = {"caller": self.caller[:_SHOWN], "method": _short(self.method)}
        log.warning(said, extra={**about, "method": self.method, "slack_team_id": self.team_id})
        if reason is Reason.WORKSPACE_NOT_ALLOWED:
            about["slack_team_id"] = self.team_id
        return MeshError(reason, about)


class Door:
    """Lets callers in, or not. Without `own` (no certificates) it lets everybody in."""

    def __init__(self, own: Mapping[str, frozenset[str]] | None, policy: Policy | None = None) -> None:
        """`own` maps each method, or `*`, to the certificate names of the mesh that may call it."""
        self._own = own
        self._policy = policy or Policy()

    def admit(self, method: str, context: Any, request: Message) -> Guest | None:
        """Returns None for a caller of the mesh's own, and a guest of whom all that can be checked before was checked.

        Raises MeshError(CALLER_NOT_ALLOWED, WORKSPACE_NOT_ALLOWED, INVALID_REQUEST).
        """
        if self._own is None:
            return None
        names = caller_names(context)
        if names & (self._own.get(_short(method), frozenset()) | self._own.get("*", frozenset())):
            return None
        found = self._policy.find(names)
        team_id, enterprise_id = _tenant(request)
        shown_team = team_id if _TEAM.fullmatch(team_id) else ""
        if found is None:
            stranger = Guest(",".join(sorted(names)), method, shown_team)
            raise stranger.refused(Reason.CALLER_NOT_ALLOWED, "caller refused")
        name, grant = found
        guest = Guest(name, method, shown_team)
        full = method.removeprefix("/")
        if full not in grant.rpcs:
            raise guest.refused(Reason.CALLER_NOT_ALLOWED, "caller refused")
        if not shown_team or not grant.covers(team_id, enterprise_id):
            raise guest.refused(Reason.WORKSPACE_NOT_ALLOWED, "workspace refused")
        filled = [field for field in EDGE_ALONE.get(full, ()) if getattr(request, field)]
        if filled:
            log.warning("fields refused", extra={"caller": name, "method": method, "slack_team_id": shown_team})
            raise MeshError(
                Reason.INVALID_REQUEST,
                violations=tuple(FieldViolation(field, "is for the edge alone") for field in filled),
            )
        return guest


def check_caller(door: Door, belongs_elsewhere: BelongsElsewhere | None = None) -> Layer:
    """Returns the layer that refuses whom `door` does not let in, and guests who name what is another workspace's.

    `belongs_elsewhere` is asked of guests alone, and only after the service found nothing.
    """

    async def layer(call: Call, request: Message, proceed: Next) -> Message | None:
        guest = door.admit(call.method, call.context, request)
        try:
            return await proceed(request)
        except MeshError as error:
            if guest is None or belongs_elsewhere is None or error.reason not in _NOT_FOUND:
                raise
            if not await belongs_elsewhere(request):
                raise
            raise guest.refused(Reason.WORKSPACE_NOT_ALLOWED, "cross-tenant attempt refused") from None

    return layer


def _tenant(request: Any) -> tuple[str, str]:
    """Returns workspace and organisation that a request names; empty where it names nobody."""
    user = getattr(request, "user", None)
    return (getattr(user, "slack_team_id", ""), getattr(user, "slack_enterprise_id", ""))


def _short(method: str) -> str:
    return method.rpartition("/")[2]
