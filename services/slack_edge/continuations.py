"""What a person was doing when her Zoom account was found missing: kept with the connect link, continued after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from services.slack_edge.commands import Invocation, StartMeeting

if TYPE_CHECKING:
    pass

MAX_BYTES = 4096
"""What `CreateConnectLink` takes."""
_VERSION = 3


class Resumed(StrEnum):
    """What became of a command after the sign-in that it waited for."""

    NOTHING = "nothing"
    STARTING = "starting"
    ASKED = "asked"
    """Somebody started a meeting there a moment ago: whether to join that one is asked in Slack."""


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


@dataclass(frozen=True)
class Errand:
    """What a connect link carries with it."""

    meeting: Continuation | None = None
    """What goes on after the connection, if anything does."""
    asked: tuple[str, ...] = ()
    """The scopes that the link asks for; empty where it asks for all."""


def encode(meeting: Continuation | None, asked: Sequence[str] = ()) -> bytes:
    """Returns an errand in at most MAX_BYTES bytes, nothing for an empty one.

    Where it is too long, what was asked for is left out, and then the meeting.
    """
    for errand in (Errand(meeting, tuple(asked)), Errand(meeting)):
        encoded = _encoded(errand)
        if len(encoded) <= MAX_BYTES:
            return encoded
    return b""


def _encoded(errand: Errand) -> bytes:
    if errand == Errand():
        return b""
    meeting = asdict(errand.meeting) if errand.meeting else None
    value = {"v": _VERSION, "meeting": meeting, "asked": " ".join(errand.asked)}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def decode(encoded: bytes) -> Errand:
    """Returns what `encode` was given; an empty errand for what another version of this edge wrote."""
    try:
        value = json.loads(encoded) if encoded else None
    except ValueError:
        return Errand()
    if not isinstance(value, dict) or value.get("v") != _VERSION or not isinstance(value.get("asked"), str):
        return Errand()
    return Errand(_meeting(value.get("meeting")), tuple(value["asked"].split()))


def _meeting(value: object) -> Continuation | None:
    if not isinstance(value, dict) or value.keys() != _TYPES.keys():
        return None
    return Continuation(**value) if all(type(part) is _TYPES[name] for name, part in value.items()) else None
