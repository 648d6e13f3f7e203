"""What the services use of Slack and Zoom, read from their source: the contract tests have to cover all of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from services.slack_edge.manifest import BOT_EVENTS

ROOT = Path(__file__).parents[2]
_VERBS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_ROUTE = re.compile(r"/(?:users|meetings|past_meetings|phone)/[{]?[A-Za-z0-9_{}/]+")
_METHOD = re.compile(r"(?:apps|auth|bots|calls|chat|conversations|oauth\.v2|team|users|views)(?:\.[a-z][A-Za-z]+)+")
_ZOOM_EVENT = re.compile(r"(?:meeting|recording|phone|user)\.[a-z_]+|app_deauthorized")
_HISTORIES = tuple(
    f"phone.{side}_call_{form}_completed" for side in ("caller", "callee") for form in ("log", "history", "element")
)
_OURS = ".zoomslack"
"""How the names of the services end in certificates."""


def zoom_operations() -> set[tuple[str, str]]:
    """Returns the REST operations that are called, as ("GET", "/users/{userId}").

    Raises LookupError where a file names a route and no call could be found that takes it.
    """
    found: set[tuple[str, str]] = set()
    for tree in _trees("services", "zoom_api"):
        named = {text for text in _texts(tree) if _ROUTE.fullmatch(text)}
        called: set[tuple[str, str]] = set()
        verbs = set()
        for call in _calls(tree):
            words = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
            if len(words) > 1 and words[0] in _VERBS and words[1] in named:
                called.add((words[0], words[1]))
            elif words and words[0] in _VERBS:
                verbs.add(words[0])  # the route is given to this call by others of the file
        left = named - {route for _, route in called}
        if left and not verbs:
            raise LookupError(f"no call with these routes: {sorted(left)}")
        found |= called | {(verb, route) for verb in verbs for route in left}
    return found


def zoom_events() -> set[str]:
    """Returns the names of the events that a service understands."""
    return _named(_ZOOM_EVENT) | set(_HISTORIES)


def slack_methods() -> set[str]:
    """Returns the Web API methods that are called."""
    return _named(_METHOD)


def slack_events() -> set[str]:
    """Returns the events that the app asks Slack for in its manifest."""
    return set(BOT_EVENTS)


def _named(pattern: re.Pattern[str]) -> set[str]:
    texts = {text for tree in _trees("services") for text in _texts(tree)}
    return {text for text in texts if pattern.fullmatch(text) and not text.endswith(("_", _OURS))}


def _trees(*packages: str) -> Iterator[ast.Module]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield _parsed(path)


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "call":
            yield node


def _texts(tree: ast.Module) -> Iterator[str]:
    return (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
