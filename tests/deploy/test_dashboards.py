"""Dashboards can be read, ask for what there is, and each check of that sees what is broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.observing import alerts, dashboards
from tests.deploy.observing.alerts import FOLDER, RULES, rules_of
from tests.deploy.observing.dashboards import Dashboards
from tests.deploy.observing.promtool import asks_promtool, promtool

_RULES = rules_of(RULES.read_text(encoding="utf-8"))
_ALERTS = {rule["alert"] for rule in _RULES if "alert" in rule}
_TEXTS = {file.stem: file.read_text(encoding="utf-8") for file in sorted((FOLDER / "dashboards").glob("*.json"))}
_DASHBOARDS: Dashboards = {name: json.loads(text) for name, text in _TEXTS.items()}


def _only_what_services_export(found: Dashboards) -> Iterator[str]:
    return dashboards.only_what_services_export(found, alerts.recorded(_RULES))


def _linked(found: Dashboards) -> Iterator[str]:
    return dashboards.linked(found, _ALERTS)


@pytest.mark.parametrize("check", [_only_what_services_export, dashboards.readable, dashboards.placed, _linked])
def test_P91_dashboards_can_be_read_and_ask_for_what_there_is(check: Callable[[Dashboards], Iterator[str]]) -> None:
    assert list(check(_DASHBOARDS)) == []


@asks_promtool
def test_P91_promtool_understands_every_query_of_the_dashboards(tmp_path: Path) -> None:
    rules = [
        {"record": f"dashboards:query:{number}", "expr": dashboards.plain(query)}
        for number, (_, query) in enumerate(dashboards.queries(_DASHBOARDS))
    ]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    well, told = promtool("check", "rules", "queries.yaml", folder=tmp_path)
    assert well, told


@pytest.mark.parametrize(
    ("check", "right", "wrong", "complaint"),
    [
        (_only_what_services_export, "zoomslack_queue_size{", "zoomslack_queue_length{", "exported by nobody"),
        (_only_what_services_export, "by (queue, state)", "by (queue, status)", "status is a label of none"),
        (_only_what_services_export, 'outcome=\\"failed\\"', 'outcome=\\"broken\\"', "outcome is never broken"),
        (
            _only_what_services_export,
            '(zoomslack_queue_age_seconds{namespace=~\\"$namespace\\"}',
            "(zoomslack_queue_age_seconds",
            "was chosen",
        ),
        (dashboards.readable, '"unit": "cpm"', '"unit": ""', "has no unit"),
        (dashboards.readable, "**What to do:** ", "", "does not say what to do"),
        (dashboards.readable, "{{queue}} {{state}}", "{{queue}} {{status}}", "its legend names status"),
        (dashboards.readable, '"uid": "${datasource}"', '"uid": "prometheus"', "was not chosen"),
        (dashboards.placed, '"x": 8,', '"x": 7,', "covers another"),
        (dashboards.placed, '"id": 3,', '"id": 2,', "two panels have one id"),
        (dashboards.placed, '"type": "dashboards"', '"type": "link"', "leads nowhere"),
        (dashboards.placed, '"uid": "zoomslack-auth"', '"uid": "zoomslack-phone"', "there are the dashboards"),
        (
            _linked,
            "docs/runbooks/ZoomSlackDeliveriesWait.md",
            "docs/runbooks/Gone.md",
            "leads to docs/runbooks/Gone.md",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_P91_what_is_broken_is_found(
    check: Callable[[Dashboards], Iterator[str]], right: str, wrong: str, complaint: str
) -> None:
    assert right in _TEXTS["auth"]
    found = list(check({**_DASHBOARDS, "auth": json.loads(_TEXTS["auth"].replace(right, wrong))}))
    assert any(complaint in one for one in found), found


def test_P91_an_alert_that_no_panel_shows_is_found() -> None:
    assert list(dashboards.linked(_DASHBOARDS, {*_ALERTS, "ZoomSlackNew"})) == [
        "ZoomSlackNew: no panel leads to its runbook"
    ]


def test_P91_a_query_that_promtool_would_not_understand_is_no_query() -> None:
    with pytest.raises(ValueError, match="nobody fills"):
        dashboards.plain("rate(x[$interval])")
