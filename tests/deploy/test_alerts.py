"""Alerts and their runbooks keep what they promise, and each check of that sees what is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.observing import alerts, runbooks
from tests.deploy.observing.alerts import FOLDER, RULES, RUNBOOKS, TESTS, rules_of
from tests.deploy.observing.mutants import Mutant, mutants
from tests.deploy.observing.promtool import asks_promtool, promtool, unit_tested

_TEXT = RULES.read_text(encoding="utf-8")
_RULES = rules_of(_TEXT)
_UNIT_TESTS = yaml.safe_load(TESTS.read_text(encoding="utf-8"))
_PAGES = runbooks.pages_in(RUNBOOKS)
_MUTANTS = tuple(mutants(yaml.safe_load(_TEXT), _UNIT_TESTS))

OfRules = Callable[[list[dict[str, Any]]], Iterator[str]]
OfPages = Callable[[runbooks.Pages], Iterator[str]]


@pytest.mark.parametrize(
    "check", [alerts.only_what_services_export, alerts.windows_agree, alerts.faults_are_ours, alerts.words_help]
)
def test_P91_alerts_ask_for_what_there_is_and_say_what_is_wrong(check: OfRules) -> None:
    assert list(check(_RULES)) == []


def test_P91_every_alert_has_its_runbook_and_its_unit_test() -> None:
    assert list(alerts.all_have_runbooks(_RULES, set(_PAGES))) == []
    assert list(alerts.all_are_tested(_RULES, _UNIT_TESTS)) == []
    assert list(alerts.tests_feed_what_services_export(_UNIT_TESTS)) == []


@asks_promtool
def test_P91_promtool_sees_each_alert_fire_and_stay_quiet() -> None:
    well, told = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES.name, folder=FOLDER)
    assert well, told
    well, told = promtool("test", "rules", TESTS.name, folder=FOLDER)
    assert well, told


@asks_promtool
@pytest.mark.parametrize("mutant", _MUTANTS, ids=lambda one: f"{one.alert} {one.what}")
def test_P91_an_alert_that_fires_too_often_is_found(mutant: Mutant, tmp_path: Path) -> None:
    well, told = unit_tested(tmp_path, mutant.rules, mutant.tests)
    assert not well
    assert mutant.alert in told  # it is the alert that differs, and not a rule that cannot be read


@pytest.mark.parametrize(
    "check",
    [runbooks.well_formed, runbooks.queries_are_answered, runbooks.logs_say_so, runbooks.commands_exist],
)
def test_P91_runbooks_name_what_there_is(check: OfPages) -> None:
    assert list(check(_PAGES)) == []


def test_P91_the_list_of_runbooks_is_complete() -> None:
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    assert list(runbooks.listed(index, _PAGES)) == []
    assert list(runbooks.listed(index.replace("| [ZoomSlackGrantsEnd]", "| [Gone]"), _PAGES)) != []


@asks_promtool
def test_P91_promtool_understands_every_query_of_the_runbooks(tmp_path: Path) -> None:
    found = [query for text in _PAGES.values() for query in runbooks.queries(text)]
    rules = [{"record": f"runbooks:query:{number}", "expr": query} for number, query in enumerate(found)]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    well, told = promtool("check", "rules", "queries.yaml", folder=tmp_path)
    assert well, told


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong in the rules, or in a page, and what the check says of it."""

    check: Callable[..., Iterator[str]]
    right: str
    wrong: str
    complaint: str
    page: str = ""


BROKEN = (
    Broken(
        alerts.only_what_services_export, "zoomslack_commands_total", "zoomslack_command_total", "exported by nobody"
    ),
    Broken(alerts.only_what_services_export, 'le="60.0"', 'le="60"', "le is never 60"),
    Broken(alerts.only_what_services_export, 'outcome="limited"', 'outcome="limit"', "outcome is never limit"),
    Broken(alerts.only_what_services_export, "|slack_ours", "|slack_theirs", "error_type is never slack_theirs"),
    Broken(alerts.only_what_services_export, "peer_service) (rate", "peer) (rate", "peer is a label of none"),
    Broken(alerts.only_what_services_export, 'queue="departures"', 'name="departures"', "has no label name"),
    Broken(alerts.only_what_services_export, '="zoomslack-phone"', '="zoomslack-phones"', "never zoomslack-phones"),
    Broken(
        alerts.only_what_services_export, "record: namespace:zoomslack_deliveries:rate5m", "record: deliveries", "level"
    ),
    Broken(alerts.windows_agree, "rate5m[6h]) / ", "rate5m[5h]) / ", "_bad:ratio6h: is not avg_over_time"),
    Broken(alerts.faults_are_ours, "ZOOM_CLIENT_INVALID|", "", "ZOOM_CLIENT_INVALID is no bad command"),
    Broken(alerts.faults_are_ours, "INTERNAL|", "INTERNAL|ZOOM_UNAVAILABLE|", "and no fault of ours"),
    Broken(alerts.words_help, "severity: critical, service: phone", "service: phone", "Absent: has no severity"),
    Broken(alerts.words_help, "$labels.work", "$labels.job", "speaks of the label job"),
    Broken(alerts.words_help, "runbooks/ZoomSlackGrantsEnd", "runbooks/GrantsEnd", "leads to another runbook"),
    Broken(alerts.words_help, "        annotations: *absence\n", "", "Absent: has no summary"),
    Broken(alerts.words_help, "max by (namespace, queue)", "max by (queue)", "does not tell installations apart"),
    Broken(runbooks.well_formed, "## What to do now", "## Now", "has other sections", "ZoomSlackGrantsEnd"),
    Broken(runbooks.well_formed, "# ZoomSlackGrantsEnd", "# Grants", "has another title", "ZoomSlackGrantsEnd"),
    Broken(runbooks.well_formed, "](../operations.md)", "](operations.md)", "not there", "ZoomSlackTokensNotRenewed"),
    Broken(runbooks.well_formed, "```promql", "```text", "has no query", "ZoomSlackGrantsEnd"),
    Broken(
        *(runbooks.well_formed, "Take the replicas back when the queue is empty.", "-", "has an empty section"),
        "ZoomSlackReconcilingOverdue",
    ),
    Broken(runbooks.queries_are_answered, "by (cause)", "by (why)", "why is a label", "ZoomSlackWebhooksRefused"),
    Broken(runbooks.logs_say_so, "`caller refused`", "`a caller refused`", "logs a caller", "ZoomSlackCallersRefused"),
    Broken(
        runbooks.logs_say_so,
        "Log of edge: `a request",
        "Log of auth: `a request",
        "in auth",
        "ZoomSlackWebhooksRefused",
    ),
    Broken(runbooks.commands_exist, "services.auth check", "services.auth look", "auth look", "ZoomSlackServiceAbsent"),
    Broken(
        runbooks.commands_exist, "deploy/zoomslack-auth", "deploy/auth", "Deployment auth", "ZoomSlackServiceAbsent"
    ),
    Broken(runbooks.commands_exist, "AUTH_ADMIN", "AUTHS_ADMIN", "nobody reads", "ZoomSlackServiceAbsent"),
    Broken(runbooks.commands_exist, ".metricsFrom", ".metricFrom", "has no value", "ZoomSlackServiceAbsent"),
)


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: f"{one.check.__name__}-{one.complaint[:30]}")
def test_P91_what_is_broken_is_found(one: Broken) -> None:
    text = _PAGES[one.page] if one.page else _TEXT
    assert one.right in text
    broken = text.replace(one.right, one.wrong)
    found = list(one.check({one.page: broken} if one.page else rules_of(broken)))
    assert any(one.complaint in complaint for complaint in found), found


def test_P91_a_missing_page_a_page_too_many_and_a_missing_test_are_found() -> None:
    pages = {*_PAGES, "ZoomSlackGone"} - {"ZoomSlackGrantsEnd"}
    assert list(alerts.all_have_runbooks(_RULES, pages)) == [
        "ZoomSlackGrantsEnd: has no runbook",
        "ZoomSlackGone.md: is the runbook of no alert",
    ]
    text = yaml.safe_dump(_UNIT_TESTS).replace('queue="revocations"', 'queue="revoked"')
    found = list(alerts.tests_feed_what_services_export(yaml.safe_load(text)))
    assert found
    assert all("queue is never revoked" in one for one in found)
    text = yaml.safe_dump(_UNIT_TESTS).replace("ZoomSlackGrantsEnd", "ZoomSlackGrants")
    assert list(alerts.all_are_tested(_RULES, yaml.safe_load(text))) == [
        "ZoomSlackGrantsEnd: no unit test sees it fire",
        "ZoomSlackGrants: is tested, and is no alert",
    ]
