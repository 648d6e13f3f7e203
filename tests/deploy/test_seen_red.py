"""Each policy finds what it is for: a copy of the chart with one thing broken has to be refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import helm_python
import pytest

from tests.deploy.broken import behaviour, objects
from tests.deploy.broken.row import Broken
from tests.deploy.policies import POLICIES
from tests.deploy.policies.settings import differences
from tests.deploy.rendering import CHART, VALUES, load, render

BROKEN = (*objects.BROKEN, *behaviour.BROKEN)


def broken(folder: Path, file: str, right: str, wrong: str) -> Path:
    """Returns a copy of the chart in which one thing is wrong."""
    chart = folder / "chart"
    shutil.copytree(CHART, chart)
    template = chart / "templates" / file
    text = template.read_text(encoding="utf-8")
    assert right in text
    template.write_text(text.replace(right, wrong), encoding="utf-8")
    return chart


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: f"{one.policy.__name__}-{one.complaint[:30]}")
def test_P89_a_broken_chart_is_refused(one: Broken, tmp_path: Path) -> None:
    chart = broken(tmp_path, one.file, one.right, one.wrong)
    found = list(one.policy(render(load(VALUES[one.values]), chart)))
    assert any(one.complaint in complaint for complaint in found), found


def test_every_policy_was_seen_red() -> None:
    assert {one.policy for one in BROKEN} == set(POLICIES)


@pytest.mark.parametrize(
    ("right", "wrong", "complaints"),
    [
        (
            '"ZOOMSLACK_PHONE_KEEP_DAYS"',
            '"ZOOMSLACK_PHONE_KEPT_DAYS"',
            {
                "phone reads ZOOMSLACK_PHONE_KEEP_DAYS, and the chart never sets it",
                "phone does not read ZOOMSLACK_PHONE_KEPT_DAYS",
            },
        ),
        ("if $own.helpUrl", "if false", {"slack-edge reads ZOOMSLACK_HELP_URL, and the chart never sets it"}),
    ],
)
def test_P89_settings_that_differ_are_found(right: str, wrong: str, complaints: set[str], tmp_path: Path) -> None:
    chart = broken(tmp_path, "_settings.tpl", right, wrong)
    assert set(differences(render(load(file), chart) for file in VALUES.values())) == complaints


def test_P89_helm_lint_finds_what_is_no_template_and_no_object(tmp_path: Path) -> None:
    for number, (right, wrong) in enumerate((("{{- end }}", "{{- end"), ("kind: Service\n", "kind: [Service\n"))):
        chart = broken(tmp_path / str(number), "services.yaml", right, wrong)
        report = helm_python.lint(chart, load(VALUES["laptop"]), strict=True)
        assert [one for one in report["messages"] if one["severity"] == 3]
