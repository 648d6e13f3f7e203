"""What every pod has to be like: jobs and test pods, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from simulators.slack.config import SlackConfig
from simulators.zoom.config import ZoomConfig
from tests.deploy.rendering import Rendered, named, texts

_ALLOWED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret", "csi"}
_SECRET_VARIABLE = re.compile(r"(SECRET|TOKEN_KEYS|DATABASE_URL|PASSWORD|PRIVATE_KEY)$")


def restricted(rendered: Rendered) -> Iterator[str]:
    """Pod Security Standards, "restricted", and a root file system that nobody can write to."""
    for pod in rendered.pods():
        security = pod.spec.get("securityContext", {})
        if security.get("runAsNonRoot") is not True or not security.get("runAsUser"):
            yield f"{pod.name}: may run as root"
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{pod.name}: has no seccomp profile"
        for flag in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.spec.get(flag):
                yield f"{pod.name}: {flag}"
        for volume in pod.spec.get("volumes", []):
            if not (volume.keys() - {"name"}) <= _ALLOWED_VOLUMES:
                yield f"{pod.name}: volume {volume['name']} is of a kind that is not allowed"
        for container in pod.containers:
            yield from (f"{pod.name}, {container['name']}: {problem}" for problem in _of_container(container))


def _of_container(container: Mapping[str, Any]) -> Iterator[str]:
    own, resources = container.get("securityContext", {}), container.get("resources", {})
    if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
        yield "may gain privileges"
    if own.get("capabilities") != {"drop": ["ALL"]}:
        yield "keeps capabilities"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "may write to its image"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "takes a port of its node"
    if not resources.get("requests") or "memory" not in resources.get("limits", {}):
        yield "has no requests, or no limit of memory"


def without_tokens(rendered: Rendered) -> Iterator[str]:
    """Nobody here talks to Kubernetes: no token, and a service account of one's own."""
    accounts = {one["metadata"]["name"]: one for one in rendered.of("ServiceAccount")}
    users: dict[str, set[str]] = {}
    for pod in rendered.pods():
        account = pod.spec.get("serviceAccountName", "default")
        users.setdefault(account, set()).add(pod.component)
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.name}: mounts a token"
        if account not in accounts:
            yield f"{pod.name}: service account {account} does not exist"
        elif accounts[account].get("automountServiceAccountToken") is not False:
            yield f"ServiceAccount {account}: mounts a token"
    for account, components in users.items():
        if len(components - {"test"}) > 1:  # the test reads what the edge reads
            yield f"ServiceAccount {account}: is shared by {sorted(components)}"


def no_secret_in_clear(rendered: Rendered) -> Iterator[str]:
    """No object holds a secret, not even the simulators'; variables name files at the most."""
    slack, zoom = SlackConfig(), ZoomConfig()
    known = {slack.client_secret, slack.signing_secret}
    known |= {secret for app in zoom.apps for secret in (app.client_secret, app.webhook_secret)}
    for one in rendered.objects:
        if one["kind"] == "Secret":
            yield f"{named(one)}: is made by the chart"
        for text in texts(one):
            if any(secret in text for secret in known) or "postgresql+asyncpg://" in text:
                yield f"{named(one)}: holds a secret"
    for pod in rendered.pods():
        for container in pod.containers:
            for variable in rendered.environ(container):
                if _SECRET_VARIABLE.search(variable):
                    yield f"{pod.name}: {variable} holds its secret itself; {variable}_FILE names a file"


def mounts_exist(rendered: Rendered) -> Iterator[str]:
    """Each mount has its volume and each volume a mount, nothing is writable but what has to be."""
    for pod in rendered.pods():
        volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
        used = set()
        for container in pod.containers:
            for mount in container.get("volumeMounts", []):
                used.add(mount["name"])
                if mount["name"] not in volumes:
                    yield f"{pod.name}: mounts {mount['name']}, which is no volume"
                elif volumes[mount["name"]].keys() & {"secret", "configMap"} and not mount.get("readOnly"):
                    yield f"{pod.name}: could write to {mount['name']}"
        if used != volumes.keys():
            yield f"{pod.name}: does not mount {sorted(volumes.keys() - used)}"
