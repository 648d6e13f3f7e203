"""What `docs/operations.md` has operators type."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Returns a section's text, the ones below it included."""
    [level] = re.findall(rf"^(#+) {re.escape(title)}$", PAGE, re.MULTILINE)
    _, _, after = PAGE.partition(f"{level} {title}\n")
    return re.split(rf"^#{{1,{len(level)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def blocks(language: str, text: str = PAGE) -> list[str]:
    """Returns the code blocks of a language."""
    return [
        re.sub(r"^ {2,3}", "", body, flags=re.MULTILINE)
        for body in re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    ]
