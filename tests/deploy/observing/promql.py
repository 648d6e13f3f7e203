"""Which metrics and labels a query in PromQL uses. promtool says whether it is one; this only reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"|(?P<range>\[[^\]]*\])"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<name>[A-Za-z_:][\w:]*)"
    r"|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^(){},=<>])"
    r"|(?P<space>\s+)"
    r"|(?P<wrong>.)",
    re.DOTALL,
)
_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS = frozenset({"and", "or", "unless", "offset", "bool"})


@dataclass(frozen=True)
class Matcher:
    """One condition of a selector."""

    label: str
    operator: str
    value: str

    def values(self) -> list[str]:
        """Returns the plain values that it names: of a regular expression those alternatives that are words."""
        if self.operator in {"=", "!="}:
            return [self.value]
        return [one for one in self.value.split("|") if re.fullmatch(r"[\w/.{}-]+", one)]


@dataclass(frozen=True)
class Selector:
    """One metric, and the conditions on its labels."""

    metric: str
    matchers: tuple[Matcher, ...]


@dataclass(frozen=True)
class Query:
    """What a query reads."""

    selectors: tuple[Selector, ...]
    grouped: frozenset[str]
    """The labels by which it groups or joins."""


def read(text: str) -> Query:
    """Returns what `text` reads. Raises ValueError where it does not look like PromQL."""
    tokens = list(_tokens(text))
    selectors: list[Selector] = []
    grouped: set[str] = set()
    at = 0
    while at < len(tokens):
        kind, token = tokens[at]
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        at += 1
        if kind != "name" or token in _WORDS:
            continue
        if token in _LISTS:
            end = _closing(tokens, at, ")")
            grouped |= {word for is_name, word in tokens[at:end] if is_name == "name"}
            at = end
        elif following == "{":
            end = _closing(tokens, at, "}")
            selectors.append(Selector(token, tuple(_matchers(tokens[at + 1 : end]))))
            at = end
        elif following != "(" and following not in _LISTS:
            selectors.append(Selector(token, ()))
    return Query(tuple(selectors), frozenset(grouped))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "wrong":
            raise ValueError(f"{match.group()!r} in {text!r}")
        if kind != "space":
            yield kind, match.group()


def _closing(tokens: list[tuple[str, str]], start: int, sign: str) -> int:
    for at in range(start, len(tokens)):
        if tokens[at] == ("sign", sign):
            return at
    raise ValueError(f"nothing closes with {sign}")


def _matchers(tokens: list[tuple[str, str]]) -> Iterator[Matcher]:
    words = [token for token in tokens if token[1] != ","]
    for (_, label), (_, operator), (_, value) in zip(words[::3], words[1::3], words[2::3], strict=True):
        yield Matcher(label, operator, value[1:-1])
