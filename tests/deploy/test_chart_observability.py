"""The chart brings alerts and dashboards along, where somebody wants them: the very files of deploy/observability."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from tests.deploy.observing.alerts import FOLDER, RULES
from tests.deploy.policies import POLICIES, Policy
from tests.deploy.rendering import CHART, VALUES, Rendered, load, render

_RUNBOOKS = "https://docs.example.com/runbooks"
_WANTED = {
    "alerts": {"enabled": True, "labels": {"release": "prometheus"}, "runbooksUrl": f"{_RUNBOOKS}/"},
    "dashboards": {"enabled": True, "annotations": {"grafana_folder": "Zoom for Slack"}},
}


def _with(changes: dict[str, Any], chart: Path = CHART) -> Rendered:
    return render({**load(VALUES["production"]), **changes}, chart)


def _dashboards(rendered: Rendered) -> dict[str, Any]:
    found = [one for one in rendered.of("ConfigMap") if "-dashboard-" in one["metadata"]["name"]]
    return {name: text for one in found for name, text in one["data"].items()}


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.__name__)
def test_P89_P91_every_policy_holds_with_alerts_and_dashboards(policy: Policy) -> None:
    assert list(policy(_with(_WANTED))) == []


def test_P91_the_chart_has_the_alerts_and_links_to_where_runbooks_are() -> None:
    rendered = _with(_WANTED)
    [rule] = rendered.of("PrometheusRule")
    text = RULES.read_text(encoding="utf-8")
    assert rule["spec"] == yaml.safe_load(text.replace("docs/runbooks", _RUNBOOKS))
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    plain = _with({"alerts": {"enabled": True}})
    assert plain.of("PrometheusRule")[0]["spec"] == yaml.safe_load(text)


def test_P91_the_chart_has_every_dashboard_for_grafanas_sidecar() -> None:
    rendered = _with(_WANTED)
    files = {f"zoomslack-{file.name}": file.read_text(encoding="utf-8") for file in (FOLDER / "dashboards").iterdir()}
    made = _dashboards(rendered)
    assert {name: json.loads(text) for name, text in made.items()} == {
        name: json.loads(text.replace("docs/runbooks", _RUNBOOKS)) for name, text in files.items()
    }
    for one in rendered.of("ConfigMap"):
        if "-dashboard-" in one["metadata"]["name"]:
            assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
            assert one["metadata"]["annotations"] == {"grafana_folder": "Zoom for Slack"}


def test_P91_neither_is_there_unless_it_is_wanted() -> None:
    rendered = _with({})
    assert rendered.of("PrometheusRule") == []
    assert _dashboards(rendered) == {}


def test_P91_links_that_are_no_addresses_are_refused() -> None:
    with pytest.raises(helm_python.HelmError, match="runbooksUrl"):
        _with({"alerts": {"runbooksUrl": "docs"}})


def test_P91_files_that_the_chart_lost_are_noticed(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    (chart / "files/dashboards/auth.json").unlink()
    assert "zoomslack-auth.json" not in _dashboards(_with(_WANTED, chart))
