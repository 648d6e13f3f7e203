"""The chart as a dependency of somebody else's, who switches it on and off."""

from __future__ import annotations

import shutil
from pathlib import Path

import helm_python
import pytest
import yaml

from tests.deploy.rendering import CHART, VALUES, load


@pytest.mark.parametrize("enabled", [True, False])
def test_P89_another_chart_may_switch_it_on_and_off(enabled: bool, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    shutil.copytree(CHART, parent / "charts" / "zoomslack")
    dependency = {"name": "zoomslack", "version": "0.1.0", "condition": "zoomslack.enabled"}
    about = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]}
    (parent / "Chart.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    values = {"zoomslack": {**load(VALUES["laptop"]), "enabled": enabled}}
    with helm_python.Chart.load(parent) as loaded:
        texts = loaded.render(values, name="parent", namespace="chat")
    assert any("kind: Deployment" in text for text in texts.values()) is enabled
