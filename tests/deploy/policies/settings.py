"""What pods are told is what their programs read, and all of it."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from mesh.settings import Settings, SettingsError
from services.auth.settings import AuthDatabaseSettings, AuthSettings
from services.meetings.settings import MeetingsDatabaseSettings, MeetingsSettings
from services.phone.settings import PhoneDatabaseSettings, PhoneSettings
from services.slack_edge.probe import ProbeSettings
from services.slack_edge.settings import EdgeSettings
from tests.deploy.rendering import Pod, Rendered
from tests.support.certificates import Authority

SERVICES: dict[str, type[Settings]] = {
    "auth": AuthSettings,
    "meetings": MeetingsSettings,
    "phone": PhoneSettings,
    "slack-edge": EdgeSettings,
}
COMMANDS: dict[tuple[str, str], type[Settings]] = {
    ("services.auth", "serve"): AuthSettings,
    ("services.meetings", "serve"): MeetingsSettings,
    ("services.phone", "serve"): PhoneSettings,
    ("services.slack_edge", "serve"): EdgeSettings,
    ("services.auth", "migrate"): AuthDatabaseSettings,
    ("services.meetings", "migrate"): MeetingsDatabaseSettings,
    ("services.phone", "migrate"): PhoneDatabaseSettings,
    ("services.slack_edge", "probe"): ProbeSettings,
}
OTHERS = ("OTEL_", "PGSSLMODE", "PGSSLROOTCERT")
"""Variables that libraries read: OpenTelemetry's, and libpq's, which asyncpg takes over."""
_SAMPLES = {
    "token-keys": "k1:" + base64.b64encode(bytes(32)).decode(),
    "database-url": "postgresql+asyncpg://user:password@db.example/name",
}


def settings_of(container: Mapping[str, Any]) -> type[Settings] | None:
    """Returns what the program of a container reads; None for a program without settings."""
    command = container["command"]
    return COMMANDS.get((command[2], command[3])) if len(command) > 3 else None


def aliases(cls: type[Settings]) -> set[str]:
    """Returns the variables that settings are read from."""
    return {str(field.alias) for field in cls.model_fields.values()}


def known_settings_only(rendered: Rendered) -> Iterator[str]:
    """No pod is told what its program does not read."""
    for pod in rendered.pods():
        for container in pod.containers:
            cls, environ = settings_of(container), rendered.environ(container)
            for variable in environ:
                ours = cls is not None and variable.removesuffix("_FILE") in aliases(cls)
                if not ours and not variable.startswith(OTHERS):
                    yield f"{pod.name}: {variable} is nothing that {container['name']} reads"


def differences(renderings: Iterable[Rendered]) -> Iterator[str]:
    """Yields each setting that a service reads and no rendering tells it, and each that is told and not read."""
    told: dict[str, set[str]] = {component: set() for component in SERVICES}
    for rendered in renderings:
        for pod in rendered.pods():
            if pod.owner["kind"] == "Deployment" and pod.component in told:
                told[pod.component] |= {
                    variable.removesuffix("_FILE")
                    for variable in rendered.environ(pod.spec["containers"][0])
                    if not variable.startswith(OTHERS)
                }
    for component, cls in SERVICES.items():
        # The edge keeps nothing: the folder that is among everybody's settings is not used by it.
        read = aliases(cls) - ({"ZOOMSLACK_DATA_DIR"} if component == "slack-edge" else set())
        yield from (f"{component} reads {variable}, and the chart never sets it" for variable in read - told[component])
        yield from (f"{component} does not read {variable}" for variable in told[component] - read)


def accepted_by_check(rendered: Rendered) -> Iterator[str]:
    """With files where the volumes put them, `check` finds nothing to complain about."""
    for pod in rendered.pods():
        for container in pod.containers:
            cls = settings_of(container)
            if cls is None:
                continue
            with tempfile.TemporaryDirectory() as folder:
                files = _Files(Path(folder), pod, container)
                environ = {name: files.here(name, value) for name, value in rendered.environ(container).items()}
                yield from (f"{pod.name}: {path} is in none of its volumes" for path in files.missing)
                try:
                    cls.load(environ)
                except SettingsError as error:
                    yield from (f"{pod.name}: {problem}" for problem in error.problems)


class _Files:
    """Puts the files of a pod's volumes into a folder, with samples in them."""

    def __init__(self, folder: Path, pod: Pod, container: Mapping[str, Any]) -> None:
        self._folder, self._pod, self._container = folder, pod, container
        self.missing: list[str] = []

    def here(self, variable: str, value: str) -> str:
        """Returns the value with paths of the pod as paths in the folder."""
        if variable.endswith("_FILE") or variable == "PGSSLROOTCERT":
            path = PurePosixPath(value)
            if not self._has(path.parent, path.name):
                self.missing.append(value)
            file = self._folder / path.name
            file.write_text(_SAMPLES.get(path.name, "sample"), encoding="utf-8")
            return str(file)
        if variable == "ZOOMSLACK_TLS_DIR":
            if not self._has(PurePosixPath(value), None):
                self.missing.append(value)
            return str(Authority().write(self._folder / "tls", "sample.zoomslack"))
        return value

    def _has(self, folder: PurePosixPath, file: str | None) -> bool:
        mounts = {mount["mountPath"]: mount["name"] for mount in self._container.get("volumeMounts", [])}
        volumes = {volume["name"]: volume for volume in self._pod.spec["volumes"]}
        volume = volumes.get(mounts.get(str(folder), ""))
        if volume is None:
            return False
        if file is None:
            return "secret" in volume
        if "emptyDir" in volume:  # written by a container before this one
            first = self._pod.spec.get("initContainers", [])
            return any(file in [*one["command"], *one.get("args", [])] for one in first)
        source = volume.get("secret") or volume.get("configMap")
        # Something else that fills the volume, such as a CSI driver, is the operator's.
        return source is None or file in [item["path"] for item in source.get("items", [])]
