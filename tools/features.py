"""Writes docs/features.md from docs/features.toml and the names of tests.

python tools/features.py           write it
python tools/features.py --check   fail where it is out of date, or where a row that is claimed done has no test
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROWS, PAGE = Path("docs/features.toml"), Path("docs/features.md")
TESTS = (Path("tests/e2e"), Path("tests/integration"), Path("tests/browser"), Path("tests/deploy"), Path("tests/image"))
_TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
_ID = re.compile(r"(?<=_)([SPN]\d+)(?=_)")
_HEAD = """# What the product does

Each row with the tests that show it: those of `tests/e2e` run the real processes with the simulators of Slack and Zoom,
those of `tests/integration` real servers and databases, those of `tests/deploy` what the Helm chart renders, those
of `tests/image` run it as containers. Made by
`python tools/features.py` from [features.toml](features.toml) and the names of the tests; `make verify` keeps it true.
"""


def named_by_row(folders: Iterable[Path], root: Path) -> dict[str, list[str]]:
    """Returns the tests below `folders` by the ids in their names, as `file::name` relative to `root`."""
    found: dict[str, list[str]] = {}
    for file in (file for folder in folders for file in sorted(folder.rglob("test_*.py"))):
        for name in _TEST.findall(file.read_text(encoding="utf-8")):
            for row in _ID.findall(name):
                found.setdefault(row, []).append(f"{file.relative_to(root)}::{name}")
    return found


def page(rows: Mapping[str, Any], tests: Mapping[str, list[str]]) -> str:
    """Returns the page."""
    lines = [_HEAD]
    for kind, section in rows.items():
        lines += [f"## {kind}. {section['title']}\n", "| row | | done | tests |", "|---|---|---|---|"]
        for row, entry in _entries(kind, section):
            shown = "<br>".join(f"`{test.partition('::')[2]}`" for test in tests.get(row, []))
            lines.append(
                f"| {row} | {entry['text'].replace('|', '/')} | {'yes' if entry.get('done') else ''} | {shown} |"
            )
        lines.append("")
    return "\n".join(lines)


def problems(rows: Mapping[str, Any], tests: Mapping[str, list[str]]) -> Iterator[str]:
    """Yields each claim without a test, and each test of a row that does not exist."""
    known: set[str] = set()
    for kind, section in rows.items():
        for row, entry in _entries(kind, section):
            known.add(row)
            if entry.get("done") and not tests.get(row):
                yield f"{row} is claimed done and has no test whose name holds _{row}_"
    for row in sorted(tests.keys() - known):
        yield f"{row} stands in the name of {tests[row][0]} and not in {ROWS}"


def _entries(kind: str, section: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, entry in section.items():
        if number != "title":
            yield f"{kind}{number}", entry


def main(arguments: list[str]) -> int:
    """Runs as the first lines say. Returns the exit code."""
    rows = tomllib.loads((ROOT / ROWS).read_text(encoding="utf-8"))
    tests = named_by_row((ROOT / folder for folder in TESTS), ROOT)
    found, text = list(problems(rows, tests)), page(rows, tests)
    if arguments == ["--check"] and (ROOT / PAGE).read_text(encoding="utf-8") != text:
        found.append(f"{PAGE} is out of date: run python tools/features.py")
    elif arguments != ["--check"]:
        (ROOT / PAGE).write_text(text, encoding="utf-8")
    print(*found, sep="\n", file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
