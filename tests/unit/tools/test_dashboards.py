"""Dashboards that are out of date are noticed."""

from __future__ import annotations

from tools import dashboards
from tools.dashboards import FOLDER, stale
from tools.panels import share


def test_what_is_made_is_up_to_date_and_drift_is_found() -> None:
    files = dashboards.outputs()
    assert list(stale(files)) == []
    edge = FOLDER / "edge.json"
    assert list(stale({**files, edge: files[edge].replace("p", "q")})) == [
        "deploy/observability/dashboards/edge.json is out of date: run make dashboards"
    ]
    alerts = dashboards.COPIES / "alerts.yaml"
    assert list(stale({**files, alerts: "groups: []"})) == [
        "deploy/k8s/chart/files/alerts.yaml is out of date: run make dashboards"
    ]
    left = {file: text for file, text in files.items() if file != edge}
    assert list(stale(left)) == [
        "deploy/observability/dashboards/edge.json is made by nothing any more: run make dashboards"
    ]


def test_a_share_of_what_never_happened_is_none_and_not_unknown() -> None:
    some = 'sum by (a) (rate(x{namespace=~"$namespace", b="1"}[$__rate_interval]))'
    every = 'sum by (a) (rate(x{namespace=~"$namespace"}[$__rate_interval]))'
    assert share("x", "a", 'b="1"') == f"({some} or 0 * {every}) / {every}"
