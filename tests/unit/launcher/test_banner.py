"""What the launcher says once everything runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from services.__main__ import banner
from services.plan import make_plan


@pytest.mark.parametrize(
    ("environ", "simulators", "install"),
    [
        ({}, True, "http://127.0.0.1:8080/install"),
        ({"ZOOMSLACK_PUBLIC_URL": "https://zoom.example.com"}, False, "https://zoom.example.com/install"),
    ],
)
def test_the_banner_names_the_install_page(
    environ: Mapping[str, str], simulators: bool, install: str, tmp_path: Path
) -> None:
    plan = make_plan({**environ, "ZOOMSLACK_DATA_DIR": str(tmp_path)}, simulators=simulators)
    assert install in banner(plan, seconds=1.0).split()
