"""The attributes that code of ours sets on spans, as its text shows them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.deploy.rendering import ROOT

_OPENS = frozenset({"start_as_current_span", "start_span"})


def set_on_spans() -> set[str]:
    """Returns patterns of the names; where a name has a part that only the running code knows, `.+` stands for it."""
    found: set[str] = set()
    for folder in ("mesh", "services", "zoom_api"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            found |= set(_in(ast.parse(file.read_text(encoding="utf-8"))))
    return found


def _in(tree: ast.Module) -> Iterator[str]:
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        names: list[ast.expr | None] = []
        if node.func.attr == "set_attribute":
            names = [node.args[0]]
        elif node.func.attr == "set_attributes" and isinstance(node.args[0], ast.Dict):
            names = node.args[0].keys
        elif node.func.attr in _OPENS:
            given = [word.value for word in node.keywords if word.arg == "attributes"]
            names = [key for one in given if isinstance(one, ast.Dict) for key in one.keys]
        for name in names:
            yield _pattern(constants.get(name.id) if isinstance(name, ast.Name) else name)


def _pattern(name: ast.expr | None) -> str:
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return re.escape(name.value)
    if isinstance(name, ast.JoinedStr):
        return "".join(_pattern(part) if isinstance(part, ast.Constant) else ".+" for part in name.values)
    raise AssertionError("the name of an attribute that cannot be read: write it, or name it at the top of the file")
