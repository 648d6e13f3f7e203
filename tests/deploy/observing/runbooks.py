"""What has to be true of the runbooks: what they tell people to look at and to type exists."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.deploy.observing.documented import documented
from tests.deploy.policies.settings import COMMANDS, SERVICES, aliases
from tests.deploy.rendering import CHART, ROOT, VALUES, load, render

SECTIONS = ("What people notice", "How to confirm", "What to do now", "What to do afterwards")
_FENCE = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LOG = re.compile(r"Log of ([\w, ]+?): (.*?)(?=Log of |^\s*- |^\s*$)", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)#]+)\)")
_FOLDERS = {"edge": "slack_edge", "auth": "auth", "meetings": "meetings", "phone": "phone"}
_ERRANDS = {("services.auth", "rotate-keys"), *((f"services.{folder}", "check") for folder in _FOLDERS.values())}

Pages = Mapping[str, str]


def queries(text: str) -> list[str]:
    """Returns the queries of a page."""
    return [block for language, block in _FENCE.findall(text) if language == "promql"]


def well_formed(pages: Pages) -> Iterator[str]:
    """Each page has its sections in their order, something to confirm by, and links that lead somewhere."""
    for name, text in pages.items():
        if not text.startswith(f"# {name}\n"):
            yield f"{name}: has another title"
        if tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) != SECTIONS:
            yield f"{name}: has other sections than {SECTIONS}"
        if any(len(part.strip()) < 20 for part in re.split(r"^## .+$", text, flags=re.MULTILINE)):
            yield f"{name}: has an empty section"
        if not queries(text):
            yield f"{name}: has no query to confirm by"
        for link in _LINK.findall(text):
            if "://" not in link and not (ROOT / "docs/runbooks" / link).is_file():
                yield f"{name}: leads to {link}, which is not there"


def queries_are_answered(pages: Pages) -> Iterator[str]:
    """Queries use documented metrics, labels and values."""
    for name, text in pages.items():
        for query in queries(text):
            plain = re.sub(r"^#.*$", "", query, flags=re.MULTILINE)
            yield from (f"{name}: {problem}" for problem in documented().problems(plain, {}))


def logs_say_so(pages: Pages) -> Iterator[str]:
    """Messages and fields that are named after `Log of` stand in the code of one of these services."""
    for name, text in pages.items():
        for services, rest in _LOG.findall(text):
            sources = "".join(_sources(service) for service in services.split(", "))
            for quoted in map(" ".join, map(str.split, _QUOTED.findall(rest))):
                if f'"{quoted}' not in sources:
                    yield f"{name}: nothing in {services} logs {quoted}"


@functools.cache
def _sources(service: str) -> str:
    folders = (ROOT / "mesh", ROOT / "zoom_api", ROOT / "services" / _FOLDERS[service])
    return "\n".join(file.read_text(encoding="utf-8") for folder in folders for file in sorted(folder.rglob("*.py")))


def commands_exist(pages: Pages) -> Iterator[str]:
    """Commands, deployments, settings and values of the chart that are named exist."""
    values = load(CHART / "values.yaml")
    variables = {variable for cls in SERVICES.values() for variable in aliases(cls)}
    deployments = {one["metadata"]["name"] for one in render(load(VALUES["production"])).of("Deployment")}
    for name, text in pages.items():
        for module, command in re.findall(r"python -m (\S+) ([\w-]+)", text):
            if (module, command) not in {*COMMANDS, *_ERRANDS}:
                yield f"{name}: there is no python -m {module} {command}"
        for deployment in re.findall(r"deploy/([\w-]+)(?!\S*/)", text):
            if deployment not in {*deployments, "k8s", "observability"}:
                yield f"{name}: there is no Deployment {deployment}"
        for variable in re.findall(r"ZOOMSLACK_\w+", text):
            if variable not in variables:
                yield f"{name}: nobody reads {variable}"
        for path in re.findall(r"(?:`|--set )([a-z]\w*(?:\.\w+)+)", text):
            is_name_of_certificate = path.endswith(".zoomslack")
            if path.partition(".")[0] in values and not is_name_of_certificate and not _has(values, path):
                yield f"{name}: the chart has no value {path}"


def _has(values: Any, path: str) -> bool:
    for key in path.split("."):
        if not isinstance(values, dict) or key not in values:
            return False
        values = values[key]
    return True


def pages_in(folder: Path) -> dict[str, str]:
    """Returns the pages of a folder by the names of their alerts."""
    return {page.stem: page.read_text(encoding="utf-8") for page in folder.glob("*.md") if page.stem != "README"}


def listed(index: str, pages: Pages) -> Iterator[str]:
    """The list of pages names each of them once, and no other."""
    names = re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| .+ \|$", index, re.MULTILINE)
    if sorted(names) != sorted(pages):
        yield f"README.md lists {sorted(set(names) ^ set(pages))} differently"
