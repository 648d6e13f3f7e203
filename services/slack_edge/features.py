"""What each feature needs the vendors to allow, and how scopes are called among people.

A scope that is missing stops the feature that needs it, and nothing else. The scopes of CORE are what no installation
of today lacks: one without them was made before they existed, and has to be renewed as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

CORE = ("commands", "calls:read", "calls:write", "chat:write")
"""What every command needs of Slack: the command itself, the card of a call, and messages."""
PUBLIC_POSTS, NAMES, EMAILS = "chat:write.public", "users:read", "users:read.email"
INVITES = ("channels:read", "groups:read")
"""Without the second, Slack does not tell that the app was let into a private channel; the first is for public ones."""
OPTIONAL = (PUBLIC_POSTS, NAMES, EMAILS, *INVITES)
"""What a person may decline at Slack, each for one feature."""
ACCOUNT_SUFFIX = ":admin"
"""What the scopes of Zoom's admin-managed apps end in."""
_ZOOM_SCOPE = re.compile(r"[a-z_]+(?::[a-z_]+)+", re.ASCII)
_MAX_ZOOM_SCOPES, _MAX_ZOOM_SCOPE = 16, 100


@dataclass(frozen=True)
class Feature:
    """Something that people use."""

    does: str
    """What is not there without it, after "cannot"."""
    slack_scopes: tuple[str, ...] = ()
    zoom_scopes: tuple[str, ...] = ()
    """Granular names, without the suffix of admin-managed apps."""
    instead: tuple[str, ...] = ()
    """Other scopes of Zoom with which it works as well."""


FEATURES = (
    Feature(
        "post summaries and recordings in public channels that it was not invited to", slack_scopes=(PUBLIC_POSTS,)
    ),
    Feature(
        "tell people's names on cards, who administers this workspace, and the numbers of people to call",
        slack_scopes=(NAMES,),
    ),
    Feature("find people in your company's Zoom account by themselves", slack_scopes=(EMAILS,)),
    Feature("post what waited for it when it is invited to a channel", slack_scopes=INVITES),
    Feature("start meetings", zoom_scopes=("meeting:write:meeting",)),
    Feature("show when a meeting begins and ends", zoom_scopes=("meeting:read:meeting",)),
    Feature("show who is in a meeting", zoom_scopes=("meeting:read:participant",)),
    Feature("end a meeting for everybody", zoom_scopes=("meeting:update:status",)),
    Feature("cancel a meeting that was scheduled", zoom_scopes=("meeting:delete:meeting",)),
    Feature(
        "look up how a meeting went that it did not hear of",
        zoom_scopes=("meeting:read:past_meeting", "meeting:read:list_past_participants"),
    ),
    Feature("find a meeting again when Zoom's answer got lost", zoom_scopes=("meeting:read:list_meetings",)),
    Feature("post recordings", zoom_scopes=("cloud_recording:read:recording",)),
    Feature("look for recordings that it did not hear of", zoom_scopes=("cloud_recording:read:list_recording_files",)),
    Feature("start your own room", zoom_scopes=("user:read:settings",)),
    Feature("place phone calls", zoom_scopes=("user:read:settings",), instead=("phone:read:user",)),
    Feature("tell your own phone number, and whom your Zoom Phone plan calls", zoom_scopes=("phone:read:user",)),
    Feature("show phone calls while they ring and last", zoom_scopes=("phone:read:call",)),
    Feature("tell all about how a phone call ended", zoom_scopes=("phone:read:call_log",)),
    Feature("look for phone calls that it did not hear of", zoom_scopes=("phone:read:list_call_logs",)),
)

# In the order in which they are told.
_WORDS = {
    "commands": "answer the /zoom command",
    "calls:read": "read the cards of its calls",
    "calls:write": "show the cards of calls",
    "chat:write": "post messages where it is a member",
    PUBLIC_POSTS: "post in public channels without being a member",
    NAMES: "see people's names, and the phone numbers in their profiles",
    EMAILS: "see people's e-mail addresses, to find them in your Zoom account",
    "channels:read": "see which public channels it was invited to",
    "groups:read": "see which private channels it was invited to",
    "meeting:write:meeting": "start meetings",
    "meeting:read:meeting": "hear when meetings begin and end",
    "meeting:update:meeting": "change the meetings it started",
    "meeting:update:status": "end meetings for everybody",
    "meeting:delete:meeting": "delete the meetings it started",
    "meeting:read:list_meetings": "find the meetings it started",
    "meeting:read:participant": "hear who is in a meeting",
    "meeting:read:past_meeting": "see when a meeting began and ended",
    "meeting:read:list_past_participants": "see who was in a meeting",
    "cloud_recording:read:recording": "hear of recordings",
    "cloud_recording:read:list_recording_files": "look for recordings that it did not hear of",
    "user:read:user": "know whose Zoom account it is",
    "user:read:settings": "see meeting settings, and whether Zoom Phone can be used",
    "phone:read:user": "see your phone number and whom your Zoom Phone plan calls",
    "phone:read:user_setting": "see the settings of Zoom Phone",
    "phone:read:call": "hear of phone calls",
    "phone:read:call_log": "see how a phone call ended",
    "phone:read:list_call_logs": "look for phone calls that it did not hear of",
    # What older Zoom apps have instead.
    "meeting:write": "start, change and end meetings",
    "meeting:read": "see meetings and who is in them",
    "recording:read": "see recordings",
    "user:read": "know whose Zoom account it is, and its settings",
    "phone:read": "hear of phone calls, and see the settings of Zoom Phone",
    "phone_call_log:read": "see how phone calls ended",
}
# Classic scopes of older Zoom apps, each of which holds several granular ones (Zoom, "OAuth scopes overview").
_CLASSIC = {
    "meeting:write:meeting": "meeting:write",
    "meeting:read:meeting": "meeting:read",
    "meeting:read:participant": "meeting:read",
    "meeting:read:past_meeting": "meeting:read",
    "meeting:read:list_past_participants": "meeting:read",
    "meeting:update:status": "meeting:write",
    "meeting:delete:meeting": "meeting:write",
    "cloud_recording:read:list_recording_files": "recording:read",
    "meeting:read:list_meetings": "meeting:read",
    "cloud_recording:read:recording": "recording:read",
    "user:read:settings": "user:read",
    "user:read:user": "user:read",
    "phone:read:user": "phone:read",
    "phone:read:user_setting": "phone:read",
    "phone:read:call": "phone:read",
    "phone:read:call_log": "phone_call_log:read",
    "phone:read:list_call_logs": "phone_call_log:read",
}


def is_older(slack_scopes: Iterable[str]) -> bool:
    """Tells whether an installation was made before the scopes that every command needs today."""
    return not set(CORE) <= set(slack_scopes)


def without_slack(slack_scopes: Iterable[str]) -> list[Feature]:
    """Returns the features that an installation lacks a scope for."""
    granted = set(slack_scopes)
    return [feature for feature in FEATURES if not set(feature.slack_scopes) <= granted]


def without_zoom(zoom_scopes: Iterable[str]) -> list[Feature]:
    """Returns the features that a connection lacks a scope for; none where Zoom did not tell the scopes."""
    granted = set(zoom_scopes)
    return [feature for feature in FEATURES if _lacking(feature, granted)]


def lacking_in_zoom(zoom_scopes: Iterable[str]) -> list[str]:
    """Returns the scopes that such features lack, without the suffix of admin-managed apps."""
    granted = set(zoom_scopes)
    return list(dict.fromkeys(scope for feature in FEATURES for scope in _lacking(feature, granted)))


def _lacking(feature: Feature, granted: Iterable[str]) -> list[str]:
    if feature.instead and not split(feature.instead, granted)[1]:
        return []
    return split(feature.zoom_scopes, granted)[1]


def split(asked: Iterable[str], granted: Iterable[str]) -> tuple[list[str], list[str]]:
    """Returns which of the `asked` scopes are among the `granted` ones, and which are not.

    Where nothing is known to be granted, Zoom did not tell: then nothing is known to be missing either.
    """
    bare = {scope.removesuffix(ACCOUNT_SUFFIX) for scope in granted}
    allowed: list[str] = []
    refused: list[str] = []
    for scope in asked:
        name = scope.removesuffix(ACCOUNT_SUFFIX)
        is_allowed = not bare or name in bare or _CLASSIC.get(name) in bare
        (allowed if is_allowed else refused).append(scope)
    return allowed, refused


def in_words(scopes: Iterable[str]) -> list[str]:
    """Returns what scopes allow, as people say it, each thing once, what matters most first.

    A scope without words stands for itself: an app may have been given more than it asks for.
    """
    bare = {scope.removesuffix(ACCOUNT_SUFFIX) for scope in scopes}
    known = [words for scope, words in _WORDS.items() if scope in bare]
    return [*known, *sorted(bare - _WORDS.keys())]


def zoom_scopes_in(text: str) -> tuple[str, ...]:
    """Returns the scopes of Zoom in a text that separates them by spaces: from an error, or from an address."""
    found = dict.fromkeys(word for word in text.split() if _ZOOM_SCOPE.fullmatch(word) and len(word) <= _MAX_ZOOM_SCOPE)
    return tuple(found)[:_MAX_ZOOM_SCOPES]


def slack_scopes_in(text: str) -> tuple[str, ...]:
    """Returns those of our own scopes of Slack that a text names, separated by commas or spaces."""
    words = set(re.split(r"[,\s]+", text))
    return tuple(scope for scope in (*CORE, *OPTIONAL) if scope in words)
