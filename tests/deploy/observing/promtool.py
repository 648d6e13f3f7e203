"""promtool, which knows Prometheus' rules better than we do. Debian's package `prometheus` has it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

PROMTOOL = shutil.which("promtool")


def asks_promtool(test: Any) -> Any:
    """Marks a test that needs promtool; it skips, with what to do, where that is not there."""
    reason = "promtool is not here: on Debian, apt install --no-install-recommends prometheus"
    return pytest.mark.needs_promtool(pytest.mark.skipif(PROMTOOL is None, reason=reason)(test))


def promtool(*arguments: str, folder: Path) -> tuple[bool, str]:
    """Returns whether promtool is content, and what it says."""
    assert PROMTOOL is not None
    done = subprocess.run(  # noqa: S603 (its own name and files of ours)
        [PROMTOOL, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


def unit_tested(folder: Path, rules: Mapping[str, Any], tests: Mapping[str, Any]) -> tuple[bool, str]:
    """Returns what promtool says of rules and their tests, written into a folder."""
    (folder / "alerts.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    (folder / "alerts_test.yaml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    return promtool("test", "rules", "alerts_test.yaml", folder=folder)
