"""The Zoom simulator, and what the services send, against Zoom's own specification of its REST API and its events."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.zoom.meeting_fields import CREATE_FIELDS
from tests.contract.specifications import AT_HAND, hold, read
from tests.contract.zoom_answers import ASKED
from tests.unit.simulators.zoom_harness import running_zoom

pytestmark = AT_HAND

FILES = ("zoom/meetings.openapi.json", "zoom/users.openapi.json", "zoom/phone.openapi.json")


def specified(verb: str, path: str) -> dict[str, Any]:
    """Returns what Zoom says of an operation."""
    found = [read(file)["paths"].get(path, {}).get(verb.lower()) for file in FILES]
    return next(operation for operation in found if operation)


@pytest.mark.parametrize(("verb", "path"), sorted(ASKED))
async def test_every_answer_is_as_zoom_specifies_it(verb: str, path: str) -> None:
    responses = specified(verb, path)["responses"]
    async with running_zoom() as zoom:
        answer = await ASKED[verb, path](zoom, await zoom.access_token())
    assert 200 <= answer.status < 300, answer.text
    contents = responses[str(answer.status)].get("content", {})
    if answer.text:
        hold(answer.json, contents["application/json"]["schema"])
    else:
        assert answer.status == 204


def test_what_a_new_meeting_may_have_is_what_zoom_lets_it_have() -> None:
    """The simulator refuses every other field, so this holds for all that the services send to it."""
    body = specified("POST", "/users/{userId}/meetings")["requestBody"]["content"]["application/json"]["schema"]
    _compare(CREATE_FIELDS, body)


def _compare(fields: Any, schema: Any) -> None:
    assert fields.keys() <= schema["properties"].keys()
    for name, field in fields.items():
        wanted = schema["properties"][name]
        assert wanted["type"] == field.kind, name
        assert set(field.choices) <= set(wanted.get("enum", field.choices)), name
        if field.fields is not None:
            _compare(field.fields, wanted)


async def test_every_meeting_event_is_as_zoom_specifies_it() -> None:
    described = read("zoom/meetings-events.openapi.json")["webhooks"]
    async with running_zoom() as zoom:
        token = await zoom.access_token()
        await ASKED["GET", "/meetings/{meetingId}/recordings"](zoom, token)
        number = (await zoom.control("GET", "meetings"))["meetings"][0]["id"]
        for action in ("rename", "trash", "recover", "delete"):
            await zoom.control("POST", f"meetings/{number}/recording", {"action": action})
        await ASKED["DELETE", "/meetings/{meetingId}"](zoom, token)
        waiting = (await zoom.create(token))["id"]
        change = {"start_time": "2026-11-06T12:00:00Z", "topic": "Moved", "settings": {"use_pmi": True}}
        await zoom.api("PATCH", f"meetings/{waiting}", token, change)
        await zoom.idle()
        told = [webhook.event for webhook in zoom.app.received]
    assert {event["event"] for event in told} >= {
        *(f"meeting.{name}" for name in ("updated", "deleted", "started", "ended")),
        *(f"meeting.participant_{name}" for name in ("joined", "left")),
        *(f"recording.{name}" for name in ("started", "completed", "renamed", "trashed", "recovered", "deleted")),
    }
    for event in told:
        body = described[event["event"]]["post"]["requestBody"]["content"]["application/json"]
        hold(event, _whole(body["schema"]))


def _whole(schema: Any) -> Any:
    """Returns the schema of an event with what its `old_object` refers to, which is not to be found from there."""
    about = schema["properties"]["payload"]
    told = about["properties"]
    if "$ref" not in told.get("old_object", {}):
        return schema
    told = {**told, "old_object": told["object"]}
    return {**schema, "properties": {**schema["properties"], "payload": {**about, "properties": told}}}
