"""Whom a person wants to call, from what she typed or chose. Pure and total, as in `commands`.

Slack turns a person who is chosen from its list into `<@U…|name>`, or `<@U…>`, and may turn a number into
`<tel:…|…>` (`should_escape`); a name that was only typed stays a name, which means nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from services.slack_edge.texts import clean, unescape

MAX_TEXT = 8_000
MAX_PHONE_NUMBER = 64
_LONGEST_NUMBER = 15
"""Digits in a number (ITU-T E.164)."""
_SHORTEST_WHOLE = 7
"""Digits from which on two groups are two numbers rather than parts of one."""

_PERSON = re.compile(r"<@(?P<user>[UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_NUMBER_LINK = re.compile(r"<tel:(?P<number>[^|<>]+)(?:\|[^<>]*)?>")
_GROUP = re.compile(r"<!(?:here|channel|everyone|subteam)\b[^<>]*>")
_OTHER = re.compile(r"<[^<>]*>")
"""Channels and addresses: a `<` that somebody typed arrives as `&lt;`."""
_BARE_NAME = re.compile(r"(?<!\S)@\w[^\s,;]*")
_BREAK = re.compile(r"[\s,;]+")


class Why(Enum):
    """Why nobody can be called."""

    EMPTY = "empty"
    """Neither a person nor a number."""
    NAME = "name"
    """A name that Slack did not turn into a person."""
    SEVERAL = "several"
    """More than one."""


@dataclass(frozen=True)
class Number:
    """`/zoom call <number>`."""

    phone_number: str
    """A number or an extension as typed, 1 to 64 characters."""


@dataclass(frozen=True)
class Person:
    """`/zoom call @someone`."""

    user_id: str


@dataclass(frozen=True)
class Nobody:
    """`/zoom call` with nobody who could be called."""

    why: Why


Callee = Number | Person | Nobody


def understand(text: str) -> Callee:
    """Returns whom `text` names, which is as Slack sends it. Words beside a person are not looked at."""
    text = text[:MAX_TEXT]
    people = {found["user"] for found in _PERSON.finditer(text)}
    links = {found["number"] for found in _NUMBER_LINK.finditer(text)}
    rest = _NUMBER_LINK.sub(" ", _PERSON.sub(" ", text))
    if _GROUP.search(rest):
        return Nobody(Why.SEVERAL)
    rest = _OTHER.sub(" ", rest)
    names = _BARE_NAME.findall(rest)
    rest = _BARE_NAME.sub(" ", rest)
    typed = _numbers(rest)
    count = len(people) + len(links) + len(names) + typed
    if count > 1:
        return Nobody(Why.SEVERAL)
    if people:
        return Person(people.pop())
    if names:
        return Nobody(Why.NAME)
    number = clean(unescape(links.pop() if links else rest), MAX_TEXT)
    # A longer one is not cut: the beginning of a number may be somebody else's number.
    if count == 0 or not _digits(number) or len(number) > MAX_PHONE_NUMBER:
        return Nobody(Why.EMPTY)
    return Number(number)


def _numbers(text: str) -> int:
    """Returns whether `text` holds no number, one, or (2) more than one."""
    digits = _digits(text)
    if not digits:
        return 0
    groups = _BREAK.split(text.strip())
    whole = sum(_digits(group) >= _SHORTEST_WHOLE for group in groups)
    too_long = digits > _LONGEST_NUMBER and len(groups) > 1 and not any(char.isalpha() for char in text)
    return 2 if whole > 1 or text.count("+") > 1 or too_long else 1


def _digits(text: str) -> int:
    return sum(char.isdecimal() for char in text)
