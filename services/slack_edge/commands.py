"""What a person typed after `/zoom`, understood. Pure and total: every text has an answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh.slack_user import SlackUser
from services.slack_edge import callees, joining
from services.slack_edge.texts import clean, unescape

MAX_TEXT = 8_000
"""Characters that are looked at; Slack's own limit of a message is 4,000."""
MAX_TOPIC = 200
"""Zoom's limit of a topic."""
CALL_OPTIONS = ("both", "video", "phone")
SHOWN_CALLS = ("all", "slack")
_MAX_WORD = 40
_MAX_NAME = 80
_REQUEST_IDS = uuid.UUID("5b1f4c0e-6f0b-5d39-9d52-7d1c3a0c2f6a")
ALONE = frozenset({"logout", "permissions"})
"""What takes nothing after it: who typed more may have meant something else."""

# Slack's entities (`should_escape`): users, channels, links, and what is like `<!here>`. The names after `|` may be
# missing or empty.
_ENTITY = re.compile(
    r"<(?:@(?P<user>[UW][A-Z0-9]+)|#(?P<channel>[CGD][A-Z0-9]+)|!(?P<special>[^|<>]+)"
    r"|(?P<link>(?:https?|mailto|tel):[^|<>\s]+))"
    r"(?:\|(?P<label>[^<>]*))?>"
)


@dataclass(frozen=True)
class StartMeeting:
    """`/zoom`, `/zoom meeting [topic]`, `/zoom join me`."""

    topic: str = ""
    """One line of at most 200 characters; empty for Zoom's usual name."""
    personal_room: bool = False
    """Whether the person wants her own room, whatever her settings say."""


@dataclass(frozen=True)
class JoinMeeting:
    """`/zoom join <id, link or personal link name>`."""

    target: joining.Target


@dataclass(frozen=True)
class JoinWhat:
    """`/zoom join` with nothing that could be joined."""

    start_link: bool = False
    """Whether it was the host's own link, which nobody should pass on."""


@dataclass(frozen=True)
class LogOut:
    """`/zoom logout`."""


@dataclass(frozen=True)
class Permissions:
    """`/zoom permissions`."""


@dataclass(frozen=True)
class ConfigureCalls:
    """`/zoom config calls <which>`."""

    which: str
    """`both`, `video` or `phone`."""


@dataclass(frozen=True)
class ConfigureMyCalls:
    """`/zoom config my-calls <which>`."""

    which: str
    """`all` or `slack`."""


@dataclass(frozen=True)
class ShowConfig:
    """`/zoom config`, alone or with something else."""

    of: str = ""
    """What was to be chosen: `calls` or `my-calls`; empty where neither was named."""
    wrong: str = ""
    """What stands there instead of a choice, at most 40 characters; empty for nothing."""


@dataclass(frozen=True)
class Help:
    """`/zoom help`."""


@dataclass(frozen=True)
class Unknown:
    """Something else."""

    word: str
    """The first word as typed, at most 40 characters."""


Command = (
    StartMeeting
    | JoinMeeting
    | JoinWhat
    | callees.Number
    | callees.Person
    | callees.Nobody
    | ConfigureCalls
    | ConfigureMyCalls
    | ShowConfig
    | Permissions
    | LogOut
    | Help
    | Unknown
)


@dataclass(frozen=True)
class Invocation:
    """One use of the command: who, where, and what."""

    user: SlackUser
    user_name: str
    """For people to read; no key."""
    team_name: str
    channel_id: str
    response_url: str = field(repr=False)
    request_id: str
    """The same for the same use, however often it arrives."""
    command: Command


def invocation(form: Mapping[str, str], signature: str) -> Invocation:
    """Returns what a verified form says. Missing fields become empty: the services' own rules refuse them."""
    team_id = form.get("team_id", "")
    # Slack's id of this one use; without one (Slack always sends it) the signature is as unique.
    unique = form.get("trigger_id") or signature
    return Invocation(
        user=SlackUser(form.get("enterprise_id", ""), team_id, form.get("user_id", "")),
        user_name=clean(form.get("user_name", ""), _MAX_NAME),
        team_name=clean(form.get("team_domain", ""), _MAX_NAME),
        channel_id=form.get("channel_id", ""),
        response_url=form.get("response_url", ""),
        request_id=str(uuid.uuid5(_REQUEST_IDS, f"{team_id}:{unique}")),
        command=parse(form.get("text", "")),
    )


def parse(text: str) -> Command:
    """Returns the command in `text`, which is as Slack sends it: entities in angle brackets, `&lt;` for a typed `<`."""
    first, rest = (*text[:MAX_TEXT].strip().split(None, 1), "", "")[:2]
    match first.casefold():
        case "":
            return StartMeeting()
        case "meeting":
            return StartMeeting(topic=clean(plain(rest), MAX_TOPIC))
        case "join":
            return _join(rest)
        case "help":
            return Help()
        case "logout" if not rest:
            return LogOut()
        case "call":
            return callees.understand(rest)
        case "permissions" if not rest:
            return Permissions()
        case "config":
            return _config(rest)
    return Unknown(clean(plain(first), _MAX_WORD))


def _config(what: str) -> Command:
    first, rest = (*what.split(None, 1), "", "")[:2]
    of, choice = first.casefold(), rest.strip().casefold()
    if of == "calls" and choice in CALL_OPTIONS:
        return ConfigureCalls(choice)
    if of == "my-calls" and choice in SHOWN_CALLS:
        return ConfigureMyCalls(choice)
    if of in ("calls", "my-calls"):
        return ShowConfig(of, clean(plain(rest), _MAX_WORD))
    return ShowConfig("", clean(plain(first), _MAX_WORD))


def _join(what: str) -> Command:
    match joining.understand(what):
        case joining.OwnRoom():
            return StartMeeting(personal_room=True)
        case joining.StartLink():
            return JoinWhat(start_link=True)
        case joining.Nothing():
            return JoinWhat()
        case target:
            return JoinMeeting(target)


def plain(text: str) -> str:
    """Returns `text` as it looked when it was typed."""
    return unescape(_ENTITY.sub(_shown, text))


def _shown(entity: re.Match[str]) -> str:
    label = entity["label"] or ""
    if entity["user"]:
        return f"@{label.removeprefix('@') or entity['user']}"
    if entity["channel"]:
        return f"#{label.removeprefix('#') or entity['channel']}"
    if entity["special"]:
        return label or f"@{entity['special']}"
    return label or str(entity["link"])
