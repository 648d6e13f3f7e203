"""Ports, probes, Services, routes and selectors fit each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.deploy.rendering import Pod, Rendered, named


def selected(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Tells whether labels are selected."""
    return selector.items() <= labels.items()


def _container(pod: Pod) -> Mapping[str, Any]:
    return pod.spec["containers"][0]  # type: ignore[no-any-return]


def _ports(pod: Pod) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in _container(pod).get("ports", [])}


def serving(rendered: Rendered) -> list[Pod]:
    """Returns the pods of Deployments."""
    return [pod for pod in rendered.pods() if pod.owner["kind"] == "Deployment"]


def _linkerd(rendered: Rendered) -> bool:
    tls = rendered.values["tls"]
    return bool(tls["mode"] == "serviceMesh" and tls["serviceMesh"]["kind"] == "linkerd")


def services_lead_to_ports(rendered: Rendered) -> Iterator[str]:
    """Every Service selects one Deployment, and its ports are the container's, by name."""
    for service in rendered.of("Service"):
        pods = [pod for pod in serving(rendered) if selected(service["spec"]["selector"], pod.labels)]
        if len(pods) != 1:
            yield f"{named(service)}: selects {len(pods)} Deployments"
            continue
        for port in service["spec"]["ports"]:
            if _ports(pods[0]).get(port["targetPort"]) != port["port"]:
                yield f"{named(service)}: port {port['name']} is not the container's"
            if port.get("protocol", "TCP") != "TCP":
                yield f"{named(service)}: port {port['name']} is not TCP"
            if "appProtocol" not in port:
                yield f"{named(service)}: port {port['name']} does not say what it speaks"
        grpc = any(port["name"] == "grpc" for port in service["spec"]["ports"])
        # Linkerd's proxy takes turns itself, and attaches a GRPCRoute to no headless Service.
        if "admin" not in service["metadata"]["name"] and (service["spec"].get("clusterIP") == "None") != (
            grpc and not _linkerd(rendered)
        ):
            yield f"{named(service)}: gRPC needs a headless Service but behind Linkerd, HTTP an ordinary one"
        if service["spec"].get("publishNotReadyAddresses"):
            yield f"{named(service)}: would lead to pods that are not ready"


def deployments_select_themselves(rendered: Rendered) -> Iterator[str]:
    """A Deployment's selector matches its own pods and nobody else's."""
    for one in rendered.of("Deployment"):
        selector = one["spec"]["selector"]["matchLabels"]
        matched = [pod for pod in rendered.pods() if selected(selector, pod.labels)]
        if [pod.owner for pod in matched] != [one]:
            yield f"{named(one)}: selects {[pod.name for pod in matched]}"


def listeners_are_ports(rendered: Rendered) -> Iterator[str]:
    """Each `…_LISTEN` of a pod is one of its ports, on every interface, and each port is listened on."""
    for pod in serving(rendered):
        container = _container(pod)
        environ, ports = rendered.environ(container), set(_ports(pod).values())
        found = [value for name, value in environ.items() if name.endswith("_LISTEN")]
        found += [one.partition("=")[2] for one in container.get("args", []) if "-listen=" in one]
        if any(not address.startswith("0.0.0.0:") for address in found):
            yield f"{pod.name}: listens where nobody reaches it"
        if {int(address.rpartition(":")[2]) for address in found} != ports:
            yield f"{pod.name}: listens on {sorted(found)} and has the ports {sorted(ports)}"


def probes_reach_health(rendered: Rendered) -> Iterator[str]:
    """Every serving pod has all three probes, on a port without certificates; none of them needs another service."""
    for pod in serving(rendered):
        container, ports = _container(pod), _ports(pod)
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = container.get(kind)
            if probe is None:
                yield f"{pod.name}: has no {kind}"
            elif "grpc" in probe:
                if probe["grpc"]["port"] != ports.get("health"):
                    yield f"{pod.name}: its {kind} is not on the port of health"
                if probe["grpc"].get("service", "") != ("" if kind == "readinessProbe" else "live"):
                    yield f"{pod.name}: its {kind} asks for the wrong name"
            elif "httpGet" not in probe or probe["httpGet"]["port"] not in {"admin", "slack", "zoom"}:
                yield f"{pod.name}: its {kind} asks nobody who answers"
            elif probe["httpGet"]["path"].startswith("/control/"):
                yield f"{pod.name}: its {kind} asks what answers on loopback only"
            elif kind != "readinessProbe" and probe["httpGet"]["path"] == "/readyz":
                yield f"{pod.name}: its {kind} would restart it for somebody else's outage"
        startup = container.get("startupProbe", {})
        if startup.get("periodSeconds", 10) * startup.get("failureThreshold", 3) < 30:
            yield f"{pod.name}: has less than 30 seconds to start"


def targets_are_services(rendered: Rendered) -> Iterator[str]:
    """Every `…_TARGET` is `dns:///`, a Service of this release and its port; certificates hold its name."""
    release = {
        f"{one['metadata']['name']}.{one['metadata']['namespace']}.svc.{rendered.values['clusterDomain']}": one
        for one in rendered.of("Service")
    }
    certified = {name for one in rendered.of("Certificate") for name in one["spec"].get("dnsNames", [])}
    for pod in serving(rendered):
        for name, value in rendered.environ(_container(pod)).items():
            if not name.endswith("_TARGET"):
                continue
            host, _, port = value.removeprefix("dns:///").rpartition(":")
            service = release.get(host)
            if not value.startswith("dns:///") or service is None:
                yield f"{pod.name}: {name} is no Service of this release"
            elif [one["port"] for one in service["spec"]["ports"]] != [int(port)]:
                yield f"{pod.name}: {name} has another port than its Service"
            if certified and host not in certified:
                yield f"{pod.name}: no certificate is for {host}"


def certificates_say_who_calls(rendered: Rendered) -> Iterator[str]:
    """Each service has a certificate in the Secret that it mounts, with the name by which callees know it."""
    certificates = {one["spec"]["secretName"]: one["spec"].get("dnsNames", []) for one in rendered.of("Certificate")}
    if rendered.values["tls"]["mode"] != "certManager":
        return
    for one in rendered.of("Certificate"):
        kept = one["spec"]["privateKey"].get("rotationPolicy")
        if kept != ("Never" if one["spec"].get("isCA") else "Always"):
            yield f"{named(one)}: its key is renewed {kept}"  # a new key of the authority, and nobody trusts anybody
    for pod in serving(rendered):
        if pod.component == "simulators":
            continue
        secrets = {one["secret"]["secretName"] for one in pod.spec["volumes"] if one["name"] == "tls"}
        names = {name for secret in secrets for name in certificates.get(secret, [])}
        if f"{pod.component}.zoomslack" not in names:
            yield f"{pod.name}: its certificate is for {sorted(names)}"


def routes_lead_to_services(rendered: Rendered) -> Iterator[str]:
    """Ingress and routes lead to Services and ports that exist, and never to what is for the inside."""
    ports = {
        (one["metadata"]["name"], key): port["name"]
        for one in rendered.of("Service")
        for port in one["spec"]["ports"]
        for key in (port["name"], port["port"])
    }
    for one in rendered.of("Ingress"):
        for rule in one["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                if ports.get((service["name"], service["port"].get("name"))) != "http":
                    yield f"{named(one)}: leads to no public port"
    for kind, wanted in (("HTTPRoute", "http"), ("GRPCRoute", "grpc")):
        for one in rendered.of(kind):
            for rule in one["spec"]["rules"]:
                for backend in rule["backendRefs"]:
                    if ports.get((backend["name"], backend["port"])) != wanted:
                        yield f"{named(one)}: leads to no port that speaks {wanted}"
    yield from _parents(rendered)
    yield from _monitors(rendered)


def _parents(rendered: Rendered) -> Iterator[str]:
    headless = {one["metadata"]["name"] for one in rendered.of("Service") if one["spec"].get("clusterIP") == "None"}
    for one in rendered.of("GRPCRoute"):
        for parent in one["spec"]["parentRefs"]:
            if _linkerd(rendered) and parent["name"] in headless:
                yield f"{named(one)}: belongs to a headless Service, which Linkerd does not take"


def _monitors(rendered: Rendered) -> Iterator[str]:
    for one in rendered.of("ServiceMonitor"):
        chosen = [
            service
            for service in rendered.of("Service")
            if selected(one["spec"]["selector"]["matchLabels"], service["metadata"]["labels"])
        ]
        names = {port["name"] for service in chosen for port in service["spec"]["ports"]}
        if names != {endpoint["port"] for endpoint in one["spec"]["endpoints"]}:
            yield f"{named(one)}: selects Services with the ports {sorted(names)}"


def mesh_lets_callers_in(rendered: Rendered) -> Iterator[str]:
    """Behind a mesh plaintext is allowed, and only there (or with simulators); the health port is beside the proxy."""
    mode = rendered.values["tls"]["mode"]
    for pod in serving(rendered):
        environ = rendered.environ(_container(pod))
        if pod.component == "simulators":
            continue
        plain = environ.get("ZOOMSLACK_ALLOW_PLAINTEXT") == "1"
        if plain == bool(environ.get("ZOOMSLACK_TLS_DIR")):
            yield f"{pod.name}: is to have certificates or to be allowed plaintext"
        if plain and mode not in {"serviceMesh", "plaintext"}:
            yield f"{pod.name}: speaks plaintext, and nothing encrypts"
        inject = pod.annotations.get("linkerd.io/inject") == "enabled" or (
            pod.labels.get("sidecar.istio.io/inject") == "true"
        )
        if inject != (mode == "serviceMesh"):
            yield f"{pod.name}: {'has' if inject else 'lacks'} a proxy"
        if inject:
            aside = {
                value
                for key, value in pod.annotations.items()
                if key.lower().endswith("inboundports") or (key.endswith("skip-inbound-ports"))
            }
            without_proxy = {str(port) for name, port in _ports(pod).items() if name in {"health", "admin"}}
            if {port for value in aside for port in value.split(",")} != without_proxy:
                yield f"{pod.name}: probes and scrapes go through the proxy"
