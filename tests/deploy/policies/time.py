"""What takes how long when a pod goes away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from mesh.database import MIGRATION_PATIENCE
from mesh.process import FLUSH_SECONDS
from mesh.server import ServerOptions
from services.auth.detached import DRAIN_LIMIT
from services.meetings.meetings import DRAIN
from services.slack_edge.edge import GRACE
from tests.deploy.policies.wiring import serving
from tests.deploy.rendering import Rendered

ENDS = {
    "auth": ServerOptions.drain_grace + DRAIN_LIMIT,
    "meetings": ServerOptions.drain_grace + DRAIN,
    "phone": ServerOptions.drain_grace,
    "slack-edge": 3 * GRACE,  # deliveries beside connections, then tasks, then what is left of the admin port
    "simulators": 4.0,
}
"""Seconds that a service may take, by its own code, between the pause of its drain and its end."""


def grace_periods_add_up(rendered: Rendered) -> Iterator[str]:
    """preStop, the pause, the end of work and the flush of spans fit into the grace period, with little to spare."""
    for pod in serving(rendered):
        container = pod.spec["containers"][0]
        environ = rendered.environ(container)
        drain = [float(value) for name, value in environ.items() if name.endswith("_DRAIN_SECONDS")]
        hook = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
        stop = float(hook[-1].removeprefix("import time; time.sleep(").removesuffix(")")) if hook else 0.0
        needed = stop + sum(drain) + ENDS[pod.component] + FLUSH_SECONDS
        given = pod.spec["terminationGracePeriodSeconds"]
        if not needed <= given <= needed + 10:
            yield f"{pod.name}: needs {needed} s to end and gets {given} s"
        if pod.component != "simulators" and stop != rendered.values["preStopSeconds"]:
            yield f"{pod.name}: preStop takes {stop} s"
        yield from (f"{pod.name}: {problem}" for problem in _proxy(pod.annotations, needed - FLUSH_SECONDS, given))


def _proxy(annotations: Mapping[str, str], needed: float, given: float) -> Iterator[str]:
    """A proxy beside the service goes on until the service's work is over, and ends before both are killed."""
    ends = [float(value) for key, value in annotations.items() if key.endswith("proxy-wait-before-exit-seconds")]
    if config := annotations.get("proxy.istio.io/config"):
        ends.append(float(json.loads(config)["terminationDrainDuration"].removesuffix("s")))
    if any(not needed <= end < given for end in ends):
        yield f"its proxy goes on for {ends} s, where {needed} s are needed and {given} s are given"


def rollouts_lose_nobody(rendered: Rendered) -> Iterator[str]:
    """A roll-out adds before it takes away, a drained node takes one at a time, one pod alone blocks no drain."""
    budgets = {one["metadata"]["name"]: one for one in rendered.of("PodDisruptionBudget")}
    scalers = {one["metadata"]["name"]: one for one in rendered.of("HorizontalPodAutoscaler")}
    for pod in serving(rendered):
        spec, name = pod.owner["spec"], pod.owner["metadata"]["name"]
        strategy = spec["strategy"]
        owns_a_file = any(volume["name"] == "data" for volume in pod.spec["volumes"])
        if pod.component == "simulators" or owns_a_file:
            if strategy["type"] != "Recreate" or spec.get("replicas") != 1:
                yield f"{pod.name}: two pods would share a world"
        elif strategy["rollingUpdate"]["maxUnavailable"] != 0:
            yield f"{pod.name}: a roll-out takes away before it adds"
        elif spec.get("minReadySeconds") != rendered.values["minReadySeconds"]:
            yield f"{pod.name}: an old pod goes before clients know of the new one"
        if (name in scalers) == ("replicas" in spec):
            yield f"{pod.name}: nobody, or two, say how many pods there are"
        least = scalers[name]["spec"]["minReplicas"] if name in scalers else spec["replicas"]
        if (name in budgets) != (least > 1):
            yield f"{pod.name}: {least} pods and {'a' if name in budgets else 'no'} disruption budget"


def pools_fit_the_database(rendered: Rendered) -> Iterator[str]:
    """All pods of a service together hold no more connections than it may have, and each holds one at the least.

    In a roll-out each replica may be there twice: the new one, and the old one that ends within its grace period, which
    `maxSurge` does not count.
    """
    if rendered.values["database"]["kind"] != "postgresql":
        return
    scalers = {one["metadata"]["name"]: one["spec"]["maxReplicas"] for one in rendered.of("HorizontalPodAutoscaler")}
    for pod in serving(rendered):
        size = rendered.environ(pod.spec["containers"][0]).get("ZOOMSLACK_DATABASE_POOL_SIZE")
        if size is None:
            continue
        most = 2 * int(scalers.get(pod.owner["metadata"]["name"], pod.owner["spec"].get("replicas", 0)))
        allowed = rendered.values["database"]["connectionsPerService"]
        if int(size) < 1 or int(size) * most > allowed or (int(size) + 1) * most <= min(allowed, 100 * most):
            yield f"{pod.name}: {most} pools of {size} for {allowed} connections"


def migrations_may_wait(rendered: Rendered) -> Iterator[str]:
    """A migration that waits for its locks gives up by itself, and says so, before its job is ended."""
    for pod in rendered.pods():
        if pod.component == "migrate" and pod.owner["spec"]["activeDeadlineSeconds"] < MIGRATION_PATIENCE + 60:
            yield f"{pod.name}: is ended before it has tried for {MIGRATION_PATIENCE} s"


def changes_roll_pods(rendered: Rendered) -> Iterator[str]:
    """Pods carry a checksum of their settings, each Deployment another one, and what is said of changed Secrets."""
    sums = [
        pod.annotations.get("zoomslack/settings-checksum") for pod in serving(rendered) if pod.component != "simulators"
    ]
    if None in sums or len(set(sums)) != len(sums):
        yield f"checksums of settings: {sums}"
    revision = rendered.values["secretsRevision"]
    for pod in rendered.pods():
        carried = pod.annotations.get("zoomslack/secrets-revision", "")
        if pod.component != "simulators" and carried != str(revision):
            yield f"{pod.name}: carries the revision {carried!r} of Secrets, not {revision!r}"
