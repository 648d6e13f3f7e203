"""What Slack tells of a person (Slack, "User object"), understood. Pure and total: what is missing is empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.slack_edge.texts import clean

MAX_NAME = 200
MAX_PHONE_NUMBER = 200
SLACKBOT = "USLACKBOT"
"""Slack's own assistant, which Slack does not count as a bot."""


@dataclass(frozen=True)
class Profile:
    """A person, or what looks like one."""

    name: str = ""
    """What she calls herself. Hostile text."""
    phone_number: str = ""
    """As she typed it, in whatever way; empty where she did not."""
    is_bot: bool = False
    is_gone: bool = False
    """Whether her account was closed."""


def understand(answer: Mapping[str, Any]) -> Profile:
    """Returns the person in an answer of `users.info`."""
    user = _object(answer, "user")
    profile = _object(user, "profile")
    name = next(filter(None, (_text(profile, "display_name"), _text(profile, "real_name"), _text(user, "name"))), "")
    number = clean(_text(profile, "phone"), MAX_PHONE_NUMBER + 1)
    return Profile(
        name=clean(name, MAX_NAME),
        # A longer one is not cut: the beginning of a number may be somebody else's number.
        phone_number=number if len(number) <= MAX_PHONE_NUMBER else "",
        is_bot=user.get("is_bot") is True or user.get("id") == SLACKBOT,
        is_gone=user.get("deleted") is True,
    )


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
