"""`docs/operations.md` says what the code and the chart say: scopes, events, addresses, settings, Secrets, commands."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import shlex
import sys
from collections.abc import Iterator

import pytest

from mesh.sealing import KeyRing
from services.auth.settings import AuthSettings
from services.meetings.settings import MeetingsSettings
from services.phone.settings import PhoneSettings
from services.slack_edge.features import FEATURES
from services.slack_edge.manifest import manifest
from services.slack_edge.settings import EdgeSettings
from tests.contract import used
from tests.contract.specifications import read
from tests.contract.test_zoom import FILES
from tests.deploy.rendering import VALUES, load, render
from tests.support.operations import PAGE, ROOT, blocks, section

SETTINGS = (AuthSettings, MeetingsSettings, PhoneSettings, EdgeSettings)
PUBLIC_URL = "https://zoom.example.com"


def command(words: str) -> str:
    """Returns the one line of a shell block that begins with some words."""
    [line] = [line for block in blocks("sh") for line in block.splitlines() if line.startswith(words)]
    return line


async def shell(line: str) -> str:
    """Runs a line as the page has it, with this interpreter in the place of the virtual environment's."""
    process = await asyncio.create_subprocess_shell(
        line.replace(".venv/bin/python", shlex.quote(sys.executable)),
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": "gen:."},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    return output.decode()


def zoom_scopes() -> set[str]:
    """Returns the scopes of Zoom's apps on the page."""
    return set(re.findall(r"`([a-z_]+:[a-z_]+:[a-z_]+)`", section("3. The apps at Zoom")))


def test_zooms_apps_get_the_scopes_that_the_features_need_and_no_more() -> None:
    needed = {scope for feature in FEATURES for scope in (*feature.zoom_scopes, *feature.instead)}
    assert zoom_scopes() == needed | {"user:read:user"}  # which auth asks for before there is any feature


@pytest.mark.needs_shared
@pytest.mark.skipif(
    not (ROOT.parent / "shared/specs").exists(), reason="the vendors' specifications are not part of this tree"
)
def test_with_these_scopes_zoom_lets_the_services_do_all_that_they_do() -> None:
    for verb, path in used.zoom_operations():
        found = [read(file)["paths"].get(path, {}).get(verb.lower()) for file in FILES]
        [security, *_] = next(operation for operation in found if operation)["security"]
        taken = set(security["openapi_oauth"])
        assert zoom_scopes() & taken, (verb, path)
        assert {f"{scope}:admin" for scope in zoom_scopes()} & taken, (verb, path)


def test_zooms_apps_get_the_events_that_the_services_understand_and_no_more() -> None:
    found = re.findall(
        r"`((?:meeting|recording|user|phone)\.[a-z_]+|app_deauthorized)`", section("3. The apps at Zoom")
    )
    assert len(found) == len(set(found))
    assert set(found) == used.zoom_events()


async def test_the_command_prints_the_manifest() -> None:
    printed = json.loads(await shell(command(f"ZOOMSLACK_PUBLIC_URL={PUBLIC_URL} ")))
    assert printed == manifest(PUBLIC_URL)


async def test_the_command_makes_keys_that_seal() -> None:
    line = command('echo "k1:').replace("> token-keys", "")
    first, second = await shell(line), await shell(line)
    assert KeyRing.parse(first.strip()).seal(b"a", "place") != b"a"
    assert first != second


def test_every_setting_on_the_page_is_one_and_every_one_that_all_services_have_is_there() -> None:
    known = {str(field.alias) for cls in SETTINGS for field in cls.model_fields.values()}
    named = set(itertools.chain.from_iterable(map(expanded, re.findall(r"ZOOMSLACK_[A-Z_{},…]+", PAGE))))
    assert {name for name in named if "…" not in name} <= known | {f"{name}_FILE" for name in known}
    everybody = set.intersection(*({str(field.alias) for field in cls.model_fields.values()} for cls in SETTINGS))
    assert everybody <= named


def expanded(name: str) -> Iterator[str]:
    """Yields what a shell makes of `A_{B,C}_D`."""
    name = name.rstrip(",_{")
    head, brace, rest = name.partition("{")
    inner, _, tail = rest.partition("}")
    yield from (f"{head}{part}{tail}" for part in inner.split(",")) if brace else (name,)


def test_the_secrets_that_are_made_are_those_that_the_example_mounts() -> None:
    made = {}
    for line in "\n".join(blocks("sh", section("5. Secrets"))).splitlines():
        words = shlex.split(line)
        if "create" in words and words[words.index("create") + 1] != "namespace":
            keys = [word.removeprefix("--from-file=").partition("=")[0] for word in words if word.startswith("--from")]
            made[next(word for word in words if word.startswith(("zoomslack-", "postgresql")))] = set(keys)
    mounted: dict[str, set[str]] = {}
    for pod in render(load(VALUES["production"])).pods():
        for volume in pod.spec["volumes"]:
            source = volume.get("secret") or volume.get("configMap")
            if source and "items" in source:
                name = source.get("secretName") or source["name"]
                mounted.setdefault(name, set()).update(item["key"] for item in source["items"])
    assert made == {name: keys for name, keys in mounted.items() if not name.endswith("-tls")}


def test_every_link_and_every_file_is_there() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    }
    links = re.findall(r"\]\(([^)\s]+)\)", PAGE)
    for link in links:
        path, _, anchor = link.partition("#")
        assert not path or (ROOT / "docs" / path).exists(), link
        assert path or anchor in headings, link
    assert len(links) > 10
    for path in re.findall(r"(?:tests|deploy|services)/[\w/.-]+", re.sub(r"\]\([^)]*\)", "", PAGE)):
        assert (ROOT / path.rstrip(".")).exists(), path


def test_every_target_of_make_is_one() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", PAGE))
    assert named
    assert named <= targets


def test_what_slack_zoom_and_browsers_are_told_to_open_is_there() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "services/slack_edge").glob("*.py"))
    routes = set(re.findall(r'web\.(?:get|post)\("(/[^"]*)"', source))
    named = set(re.findall(rf"{PUBLIC_URL}(/[a-z/]+)", PAGE))
    assert len(named) == 3
    assert named <= routes
