"""Alerts with one condition that is always true. Unit tests that stay green with one do not test it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CONDITION = re.compile(r">=? [\d.]+(?: \* [\d.]+)?")
_ABSENCE = re.compile(r"unless on \(namespace\) [^\n]+\n")


@dataclass(frozen=True)
class Mutant:
    """Rules of one group, one alert of which fires too often, and the unit tests of that alert."""

    alert: str
    what: str
    rules: Mapping[str, Any]
    tests: Mapping[str, Any]


def mutants(rules: Mapping[str, Any], tests: Mapping[str, Any]) -> Iterator[Mutant]:
    """Yields one for each condition of each alert."""
    for group in rules["groups"]:
        for number, rule in enumerate(group["rules"]):
            if "alert" not in rule:
                continue
            for match in (*_CONDITION.finditer(rule["expr"]), *_ABSENCE.finditer(rule["expr"])):
                mutated = copy.deepcopy(group)
                instead = "> -1" if match.group().startswith(">") else ""
                expr = rule["expr"][: match.start()] + instead + rule["expr"][match.end() :]
                mutated["rules"][number]["expr"] = expr
                what = f"{match.group().strip()[:40]} at {match.start()}"
                yield Mutant(rule["alert"], what, {"groups": [mutated]}, of_alert(tests, rule["alert"]))


def of_alert(tests: Mapping[str, Any], alert: str) -> dict[str, Any]:
    """Returns the unit tests that ask for an alert, and of them only what is asked of it."""
    chosen = []
    for test in tests["tests"]:
        asked = [
            one
            for one in test["promql_expr_test"]
            if any(alert in text or re.search(pattern(text), alert) for text in [one["expr"]])
        ]
        if asked:
            chosen.append({**test, "promql_expr_test": asked})
    return {**tests, "tests": chosen}


def pattern(expression: str) -> str:
    """Returns a pattern of the names of alerts that an expression asks for; of none where it asks for no alert."""
    found = re.search(r'alertname=~"([^"]+)"', expression)
    return f"^(?:{found.group(1)})$" if found else "$^"
