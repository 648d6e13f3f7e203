"""The page of features says what tests show, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.features import named_by_row, page, problems

ROWS: dict[str, Any] = {
    "S": {
        "title": "The guide",
        "1": {"text": "starts a meeting", "done": True},
        "26": {"text": "joins a meeting"},
    }
}


def found(tmp_path: Path, *names: str) -> dict[str, list[str]]:
    text = "".join(f"async def {name}(office: Office) -> None:\n    pass\n\n\n" for name in names)
    (tmp_path / "test_rows.py").write_text(text)
    return named_by_row([tmp_path], tmp_path)


def test_a_test_counts_for_each_row_in_its_name(tmp_path: Path) -> None:
    tests = found(tmp_path, "test_S1_S26_both", "test_of_S3_people", "test_without_a_row")
    assert tests == {
        "S1": ["test_rows.py::test_S1_S26_both"],
        "S26": ["test_rows.py::test_S1_S26_both"],
        "S3": ["test_rows.py::test_of_S3_people"],
    }


def test_a_claim_without_a_test_is_a_problem(tmp_path: Path) -> None:
    assert list(problems(ROWS, {})) == ["S1 is claimed done and has no test whose name holds _S1_"]
    assert list(problems(ROWS, found(tmp_path, "test_S1_starts"))) == []


def test_a_test_of_an_unknown_row_is_a_problem(tmp_path: Path) -> None:
    [problem] = problems(ROWS, found(tmp_path, "test_S1_starts", "test_S99_nothing"))
    assert problem.startswith("S99 stands in the name of test_rows.py::test_S99_nothing")


def test_the_page_lists_rows_claims_and_tests(tmp_path: Path) -> None:
    text = page(ROWS, found(tmp_path, "test_S1_starts"))
    assert "| S1 | starts a meeting | yes | `test_S1_starts` |" in text
    assert "| S26 | joins a meeting |  |  |" in text
