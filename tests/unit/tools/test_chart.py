"""What is made from the Helm chart is noticed when it is out of date."""

from __future__ import annotations

import yaml

from tools import chart
from tools.chart import documented, stale, value_problems

VALUES = """
# -- How many.
# Counted.
replicas: 2
auth:
  # -- Its size.
  size: {cpu: 1}
  # no comment for readers
  colour: red
meetings:
  size: {cpu: 2}
"""


def test_comments_belong_to_the_value_below_them() -> None:
    assert documented(VALUES) == {"replicas": "How many. Counted.", "auth.size": "Its size."}


def test_a_value_of_which_nothing_is_said_is_named() -> None:
    values = yaml.safe_load(VALUES)
    # What meetings has is said of auth; what auth calls its colour is said nowhere.
    assert [problem.partition(": ")[2] for problem in value_problems(values, documented(VALUES))] == [
        "auth.colour has no comment that begins with --"
    ]


def test_what_is_made_is_up_to_date_and_drift_is_found() -> None:
    files = chart.outputs()
    assert list(stale(files)) == []
    readme = chart.CHART / "README.md"
    assert list(stale({**files, readme: files[readme] + "more\n"})) == [
        "deploy/k8s/chart/README.md is out of date: run make manifests"
    ]
    orphan = chart.GOLDEN / "laptop.yaml"
    left = {file: text for file, text in files.items() if file != orphan}
    assert list(stale(left)) == ["tests/deploy/golden/laptop.yaml is made by nothing any more: run make manifests"]


def test_kustomize_reads_every_manifest_and_none_is_helms() -> None:
    made = chart.manifests()
    listing = yaml.safe_load(made["kustomization.yaml"])
    generated = {file for one in listing["configMapGenerator"] for file in one["envs"]}
    assert {*listing["resources"], *generated} == made.keys() - {"kustomization.yaml"}
    assert not any("helm" in text.lower() for name, text in made.items() if name != "kustomization.yaml")
    objects = [one for name in listing["resources"] for one in yaml.safe_load_all(made[name])]
    assert {one["metadata"].get("namespace", one["metadata"]["name"]) for one in objects} == {"zoomslack"}
