"""What Slack tells of by itself."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesh.errors import MeshError, Reason
from mesh.slack_protos import user_message
from mesh.slack_user import SlackUser
from services.slack_edge import cards
from services.slack_edge.gate import Who
from services.slack_edge.home import Home
from services.slack_edge.tasks import Tasks
from services.slack_edge.workspaces import Workspaces
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub

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


_TEAM, _ENTERPRISE = re.compile(r"T[A-Z0-9]{1,31}", re.ASCII), re.compile(r"E[A-Z0-9]{1,31}", re.ASCII)
_USER, _CHANNEL = re.compile(r"[UW][A-Z0-9]{1,31}", re.ASCII), re.compile(r"[CGD][A-Z0-9]{1,31}", re.ASCII)
_LEAVING = frozenset({"app_uninstalled", "tokens_revoked", "team_access_revoked"})


OTHER = "other"
_KINDS = _LEAVING | {"app_home_opened", "member_joined_channel", "channel_id_changed", "call_rejected"}


def kind_of(event: Mapping[str, Any]) -> str:
    """Returns the kind of an event, for measurements: one that something is done about, or `other`."""
    inner = event.get("event")
    kind = inner.get("type") if isinstance(inner, dict) else event.get("type")
    return kind if isinstance(kind, str) and kind in {*_KINDS, "app_rate_limited"} else OTHER


class Events:
    """Events, each handed to what it is about: a service, or a part of this edge."""

    def __init__(
        self,
        auth: AuthServiceAsyncStub,
        meetings: MeetingsServiceAsyncStub,
        workspaces: Workspaces,
        home: Home,
        tasks: Tasks,
    ) -> None:
        self._auth = auth
        self._meetings = meetings
        self._workspaces = workspaces
        self._home = home
        self._tasks = tasks

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
        if isinstance(inner, dict) and await self._take_inner(event, inner):
            return
        if kind not in _LEAVING:
            return
        request = auth_service_pb2.RecordSlackEventRequest(body=body)
        response = await self._auth.RecordSlackEvent(request, timeout=EVENT_TIMEOUT)
        self._workspaces.drop_tenant(_word(event.get("enterprise_id")), _word(event.get("team_id")))
        log.info("event", extra={"event": kind, "departures": response.departures})

    async def _take_inner(self, event: Mapping[str, Any], inner: Mapping[str, Any]) -> bool:
        """Takes what happens while people use the app; returns whether it was that. Raises as `take` does."""
        match inner.get("type"):
            case "app_home_opened":
                user = _person(event, inner.get("user"))
                if user is not None and inner.get("tab") == "home":  # it is sent for the Messages tab, too
                    self._tasks.start(self._home.show(Who(user)), "show home")
            case "member_joined_channel":
                await self._let_in(event, inner)
            case "channel_id_changed":
                await self._moved(event, inner)
            case "call_rejected":
                await self._declined(event, inner)
            case _:
                return False
        return True

    async def _let_in(self, event: Mapping[str, Any], inner: Mapping[str, Any]) -> None:
        """Has results posted that waited for the app to be a member: Slack tells of everybody who joins."""
        channel_id = _word(inner.get("channel"))
        if inner.get("user") != _authorization(event).get("user_id") or not _CHANNEL.fullmatch(channel_id):
            return
        # Who joins a channel of her own accord has no inviter; the app's own user is in the workspace as well.
        user = _person(event, inner.get("inviter")) or _person(event, inner.get("user"))
        if user is None:
            return
        request = meetings_service_pb2.ReleaseDeliveriesRequest(
            user=user_message(user), conversation=slack_pb2.SlackConversation(slack_channel_id=channel_id)
        )
        response = await self._meetings.ReleaseDeliveries(request, timeout=EVENT_TIMEOUT)
        log.info("event", extra={"event": "member_joined_channel", "released": response.released})

    async def _moved(self, event: Mapping[str, Any], inner: Mapping[str, Any]) -> None:
        """Has what belongs to a conversation follow it to its new name: Slack gives it one when it is shared."""
        old, new = _word(inner.get("old_channel_id")), _word(inner.get("new_channel_id"))
        enterprise_id = _organisation(event)
        # A whole organisation has one name for it, in whichever of its workspaces it was given.
        user = None if enterprise_id else _person(event, _authorization(event).get("user_id"))
        if not (user or enterprise_id) or not _CHANNEL.fullmatch(old) or not _CHANNEL.fullmatch(new):
            return
        request = meetings_service_pb2.MoveConversationRequest(
            user=user_message(user) if user else None,
            slack_enterprise_id=enterprise_id,
            old_conversation=slack_pb2.SlackConversation(slack_channel_id=old),
            new_conversation=slack_pb2.SlackConversation(slack_channel_id=new),
        )
        response = await self._meetings.MoveConversation(request, timeout=EVENT_TIMEOUT)
        log.info("event", extra={"event": "channel_id_changed", "meetings": response.moved_meetings})

    async def _declined(self, event: Mapping[str, Any], inner: Mapping[str, Any]) -> None:
        """Has who started a meeting told that somebody declined it. The meeting goes on."""
        called = cards.meeting_of_call(_word(inner.get("external_unique_id")))
        guest = _person(event, inner.get("user_id"))
        host = _person(event, called[1]) if called else None
        if called is None or host is None or guest is None:
            return
        request = meetings_service_pb2.RecordCallDeclinedRequest(
            user=user_message(host), meeting_id=called[0], guest_slack_user_id=guest.user_id
        )
        try:
            await self._meetings.RecordCallDeclined(request, timeout=EVENT_TIMEOUT)
        except MeshError as error:
            if error.reason is not Reason.MEETING_NOT_FOUND:
                raise
            log.info("a call of no meeting was declined")


def _authorization(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the installation that an event is for: in shared channels `team_id` may be another company's."""
    found = event.get("authorizations")
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}


def _person(event: Mapping[str, Any], user_id: object) -> SlackUser | None:
    """Returns a person of the workspace that an event is for; None where the event does not say one."""
    authorization = _authorization(event) or event
    enterprise_id = _matching(_ENTERPRISE, authorization.get("enterprise_id"))
    # Of an installation in a whole organisation the authorization names no workspace. The one that stands outside of it
    # is where the event happened: it counts only where that is of the same organisation.
    happened = event.get("team_id") if event.get("enterprise_id") == enterprise_id else ""
    team_id = _matching(_TEAM, authorization.get("team_id"), event.get("context_team_id"), happened)
    if not team_id or not isinstance(user_id, str) or not _USER.fullmatch(user_id):
        return None
    return SlackUser(enterprise_id, team_id, user_id)


def _organisation(event: Mapping[str, Any]) -> str:
    """Returns the organisation in which the app is installed as a whole and that an event is for; empty for none."""
    authorization = _authorization(event)
    enterprise_id = _word(authorization.get("enterprise_id"))
    whole = authorization.get("is_enterprise_install") is True and _ENTERPRISE.fullmatch(enterprise_id)
    return enterprise_id if whole else ""


def _matching(pattern: re.Pattern[str], *candidates: object) -> str:
    return next((one for one in candidates if isinstance(one, str) and pattern.fullmatch(one)), "")


def _word(value: object) -> str:
    return value[:_MAX_WORD] if isinstance(value, str) else ""
