"""What Helm runs before it installs finds everything that it needs, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

from tests.deploy.policies.wiring import selected
from tests.deploy.rendering import Object, Pod, Rendered, named

_EVENTS = {"pre-install", "pre-upgrade"}
_DELETED = {"before-hook-creation", "hook-succeeded"}


def _annotation(one: Object, key: str) -> set[str]:
    found = one["metadata"].get("annotations", {}).get(f"helm.sh/{key}", "")
    return set(found.split(",")) - {""}


def _weight(one: Object) -> int:
    return int(one["metadata"]["annotations"].get("helm.sh/hook-weight", "0"))


def _needed(rendered: Rendered, pod: Pod) -> Iterator[Object]:
    """Yields what the pod of a job needs of the chart's own: its account, and the policy that lets it out."""
    yield rendered.one("ServiceAccount", pod.spec["serviceAccountName"])
    for one in rendered.of("NetworkPolicy"):
        spec = one["spec"]
        if "egress" in spec and selected(spec["podSelector"].get("matchLabels", {}), pod.labels):
            yield one


def hooks_come_in_order(rendered: Rendered) -> Iterator[str]:
    """Migrations as hooks run before all else: so what they need is a hook before them. As jobs nothing is a hook."""
    expected = _EVENTS if rendered.values["database"]["migrations"] == "hook" else set()
    for pod in rendered.pods():
        if pod.component != "migrate":
            continue
        if _annotation(pod.owner, "hook") != expected:
            yield f"{pod.name}: runs at {sorted(_annotation(pod.owner, 'hook'))}"
            continue
        for one in _needed(rendered, pod):
            if _annotation(one, "hook") != expected:
                yield f"{named(one)}: is not there at the time of {pod.name}"
            elif expected and _weight(one) >= _weight(pod.owner):
                yield f"{named(one)}: comes after {pod.name}"
        for one in (pod.owner, *_needed(rendered, pod)):
            # What stays behind belongs to no release, and Helm would not take its name for an ordinary object.
            if expected and _annotation(one, "hook-delete-policy") != _DELETED:
                yield f"{named(one)}: stays behind"
