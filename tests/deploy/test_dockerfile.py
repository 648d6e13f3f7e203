"""The Dockerfile keeps what the chart and operators count on, and each rule finds what it is for."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

import pytest

from tests.deploy.dockerfile import DOCKERFILE, IGNORE, VERSION, files, is_ignored, problems
from tests.deploy.rendering import CHART, ROOT, load


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong, and what is said of it."""

    file: str
    right: str
    wrong: str
    complaint: str


BROKEN = (
    Broken(DOCKERFILE, "@sha256:", "-", "is not pinned by tag and digest"),
    Broken(DOCKERFILE, "ARG BASE_IMAGE=", "ARG BASIS=", "is not pinned by tag and digest"),
    Broken(DOCKERFILE, "FROM ${BASE_IMAGE} AS build", "FROM python:3.13-slim AS build", "made from BASE_IMAGE"),
    Broken(DOCKERFILE, "\nFROM ${BASE_IMAGE}\n", "\nFROM debian:13\n", "FROM debian:13"),
    Broken(DOCKERFILE, "ARG BASE_IMAGE=", "FROM ${BASE_IMAGE} AS first\nARG BASE_IMAGE=", "before the first FROM"),
    Broken(DOCKERFILE, "--require-hashes ", "", "pip install without --require-hashes"),
    Broken(DOCKERFILE, "--only-binary :all: ", "", "pip install without --only-binary"),
    Broken(DOCKERFILE, "-r /build/runtime.txt\n", "-r /build/runtime.txt gunicorn\n", "gunicorn is in no lock"),
    Broken(DOCKERFILE, "-r /build/runtime.txt", "flask", "pip install without -r"),
    Broken(DOCKERFILE, "COPY LICENSE", "RUN pip install wheel\nCOPY LICENSE", "2 steps install packages"),
    Broken(DOCKERFILE, "COPY LICENSE", "RUN apt-get install gcc\nCOPY LICENSE", "RUN apt-get"),
    Broken(DOCKERFILE, "USER 10001:10001\n", "", "USER is not the number"),
    Broken(DOCKERFILE, "USER 10001:10001", "USER zoomslack", "USER is not the number"),
    Broken(DOCKERFILE, "USER 10001:10001", "USER 0:0", "USER is not the number"),
    Broken(DOCKERFILE, 'ENTRYPOINT ["python", "-m"]', "ENTRYPOINT python -m", "ENTRYPOINT needs a shell"),
    Broken(DOCKERFILE, 'CMD ["services", "--help"]', "CMD services --help", "CMD needs a shell"),
    Broken(DOCKERFILE, "WORKDIR /app", "RUN useradd a\nWORKDIR /app", "RUN in the last stage"),
    Broken(DOCKERFILE, "PYTHONPATH=/app/gen:/app", "PYTHONPATH=/app", "would not be found"),
    Broken(DOCKERFILE, "COPY LICENSE", "ADD https://example.com/LICENSE", "ADD fetches"),
    Broken(DOCKERFILE, "ARG SOURCE=", "ARG PIP_TOKEN=x\nARG SOURCE=", "ARG TOKEN: a secret"),
    Broken(DOCKERFILE, "HOME=/nonexistent", "ZOOMSLACK_TOKEN_KEYS=k1:x", "ENV TOKEN: a secret"),
    Broken(DOCKERFILE, 'image.version="${VERSION}"', 'image.version="1"', "LABEL version: is not the argument"),
    Broken(DOCKERFILE, "ARG REVISION=unknown\n", "", "ARG REVISION: is missing"),
    Broken(DOCKERFILE, f"ARG VERSION={VERSION}", "ARG VERSION=9.9.9", "is not the project's version"),
    Broken(DOCKERFILE, '="Apache-2.0"', '="MIT"', "is not the project's licence"),
    Broken(DOCKERFILE, 'image.title="zoomslack"', 'image.title=""', "LABEL title: is missing"),
    Broken(DOCKERFILE, "COPY mesh /app/mesh", "COPY . /app", "COPY .: is nothing"),
    Broken(DOCKERFILE, "COPY mesh /app/mesh\n", "", "COPY mesh: is missing"),
    Broken(DOCKERFILE, "COPY mesh /app/mesh", "COPY mesh docs /app/", f"COPY docs: {IGNORE} keeps"),
    Broken(IGNORE, "!mesh\n", "", f"COPY mesh: {IGNORE} keeps it"),
    Broken(IGNORE, "*\n!LICENSE", "!LICENSE", f"{IGNORE} lets .git/config through"),
    Broken(IGNORE, "*\n!LICENSE", ".git\n.venv\nvar\ntools\ndocs", f"{IGNORE} lets tests/conftest.py through"),
    Broken(IGNORE, "!mesh", "!mesh\n!var", f"{IGNORE} lets var/auth.db through"),
    Broken(IGNORE, "**/__pycache__\n**/*.pyc\n", "", f"{IGNORE} lets mesh/__pycache__"),
)


def test_P89_nothing_is_wrong_with_the_dockerfile() -> None:
    assert list(problems(*files())) == []


@pytest.mark.parametrize("one", BROKEN, ids=lambda one: f"{one.complaint[:40]}-{one.wrong[:20]}")
def test_P89_a_broken_dockerfile_is_refused(one: Broken) -> None:
    dockerfile, ignore = files()
    text = dockerfile if one.file == DOCKERFILE else ignore
    assert one.right in text
    changed = text.replace(one.right, one.wrong)
    found = list(problems(changed, ignore) if one.file == DOCKERFILE else problems(dockerfile, changed))
    assert any(one.complaint in complaint for complaint in found), found


def test_the_last_pattern_that_fits_decides() -> None:
    ignore = "# what is built\n*\n!mesh\n**/*.pyc\n!a/b\n"
    assert is_ignored("docs/a.md", ignore)
    assert not is_ignored("mesh/clock.py", ignore)
    assert is_ignored("mesh/deep/clock.pyc", ignore)
    assert is_ignored("meshed/clock.py", ignore)
    assert not is_ignored("a/b", ignore)
    assert is_ignored("a/c", ignore)
    assert not is_ignored("docs/a.md", "")


def test_P89_image_chart_and_project_have_one_version() -> None:
    chart = load(CHART / "Chart.yaml")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {chart["appVersion"], project["version"]} == {VERSION}
