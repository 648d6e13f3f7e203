"""The two doors of a running system: only what Slack and Zoom signed comes in, and nothing breaks them."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.e2e.people import ADA, GENERAL, Office, eventually
from tests.support.signing import slack_headers, zoom_headers

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLACK_SECRET = "simulated-slack-signing-secret"
ZOOM_SECRET = "simulated-zoom-user-webhook-secret"
FORM = "application/x-www-form-urlencoded"


def command(text: str, *, trigger_id: str = "111.222.abcdef") -> bytes:
    """Returns the body of a slash command."""
    return urlencode(
        {
            "command": "/zoom",
            "text": text,
            "user_id": ADA,
            "user_name": "ada",
            "team_id": "T0ACME001",
            "team_domain": "acme",
            "is_enterprise_install": "false",
            "channel_id": GENERAL,
            "channel_name": "general",
            "response_url": "https://hooks.slack.com/commands/T0ACME001/111/aaa",
            "trigger_id": trigger_id,
            "api_app_id": "A0ZOOMSIM1",
            "token": "ignored",
        }
    ).encode()


async def send(office: Office, path: str, body: bytes, headers: dict[str, str], content_type: str) -> tuple[int, str]:
    """Posts raw bytes to the edge; returns status and text."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session,
        session.post(
            office.system.urls["edge"] + path, data=io.BytesIO(body), headers={**headers, "Content-Type": content_type}
        ) as response,
    ):
        return response.status, await response.text()


async def slack(office: Office, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    return await send(office, "/slack/commands", body, headers, FORM)


async def zoom(office: Office, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    return await send(office, "/zoom/webhooks", body, headers, "application/json; charset=utf-8")


async def test_a_rightly_signed_form_gets_its_answer_and_a_wrong_one_401(office: Office) -> None:
    body = command("help", trigger_id="signed.1")
    headers = slack_headers(SLACK_SECRET, body)
    status, answer = await slack(office, body, headers)
    assert status == 200
    assert "/zoom meeting" in answer
    status, answer = await slack(office, body, {**headers, "X-Slack-Signature": "v0=" + "0" * 64})
    assert status == 401
    assert "/zoom" not in answer


@pytest.mark.parametrize("path", ["/slack/commands", "/slack/interactions", "/slack/events"])
async def test_slacks_doors_refuse_wrong_missing_and_stale_signatures(office: Office, path: str) -> None:
    body, now = command("help"), int(time.time())
    good = slack_headers(SLACK_SECRET, body)
    hostile: list[dict[str, str]] = [
        {},
        {"X-Slack-Signature": good["X-Slack-Signature"]},
        {"X-Slack-Request-Timestamp": good["X-Slack-Request-Timestamp"]},
        {**good, "X-Slack-Signature": "v0=" + "0" * 64},
        {**good, "X-Slack-Signature": "v1=" + good["X-Slack-Signature"][3:]},
        {**good, "X-Slack-Signature": "v0=ünïcödé"},
        {**good, "X-Slack-Request-Timestamp": str(now + 1)},
        {**good, "X-Slack-Request-Timestamp": "NaN"},
        {**good, "X-Slack-Request-Timestamp": "1e400"},
        slack_headers("another-secret", body),
        slack_headers(SLACK_SECRET, body, timestamp=now - 330),
        slack_headers(SLACK_SECRET, body, timestamp=now + 330),
    ]
    content_type = "application/json" if path == "/slack/events" else FORM
    for headers in hostile:
        assert (await send(office, path, body, headers, content_type))[0] == 401, headers


async def test_a_replayed_command_is_answered_and_starts_nothing(office: Office) -> None:
    before = len(await office.meetings())
    body = command("meeting Replayed", trigger_id="replay.1")
    headers = slack_headers(SLACK_SECRET, body)
    first, _ = await slack(office, body, headers)
    again, answer = await slack(office, body, headers)
    assert first == again == 200
    assert "in_channel" not in answer
    later = slack_headers(SLACK_SECRET, body, timestamp=int(time.time()) + 1)
    third, _ = await slack(office, body, later)
    assert third == 200
    assert len(await office.meetings()) <= before + 1


async def test_bodies_that_are_not_text_or_far_too_long_are_refused_and_the_door_stays_open(office: Office) -> None:
    broken = b"command=%2Fzoom&text=\xff\xfe\x00help&team_id=T0ACME001"
    status, _ = await slack(office, broken, slack_headers(SLACK_SECRET, broken))
    assert status in (200, 400)
    huge = b"command=%2Fzoom&text=" + b"a" * 10_000_000
    assert (await slack(office, huge, slack_headers(SLACK_SECRET, huge)))[0] == 413
    huge_event = b'{"event":"meeting.started","x":"' + b"a" * 10_000_000 + b'"}'
    assert (await zoom(office, huge_event, zoom_headers(ZOOM_SECRET, huge_event)))[0] == 413
    not_text = b'{"event":"meeting.started\xff"}'
    assert (await zoom(office, not_text, zoom_headers(ZOOM_SECRET, not_text)))[0] == 400
    fine = command("help", trigger_id="after.1")
    assert (await slack(office, fine, slack_headers(SLACK_SECRET, fine)))[0] == 200


async def test_unknown_paths_wrong_methods_and_wrong_types_are_told_apart(office: Office) -> None:
    body = command("help")
    headers = slack_headers(SLACK_SECRET, body)
    assert (await send(office, "/slack/nothing", body, headers, FORM))[0] == 404
    assert (await send(office, "/slack/commands", body, headers, "text/plain"))[0] == 415
    assert (await office.system.get("edge", "/slack/commands"))[0] == 405


async def test_zooms_door_refuses_wrong_missing_and_stale_signatures(office: Office) -> None:
    body, now = b'{"event":"meeting.started","event_ts":1,"payload":{}}', int(time.time())
    good = zoom_headers(ZOOM_SECRET, body)
    hostile: list[dict[str, str]] = [
        {},
        {**good, "x-zm-signature": "v0=" + "0" * 64},
        {**good, "x-zm-request-timestamp": str(now + 1)},
        zoom_headers("another-secret", body),
        zoom_headers(ZOOM_SECRET, body, timestamp=now - 330),
    ]
    for headers in hostile:
        assert (await zoom(office, body, headers))[0] == 401, headers
    assert (await zoom(office, body, good))[0] == 200
    assert (await zoom(office, body, good))[0] == 200, "a replay is harmless: it changes nothing"


async def test_zooms_address_check_is_answered_only_when_signed(office: Office) -> None:
    body = b'{"event":"endpoint.url_validation","event_ts":1,"payload":{"plainToken":"qY7w2nSgTj6Kf0cVbR3xLA"}}'
    status, text = await zoom(office, body, zoom_headers(ZOOM_SECRET, body))
    assert status == 200
    expected = hmac.new(ZOOM_SECRET.encode(), b"qY7w2nSgTj6Kf0cVbR3xLA", hashlib.sha256).hexdigest()
    assert json.loads(text) == {"plainToken": "qY7w2nSgTj6Kf0cVbR3xLA", "encryptedToken": expected}
    status, text = await zoom(office, body, zoom_headers("another-secret", body))
    assert status == 401
    assert "encryptedToken" not in text


async def test_a_webhook_is_verified_over_its_raw_bytes(office: Office) -> None:
    """Escaped emoji beside raw typography: parsing and writing it again would change the bytes."""
    here = await office.conversation("im")
    page = await office.connect()
    assert page.status == 200
    number, _ = await office.fresh_meeting("Raw bytes", channel=here)
    [meeting] = [m for m in await office.meetings() if str(m["id"]) == number]
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for user_id, number_form in ((16778241, f'"{number}"'), (16778242, number)):
        person = (
            f'{{"user_id":"{user_id}","user_name":"Zoë’s – phone \\ud83d\\ude80 {user_id}","join_time":"{stamp}",'
            f'"participant_uuid":"P{user_id}","email":""}}'
        )
        body = (
            f'{{"event":"meeting.participant_joined","event_ts":{int(time.time() * 1000)},'
            f'"payload":{{"account_id":"AcmeZoomAccount0000001","object":{{"id":{number_form},'
            f'"uuid":"{meeting["uuid"]}","host_id":"{meeting["host_id"]}","topic":"Raw \\/ bytes","type":2,'
            f'"duration":60,"participant":{person}}}}}}}'
        ).encode()
        assert (await zoom(office, body, zoom_headers(ZOOM_SECRET, body)))[0] == 200

    async def people() -> list[Any]:
        [call] = [c for c in await office.calls(channel=here) if "Raw bytes" in c["title"]]
        return [person.get("display_name") for person in call.get("users") or []]

    await eventually(people, lambda seen: sum("Zoë’s – phone 🚀" in (name or "") for name in seen) == 2)


async def test_slack_can_check_the_events_address(office: Office) -> None:
    body = b'{"type":"url_verification","challenge":"abc123","token":"ignored"}'
    status, text = await send(office, "/slack/events", body, slack_headers(SLACK_SECRET, body), "application/json")
    assert (status, text) == (200, "abc123")
