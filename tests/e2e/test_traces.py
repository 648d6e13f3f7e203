"""One command and one webhook are one tree of spans each, and no secret is in any span or line of log."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest

from tests.e2e.people import Office, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


def spans(office: Office) -> list[dict[str, Any]]:
    """Returns every span that the services have printed."""
    found = []
    for line in list(office.system.lines):
        start = line.find('{"name": ')
        if start >= 0 and '"context"' in line:
            found.append({**json.loads(line[start:]), "service": line.partition("│")[0].strip()})
    return found


def trace_of(office: Office, root: str) -> list[dict[str, Any]]:
    """Returns the spans of the newest trace whose root has this name."""
    roots = [span for span in spans(office) if span["name"] == root and span["parent_id"] is None]
    if not roots:
        return []
    trace_id = roots[-1]["context"]["trace_id"]
    return [span for span in spans(office) if span["context"]["trace_id"] == trace_id]


def is_whole(trace: list[dict[str, Any]]) -> bool:
    """Tells whether every span's parent is there: each process prints its own spans, when it gets to it."""
    known = {span["context"]["span_id"] for span in trace} | {None}
    return bool(trace) and all(span["parent_id"] in known for span in trace)


def edges(trace: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Returns how often each span name stands under each other."""
    by_id = {span["context"]["span_id"]: span for span in trace}
    assert len([span for span in trace if span["parent_id"] is None]) == 1, "one root"
    orphans = [span["name"] for span in trace if span["parent_id"] and span["parent_id"] not in by_id]
    assert not orphans, f"spans without their parent: {orphans}"
    return Counter((by_id[s["parent_id"]]["name"], s["name"]) for s in trace if s["parent_id"])


async def test_the_trace_of_a_command_is_one_tree_through_every_service(office: Office) -> None:
    await office.connect()
    number, _ = await office.fresh_meeting("Traced topic")
    command = "POST /slack/commands"
    meetings, auth = "zoomslack.meetings.v1.MeetingsService", "zoomslack.auth.v1.AuthService"

    def complete(trace: list[dict[str, Any]]) -> bool:
        halves = [span["service"] for span in trace if span["name"] == f"{meetings}/CompleteDelivery"]
        return sorted(halves) == ["meetings", "slack_edge"] and is_whole(trace)

    async def look() -> list[dict[str, Any]]:
        return trace_of(office, command)

    trace = await eventually(look, complete)
    found = edges(trace)
    for parent, child in (
        (command, f"{meetings}/StartMeeting"),
        (f"{meetings}/StartMeeting", f"{meetings}/StartMeeting"),  # the caller's half and the server's
        (f"{meetings}/StartMeeting", "sql reserve start request"),
        (f"{meetings}/StartMeeting", "Zoom POST /users/{userId}/meetings"),
        (f"{meetings}/StartMeeting", "sql complete start request"),
    ):
        assert found[parent, child], f"{parent} → {child} is missing in {sorted(found)}"
    assert any(child == "Slack calls.add" for _, child in found)
    assert {span["service"] for span in trace} >= {"slack_edge", "meetings"}

    async def look_at_the_consent() -> list[dict[str, Any]]:
        return trace_of(office, "GET /zoom/oauth/callback")

    first = await eventually(look_at_the_consent, is_whole)
    assert any(child == f"{auth}/CompleteConnection" for _, child in edges(first))
    assert number


async def test_the_trace_of_a_webhook_is_one_tree(office: Office) -> None:
    number, _ = await office.fresh_meeting("Traced webhook")
    await office.zoom("POST", f"meetings/{number}/start")
    webhook, record = "POST /zoom/webhooks", "zoomslack.meetings.v1.MeetingsService/RecordZoomEvent"

    async def look() -> list[dict[str, Any]]:
        return trace_of(office, webhook)

    def complete(trace: list[dict[str, Any]]) -> bool:
        return sum(span["name"] == record for span in trace) == 2 and is_whole(trace)

    trace = await eventually(look, complete)
    found = edges(trace)
    assert found[webhook, record]
    assert found[record, record]
    assert found[record, "sql record zoom event"]


async def test_no_secret_is_in_any_span_or_line_of_log(office: Office) -> None:
    number, result = await office.fresh_meeting("Topic that nobody logs")
    [meeting] = [m for m in await office.meetings() if str(m["id"]) == number]
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Name that nobody logs"})
    await office.zoom("POST", f"meetings/{number}/end")
    await office.zoom("POST", f"meetings/{number}/recording", {"password": "Rec0rdSecret"})
    await eventually(
        office.messages, lambda messages: any("Rec0rdSecret" in str(m) and m["kind"] == "message" for m in messages)
    )
    output = office.system.output
    assert "Topic that nobody logs" not in output
    assert "Name that nobody logs" not in output
    assert "Rec0rdSecret" not in output
    assert meeting["password"]
    assert not re.search(rf"\b{re.escape(meeting['password'])}\b", output)
    assert result["response_url"].rpartition("/")[2] not in output
    for secret in (
        "simulated-slack-signing-secret",
        "simulated-slack-client-secret",
        "simulated-zoom-user-client-secret",
        "simulated-zoom-user-webhook-secret",
    ):
        assert secret not in output
    for pattern in (
        r"xox[a-z]-\w",
        r"xoxe\.",
        r"\bBearer \w",
        r"[?&](pwd|zak|code|state|link)=(?!\[redacted)\w",
        r"/commands/T\w+/\w",
    ):
        found = re.search(pattern, output)
        assert not found, f"{pattern}: {output[max(0, found.start() - 200) : found.start()]}…"
