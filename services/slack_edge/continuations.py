"""What a person was doing when her Zoom account was found missing: kept with the connect link, continued after it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from services.slack_edge.commands import Invocation, StartMeeting
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from mesh.slack_user import SlackUser

MAX_BYTES = 4096
"""What `CreateConnectLink` takes."""
_VERSION = 2
_KIND = "start_meeting"


@dataclass(frozen=True)
class Continuation:
    """A meeting that was asked for."""

    request_id: str
    channel_id: str
    topic: str
    response_url: str = field(repr=False)
    personal_room: bool = False
    thread_ts: str = ""
    """The message in whose thread the card belongs; empty for the conversation itself."""
    start_another: bool = False
    """Although somebody started a meeting there seconds ago."""


_TYPES = {
    name: bool if name in ("personal_room", "start_another") else str for name in Continuation.__dataclass_fields__
}


def of(invocation: Invocation) -> Continuation | None:
    """Returns what should go on by itself after the connection; None where the person types again."""
    if not isinstance(invocation.command, StartMeeting):
        return None
    return wanted(invocation, invocation.command)


def wanted(invocation: Invocation, command: StartMeeting) -> Continuation:
    """Returns the meeting that a command asks for."""
    return Continuation(
        invocation.request_id,
        invocation.channel_id,
        command.topic,
        invocation.response_url,
        personal_room=command.personal_room,
    )


def encode(continuation: Continuation | None) -> bytes:
    """Returns at most MAX_BYTES bytes; nothing for None, and for one that is too long to keep."""
    if continuation is None:
        return b""
    value = {"v": _VERSION, "kind": _KIND, **asdict(continuation)}
    encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return encoded if len(encoded) <= MAX_BYTES else b""


def decode(encoded: bytes) -> Continuation | None:
    """Returns what `encode` was given; None for nothing, and for what another version of this edge wrote."""
    try:
        value = json.loads(encoded) if encoded else None
    except ValueError:
        return None
    if not isinstance(value, dict) or value.pop("v", None) != _VERSION or value.pop("kind", None) != _KIND:
        return None
    if value.keys() != _TYPES.keys() or not all(type(part) is _TYPES[name] for name, part in value.items()):
        return None
    return Continuation(**value)


def user_message(user: SlackUser) -> slack_pb2.SlackUser:
    """Returns the person as the services are told of her."""
    return slack_pb2.SlackUser(
        slack_enterprise_id=user.enterprise_id, slack_team_id=user.team_id, slack_user_id=user.user_id
    )
