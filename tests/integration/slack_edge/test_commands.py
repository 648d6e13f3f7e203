"""Commands from Slack, through the real door, to what people see."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from mesh.errors import MeshError, Reason
from tests.integration.slack_edge.conftest import ADA, DIRECT, FORM, GENERAL, GRACE, GROUP, SECRET, World

COMMAND = {
    "command": "/zoom",
    "text": "help",
    "team_id": "T0ACME001",
    "team_domain": "acme",
    "user_id": ADA,
    "user_name": "ada",
    "channel_id": GENERAL,
    "channel_name": "general",
    "trigger_id": "111.222.abcdef",
    "response_url": "https://hooks.slack.com/commands/T0ACME001/111/aaa",
}


@pytest.mark.parametrize("channel", [GENERAL, SECRET, GROUP, DIRECT])
async def test_a_meeting_is_answered_with_its_card_everywhere(world: World, channel: str) -> None:
    result = await world.type("meeting Weekly sync", channel=channel)
    assert (result["status"], result["error"]) == (200, None)
    assert result["answer"]["response_type"] == "in_channel"
    [command, shown] = await world.seen(channel, GRACE)
    assert command["text"] == "/zoom meeting Weekly sync"
    assert shown["blocks"][0]["text"]["text"] == "Meeting passcode: x7Kp2Q"
    [call] = shown["calls"]
    assert call["title"] == "Weekly sync started by ada"
    assert call["external_display_id"] == "850 1234 5678"
    assert call["channels"] == [channel]


async def test_the_card_is_reported_with_its_call(world: World) -> None:
    result = await world.type("")
    report = await world.meetings.outcome()
    [call] = await world.calls()
    assert report.delivered.version == 1
    assert report.delivered.slack_call_id == call["id"]
    [progress] = world.meetings.progress
    assert progress.slack_call_id == call["id"]
    assert (progress.delivery_id, progress.lease_token) == (report.delivery_id, report.lease_token)
    [request] = world.meetings.started
    assert request.slack_response_url == result["response_url"]
    assert request.lease_holder.startswith("edge-")
    assert request.topic == ""


async def test_join_links_travel_in_bodies_only(world: World) -> None:
    await world.type("")
    [request] = await world.requests("calls.add")
    assert request["in"] == "json"


async def test_the_same_command_again_says_so_and_shows_nothing_new(world: World) -> None:
    first = await world.type("")
    again = await world.type("", trigger_id=first["trigger_id"])
    assert again["answer"]["text"] == "That meeting was already started."
    assert len(await world.calls()) == 1


async def test_a_slow_start_is_acknowledged(world: World) -> None:
    world.meetings.pending = True
    result = await world.type("")
    assert result["answer"] == {"response_type": "ephemeral", "text": "Starting your meeting…"}
    assert await world.seen(user=GRACE) == []


async def test_help_and_mistakes_are_answered_without_meetings_and_phone(world: World) -> None:
    assert "/zoom meeting [topic]" in (await world.type("help"))["answer"]["text"]
    unknown = (await world.type("foo"))["answer"]
    assert unknown["text"].startswith("I don't know `foo`.")
    assert unknown["response_type"] == "ephemeral"
    assert "the list that Slack shows" in (await world.type("call @nobody"))["answer"]["text"]
    assert world.meetings.started == []
    assert world.auth.asked == ["GetSlackInstallation"]  # help tells what kind of installation this is


async def test_logout(world: World) -> None:
    world.auth.connected.add(ADA)
    assert (await world.type("logout"))["answer"]["text"].startswith(
        "You are signed out of Zoom, in all your channels."
    )
    assert (await world.type("logout"))["answer"]["text"] == "You were not signed in to Zoom."


@pytest.mark.parametrize("reason", [Reason.ZOOM_DAILY_LIMIT, Reason.ZOOM_HOST_NOT_ALLOWED, Reason.INTERNAL])
async def test_what_goes_wrong_is_told_to_the_person_alone(world: World, reason: Reason) -> None:
    world.meetings.failure = MeshError(reason)
    result = await world.type("")
    assert (result["status"], result["answer"]["response_type"]) == (200, "ephemeral")
    assert await world.seen(user=GRACE) == []


async def test_a_service_that_is_down_is_told_in_time(world: World) -> None:
    await world.stop_service["meetings"]()
    result = await world.type("")
    assert result["error"] is None
    assert "try again" in result["answer"]["text"]
    assert result["elapsed_ms"] < 2800


async def test_slack_that_is_slow_is_acknowledged_in_time_and_nothing_is_lost(world: World) -> None:
    await world.fault("calls.add", "delay", delay_seconds=2.7)
    result = await world.type("")
    assert result["answer"]["text"] == "Starting your meeting…"
    assert result["elapsed_ms"] < 2800
    report = await world.meetings.outcome()  # the call was made, and whoever leases next knows it
    assert report.postponed.retry_delay.ToTimedelta().total_seconds() == 0
    [call] = await world.calls()
    assert world.meetings.progress[0].slack_call_id == call["id"]


async def test_a_card_whose_answer_left_late_is_looked_at_again(world: World) -> None:
    world.meetings.at_progress = lambda: world.clock.jump(2.9)
    await world.type("")
    report = await world.meetings.outcome()
    assert report.postponed.cause == "answer_late"
    assert report.postponed.retry_delay.ToTimedelta().total_seconds() == 0


async def test_slack_that_fails_is_left_to_the_deliveries(world: World) -> None:
    await world.fault("calls.add", "status", status=503)
    assert (await world.type(""))["answer"]["text"] == "Starting your meeting…"
    report = await world.meetings.outcome()
    assert report.postponed.retry_delay.ToTimedelta().total_seconds() == 1


async def test_a_card_that_slack_refuses_still_lets_the_host_in(world: World) -> None:
    await world.fault("calls.add", "error", error="missing_scope")
    answer = (await world.type(""))["answer"]
    assert answer["response_type"] == "ephemeral"
    assert answer["blocks"][-1]["elements"][0]["url"].startswith("https://zoom.example/j/")
    assert (await world.meetings.outcome()).refused.slack_error == "missing_scope"


async def test_a_lost_lease_leaves_the_card_to_its_new_holder(world: World) -> None:
    world.meetings.progress_failure = MeshError(Reason.DELIVERY_LEASE_LOST)
    assert (await world.type(""))["answer"]["text"] == "Starting your meeting…"
    assert await world.seen(user=GRACE) == []


async def test_an_address_that_is_not_slacks_is_never_kept(world: World) -> None:
    await world.command({**COMMAND, "text": "", "response_url": "https://evil.example/hooks.slack.com"})
    assert world.meetings.started[0].slack_response_url == ""


async def test_ids_that_are_none_are_a_sentence(world: World) -> None:
    status, answer = await world.command({**COMMAND, "text": "", "user_id": "nobody"})
    assert (status, answer["response_type"]) == (200, "ephemeral")
    assert "could not be understood" in answer["text"]


# --- the door ---------------------------------------------------------------------------------------------------


async def test_wrong_signatures_are_refused(world: World) -> None:
    body = urlencode(COMMAND).encode()
    good = world.signed(body)
    for headers in (
        {},
        {**good, "X-Slack-Signature": "v0=" + "0" * 64},
        {**good, "X-Slack-Signature": "v0=\u00e9".encode("latin-1").decode("latin-1")},
        {**good, "X-Slack-Request-Timestamp": "NaN"},
        {"X-Slack-Signature": good["X-Slack-Signature"]},
        world.signed(body, age=301),
        world.signed(body, secret="another"),
        world.signed(body + b"x"),
    ):
        assert await world.post("/slack/commands", body, headers=headers) == (401, '{"error": "invalid request"}')
    assert world.meetings.started == []


async def test_the_previous_secret_still_works(world: World) -> None:
    body = urlencode(COMMAND).encode()
    status, _ = await world.post("/slack/commands", body, headers=world.signed(body, secret="previous-secret"))
    assert status == 200


async def test_a_replayed_request_is_answered_once(world: World) -> None:
    body = urlencode({**COMMAND, "text": ""}).encode()
    headers = world.signed(body)
    await world.post("/slack/commands", body, headers=headers)
    status, text = await world.post("/slack/commands", body, headers=headers)
    assert status == 200
    assert "already received" in text
    assert len(world.meetings.started) == 1


async def test_bytes_that_are_no_text(world: World) -> None:
    body = b"text=\xff\xfe"
    assert (await world.post("/slack/commands", body))[0] == 401
    assert (await world.post("/slack/commands", body, headers=world.signed(body)))[0] == 400


async def test_a_body_that_is_too_long(world: World) -> None:
    body = b"text=" + b"x" * (10 * 1024 * 1024)
    headers = {"Content-Type": FORM, **world.signed(body)}
    async with world.http.post(f"{world.edge_url}/slack/commands", data=io.BytesIO(body), headers=headers) as response:
        assert response.status == 413


async def test_a_body_that_grows_too_long(world: World) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65536

    async with world.http.post(
        f"{world.edge_url}/slack/commands", data=chunks(), headers={"Content-Type": FORM}
    ) as response:
        assert response.status == 413


async def test_paths_methods_and_types_that_are_not_ours(world: World) -> None:
    assert (await world.post("/slack/unknown", b""))[0] == 404
    assert (await world.post("/slack/commands", b"{}", content_type="application/json"))[0] == 415
    async with world.http.get(f"{world.edge_url}/slack/commands") as response:
        assert (response.status, response.content_type) == (405, "text/plain")


@pytest.mark.parametrize("word", ["logout", "Permissions"])
async def test_what_takes_nothing_after_it_says_so_and_does_nothing(world: World, word: str) -> None:
    world.auth.connected.add(ADA)
    answer = (await world.type(f"{word} please"))["answer"]
    assert answer["text"].startswith(f"`/zoom {word.lower()}` takes nothing after it.")
    assert "I don't know" not in str(answer)
    assert "DeleteConnection" not in world.auth.asked


async def test_slacks_look_at_the_certificate(world: World) -> None:
    assert await world.post("/slack/commands", b"ssl_check=1&token=old") == (200, "")


async def test_the_check_of_the_events_address(world: World) -> None:
    assert (await world.control("POST", "url_verification"))["ok"] is True
    unsigned = b'{"type":"url_verification","challenge":"abc"}'
    assert (await world.post("/slack/events", unsigned, content_type="application/json"))[0] == 401


async def test_events_are_acknowledged(world: World) -> None:
    sent = await world.control("POST", "events", event={"type": "app_home_opened", "user": ADA})
    assert sent["statuses"] == [200]
    limited = b'{"type":"app_rate_limited","team_id":"T0ACME001","minute_rate_limited":1}'
    headers = world.signed(limited)
    assert await world.post("/slack/events", limited, content_type="application/json", headers=headers) == (200, "")


async def test_an_interaction_without_payload_is_refused(world: World) -> None:
    body = b"payload=nonsense"
    assert (await world.post("/slack/interactions", body, headers=world.signed(body)))[0] == 400


async def test_answers_carry_safe_headers(world: World) -> None:
    async with world.http.get(f"{world.edge_url}/nowhere") as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
