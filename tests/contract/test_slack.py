"""The Slack simulator against what Slack publishes of its methods and events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from simulators.slack.webapi import METHODS, OAUTH_ACCESS, OAUTH_ARGUMENTS
from tests.contract.slack_answers import ASKED
from tests.contract.slack_events import CAUSED
from tests.contract.specifications import AT_HAND, read, sample
from tests.unit.simulators.slack_harness import SDK_WARNINGS, running_slack

pytestmark = AT_HAND

SAMPLE = "slack/samples/payloads/BlockActionPayload.json"
WITH_BLOCKS = ("message", "view")
"""Parts of answers that Slack shows in full elsewhere. Their blocks are held against its limits by the simulator."""
NEWER = {"context_team_id": "", "context_enterprise_id": ""}
"""Fields of an event that are younger than the samples."""
BY_KIND_OF_CONVERSATION = {"conversations.info"}
"""Methods that need one of several scopes."""


def methods() -> dict[str, Any]:
    return dict(read("slack/current/web_methods.json")["methods"])


def shown(method: str) -> list[Any]:
    """Returns the answers that Slack shows of a method."""
    examples = [json.loads(text) for text in methods()[method]["response_examples"] if text.lstrip().startswith("{")]
    outline = dict.fromkeys(methods()[method]["output_schema"].get("properties", {}))
    parts = {name: {**read(SAMPLE)[name], "blocks": None} for name in WITH_BLOCKS if name in outline}
    return [*examples, {"ok": True, **outline, **parts}, sample(f"slack/samples/api/{method}.json")]


def without_a_place(value: Any, shapes: Sequence[Any], path: str = "") -> Iterator[str]:
    """Yields the fields that none of the shapes has. A shape shows which fields there can be, and of what kind."""
    if isinstance(value, dict):
        known = [shape for shape in shapes if isinstance(shape, dict) and shape]
        for name, inner in value.items() if known else ():
            if not any(name in shape for shape in known):
                yield f"{path}.{name}"
            yield from without_a_place(inner, [shape[name] for shape in known if name in shape], f"{path}.{name}")
    elif isinstance(value, list):
        inside = [item for shape in shapes if isinstance(shape, list) for item in shape]
        for item in value:
            yield from without_a_place(item, inside, f"{path}[]")


@SDK_WARNINGS
@pytest.mark.parametrize("method", sorted(ASKED))
async def test_every_answer_has_the_fields_that_slack_shows(method: str) -> None:
    async with running_slack() as slack:
        await slack.install()
        answer = await ASKED[method](slack)
    assert answer["ok"] is True
    required = methods()[method]["output_schema"].get("required", [])
    assert answer.keys() >= set(required)
    for name in WITH_BLOCKS:
        answer.get(name, {}).pop("blocks", None)
    assert not list(without_a_place(answer, shown(method)))


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_argument_is_one_of_slacks(method: str) -> None:
    """The simulator refuses every other argument, so this holds for all that the services send to it."""
    told = methods()[method]["args"]
    ours = METHODS[method].arguments
    assert ours.keys() <= told.keys()
    needed = {name for name, argument in ours.items() if argument.required}
    assert needed == {name for name in told if told[name]["required"] and name in ours}
    assert METHODS[method].json == bool(methods()[method]["json_input_supported"])
    if method not in BY_KIND_OF_CONVERSATION:
        assert METHODS[method].scope in (methods()[method]["scope"].get("bot") or [None])


def test_every_argument_of_the_token_exchange_is_one_of_slacks() -> None:
    assert OAUTH_ARGUMENTS.keys() <= methods()[OAUTH_ACCESS]["args"].keys()


@SDK_WARNINGS
@pytest.mark.parametrize("event", sorted(CAUSED))
async def test_every_event_has_the_fields_that_slack_shows(event: str) -> None:
    name, cause = CAUSED[event]
    async with running_slack() as slack:
        await cause(slack)
        await slack.control("GET", "deliveries/idle")
        told = [one.json for one in slack.app.received if one.json and one.json["event"]["type"] == event]
    assert told
    for body in told:
        assert not list(without_a_place(body, [read(f"slack/samples/events/{name}.json"), NEWER]))
