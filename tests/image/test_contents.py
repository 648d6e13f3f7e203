"""What is in the image, what it may do, and what it says when settings are missing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.rendering import ROOT, VALUES, load, render
from tests.image import look
from tests.image.engine import Engine, options, words
from tools import image as tool
from tools.verify import normal

pytestmark = [pytest.mark.needs_containers, pytest.mark.timeout(300)]

MEGABYTES = 310
"""At the most, 122 of them Debian's and Python's."""
_ELSEWHERE: set[str] = set()
"""What the lock has for other systems and other Pythons."""
_LOOK = Path(look.__file__).read_text(encoding="utf-8")


def restricted() -> list[str]:
    """Returns what the chart allows its pods, as options of podman, without a network."""
    pod = next(iter(render(load(VALUES["laptop"])).pods()))
    return [*options(pod.spec["containers"][0], pod.spec), "--rm", "--network", "none"]


@pytest.fixture(scope="module")
def inside(engine: Engine, image: str) -> dict[str, Any]:
    """What a program sees in the image."""
    told = engine.call("podman", "run", *restricted(), "--entrypoint", words(["python", "-c", _LOOK]), image)
    found: dict[str, Any] = json.loads(told)
    return found


def test_P89_it_runs_as_nobody_with_nothing(inside: dict[str, Any]) -> None:
    assert inside["uid"] == inside["gid"] == ["10001"] * 4
    assert inside["capabilities"] == 0
    assert inside["gains_nothing"]
    assert inside["refused"] == "Read-only file system"
    assert inside["writable"] == [], "the tree is writable where the root is not read-only"


def test_P89_it_holds_the_tree_and_nothing_else(inside: dict[str, Any], engine: Engine) -> None:
    assert inside["top"] == ["LICENSE", "gen", "mesh", "services", "simulators", "zoom_api"]
    assert inside["files"] == sorted(engine.call("git", "ls-files", *inside["top"]).split())
    assert inside["compiled"], "every start would compile again"
    assert inside["authorities"] > 50, "Slack and Zoom could not be told from others"
    assert inside["zone"] == "Europe/Berlin"


def test_P89_its_packages_are_those_of_the_lock_and_say_so(inside: dict[str, Any]) -> None:
    lock = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    pins = {normal(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock, re.MULTILINE)}
    packages = {normal(name): version for name, version in inside["packages"].items()}
    assert packages.items() <= pins.items()
    assert pins.keys() - packages.keys() <= _ELSEWHERE


def test_P89_its_labels_say_where_it_comes_from_and_it_is_small(engine: Engine, image: str) -> None:
    found = engine.inspect(image, "image")
    labels = {name.rpartition(".")[2]: value for name, value in found["Labels"].items()}
    assert labels["version"] == tool.version()
    assert re.fullmatch(r"[0-9a-f]{40}(-changed)?", labels["revision"])
    assert labels["created"].endswith("+00:00")
    assert labels["licenses"] == "Apache-2.0"
    assert found["Config"]["User"] == "10001:10001"
    assert found["Size"] < MEGABYTES * 1_000_000


@pytest.mark.parametrize("service", ["auth", "slack_edge"])
def test_P89_missing_settings_end_it_with_2_and_all_their_names(service: str, engine: Engine, image: str) -> None:
    code, output = engine.tried("podman", "run", *restricted(), image, f"services.{service}", "check")
    assert code == 2
    assert output.count("is not set") >= 2


def test_P89_it_needs_no_shell(engine: Engine, image: str) -> None:
    hidden = [word for shell in ("dash", "bash", "sh") for word in ("--volume", f"/dev/null:/usr/bin/{shell}:ro")]
    told = engine.call("podman", "run", *restricted(), *hidden, image, "services.meetings", "check")
    assert told.endswith("the settings are complete")
