"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

pytest_plugins = ["pytester"]

REQUIRE_SHARED = "ZOOMSLACK_REQUIRE_SHARED"
"""Set where the vendors' specifications are at hand: a test that needs them and skips is a failure there."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip of a `needs_shared` test into a failure where what it needs is promised."""
    report = yield
    if report.skipped and item.get_closest_marker("needs_shared") and os.environ.get(REQUIRE_SHARED) == "1":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, although {REQUIRE_SHARED}=1 promises what it needs"
    return report
