"""Checks that need no network: the lock files hold what is asked for, and nothing in the tree names a machine.

python tools/verify.py
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(\S+)")
_MACHINE = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+|work)/")


def wanted(file: Path) -> Iterator[str]:
    """Yields the names that a `.in` file asks for, with those of the files it includes."""
    for line in file.read_text().splitlines():
        if line.startswith("-r "):
            yield from wanted(file.parent / line.removeprefix("-r ").strip())
        elif match := _NAME.match(line):
            yield normal(match.group(1))


def pinned(file: Path) -> dict[str, str]:
    """Returns name and version of every pin of a lock file."""
    found = (_PIN.match(line) for line in file.read_text().splitlines())
    return {normal(match.group(1)): match.group(2) for match in found if match}


def normal(name: str) -> str:
    """Returns a package's name in the one spelling that compares."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lock_problems(folder: Path) -> Iterator[str]:
    """Yields what is wrong with the lock files of `folder`."""
    runtime, dev = pinned(folder / "runtime.txt"), pinned(folder / "dev.txt")
    for name, pins in (("runtime", runtime), ("dev", dev)):
        for package in wanted(folder / f"{name}.in"):
            if package not in pins:
                yield f"requirements/{name}.txt: {package} is not pinned: run `make lock`"
        text = (folder / f"{name}.txt").read_text()
        for pin in re.findall(r"^[^\s#-].*(?:\n[ \t]+--hash.*)*", text, re.MULTILINE):
            if "--hash=sha256:" not in pin:
                yield f"requirements/{name}.txt: {pin.split()[0]} has no hash"
        if re.search(r"^--(?:index-url|extra-index-url|find-links|trusted-host)", text, re.MULTILINE):
            yield f"requirements/{name}.txt: names an index; whoever installs chooses that"
    for package, version in runtime.items():
        if dev.get(package) != version:
            yield f"requirements/dev.txt: {package} is not at {version} as in runtime.txt: run `make lock`"


def machine_problems(files: list[Path], root: Path) -> Iterator[str]:
    """Yields each line of `files`, all below `root`, that names a path of somebody's machine."""
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # pictures
        for number, line in enumerate(lines, start=1):
            if _MACHINE.search(line):
                yield f"{file.relative_to(root)}:{number}: names a path of one machine"


def tree() -> list[Path]:
    """Returns the files that are, or would be, committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def main() -> int:
    """Prints each problem; returns the exit code."""
    problems = [*lock_problems(ROOT / "requirements"), *machine_problems(tree(), ROOT)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
