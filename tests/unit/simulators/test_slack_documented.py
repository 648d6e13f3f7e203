"""docs/simulators/slack.md: every route of the control API, with an example that works and says what comes back."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulators.slack.app import create_app
from simulators.slack.config import SlackConfig
from tests.unit.simulators.slack_harness import ADA, SDK_WARNINGS, SlackUnderTest, running_slack

pytestmark = SDK_WARNINGS

PAGE = Path(__file__).parents[3] / "docs" / "simulators" / "slack.md"
_HEADING = re.compile(r"^### `([A-Z]+) (/control/\S+)`$", re.MULTILINE)
_EXAMPLE = re.compile(r"^```\n(curl .*)\n```$", re.MULTILINE)
_ANSWER = re.compile(r"^- Answer: ([^.]*)\.", re.MULTILINE)
_NAME = re.compile(r"`(\w+)`")


@dataclass(frozen=True)
class Documented:
    """What the page says of a route."""

    method: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def answered(self) -> set[str] | None:
        """The members of its answer; None for one that is no JSON."""
        found = _ANSWER.search(self.text)
        return set(_NAME.findall(found[1])) if found else None


def documented() -> list[Documented]:
    """Returns the routes of the page."""
    _, *parts = _HEADING.split(PAGE.read_text(encoding="utf-8"))
    return [Documented(*parts[n : n + 3]) for n in range(0, len(parts), 3)]


def real() -> set[str]:
    """Returns the routes that the simulator has."""
    found = [(route.method, route.resource) for route in create_app(SlackConfig()).router.routes()]
    return {
        f"{method} {resource.canonical}"
        for method, resource in found
        if resource is not None and resource.canonical.startswith("/control") and method != "HEAD"
    }


def test_the_page_tells_of_all_routes_and_of_no_others() -> None:
    told = [str(route) for route in documented()]
    assert len(told) == len(set(told)), "a route stands there twice"
    assert real() - set(told) == set(), "not documented"
    assert set(told) - real() == set(), "documented, and not there"


async def prepared(slack: SlackUnderTest) -> dict[str, str]:
    """Brings about what the examples use. Returns their variables."""
    await slack.control("POST", "workspaces")
    await slack.control("POST", "workspaces", {"seed": "umbrella"})
    await slack.control("POST", "install", {"user_id": "U0RUTH001", "install_for": "organisation"})
    await slack.install()
    await slack.control("POST", "invite", {"channel_id": "C0GENERAL"})
    await slack.control("POST", "faults", {"method": "none", "kind": "close"})
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "elements": [button]}]
    posted = await slack.bot.chat_postMessage(channel="C0GENERAL", text="x", blocks=blocks)
    label = {"type": "plain_text", "text": "Topic"}
    topic = {"type": "plain_text_input", "action_id": "topic"}
    modal = {
        "type": "modal",
        "title": label,
        "submit": label,
        "blocks": [{"type": "input", "block_id": "topic", "label": label, "element": topic}],
    }
    await slack.bot.views_open(trigger_id=(await slack.command("x"))["trigger_id"], view=modal)
    return {"$SLACK": slack.url, "$JSON": "Content-Type: application/json", "$TS": posted["ts"]}


@pytest.mark.parametrize("route", documented(), ids=str)
async def test_its_example_works_and_is_answered_as_told(route: Documented) -> None:
    [example] = _EXAMPLE.findall(route.text)
    async with running_slack() as slack:
        for name, value in (await prepared(slack)).items():
            example = example.replace(name, value)
        method, url, body = parsed(example)
        assert method == route.method
        assert re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(slack.url + route.path)), url.partition("?")[0])
        async with slack.http.request(method, url, json=body) as response:
            assert response.status == 200, await response.text()
            if route.answered is None:
                assert response.content_type == "text/event-stream"
            else:
                assert set(await response.json()) == route.answered
    told = set(_NAME.findall(route.text))
    assert set(body or ()) <= told, "the example uses a member that is not told of"
    assert {pair.partition("=")[0] for pair in url.partition("?")[2].split("&") if pair} <= told


STRANGE: tuple[Any, ...] = ([], [[]], {"a": []}, None, True, -1, 1.5, 10**400, "x" * 5000, "\ud800", "²", "9" * 5000)


@pytest.mark.parametrize("route", [one for one in documented() if one.method == "POST"], ids=str)
async def test_no_strange_value_makes_it_stumble(route: Documented) -> None:
    [example] = _EXAMPLE.findall(route.text)
    async with running_slack() as slack:
        for variable, text in (await prepared(slack)).items():
            example = example.replace(variable, text)
        _, url, body = parsed(example)
        for name in (*_NAME.findall(route.text), *(body or ())):
            for value in STRANGE:
                async with slack.http.post(url, json={**(body or {}), name: value}) as response:
                    assert response.status in (200, 400), f"{name} {value!r}: {await response.text()}"
        deep = b"[" * 60_000
        async with slack.http.post(url, data=deep, headers={"Content-Type": "application/json"}) as response:
            # What takes no body does not look at one.
            assert response.status in ((200, 400) if body is None else (400,)), await response.text()


def parsed(example: str) -> tuple[str, str, Any]:
    """Reads a curl command. Returns its method, address and JSON body."""
    words = shlex.split(example)[1:]
    method, url, body = "GET", "", None
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "-d":
            method, body = "POST", json.loads(words.pop(0))
        elif word == "-H":
            assert words.pop(0) == "Content-Type: application/json"
        elif word != "-N":
            url = word
    return method, url, body


async def test_the_people_and_places_of_the_page_exist() -> None:
    page = PAGE.read_text(encoding="utf-8")
    async with running_slack() as slack:
        await prepared(slack)
        state = await slack.control("GET", "state")
        known = {one["id"] for one in (*state["users"], *state["channels"], *state["workspaces"])}
        told = set(re.findall(r"`([UCDT]0[A-Z0-9]{7})`", page))
        assert len(told) >= 15
        assert told <= known
        assert ADA in told
