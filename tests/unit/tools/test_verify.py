"""The checks of `make verify` find what they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.verify import ROOT, lock_problems, machine_problems

PIN = "{} \\\n    --hash=sha256:" + "0" * 64 + "\n    # via somebody\n"


def folder(tmp_path: Path, *, runtime: str, dev: str) -> Path:
    (tmp_path / "runtime.in").write_text("# what runs\naiohttp\nSQLAlchemy>=2 ; python_version > '3'\n")
    (tmp_path / "dev.in").write_text("-r runtime.in\n-c runtime.txt\npytest\n")
    (tmp_path / "runtime.txt").write_text(runtime)
    (tmp_path / "dev.txt").write_text(dev)
    return tmp_path


RUNTIME = PIN.format("aiohttp==1.0") + PIN.format("sqlalchemy[asyncio]==2.0")
DEV = RUNTIME + PIN.format("pytest==9.0")


def test_complete_locks_are_fine(tmp_path: Path) -> None:
    assert list(lock_problems(folder(tmp_path, runtime=RUNTIME, dev=DEV))) == []


@pytest.mark.parametrize(
    ("runtime", "dev", "problem"),
    [
        (PIN.format("aiohttp==1.0"), DEV, "requirements/runtime.txt: sqlalchemy is not pinned"),
        (RUNTIME, RUNTIME, "requirements/dev.txt: pytest is not pinned"),
        (RUNTIME + "idna==3.1\n", DEV + PIN.format("idna==3.1"), "requirements/runtime.txt: idna==3.1 has no hash"),
        (RUNTIME, DEV.replace("aiohttp==1.0", "aiohttp==1.1"), "requirements/dev.txt: aiohttp is not at 1.0"),
        ("--extra-index-url https://pypi.example\n" + RUNTIME, DEV, "requirements/runtime.txt: names an index"),
    ],
)
def test_each_flaw_is_named(tmp_path: Path, runtime: str, dev: str, problem: str) -> None:
    found = list(lock_problems(folder(tmp_path, runtime=runtime, dev=dev)))
    assert any(sentence.startswith(problem) for sentence in found), found


def test_paths_of_one_machine_are_found_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text("see https://zoom.example/home/page and ./work/x\n" + "file " + "/ho" + "me/ada/notes\n")
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\xff\xfe")
    assert list(machine_problems([file, picture], tmp_path)) == ["notes.md:2: names a path of one machine"]


def test_this_tree_is_fine() -> None:
    assert list(lock_problems(ROOT / "requirements")) == []
