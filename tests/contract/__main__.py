"""Prints what the contract tests cover: `python -m tests.contract`. Exit code 1: something is used and not covered."""

import sys
from collections.abc import Iterable

from tests.contract.coverage import Covered, covered


def main(used: Iterable[Covered]) -> int:
    """Prints a line for each thing that the services use of Slack and Zoom. Returns the exit code."""
    rows = list(used)
    for row in rows:
        sys.stdout.write(f"{row.kind:15}{row.name:55}{row.by or 'NOT COVERED'}\n")
    missing = [row for row in rows if not row.by]
    sys.stdout.write(f"{len(rows)} used, {len(missing)} not covered\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(covered()))
