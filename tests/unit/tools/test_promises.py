"""Where the vendors' specifications or a browser are promised, a test that needs them may not skip."""

from __future__ import annotations

import pytest

from tests.conftest import PROMISES
from tools.verify import ROOT

TESTS = """
import pytest

@pytest.mark.{marker}
def test_in_the_middle():
    pytest.skip("not here")

@pytest.mark.{marker}
@pytest.mark.skipif(True, reason="not here")
def test_from_the_start():
    pass

def test_of_something_else():
    pytest.skip("for another reason")
"""


@pytest.mark.parametrize("marker", PROMISES)
@pytest.mark.parametrize(("promised", "failed"), [("1", 2), ("", 0)])
def test_a_skip_fails_where_it_is_promised(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, marker: str, promised: str, failed: int
) -> None:
    for variable in PROMISES.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(PROMISES[marker], promised)
    hook = (ROOT / "tests" / "conftest.py").read_text().replace('pytest_plugins = ["pytester"]', "")
    pytester.makeconftest(hook)
    pytester.makeini(f"[pytest]\nmarkers = {marker}\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(TESTS.replace("{marker}", marker))
    outcomes = pytester.runpytest_inprocess("-p", "no:cacheprovider").parseoutcomes()
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == failed
    assert outcomes["skipped"] == 3 - failed
