"""A mesh's own policies let exactly the callers in that the code names, and anybody to the edge's public port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.deploy.policies.network import call_graph
from tests.deploy.policies.wiring import selected, serving
from tests.deploy.rendering import NAME, Object, Pod, Rendered, named

_EVERYWHERE = [{"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}]


def _port(pod: Pod) -> Any:
    """The port for others: gRPC's, or the edge's public one."""
    return next(port for port in pod.spec["containers"][0]["ports"] if port["name"] in {"grpc", "http"})


def _callers(component: str) -> set[str]:
    return {f"zoomslack-{caller}" for caller, callee in call_graph() if callee == component}


def _for(rendered: Rendered, kind: str, pod: Pod, selector: str) -> list[Object]:
    return [one for one in rendered.of(kind) if selected(one["spec"][selector]["matchLabels"], pod.labels)]


def mesh_authorizes_the_call_graph(rendered: Rendered) -> Iterator[str]:
    """Each service is under one rule of the mesh, and the rule says who calls it."""
    tls = rendered.values["tls"]
    if tls["mode"] != "serviceMesh" or not tls["serviceMesh"]["authorization"]:
        return
    look = _linkerd if tls["serviceMesh"]["kind"] == "linkerd" else _istio
    for pod in serving(rendered):
        if pod.component != "simulators":
            yield from (f"{pod.name}: {problem}" for problem in look(rendered, pod))


def _linkerd(rendered: Rendered, pod: Pod) -> Iterator[str]:
    servers = _for(rendered, "Server", pod, "podSelector")
    if [one["spec"]["port"] for one in servers] != [_port(pod)["name"]]:
        yield f"its Servers are {[named(one) for one in servers]}"
        return
    target = {"group": "policy.linkerd.io", "kind": "Server", "name": servers[0]["metadata"]["name"]}
    rules = [one for one in rendered.of("AuthorizationPolicy") if one["spec"]["targetRef"] == target]
    needed = [ref for one in rules for ref in one["spec"]["requiredAuthenticationRefs"]]
    if len(rules) != 1 or len(needed) != 1:
        yield f"{len(rules)} rules ask for {len(needed)} authentications"
        return
    spec = rendered.one(needed[0]["kind"], needed[0]["name"])["spec"]
    if pod.component == "slack-edge":
        if spec != {"networks": _EVERYWHERE}:
            yield f"lets in {spec}"
    elif {(one["kind"], one["name"]) for one in spec.get("identityRefs", [])} != {
        ("ServiceAccount", caller) for caller in _callers(pod.component)
    }:
        yield f"lets in {spec}"


def _istio(rendered: Rendered, pod: Pod) -> Iterator[str]:
    public = pod.component == "slack-edge"
    port = _port(pod)["containerPort"]
    strict: dict[str, Any] = {"mtls": {"mode": "STRICT"}}
    if public:
        strict["portLevelMtls"] = {port: {"mode": "PERMISSIVE"}}
    peers = [
        {key: value for key, value in one["spec"].items() if key != "selector"}
        for one in _for(rendered, "PeerAuthentication", pod, "selector")
    ]
    if peers != [strict]:
        yield f"takes plaintext as {peers}"
    domain = rendered.values["tls"]["serviceMesh"]["trustDomain"]
    rule: dict[str, Any] = {"to": [{"operation": {"ports": [str(port)]}}]}
    if not public:
        principals = sorted(f"{domain}/ns/{NAME}/sa/{caller}" for caller in _callers(pod.component))
        rule["from"] = [{"source": {"principals": principals}}]
    rules = [one["spec"] for one in _for(rendered, "AuthorizationPolicy", pod, "selector")]
    if [(one["action"], one["rules"]) for one in rules] != [("ALLOW", [rule])]:
        yield f"lets in {rules}"
