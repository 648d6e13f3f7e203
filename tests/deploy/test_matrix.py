"""The chart, rendered with each file of values, keeps every policy."""

from __future__ import annotations

import functools

import helm_python
import kubernetes_validate
import pytest

from tests.deploy.policies import POLICIES, Policy
from tests.deploy.policies.network import call_graph
from tests.deploy.policies.schemas import VERSIONS
from tests.deploy.policies.settings import differences
from tests.deploy.rendering import CHART, VALUES, Rendered, load, render


@functools.cache
def rendered(name: str) -> Rendered:
    return render(load(VALUES[name]))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.__name__)
@pytest.mark.parametrize("name", VALUES)
def test_P89_every_policy_holds(name: str, policy: Policy) -> None:
    assert list(policy(rendered(name))) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_P89_kubernetes_validate_agrees(version: str) -> None:
    # The policy keeps the schemas of this program in memory; here the program itself looks, at one rendering.
    for one in rendered("simulated-postgresql").objects:
        if not one["apiVersion"].startswith("cert-manager.io/"):
            assert kubernetes_validate.validate(one, version, strict=True) == version


@pytest.mark.parametrize("name", VALUES)
def test_P89_helm_lint_finds_nothing(name: str) -> None:
    for version in VERSIONS:
        report = helm_python.lint(CHART, load(VALUES[name]), strict=True, namespace="zoomslack", kube_version=version)
        found = [one for one in report["messages"] if "icon is recommended" not in one["error"]]
        assert (found, report["errors"]) == ([], [])


def test_P89_the_chart_knows_exactly_the_settings_that_services_read() -> None:
    assert list(differences([rendered(name) for name in VALUES])) == []


def test_P89_the_call_graph_is_a_tree() -> None:
    assert call_graph() == {
        ("slack-edge", "auth"),
        ("slack-edge", "meetings"),
        ("slack-edge", "phone"),
        ("meetings", "auth"),
        ("phone", "auth"),
    }
