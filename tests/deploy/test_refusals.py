"""What the chart refuses, and whether its words say what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import helm_python
import pytest
import yaml

from tests.deploy.policies.schemas import VERSIONS
from tests.deploy.rendering import CHART, VALUES, load, render


def merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns values with changes, as Helm merges them."""
    found = dict(values)
    for key, value in changes.items():
        found[key] = merged(found.get(key, {}), value) if isinstance(value, dict) else value
    return found


def refused(changes: Mapping[str, Any], name: str = "production") -> str:
    """Returns what Helm says of one of the examples with changes."""
    with pytest.raises(helm_python.HelmError) as failure:
        render(merged(load(VALUES[name]), changes))
    return str(failure.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"replicas": 3},
        {"auth": {"replica": 3}},
        {"auth": {"resources": {"request": {}}}},
        {"auth": {"autoscaling": {"max": 3}}},
        {"image": {"name": "x"}},
        {"tls": {"certManager": {"issuerRef": {"names": "x"}}}},
        {"networkPolicy": {"publicFrom": [{"podSelectors": {}}]}},
        {"database": {"persistence": {"class": "x"}}},
        {"gateway": {"parentRefs": [{"name": "x", "space": "y"}]}},
    ],
    ids=str,
)
def test_P89_unknown_keys_are_refused(changes: Mapping[str, Any]) -> None:
    assert "additional properties" in refused(changes)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"publicUrl": "zoom.example.com"}, "/publicUrl"),
        ({"logLevel": "loud"}, "/logLevel"),
        ({"image": {"digest": "sha256:abc"}}, "/image/digest"),
        ({"auth": {"replicas": 0}}, "/auth/replicas"),
        ({"auth": {"replicas": "2"}}, "/auth/replicas"),
        ({"phone": {"defaultRegion": "us"}}, "/phone/defaultRegion"),
        ({"meetings": {"keepDays": 7}}, "/meetings/keepDays"),
        ({"drainSeconds": 61}, "/drainSeconds"),
        ({"database": {"sslMode": "on"}}, "/database/sslMode"),
        ({"auth": {"resources": {"limits": {"memory": None}}}}, "/auth/resources/limits"),
        ({"auth": {"extraEnv": [{"name": "ZOOMSLACK_TOKEN_KEYS", "value": "k1:x"}]}}, "/auth/extraEnv/0/name"),
        ({"test": {"person": "ada"}}, "/test/person"),
    ],
    ids=str,
)
def test_P89_values_that_no_service_would_take_are_refused_with_their_place(
    changes: Mapping[str, Any], place: str
) -> None:
    assert f"'{place}'" in refused(changes)


@pytest.mark.parametrize("place", ["commonLabels", "podLabels"])
def test_P89_labels_that_selectors_stand_on_cannot_be_others(place: str) -> None:
    labels = {place: {"app.kubernetes.io/component": "x"}}
    changes = labels if place == "commonLabels" else {"auth": labels}
    assert "invalid propertyName 'app.kubernetes.io/component'" in refused(changes)


@pytest.mark.parametrize(
    ("name", "changes", "advice"),
    [
        ("production", {"publicUrl": ""}, "publicUrl is not set: the address at which"),
        ("production", {"slack": {"clientId": ""}}, "slack.clientId is not set: it stands on"),
        ("production", {"zoom": {"userClientId": ""}}, "zoom.userClientId is not set: it stands on"),
        ("production", {"tls": {"mode": "plaintext"}}, "set certManager, existingSecrets or serviceMesh"),
        ("production", {"tls": {"mode": "existingSecrets"}}, "name a Secret with ca.crt, tls.crt and tls.key"),
        ("production", {"tls": {"certManager": {"issuerRef": {"name": ""}}}}, "set tls.certManager.createIssuer"),
        ("production", {"auth": {"existingSecret": ""}}, "name a Secret with slack-client-secret, zoom-user-"),
        (
            "production",
            {"slackEdge": {"existingSecret": ""}},
            "slack-signing-secret, zoom-user-webhook-secret, zoom-account-",
        ),
        ("production", {"phone": {"secretsDir": "/x"}}, "phone.existingSecret and phone.secretsDir are both set"),
        ("production", {"database": {"rootCertificate": {"secret": "x"}}}, "set one of them"),
        (
            "production",
            {"database": {"rootCertificate": {"configMap": ""}}},
            "name a ConfigMap or Secret with the authority",
        ),
        ("production", {"networkPolicy": {"metricsFrom": []}}, "Prometheus would be refused: name its namespace"),
        ("production", {"api": {"policy": "[callers]"}}, "programs of other teams would be refused: name their"),
        ("production", {"networkPolicy": {"apiFrom": [{"podSelector": {}}]}}, "who may do nothing: set api.policy"),
        ("linkerd", {"api": {"policy": "[callers]"}}, "set tls.mode to certManager or existingSecrets"),
        ("production", {"gateway": {"parentRefs": []}}, "gateway.parentRefs is empty: name the Gateway"),
        ("production", {"auth": {"autoscaling": {"minReplicas": 10}}}, "minReplicas is above maxReplicas"),
        ("small", {"meetings": {"replicas": 2}}, "set meetings.replicas to 1"),
        (
            "small",
            {"phone": {"autoscaling": {"enabled": True}}},
            "phone.autoscaling.enabled to false, or use postgresql",
        ),
        ("laptop", {"zoom": {"accountClientId": "x"}}, "does not go with simulators"),
        ("laptop", {"ingress": {"enabled": True}}, "Reach the edge by kubectl port-forward"),
        ("laptop", {"gateway": {"enabled": True, "parentRefs": [{"name": "x"}]}}, "Reach the edge by kubectl"),
        ("production", {"publicUrl": "http://zoom.example.com"}, "publicUrl has to begin with https://"),
        ("production", {"publicUrl": "https://example.com/zoom"}, "served at the root of a host"),
        ("production", {"publicUrl": "https://192.0.2.7"}, "needs a name, no address"),
        ("production", {"publicUrl": "https://[2001:db8::7]"}, "needs a name, no address"),
        ("production", {"networkPolicy": {"dnsTo": []}}, "name where DNS is"),
        ("production", {"networkPolicy": {"vendorsTo": []}}, "name where Slack and Zoom are"),
        ("production", {"meetings": {"resources": {"requests": {"cpu": None}}}}, "autoscaling counts in parts of it"),
        (
            "production",
            {"database": {"connectionsPerService": 17}},
            "a roll-out of phone may have 18 pods: allow at least that many",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_P89_what_would_not_run_is_refused_with_advice(name: str, changes: Mapping[str, Any], advice: str) -> None:
    assert advice in refused(changes, name)


def test_P89_all_that_is_wrong_is_told_at_once() -> None:
    said = refused({"publicUrl": "", "slack": {"clientId": ""}, "auth": {"existingSecret": ""}, "tokenKeys": "x"})
    for start in ("publicUrl is not set", "slack.clientId is not", "auth.existingSecret is not", "tokenKeys is not"):
        assert f"\n{start}" in said


@pytest.mark.parametrize(
    "path",
    [
        *("slack.clientSecret", "slack.signingSecret", "zoom.userClientSecret", "zoom.accountClientSecret"),
        *("zoom.userWebhookSecret", "zoom.accountWebhookSecret", "tokenKeys", "database.url", "replicaCount"),
    ],
)
def test_P89_what_is_no_value_any_more_is_told_with_what_to_do_instead(path: str) -> None:
    head, _, rest = path.partition(".")
    said = refused({head: {rest: "s3cr3t"} if rest else "s3cr3t"})
    assert f"{path} is not a value of this chart: " in said
    assert "existingSecret" in said or "auth.replicas" in said
    assert "s3cr3t" not in said


def test_P89_the_oldest_kubernetes_that_is_let_in_is_the_oldest_that_is_checked() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["kubeVersion"] == f">={VERSIONS[0]}.0-0"


def _paths(schema: Mapping[str, Any], definitions: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    schema = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for key, part in schema.get("properties", {}).items():
        yield f"{at}{key}", part
        if isinstance(part, dict):
            yield from _paths(part, definitions, f"{at}{key}.")


def test_P89_schema_and_values_have_the_same_keys() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    removed = {path for path, part in _paths(schema, schema["$defs"]) if part is True}
    in_schema = {path for path, part in _paths(schema, schema["$defs"]) if part is not True} - {"global"}

    def keys(values: Mapping[str, Any], at: str = "") -> Iterator[str]:
        for key, value in values.items():
            yield f"{at}{key}"
            if isinstance(value, dict) and f"{at}{key}" in in_schema:
                yield from keys(value, f"{at}{key}.")

    in_values = {path for path in keys(load(CHART / "values.yaml")) if not path.endswith((".cpu", ".memory"))}
    in_values = {path for path in in_values if ".resources." not in path or path.endswith((".requests", ".limits"))}
    claims = {path for path in in_schema if path.endswith(".resources.claims")}  # Kubernetes' own, empty by default
    assert in_schema - claims == in_values
    text = (CHART / "templates" / "_checks.tpl").read_text(encoding="utf-8")
    assert all(f"\n{path}: " in text for path in removed)


def test_P89_the_schema_leaves_no_object_open_but_maps_of_texts_and_kubernetes_own() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    open_ones = []

    def look(part: Any, at: str) -> None:
        if not isinstance(part, dict):
            return
        if part.get("type") == "object" and "properties" in part and part.get("additionalProperties") is not False:
            open_ones.append(at)
        for key, value in part.items():
            look(value, f"{at}/{key}")

    look(schema, "")
    assert open_ones == []
