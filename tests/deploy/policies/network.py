"""NetworkPolicies say exactly what the services' own code says of who calls whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from services.auth.__main__ import CALLERS as AUTH_CALLERS
from services.meetings.__main__ import CALLERS as MEETINGS_CALLERS
from services.phone.__main__ import CALLERS as PHONE_CALLERS
from tests.deploy.policies.settings import SERVICES
from tests.deploy.policies.wiring import selected, serving
from tests.deploy.rendering import Rendered, named

_CALLERS = {"auth": AUTH_CALLERS, "meetings": MEETINGS_CALLERS, "phone": PHONE_CALLERS}
_DNS, _OUTSIDE = 53, 443


def call_graph() -> set[tuple[str, str]]:
    """Returns who calls whom: by the targets in the settings, which agree with the callers that callees let in."""
    by_settings = {
        (component, _component(str(field.alias)))
        for component, cls in SERVICES.items()
        for field in cls.model_fields.values()
        if str(field.alias).endswith("_TARGET")
    }
    by_callees = {
        (name.removesuffix(".zoomslack"), callee)
        for callee, callers in _CALLERS.items()
        for names in callers.values()
        for name in names
    }
    if by_settings != by_callees:
        raise AssertionError(f"settings and CALLERS disagree: {by_settings ^ by_callees}")
    return by_settings


def _component(variable: str) -> str:
    return variable.removeprefix("ZOOMSLACK_").removesuffix("_TARGET").lower().replace("_", "-")


def otlp_port(values: Mapping[str, Any]) -> int:
    """Returns where the collector listens: the port in its address, or the scheme's."""
    endpoint = urlsplit(values["telemetry"]["otlpEndpoint"])
    return endpoint.port or {"http": 80, "https": 443}[endpoint.scheme]


def _peers_allow(peers: list[Mapping[str, Any]] | None, labels: Mapping[str, str]) -> bool:
    if not peers:
        return True  # nobody named: everybody
    return any(
        "podSelector" in peer
        and "namespaceSelector" not in peer
        and selected(peer["podSelector"]["matchLabels"], labels)
        for peer in peers
    )


def _policies(rendered: Rendered, labels: Mapping[str, str], direction: str) -> list[dict[str, Any]]:
    return [
        one["spec"]
        for one in rendered.of("NetworkPolicy")
        if selected(one["spec"]["podSelector"].get("matchLabels", {}), labels)
        and direction in one["spec"]["policyTypes"]
    ]


def _allowed(
    rendered: Rendered, labels: Mapping[str, str], direction: str, other: Mapping[str, str], port: int
) -> bool:
    peers, rules = {"Ingress": ("from", "ingress"), "Egress": ("to", "egress")}[direction]
    policies = _policies(rendered, labels, direction)
    return not policies or any(
        any(one["port"] == port for one in rule.get("ports", [])) and _peers_allow(rule.get(peers), other)
        for policy in policies
        for rule in policy.get(rules, [])
    )


def network_is_the_call_graph(rendered: Rendered) -> Iterator[str]:
    """Between pods of the release both sides allow a connection exactly where the code makes one."""
    if not rendered.values["networkPolicy"]["enabled"]:
        return
    expected = call_graph()
    simulators = rendered.values["simulators"]["enabled"]
    pods = {pod.component: pod for pod in rendered.pods()}
    vendors = {"slack": {"auth", "slack-edge"}, "zoom": {"auth", "meetings", "phone"}}
    for target in serving(rendered):
        for port in target.spec["containers"][0]["ports"]:
            for caller, pod in pods.items():
                pair = (caller, target.component)
                wanted = (
                    (port["name"] == "grpc" and pair in expected)
                    or (port["name"] == "http" and caller in {"test", *(["simulators"] if simulators else [])})
                    or (target.component == "simulators" and caller in vendors[port["name"]])
                )
                number = port["containerPort"]
                leaves = _allowed(rendered, pod.labels, "Egress", target.labels, number)
                enters = _allowed(rendered, target.labels, "Ingress", pod.labels, number)
                if (leaves and enters) != wanted:
                    yield f"{caller} -> {target.component}:{number} is {'refused' if wanted else 'allowed'}"
                # The door for everybody is the edge's public port; all others name who may come.
                if enters and not wanted and port["name"] != "http":
                    yield f"{target.component}:{number} lets {caller} in"


def egress_is_what_is_needed(rendered: Rendered) -> Iterator[str]:
    """Everybody finds DNS; PostgreSQL, the vendors and the collector are reached by those who need them alone."""
    if not rendered.values["networkPolicy"]["enabled"]:
        return
    values = rendered.values
    postgresql, simulators = values["database"]["kind"] == "postgresql", values["simulators"]["enabled"]
    for pod in rendered.pods():
        stateful = pod.component in {"auth", "meetings", "phone", "migrate"}
        service = pod.component in SERVICES
        ports = {
            one["port"]
            for policy in _policies(rendered, pod.labels, "Egress")
            for rule in policy.get("egress", [])
            for one in rule["ports"]
        }
        for port, needed in (
            (_DNS, True),
            (values["networkPolicy"]["postgresqlPort"], stateful and postgresql),
            (_OUTSIDE, service and not simulators),
            *(((otlp_port(values), service),) if values["telemetry"]["otlpEndpoint"] else ()),
        ):
            if (port in ports) != needed:
                yield f"{pod.name}: egress to port {port} is {'refused' if needed else 'allowed'}"


def metrics_are_for_who_scrapes(rendered: Rendered) -> Iterator[str]:
    """Whoever is to scrape reaches /metrics of every service, and nobody else does."""
    policy = rendered.values["networkPolicy"]
    if not policy["enabled"]:
        return
    for pod in serving(rendered):
        if pod.component not in SERVICES:
            continue
        [port] = [one["containerPort"] for one in pod.spec["containers"][0]["ports"] if one["name"] == "admin"]
        found = [
            rule.get("from")
            for one in _policies(rendered, pod.labels, "Ingress")
            for rule in one.get("ingress", [])
            if any(each["port"] == port for each in rule["ports"])
        ]
        if found != ([policy["metricsFrom"]] if policy["metricsFrom"] else []):
            yield f"{pod.name}: /metrics is for {found}"
    if rendered.values["serviceMonitor"]["enabled"]:
        scraped = {one["metadata"]["labels"]["app.kubernetes.io/component"] for one in rendered.of("ServiceMonitor")}
        if scraped != set(SERVICES):
            yield f"a ServiceMonitor is there for {sorted(scraped)} alone"


def everything_is_denied_first(rendered: Rendered) -> Iterator[str]:
    """Each pod is under a policy that denies both directions."""
    if not rendered.values["networkPolicy"]["enabled"]:
        return
    for pod in rendered.pods():
        for direction in ("Ingress", "Egress"):
            if not _policies(rendered, pod.labels, direction):
                yield f"{pod.name}: {direction} is open"
    denying = [one for one in rendered.of("NetworkPolicy") if not one["spec"].keys() & {"ingress", "egress"}]
    if len(denying) != 1:
        yield f"{len(denying)} policies deny everything: {[named(one) for one in denying]}"
