"""What a person wants to join, understood: a meeting id, a personal link name, or a pasted link. Pure and total.

Sources: Zoom, "Meeting and webinar IDs" (ids of 9 to 11 digits), "Personal link" (5 to 40 letters, digits and periods,
a letter first), and the links themselves. A link is rebuilt from its parts and never passed on as it came, so that what
only looks like Zoom's leads nowhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from services.slack_edge.texts import unescape

MAX_TARGET = 3_000
"""Characters that are looked at: as many as Slack takes in the address of a button."""
OWN_ROOM = "me"
_MAX_SECRET = 512
# Registered attendees have `tk`; `pwd` is the passcode in a form that only links carry.
_SECRETS = ("pwd", "tk")
_DASHES = "\u2010\u2011\u2012\u2013\u2014"
_DIGITS = re.compile(r"[0-9]{9,11}", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.]{4,39}", re.ASCII)
_NUMBER_SIGNS = re.compile(rf"[\s\-{_DASHES}]+")
_SLACKS_LINK = re.compile(r"<((?:https?|tel):[^|<>\s]+)(?:\|[^<>]*)?>")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The whole of it: no user, no port, nothing after it (`zoom.us.evil.example`), no letters but these.
_HOST = re.compile(rf"(?:{_LABEL}\.)*(?:zoom\.us|zoomgov\.com)", re.ASCII)
_PRINTABLE = re.compile(r"[!-~]+", re.ASCII)
_MEETING_PATH = re.compile(r"/(?:j|w|wc/join)/([0-9]{9,11})/?|/wc/([0-9]{9,11})/join/?", re.ASCII)
_NAME_PATH = re.compile(r"/my/([A-Za-z][A-Za-z0-9.]{4,39})/?", re.ASCII)
_START_PATH = re.compile(r"/(?:s|wc/[0-9]+/start)(?:/.*)?", re.ASCII)


@dataclass(frozen=True)
class MeetingNumber:
    """A meeting by its id."""

    number: str
    """9 to 11 digits."""
    host: str = ""
    """The host of the link it came from; empty for the usual one."""
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class PersonalLink:
    """Somebody's personal room by the name of its link."""

    name: str
    host: str = ""
    """As above."""
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class OwnRoom:
    """The person's own room: to be started, not joined."""


@dataclass(frozen=True)
class StartLink:
    """A host's start link: a secret, because whoever opens it is the host."""


@dataclass(frozen=True)
class Nothing:
    """Nothing that could be joined."""


Target = MeetingNumber | PersonalLink
Wish = Target | OwnRoom | StartLink | Nothing


def understand(text: str) -> Wish:
    """Returns what `text` wants to join; it is as typed, or as Slack sends it (`<https://…|…>`, `&amp;` for `&`)."""
    text = text.strip()
    if not 0 < len(text) <= MAX_TARGET:
        return Nothing()
    # Of Slack's link the address counts, never the words that stand for it.
    entity = _SLACKS_LINK.fullmatch(text)
    typed = unescape(entity[1] if entity else text)
    if entity and typed.startswith("tel:"):
        typed = typed.removeprefix("tel:")
    if "/" in typed:
        return _linked(typed)
    if typed.casefold() == OWN_ROOM:
        return OwnRoom()
    if _NAME.fullmatch(typed):
        return PersonalLink(typed)
    number = _NUMBER_SIGNS.sub("", typed)
    return MeetingNumber(number) if _DIGITS.fullmatch(number) else Nothing()


def _linked(url: str) -> Wish:
    # `urlsplit` forgives tabs, line ends and look-alike letters; here nothing is forgiven.
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        return Nothing()
    try:
        parts = urlsplit(url)
    except ValueError:
        return Nothing()
    host = parts.netloc.lower()
    if parts.scheme != "https" or not _HOST.fullmatch(host):
        return Nothing()
    if _START_PATH.fullmatch(parts.path):
        return StartLink()
    if meeting := _MEETING_PATH.fullmatch(parts.path):
        return MeetingNumber(meeting[1] or meeting[2], host, _secrets(parts.query))
    if name := _NAME_PATH.fullmatch(parts.path):
        return PersonalLink(name[1], host, _secrets(parts.query))
    return Nothing()


def _secrets(query: str) -> tuple[tuple[str, str], ...]:
    try:
        fields = parse_qs(query, max_num_fields=50)
    except ValueError:
        return ()
    return tuple((name, fields[name][0]) for name in _SECRETS if 0 < len(fields.get(name, [""])[0]) <= _MAX_SECRET)


def cloud_of(url: str) -> str:
    """Returns the domain of the Zoom cloud that a link leads into; the usual one where its host is none of Zoom's."""
    host = urlsplit(url).netloc.lower()
    return "zoomgov.com" if _HOST.fullmatch(host) and host.endswith("zoomgov.com") else "zoom.us"


def join_url(target: Target, usual: str) -> str:
    """Returns the address that joins `target`; `usual` is that of Zoom where the target names no host of its own."""
    base = f"https://{target.host}" if target.host else usual
    path = f"/j/{target.number}" if isinstance(target, MeetingNumber) else f"/my/{target.name}"
    query = f"?{urlencode(target.secrets)}" if target.secrets else ""
    return f"{base}{path}{query}"
