"""The plain manifests, as kustomize reads them, and an overlay over them as operators write it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.rendering import CHART, Object, load, render, texts

MANIFESTS = CHART.parent / "manifests"
OVERLAY = Path(__file__).parent / "overlay"
SERVICES = ("auth", "meetings", "phone", "slack-edge")
KUBECTL = shutil.which("kubectl") or ""
with_kubectl = pytest.mark.skipif(not KUBECTL, reason="kubectl, which has kustomize, is not there")


def built(folder: Path) -> dict[tuple[str, str], Object]:
    """Returns what kustomize makes of a folder, by kind and name."""
    command = (KUBECTL, "kustomize", folder)
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 (our own files)
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text)}


def generators() -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in load(MANIFESTS / "kustomization.yaml")["configMapGenerator"]}


def plain() -> Iterator[Object]:
    for name in load(MANIFESTS / "kustomization.yaml")["resources"]:
        yield from yaml.safe_load_all((MANIFESTS / name).read_text(encoding="utf-8"))


def test_P89_generated_settings_are_those_of_the_chart_and_pods_take_them_by_the_generators_names() -> None:
    chart = {
        one["metadata"]["name"]: one["data"] for one in render(load(CHART / "ci" / "manifests.yaml")).of("ConfigMap")
    }
    told = {}
    for name, generator in generators().items():
        [file] = generator["envs"]
        lines = (MANIFESTS / file).read_text(encoding="utf-8").splitlines()
        told[name] = dict(line.split("=", 1) for line in lines)
    assert told == chart
    taken = {
        (one["metadata"]["namespace"], source["configMapRef"]["name"])
        for one in plain()
        if one["kind"] == "Deployment"
        for container in one["spec"]["template"]["spec"]["containers"]
        for source in container["envFrom"]
    }
    assert taken == {(one["namespace"], name) for name, one in generators().items()}
    # A name that follows the content needs no checksum, and a checksum that nobody computes anew would say nothing.
    assert not any("checksum" in text for one in plain() for text in texts(one))


def test_P89_the_overlay_changes_what_is_there() -> None:
    for change in load(OVERLAY / "kustomization.yaml")["configMapGenerator"]:
        base = generators()[change["name"]]
        assert change["namespace"] == base["namespace"]
        lines = (MANIFESTS / base["envs"][0]).read_text(encoding="utf-8").splitlines()
        assert {one.partition("=")[0] for one in change["literals"]} <= {one.partition("=")[0] for one in lines}


@with_kubectl
def test_P89_a_changed_setting_rolls_the_pods_that_read_it_and_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    shutil.copytree(MANIFESTS, folder)
    before = built(folder)
    env = folder / "auth.env"
    env.write_text(env.read_text(encoding="utf-8").replace("LOG_LEVEL=info", "LOG_LEVEL=debug"), encoding="utf-8")
    after = built(folder)
    changed = [
        name
        for name in SERVICES
        if before["Deployment", f"zoomslack-{name}"]["spec"]["template"]
        != after["Deployment", f"zoomslack-{name}"]["spec"]["template"]
    ]
    assert changed == ["auth"]


@with_kubectl
def test_P89_an_overlay_merges_settings_sets_the_image_and_rolls_on_secrets() -> None:
    base, over = built(MANIFESTS), built(OVERLAY)
    [auth] = over["Deployment", "zoomslack-auth"]["spec"]["template"]["spec"]["containers"]
    settings = over["ConfigMap", auth["envFrom"][0]["configMapRef"]["name"]]["data"]
    [here] = [one["data"] for (_, name), one in base.items() if name.startswith("zoomslack-auth-") and "data" in one]
    assert settings == {**here, "ZOOMSLACK_PUBLIC_URL": "https://zoom.example.org"}
    assert auth["image"].startswith("registry.example.com/zoomslack@sha256:")
    volumes = over["Deployment", "zoomslack-slack-edge"]["spec"]["template"]["spec"]["volumes"]
    [secret] = [one["secret"]["secretName"] for one in volumes if one["name"] == "secrets"]
    assert secret.startswith("zoomslack-edge-")
    assert ("Secret", secret) in over
