"""`python -m tests.image` says what this machine lacks to run the image's tests and ends with 1, or with 0."""

from __future__ import annotations

import sys

from tests.image.engine import missing

if lacking := missing():
    print(lacking)  # noqa: T201 (this is the output)
sys.exit(1 if lacking else 0)
