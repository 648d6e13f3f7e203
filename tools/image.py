"""Builds the container image from deploy/docker/Dockerfile, with buildah, podman or docker, whichever is there.

python tools/image.py [--tag TAG] [--base IMAGE] [--source URL] [-- arguments for the builder]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILDERS = ("buildah", "podman", "docker")
_UNCOMMITTED = "-changed"


def version() -> str:
    """Returns the project's version, which is the image's tag as the chart wants it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def tag() -> str:
    """Returns the image's name and tag as the chart wants them."""
    return f"zoomslack:{version()}"


def origin() -> dict[str, str]:
    """Returns commit and time of the tree. The time is the commit's, so that the same tree has the same labels."""

    def git(*arguments: str) -> str:
        return subprocess.run(("git", *arguments), cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = _UNCOMMITTED if git("status", "--porcelain") else ""
        return {
            "REVISION": git("rev-parse", "HEAD") + changed,
            "CREATED": datetime.fromtimestamp(int(git("log", "-1", "--format=%ct")), UTC).isoformat(),
        }
    except (OSError, subprocess.CalledProcessError):  # no git, or a tree without history
        return {}


def command(builder: str, name: str, *, base: str = "", source: str = "", more: Sequence[str] = ()) -> list[str]:
    """Returns the command that builds the image as `name`; `more` are arguments of the builder's own."""
    told = {"VERSION": version(), **origin(), "BASE_IMAGE": base, "SOURCE": source}
    arguments = [word for key, value in told.items() if value for word in ("--build-arg", f"{key}={value}")]
    # Layers of their own for base, packages and tree: a new release of the tree is some MB to pull.
    layers = [] if builder == "docker" else ["--layers"]
    return [builder, "build", *layers, *arguments, *more, "--file", "deploy/docker/Dockerfile", "--tag", name, "."]


def main(arguments: Sequence[str]) -> int:
    """Runs the builder; returns its exit code."""
    parser = argparse.ArgumentParser(description="Builds the container image.")
    parser.add_argument("--tag", default=tag(), help="name and tag (default: %(default)s, as the chart wants it)")
    parser.add_argument("--base", default="", help="another base than the Dockerfile's; pin it by digest")
    parser.add_argument("--source", default="", help="where the source is published, for the label")
    parser.add_argument("more", nargs="*", metavar="-- ARGUMENT", help="arguments for the builder")
    told = parser.parse_args(arguments)
    builder = next((name for name in BUILDERS if shutil.which(name)), None)
    if builder is None:
        print("buildah, podman or docker is needed: on Debian and Ubuntu, apt install buildah", file=sys.stderr)
        return 1
    return subprocess.run(
        command(builder, told.tag, base=told.base, source=told.source, more=told.more), cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
