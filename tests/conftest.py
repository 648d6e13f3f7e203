"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

pytest_plugins = ["pytester"]

PROMISES = {
    "needs_shared": "ZOOMSLACK_REQUIRE_SHARED",
    "needs_chromium": "ZOOMSLACK_REQUIRE_CHROMIUM",
    "needs_promtool": "ZOOMSLACK_REQUIRE_PROMTOOL",
    "needs_containers": "ZOOMSLACK_REQUIRE_CONTAINERS",
    "needs_node": "ZOOMSLACK_REQUIRE_NODE",
}
"""By marker, what is set where specifications, Chromium, promtool, podman or Node are at hand: a skip fails there."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip of a test that needs something into a failure where that is promised."""
    report = yield
    for marker, promise in PROMISES.items():
        if report.skipped and item.get_closest_marker(marker) and os.environ.get(promise) == "1":
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped, although {promise}=1 promises what it needs"
    return report
