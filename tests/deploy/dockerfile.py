"""What a Dockerfile and a .dockerignore say, and what must hold of ours; no container tool is needed to see it."""

from __future__ import annotations

import functools
import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.deploy.rendering import ROOT, VALUES, load, render

DOCKERFILE, IGNORE = "deploy/docker/Dockerfile", ".dockerignore"
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = str(_PROJECT["project"]["version"])
_PACKAGES = {"gen", "mesh", "zoom_api", "services", "simulators"}
_STAYS_OUT = (
    *(
        ".git/config",
        ".venv/pyvenv.cfg",
        ".env",
        "var/auth.db",
        "tests/conftest.py",
        "tools/image.py",
        "docs/errors.md",
    ),
    *("deploy/k8s/chart/values.yaml", "requirements/dev.txt", "mesh/__pycache__/clock.cpython-313.pyc"),
)
_BY_ARGUMENT = {"version": "VERSION", "revision": "REVISION", "created": "CREATED", "source": "SOURCE"}
_SECRET = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|(?:^|_)KEYS?(?:$|_)")
_PIP = ("--require-hashes", "--only-binary :all:", "--no-deps", "-r /build/runtime.txt")


@dataclass(frozen=True)
class Step:
    """One instruction."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """What follows the name, its options (`--from=build`) left out."""
        return [word for word in shlex.split(self.text) if not word.startswith("--")]

    def options(self) -> list[str]:
        """Returns `--from=build` and the like."""
        return [word for word in shlex.split(self.text) if word.startswith("--")]

    def exec_form(self) -> list[str] | None:
        """Returns the words of the exec form; None for the shell's form."""
        try:
            words = json.loads(self.text)
        except ValueError:
            return None
        return words if isinstance(words, list) else None


def steps(text: str) -> list[Step]:
    """Returns the instructions of a Dockerfile."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(*line.split(None, 1)) for line in joined.splitlines()]


def stages(found: Sequence[Step]) -> list[list[Step]]:
    """Returns the instructions of each stage; what comes before the first FROM is in none."""
    starts = [number for number, step in enumerate(found) if step.name == "FROM"]
    return [list(found[start:end]) for start, end in zip(starts, [*starts[1:], None], strict=True)]


def is_ignored(path: str, ignore: str) -> bool:
    """Tells whether a .dockerignore keeps a path from the builder: of all patterns the last one that fits decides."""
    ignored = False
    for line in ignore.splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#") and _fits(path, pattern.removeprefix("!").strip("/")):
            ignored = not pattern.startswith("!")
    return ignored


def _fits(path: str, pattern: str) -> bool:
    """Tells whether a pattern names a path or a folder above it."""
    glob = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(f"{glob}(?:/.*)?", path) is not None


def problems(dockerfile: str, ignore: str) -> Iterator[str]:
    """Yields what is wrong with the two files."""
    found = steps(dockerfile)
    built = stages(found)
    yield from _bases(found)
    yield from _pip([step for step in found if step.name == "RUN"])
    yield from _last_stage(built[-1])
    yield from _labels(built[-1])
    yield from _copies(found, ignore)
    for step in found:
        if step.name == "ADD":
            yield "ADD fetches and unpacks: use COPY"
        if step.name in {"ARG", "ENV"} and (match := _SECRET.search(" ".join(re.findall(r"(\w+)=?", step.text)))):
            yield f"{step.name} {match.group()}: a secret would stay in the image"
    yield from (f"{IGNORE} lets {path} through" for path in _STAYS_OUT if not is_ignored(path, ignore))


def _bases(found: Sequence[Step]) -> Iterator[str]:
    arguments = {name: value for step in found if step.name == "ARG" for name, _, value in [step.text.partition("=")]}
    if not re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", arguments.get("BASE_IMAGE", "")):
        yield "ARG BASE_IMAGE: is not pinned by tag and digest"
    if found[0].name != "ARG":
        yield "ARG BASE_IMAGE has to stand before the first FROM"
    for step in found:
        if step.name == "FROM" and step.words[0] != "${BASE_IMAGE}":
            yield f"FROM {step.words[0]}: every stage is made from BASE_IMAGE"


def _pip(runs: Sequence[Step]) -> Iterator[str]:
    installs = [step.text for step in runs if re.search(r"pip\b.*\binstall\b", step.text)]
    if len(installs) != 1:
        yield f"{len(installs)} steps install packages: one does, from the lock"
    for text in installs:
        yield from (f"pip install without {option}" for option in _PIP if option not in text)
        yield from (f"pip install: {more} is in no lock" for more in text.partition("-r /build/runtime.txt")[2].split())
    yield from (
        f"RUN {word}: fetches what no lock holds"
        for step in runs
        for word in ("curl", "wget", "apt-get", "git clone")
        if word in step.text
    )


def _last_stage(stage: Sequence[Step]) -> Iterator[str]:
    said = {step.name: step for step in stage}
    if "USER" not in said or said["USER"].text != _user_of_pods():
        yield "USER is not the number that the chart's pods run as"
    for name in ("ENTRYPOINT", "CMD"):
        if name not in said or said[name].exec_form() is None:
            yield f"{name} needs a shell: write it as a JSON list"
    if "RUN" in said:
        yield "RUN in the last stage: what is run here stays in the image; make it in the stage before"
    folders = said["ENV"].text if "ENV" in said else ""
    if "PYTHONPATH=/app/gen:/app" not in folders or "PATH=/opt/zoomslack/bin:${PATH}" not in folders:
        yield "ENV: `python -m services.auth` would not be found"


@functools.cache
def _user_of_pods() -> str:
    [who] = {
        (pod.spec["securityContext"]["runAsUser"], pod.spec["securityContext"]["runAsGroup"])
        for pod in render(load(VALUES["laptop"])).pods()
    }
    return "{}:{}".format(*who)


def _labels(stage: Sequence[Step]) -> Iterator[str]:
    pairs = [word.partition("=") for step in stage if step.name == "LABEL" for word in step.words]
    labels = {name.removeprefix("org.opencontainers.image."): value for name, _, value in pairs}
    yield from (f"LABEL {name}: is missing" for name in ("title", "description", "licenses") if not labels.get(name))
    for name, argument in _BY_ARGUMENT.items():
        if labels.get(name) != f"${{{argument}}}":
            yield f"LABEL {name}: is not the argument {argument}"
        if not any(step.name == "ARG" and step.text.startswith(f"{argument}=") for step in stage):
            yield f"ARG {argument}: is missing in the last stage"
    if f"VERSION={VERSION}" not in [step.text for step in stage]:
        yield f"ARG VERSION: is not the project's version {VERSION}"
    if labels.get("licenses") != _PROJECT["project"]["license"]:
        yield "LABEL licenses: is not the project's licence"


def _copies(found: Sequence[Step], ignore: str) -> Iterator[str]:
    sources = [
        word
        for step in found
        if step.name == "COPY" and not any(option.startswith("--from=") for option in step.options())
        for word in step.words[:-1]
    ]
    for source in sources:
        if not (ROOT / source).exists() or source.strip("./") == "":
            yield f"COPY {source}: is nothing that the image needs"
        elif is_ignored(source, ignore):
            yield f"COPY {source}: {IGNORE} keeps it from the builder"
    yield from (f"COPY {missing}: is missing" for missing in sorted(_PACKAGES - set(sources)))


def files() -> tuple[str, str]:
    """Returns the two files as they are."""
    return (ROOT / DOCKERFILE).read_text(encoding="utf-8"), (ROOT / IGNORE).read_text(encoding="utf-8")
