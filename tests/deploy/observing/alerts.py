"""What has to be true of the alerts: of their queries, their words, their runbooks and their unit tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from mesh.errors import MeshError, Reason
from services.slack_edge.measures import outcome_of
from services.slack_edge.slack_errors import Nature
from tests.deploy.observing.documented import documented
from tests.deploy.observing.promql import read
from tests.deploy.rendering import ROOT

FOLDER = ROOT / "deploy/observability"
RULES, TESTS = FOLDER / "alerts.yaml", FOLDER / "alerts_test.yaml"
RUNBOOKS = ROOT / "docs/runbooks"
SEVERITIES = frozenset({"critical", "warning"})
_OF_VENDORS = frozenset(
    {Reason.ZOOM_UNAVAILABLE, Reason.ZOOM_RATE_LIMITED, Reason.ZOOM_OUTCOME_UNKNOWN, Reason.SLACK_UNAVAILABLE}
)
_LABEL = re.compile(r"\$labels\.(\w+)")
_GROUPING = re.compile(r"\bby \(([^)]*)\)")
_RECORD = re.compile(r"namespace:zoomslack_[a-z_]+:(rate|ratio)\w+")

Rules = Mapping[str, Any]


def rules_of(text: str) -> list[dict[str, Any]]:
    """Returns the rules of every group."""
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def recorded(rules: list[dict[str, Any]]) -> dict[str, frozenset[str]]:
    """Returns the series that rules record, with their labels beside `namespace`; Prometheus' own of alerts, too."""
    found = {rule["record"]: frozenset[str]() for rule in rules if "record" in rule}
    return {**found, "ALERTS": frozenset({"alertname", "alertstate", "severity"})}


def only_what_services_export(rules: list[dict[str, Any]]) -> Iterator[str]:
    """Queries use documented metrics, labels and values; what they record, some alert or dashboard asks for."""
    known = recorded(rules)
    for rule in rules:
        name = rule.get("alert") or rule["record"]
        yield from (f"{name}: {problem}" for problem in documented().problems(rule["expr"], known))
        if "record" in rule and not _RECORD.fullmatch(name):
            yield f"{name}: is not named level:metric:operation"


def windows_agree(rules: list[dict[str, Any]]) -> Iterator[str]:
    """A share over a window is that of its name, of the same two rates as over every other window."""
    for rule in rules:
        promise, _, window = str(rule.get("record", "")).removeprefix("namespace:zoomslack_").partition("_bad:ratio")
        bad, every = f"namespace:zoomslack_{promise}_bad:rate5m", f"namespace:zoomslack_{promise}:rate5m"
        if window == "5m":
            expected = f"{bad} / {every}"
        else:
            expected = f"avg_over_time({bad}[{window}]) / avg_over_time({every}[{window}])"
        if window and rule["expr"] != expected:
            yield f"{rule['record']}: is not {expected}"


def faults_are_ours(rules: list[dict[str, Any]]) -> Iterator[str]:
    """Bad commands are those that the edge counts as failed or too late, but for what vendors do not let us do."""
    ours = {
        reason.value
        for reason in Reason
        if outcome_of(MeshError(reason))[0] in {"failed", "timed_out"} and reason not in _OF_VENDORS
    } | {f"slack_{Nature.OURS.value}"}
    [bad] = [rule for rule in rules if rule.get("record") == "namespace:zoomslack_commands_bad:rate5m"]
    counted = {
        value
        for selector in read(bad["expr"]).selectors
        for matcher in selector.matchers
        if matcher.label == "error_type"
        for value in matcher.values()
    }
    yield from (f"{one} is no bad command" for one in sorted(ours - counted))
    yield from (f"{one} is a bad command, and no fault of ours" for one in sorted(counted - ours))


def words_help(rules: list[dict[str, Any]]) -> Iterator[str]:
    """Each alert says how urgent it is, what is wrong and where to read on; its words use labels that it has."""
    for rule in rules:
        if "alert" not in rule:
            continue
        name, notes = rule["alert"], rule.get("annotations", {})
        if rule.get("labels", {}).get("severity") not in SEVERITIES:
            yield f"{name}: has no severity"
        for key in ("summary", "description", "runbook_url"):
            if not notes.get(key):
                yield f"{name}: has no {key}"
        if notes.get("runbook_url") != f"docs/runbooks/{name}.md":
            yield f"{name}: leads to another runbook"
        grouped = {label.strip() for group in _GROUPING.findall(rule["expr"]) for label in group.split(",")}
        if ":zoomslack_" not in rule["expr"] and "namespace" not in grouped:
            yield f"{name}: does not tell installations apart"
        has = grouped | set(rule.get("labels", {}))
        for label in _LABEL.findall(" ".join(map(str, notes.values()))):
            if label not in has:
                yield f"{name}: speaks of the label {label}, which it has not"


def all_have_runbooks(rules: list[dict[str, Any]], pages: set[str]) -> Iterator[str]:
    """Each alert has its page, and each page its alert."""
    names = {rule["alert"] for rule in rules if "alert" in rule}
    yield from (f"{name}: has no runbook" for name in sorted(names - pages))
    yield from (f"{name}.md: is the runbook of no alert" for name in sorted(pages - names))


def tests_feed_what_services_export(tests: Rules) -> Iterator[str]:
    """What unit tests put in are documented series, so that an alert which they see fire can fire."""
    for test in tests["tests"]:
        for one in test["input_series"]:
            series = re.sub(r'service_name="somebody-elses"', 'service_name="zoomslack-auth"', one["series"])
            yield from (f"{test['name']}: {problem}" for problem in documented().problems(series, {}))


def all_are_tested(rules: list[dict[str, Any]], tests: Rules) -> Iterator[str]:
    """Unit tests see each alert fire. That they see it quiet, too, mutants of its conditions show."""
    fired: set[str] = set()
    asked: set[str] = set()
    for test in tests["tests"]:
        for one in test["promql_expr_test"]:
            for selector in read(one["expr"]).selectors:
                asked |= {matcher.value for matcher in selector.matchers if matcher.label == "alertname"}
            for sample in one["exp_samples"]:
                found = re.search(r'^ALERTS\{.*alertname="(\w+)".*alertstate="firing"', sample["labels"])
                fired |= {found.group(1)} if found else set()
    names = {rule["alert"] for rule in rules if "alert" in rule}
    yield from (f"{name}: no unit test sees it fire" for name in sorted(names - fired))
    unknown = {name for name in fired | asked if name not in names and re.fullmatch(r"\w+", name)}
    yield from (f"{name}: is tested, and is no alert" for name in sorted(unknown - {"ZoomSlackServiceAbsent"}))
