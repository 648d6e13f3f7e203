"""Jobs that migrate: a changed one has another name, and what an operator sets for them reaches them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.rendering import CHART, VALUES, Object, Rendered, load, render
from tests.deploy.test_refusals import merged

JOB = {"database": {"migrations": "job"}}


def rendered(*changes: Mapping[str, Any], chart: Path = CHART) -> Rendered:
    values = load(VALUES["production"])
    for change in (JOB, *changes):
        values = merged(values, change)
    return render(values, chart)


def jobs(found: Rendered) -> dict[str, Object]:
    return {one["metadata"]["name"]: one["spec"] for one in found.of("Job")}


@pytest.mark.parametrize(
    "change",
    [
        {"commonLabels": {"team": "chat"}},
        {"image": {"digest": "sha256:" + 64 * "1"}},
        {"image": {"pullSecrets": ["other"]}},
        {"secretsRevision": "2"},
        {"auth": {"podLabels": {"a": "b"}}, "meetings": {"podLabels": {"a": "b"}}, "phone": {"podLabels": {"a": "b"}}},
        {"database": {"sslMode": "require"}},
    ],
    ids=str,
)
def test_P89_jobs_whose_pods_change_are_other_jobs(change: Mapping[str, Any]) -> None:
    before, after = jobs(rendered()), jobs(rendered(change))
    # Kubernetes refuses to change the template of a job that is there, so none may be there under its name.
    assert before.keys() & after.keys() == set()
    assert len(after) == len(before) == 3


def test_P89_another_version_of_the_product_is_another_job(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    shutil.copytree(CHART, chart)
    file = chart / "Chart.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace('appVersion: "', 'appVersion: "9'), encoding="utf-8")
    assert jobs(rendered()).keys() & jobs(rendered(chart=chart)).keys() == set()


def test_P89_what_does_not_concern_the_pods_leaves_the_jobs_alone() -> None:
    changes = {"reconcile": {"intervalSeconds": 30}, "database": {"migrationJob": {"deadlineSeconds": 60}}}
    before, after = jobs(rendered()), jobs(rendered(changes))
    assert before.keys() == after.keys()
    assert [one["template"] for one in before.values()] == [one["template"] for one in after.values()]
    assert {one["activeDeadlineSeconds"] for one in after.values()} == {60}


def test_P89_jobs_stay_until_others_take_their_place_unless_somebody_says_for_how_long() -> None:
    assert not any("ttlSecondsAfterFinished" in one for one in jobs(rendered()).values())
    kept = jobs(rendered({"database": {"migrationJob": {"keepSeconds": 60}}}))
    assert {one["ttlSecondsAfterFinished"] for one in kept.values()} == {60}


def test_P89_whatever_fills_the_folder_of_secrets_finds_jobs_and_tests_too() -> None:
    own = {"podAnnotations": {"agent/inject": "true"}, "podLabels": {"identity/use": "true"}}
    services = dict.fromkeys(("auth", "meetings", "phone", "slackEdge"), own)
    found = rendered(services, {"database": {"migrationJob": {"serviceAccountAnnotations": {"cloud/role": "migrate"}}}})
    for pod in found.pods():
        assert own["podAnnotations"].items() <= pod.annotations.items(), pod.name
        assert own["podLabels"].items() <= pod.labels.items(), pod.name
    account = found.one("ServiceAccount", "zoomslack-migrate")
    assert account["metadata"]["annotations"] == {"cloud/role": "migrate"}
