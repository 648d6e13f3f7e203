"""What scales, spreads and protects pods is about the pods that it is named after."""

from __future__ import annotations

from collections.abc import Iterator

from tests.deploy.policies.wiring import selected, serving
from tests.deploy.rendering import Rendered, named

_SPREAD = {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}


def scalers_count_what_is_requested(rendered: Rendered) -> Iterator[str]:
    """Each scaler is for the Deployment of its name, and counts in parts of what its container requests."""
    pods = {pod.owner["metadata"]["name"]: pod for pod in serving(rendered)}
    for one in rendered.of("HorizontalPodAutoscaler"):
        name, spec = one["metadata"]["name"], one["spec"]
        if spec["scaleTargetRef"] != {"apiVersion": "apps/v1", "kind": "Deployment", "name": name} or name not in pods:
            yield f"{named(one)}: scales {spec['scaleTargetRef']['name']}"
            continue
        requests = {container["name"]: container["resources"]["requests"] for container in pods[name].containers}
        # A sum over the pod is unknown as soon as a proxy beside the container requests nothing.
        counted = [metric.get("containerResource", {}) for metric in spec["metrics"]]
        if [(metric.get("name"), "cpu" in requests.get(metric.get("container"), {})) for metric in counted] != [
            ("cpu", True)
        ]:
            yield f"{named(one)}: counts what no container requests"


def budgets_protect_their_pods(rendered: Rendered) -> Iterator[str]:
    """A disruption budget selects the pods of the Deployment of its name, and no others."""
    for one in rendered.of("PodDisruptionBudget"):
        labels = one["spec"]["selector"]["matchLabels"]
        chosen = [pod.owner["metadata"]["name"] for pod in rendered.pods() if selected(labels, pod.labels)]
        if chosen != [one["metadata"]["name"]]:
            yield f"{named(one)}: protects {chosen}"


def replicas_are_spread(rendered: Rendered) -> Iterator[str]:
    """Replicas keep away from each other by node and by zone."""
    for pod in serving(rendered):
        if pod.component == "simulators":
            continue
        spread = pod.spec["topologySpreadConstraints"]
        if {one["topologyKey"] for one in spread} != _SPREAD:
            yield f"{pod.name}: is spread over {[one['topologyKey'] for one in spread]}"
        own = pod.owner["spec"]["selector"]["matchLabels"]
        if any(one["labelSelector"]["matchLabels"] != own for one in spread):
            yield f"{pod.name}: keeps away from others than its replicas"
