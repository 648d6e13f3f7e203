"""Where the vendors' specifications are promised, a test that needs them may not skip."""

from __future__ import annotations

import pytest

from tests.conftest import REQUIRE_SHARED
from tools.verify import ROOT

TESTS = """
import pytest

@pytest.mark.needs_shared
def test_in_the_middle():
    pytest.skip("not here")

@pytest.mark.needs_shared
@pytest.mark.skipif(True, reason="not here")
def test_from_the_start():
    pass

def test_of_something_else():
    pytest.skip("for another reason")
"""


@pytest.mark.parametrize(("promised", "failed"), [("1", 2), ("", 0)])
def test_a_skip_fails_where_it_is_promised(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, promised: str, failed: int
) -> None:
    monkeypatch.setenv(REQUIRE_SHARED, promised)
    hook = (ROOT / "tests" / "conftest.py").read_text().replace('pytest_plugins = ["pytester"]', "")
    pytester.makeconftest(hook)
    pytester.makeini("[pytest]\nmarkers = needs_shared\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(TESTS)
    outcomes = pytester.runpytest_inprocess("-p", "no:cacheprovider").parseoutcomes()
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == failed
    assert outcomes["skipped"] == 3 - failed
