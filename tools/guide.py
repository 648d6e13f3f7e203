"""Makes the pages of the guide that the edge serves from docs/guide/*.md, the guide as people read it in the tree.

python tools/guide.py           write services/slack_edge/guide/, after a change of docs/guide
python tools/guide.py --check   fail where a page is out of date, or a picture or a page that is linked does not exist
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
SOURCE, PAGES = ROOT / "docs" / "guide", ROOT / "services" / "slack_edge" / "guide"
PICTURES = "pictures"
_PAGE = re.compile(r"([a-z]+)\.md")


def page_name(file: str) -> str:
    """Returns the name under which a file of the guide is served: its first page is `index`."""
    return "index" if file == "README.md" else file.removesuffix(".md")


def render(text: str) -> str:
    """Returns the HTML of a page. HTML within the text stays text; links lead to the served pages."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for token in _all(tokens):
        for attribute, served in (("href", _served_link), ("src", _served_picture)):
            if (address := token.attrGet(attribute)) is not None:
                token.attrSet(attribute, served(str(address)))
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return html


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or [])


def _served_link(address: str) -> str:
    match = _PAGE.fullmatch(address)
    return f"/guide/{match.group(1)}" if match else address


def _served_picture(address: str) -> str:
    return f"/guide/{address}"


def wanted() -> dict[str, str]:
    """Returns what is to be served, by file name."""
    return {
        f"{page_name(file.name)}.html": render(file.read_text(encoding="utf-8")) for file in sorted(SOURCE.glob("*.md"))
    }


def problems() -> Iterator[str]:
    """Yields what is wrong with what is served."""
    for name, html in wanted().items():
        file = PAGES / name
        if not file.is_file() or file.read_text(encoding="utf-8") != html:
            yield f"{file.relative_to(ROOT)} is out of date: run python tools/guide.py"
        for picture in re.findall(r'src="/guide/pictures/([^"]+)"', html):
            if not (SOURCE / PICTURES / picture).is_file():
                yield f"docs/guide/{PICTURES}/{picture} does not exist: run make pictures"
            elif (PAGES / PICTURES / picture).read_bytes() != (SOURCE / PICTURES / picture).read_bytes():
                yield f"services/slack_edge/guide/{PICTURES}/{picture} is out of date: run python tools/guide.py"
        for page in re.findall(r'href="/guide/([a-z]+)"', html):
            if f"{page}.html" not in wanted():
                yield f"{name} links to {page}, which does not exist"


def main(arguments: list[str]) -> int:
    """Runs as the first lines say. Returns the exit code."""
    if arguments != ["--check"]:
        shutil.rmtree(PAGES, ignore_errors=True)
        shutil.copytree(SOURCE / PICTURES, PAGES / PICTURES)
        for name, html in wanted().items():
            (PAGES / name).write_text(html, encoding="utf-8")
    found = list(problems())
    print(*found, sep="\n", file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
