"""podman with a storage and networks of its own, and the image built into it. All of it is gone afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.deploy.rendering import ROOT
from tools import image

# netavark writes its rules with iptables.
TOOLS = ("buildah", "podman", "runc", "netavark", "iptables", "mmdebstrap")
ADVICE = (
    "apt install buildah podman runc netavark aardvark-dns iptables mmdebstrap iproute2, "
    "and run `make image-test` as root"
)
_HELPERS = (Path("/usr/lib/podman"), Path("/usr/libexec/podman"), Path("/usr/sbin"))
_MAY_RUN = "ip link add name zs-trial type bridge && ip link set zs-trial up"
BASE_TAR = ROOT / "build" / "base-trixie.tar"
_BASE = "localhost/base:trixie"
_PACKAGES = "python3,python3-venv,ca-certificates,netbase,tzdata"
"""What the slim Python image has, as Debian's own packages."""
_PIP_SETTINGS = ("index-url", "extra-index-url", "proxy", "trusted-host", "timeout")
_CERTIFICATES = "/etc/ssl/pip-certificates.crt"

# Debian's podman asks for more open files than some machines may give; cgroups and events need no systemd.
_CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
tmp_dir = "{folder}/tmp"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""
_STORAGE_CONF = """
[storage]
driver = "overlay"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
"""


class Ended(NamedTuple):
    """A command that has ended."""

    code: int
    output: str


def missing() -> str:
    """Says what a machine lacks to run containers, and what to do; empty where it lacks nothing."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return f"containers are run as root on Linux: {ADVICE}"
    lacking = [name for name in TOOLS if not (shutil.which(name) or any((at / name).exists() for at in _HELPERS))]
    if lacking:
        return f"{', '.join(lacking)} is not installed: {ADVICE}"
    # In namespaces of its own: what the trial makes ends with it.
    trial = _run("unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", _MAY_RUN)
    return "" if trial.returncode == 0 else f"this machine lets nobody make namespaces and bridges: {trial.stderr}"


def _run(*command: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)  # noqa: S603


class Engine:
    """podman and buildah, apart from whatever else runs on this machine."""

    def __init__(self, folder: Path) -> None:
        """`folder` should have a short path: sockets are made in it."""
        self.folder = folder
        (folder / "containers.conf").write_text(_CONTAINERS_CONF.format(folder=folder), encoding="utf-8")
        (folder / "storage.conf").write_text(_STORAGE_CONF.format(folder=folder), encoding="utf-8")
        self._environ = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }

    def call(self, *command: str) -> str:
        """Runs a command to its end; returns what it prints. Raises AssertionError with all output where it fails."""
        done = _run(*command, environ=self._environ)
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def tried(self, *command: str) -> Ended:
        """Runs a command that may fail; returns how it ended."""
        done = _run(*command, environ=self._environ)
        return Ended(done.returncode, done.stdout + done.stderr)

    async def podman(self, *arguments: str, seconds: float = 60) -> Ended:
        """Runs podman and waits for it."""
        process = await asyncio.create_subprocess_exec(
            *("podman", *arguments),
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), seconds)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        assert process.returncode is not None
        return Ended(process.returncode, output.decode(errors="replace"))

    def inspect(self, what: str, kind: str = "container") -> Any:
        """Returns what podman knows of a container, image or network."""
        return json.loads(self.call("podman", kind, "inspect", what))[0]

    def base(self) -> str:
        """Returns the name of a base: what ZOOMSLACK_BASE_IMAGE names, or else one made of Debian's packages."""
        if named := os.environ.get("ZOOMSLACK_BASE_IMAGE"):
            return named
        if not BASE_TAR.exists():
            BASE_TAR.parent.mkdir(exist_ok=True)
            made = BASE_TAR.with_suffix(".new.tar")
            self.call(
                *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={_PACKAGES}"),
                *("--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"),
                *("--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright"),
                *("trixie", str(made), _debian()),
            )
            made.rename(BASE_TAR)
        self.call("podman", "import", "--quiet", str(BASE_TAR), _BASE)
        return _BASE

    def build(self, base: str) -> str:
        """Builds the image as `make image` does, with this machine's way to packages; returns its name."""
        told = ["--isolation", "chroot", "--network", "host"]
        settings = _pip_settings()
        if certificates := settings.pop("cert", ""):
            told += ["--volume", f"{certificates}:{_CERTIFICATES}:ro"]
            settings["cert"] = _CERTIFICATES
        config = self.folder / "pip.conf"
        config.write_text("\n".join(["[global]", *(f"{key} = {text}" for key, text in settings.items())]) + "\n")
        told += ["--secret", f"id=pip.conf,src={config}"]
        self.call(*image.command("buildah", image.tag(), base=base, more=told))
        return image.tag()

    def close(self) -> None:
        """Ends every container and removes networks and images."""
        for command in (
            ("podman", "rm", "--force", "--all", "--time", "0"),
            ("podman", "network", "prune", "--force"),
            ("buildah", "rm", "--all"),
            ("podman", "rmi", "--force", "--all"),
            ("umount", f"{self.folder}/graph/overlay"),
        ):
            _run(*command, environ=self._environ)
        shutil.rmtree(self.folder)


def options(container: Mapping[str, Any], pod: Mapping[str, Any]) -> list[str]:
    """Returns podman's options for what a container of a pod may do: what the chart says, no defaults of podman's."""
    may = container["securityContext"]
    told = ["--user", f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"]
    told += ["--cap-drop", ",".join(may["capabilities"]["drop"])]
    if may["readOnlyRootFilesystem"]:
        told += ["--read-only", "--read-only-tmpfs=false"]
    if not may["allowPrivilegeEscalation"]:
        told += ["--security-opt", "no-new-privileges"]
    told += ["--memory", container["resources"]["limits"]["memory"].replace("Mi", "m")]
    return told


def _debian() -> str:
    """Returns where this machine has its Debian packages from."""
    which = ("Created-By: Packages", "Origin: Debian", "Label: Debian")
    listed = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", *which)
    return next(iter(listed.stdout.split()), "http://deb.debian.org/debian")


def _pip_settings() -> dict[str, str]:
    """Returns how pip reaches packages on this machine. Folders of this machine are no use in a container."""
    listed = _run(sys.executable, "-m", "pip", "config", "list")
    found = dict(re.findall(r"^[\w:-]+\.([\w-]+)='(.*)'$", listed.stdout, re.MULTILINE))
    return {key: text for key, text in found.items() if key in (*_PIP_SETTINGS, "cert") and "file:" not in text}


def words(command: Sequence[str]) -> str:
    """Returns a command as podman's --entrypoint takes it: Kubernetes' `command` replaces the image's own."""
    return json.dumps(list(command))
