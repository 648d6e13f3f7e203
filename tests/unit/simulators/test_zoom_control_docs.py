"""The documented control API of the Zoom simulator is the one it has, and its examples work."""

import json
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from simulators.zoom.app import create_app
from simulators.zoom.config import ZoomConfig
from tests.unit.simulators.zoom_harness import ADA, Zoom, running_zoom

PAGE = Path(__file__).parents[3] / "docs/simulators/zoom.md"
SECTIONS = re.findall(r"^### ([A-Z]+) (/control/\S+)\n(.*?)(?=^##)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (method, path, text, line.strip())
    for method, path, text in SECTIONS
    for line in re.findall("^    curl.*", text, re.M)
]
NAME = re.compile(r"`(\w+)`")
SHAPES = {
    shape: set(NAME.findall(names))
    for shape, names in re.findall(r"^- (an? \w+): ((?:`\w+`[,.\s]+)+)", PAGE.read_text(), re.MULTILINE)
}
"""What several routes answer with."""


def answered(text: str) -> set[str]:
    """Which members the answer has, as the page tells."""
    told = re.search(r"^Answer: ([^.]*)\.", text, re.MULTILINE)
    if told is None:
        return {"ok"}
    known = [names for shape, names in SHAPES.items() if told[1].startswith(shape)]
    return set(NAME.findall(told[1])).union(*known)


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    """Ada's room runs and somebody waits before it, Hedy's meeting is over, a phone rings."""
    async with running_zoom() as running:
        await running.access_token()
        await running.control("POST", f"users/{ADA}", {"waiting_room": True})
        for step in ("5551234567/start", "5552000004/start", "5552000004/end"):
            await running.control("POST", f"meetings/{step}")
        yield running


def test_every_route_is_documented_and_every_documented_route_exists() -> None:
    routes = create_app(ZoomConfig()).router.routes()
    real = {(route.method, route.resource.canonical) for route in routes if route.resource is not None}
    documented = [(method, path) for method, path, _ in SECTIONS]
    assert len(documented) == len(set(documented))
    assert set(documented) == {(m, path) for m, path in real if path.startswith("/control/") and m != "HEAD"}


def test_every_route_has_an_example() -> None:
    assert {(method, path) for method, path, _, _ in EXAMPLES} == {(method, path) for method, path, _ in SECTIONS}


async def with_values(zoom: Zoom, example: str) -> str:
    """The example with somebody who waits, and a call that rings."""
    waiting = await zoom.control("POST", "meetings/5551234567/join", {"name": "Lin"})
    call = await zoom.control("POST", "phone/calls", {"caller": ADA, "to": "1003"})
    made = await zoom.control("POST", "meetings", {"zoom_user_id": ADA})
    values = {"ZOOM": "", "PERSON": waiting["user_id"], "CALL": call["call_id"], "MEETING": str(made["id"])}
    for name, value in values.items():
        example = example.replace(f"${name}", value)
    return example


@pytest.mark.parametrize(
    ("method", "path", "text", "example"), EXAMPLES, ids=[f"{m} {path}" for m, path, _, _ in EXAMPLES]
)
async def test_every_example_works_and_is_answered_as_told(
    zoom: Zoom, method: str, path: str, text: str, example: str
) -> None:
    example = await with_values(zoom, example)
    words = shlex.split(example)
    body = words[words.index("--json") + 1] if "--json" in words else None
    given = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    assert given == method
    assert re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)), words[-1].partition("?")[0])
    headers = {"Content-Type": "application/json"} if body else {}
    async with zoom.session.request(method, zoom.base + words[-1], data=body, headers=headers) as answer:
        assert answer.status < 300, await answer.text()
        if path == "/control/stream":
            assert answer.content_type == "text/event-stream"
        else:
            assert set(await answer.json()) == answered(text)


STRANGE: tuple[Any, ...] = ([], [[]], {"a": []}, None, True, -1, 1.5, 10**400, "x" * 5000, "\ud800", "²", "9" * 5000)


@pytest.mark.parametrize(("method", "path"), [(m, path) for m, path, _ in SECTIONS if m == "POST"])
async def test_no_strange_value_makes_it_stumble(zoom: Zoom, method: str, path: str) -> None:
    [(text, example)] = [(text, line) for m, where, text, line in EXAMPLES if (m, where) == (method, path)]
    words = shlex.split(await with_values(zoom, example))
    body = json.loads(words[words.index("--json") + 1]) if "--json" in words else {}
    for name in (*NAME.findall(text), *body):
        for value in STRANGE:
            async with zoom.session.post(zoom.base + words[-1], json={**body, name: value}) as answer:
                assert answer.status < 500, f"{name} {value!r}: {await answer.text()}"
