"""NetworkPolicies allow exactly what stands here: each direction, peer, protocol and port, and nothing beside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.deploy.policies.network import call_graph, otlp_port
from tests.deploy.policies.settings import SERVICES
from tests.deploy.policies.wiring import selected
from tests.deploy.rendering import Object, Pod, Rendered, named

Rule = tuple[str, str, str, int | str]
"""Direction, peer, protocol, port."""
EVERYBODY, ANY = "everybody", "any"
_STATEFUL = {"auth", "meetings", "phone"}
_VENDORS = {"slack": {"auth", "slack-edge"}, "zoom": {"auth", "meetings", "phone"}}
_PROXY = 4143
"""Where Linkerd's proxies take connections from each other."""
_CONTROL = {"linkerd": ("linkerd", (8080, 8086, 8090)), "istio": ("istio-system", (15012,))}
"""Namespace and ports of each mesh's control plane."""


def _peer(one: Mapping[str, Any]) -> str:
    """Returns a peer as text: pods of this release by component, others as they stand."""
    labels = one.get("podSelector", {}).get("matchLabels", {})
    if one.keys() == {"podSelector"} and labels.keys() == {
        f"app.kubernetes.io/{label}" for label in ("name", "instance", "component")
    }:
        return str(labels["app.kubernetes.io/component"])
    return json.dumps(one, sort_keys=True)


def _rules(policy: Object) -> Iterator[Rule]:
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule in policy["spec"].get(direction, []):
            for peer in rule.get(peers) or [None]:
                for port in rule.get("ports") or [{}]:
                    yield (
                        direction,
                        EVERYBODY if peer is None else _peer(peer),
                        port.get("protocol", "TCP") if port else ANY,
                        port.get("port", ANY),
                    )


def _each(direction: str, peers: Sequence[Mapping[str, Any]], *ports: int, protocol: str = "TCP") -> Iterator[Rule]:
    for peer in [_peer(one) for one in peers] or [EVERYBODY]:
        for port in ports:
            yield direction, peer, protocol, port


class _Expected:
    """What each component may, by the code's call graph and the operator's values."""

    def __init__(self, rendered: Rendered) -> None:
        self._values = rendered.values
        self._policy = rendered.values["networkPolicy"]
        self._simulated = rendered.values["simulators"]["enabled"]
        tls = rendered.values["tls"]
        self._mesh = tls["serviceMesh"]["kind"] if tls["mode"] == "serviceMesh" else None
        self._proxy = (_PROXY,) if self._mesh == "linkerd" else ()
        self._ports = {
            pod.component: {port["name"]: port["containerPort"] for port in pod.spec["containers"][0].get("ports", [])}
            for pod in rendered.pods()
        }

    def of(self, component: str) -> set[Rule]:
        found = {*self._ingress(component), *self._egress(component)}
        found |= {
            *_each("egress", self._policy["dnsTo"], 53),
            *_each("egress", self._policy["dnsTo"], 53, protocol="UDP"),
        }
        return found

    def _ingress(self, component: str) -> Iterator[Rule]:
        ports = self._ports[component]
        for caller, callee in call_graph():
            if callee == component:
                yield from (("ingress", caller, "TCP", port) for port in (ports["grpc"], *self._proxy))
        if component in _STATEFUL and self._policy["apiFrom"]:
            yield from _each("ingress", self._policy["apiFrom"], ports["grpc"])
        if component == "slack-edge":
            yield from _each("ingress", self._policy["publicFrom"], ports["http"], *self._proxy)
            if self._policy["publicFrom"]:
                for caller in ("test", *(("simulators",) if self._simulated else ())):
                    yield from (("ingress", caller, "TCP", port) for port in (ports["http"], *self._proxy))
        if "admin" in ports and self._policy["metricsFrom"]:
            yield from _each("ingress", self._policy["metricsFrom"], ports["admin"])
        if component == "simulators":
            for vendor, callers in _VENDORS.items():
                yield from (("ingress", caller, "TCP", ports[vendor]) for caller in callers)

    def _egress(self, component: str) -> Iterator[Rule]:
        for caller, callee in call_graph():
            if caller == component:
                ports = (self._ports[callee]["grpc"], *self._proxy)
                yield from (("egress", callee, "TCP", port) for port in ports)
        if component in {"test", "simulators"}:
            yield "egress", "slack-edge", "TCP", self._ports["slack-edge"]["http"]
        if component in {*_STATEFUL, "migrate"} and self._values["database"]["kind"] == "postgresql":
            yield from _each("egress", self._policy["postgresqlTo"], self._policy["postgresqlPort"])
        if component in SERVICES:
            yield from self._outside(component)

    def _outside(self, component: str) -> Iterator[Rule]:
        if self._simulated:
            for vendor, callers in _VENDORS.items():
                if component in callers:
                    yield "egress", "simulators", "TCP", self._ports["simulators"][vendor]
        else:
            yield from _each("egress", self._policy["vendorsTo"], 443)
        if self._values["telemetry"]["otlpEndpoint"]:
            yield from _each("egress", self._policy["otlpTo"], otlp_port(self._values))
        if self._mesh:
            namespace, ports = _CONTROL[self._mesh]
            labels = {"kubernetes.io/metadata.name": namespace}
            yield from _each("egress", [{"namespaceSelector": {"matchLabels": labels}}], *ports)


def _chosen(rendered: Rendered, policy: Object) -> set[str]:
    labels = policy["spec"]["podSelector"].get("matchLabels", {})
    return {pod.component for pod in rendered.pods() if selected(labels, pod.labels)}


def allowed_is_the_table(rendered: Rendered) -> Iterator[str]:
    """Every pod is under one policy of its own, which says what the table says."""
    if not rendered.values["networkPolicy"]["enabled"]:
        return
    expected = _Expected(rendered)
    components: dict[str, Pod] = {pod.component: pod for pod in rendered.pods()}
    own: dict[str, set[Rule]] = {component: set() for component in components}
    for policy in rendered.of("NetworkPolicy"):
        rules, chosen = set(_rules(policy)), _chosen(rendered, policy)
        if rules and len(chosen) != 1:
            yield f"{named(policy)}: is for {sorted(chosen)}"
        for component in chosen:
            own[component] |= rules
    for component, rules in own.items():
        for rule in sorted(rules - expected.of(component), key=str):
            yield f"{component}: may {' '.join(map(str, rule))}"
        for rule in sorted(expected.of(component) - rules, key=str):
            yield f"{component}: may not {' '.join(map(str, rule))}"
