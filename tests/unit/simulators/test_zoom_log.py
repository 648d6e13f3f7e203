"""The Zoom simulator's log of everything received and sent, with fixtures that give no secret away."""

import base64
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.unit.simulators.zoom_harness import ADA, Zoom, running_zoom


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _log(zoom: Zoom, query: str = "") -> list[dict[str, Any]]:
    return list((await zoom.control("GET", f"log{query}"))["entries"])


async def _play(zoom: Zoom) -> dict[str, Any]:
    meeting = await zoom.create(await zoom.access_token(), password="Secret1")
    path = f"meetings/{meeting['id']}"
    await zoom.control("POST", f"{path}/start")
    await zoom.control("POST", f"{path}/recording", {})
    await zoom.idle()
    return meeting


async def test_an_entry_is_a_fixture_of_the_request_and_its_answer(zoom: Zoom) -> None:
    meeting = await _play(zoom)
    [entry] = await _log(zoom, "?contains=post%20/V2/users")
    assert (entry["title"], entry["outcome"], entry["app"]) == ("POST /v2/users/me/meetings", "201", "user")
    fixture = entry["fixture"]
    assert (fixture["method"], fixture["path"]) == ("POST", "/v2/users/me/meetings")
    assert fixture["body"] == {"topic": "Weekly sync", "type": 1, "password": "***"}
    assert (fixture["answer"]["status"], fixture["answer"]["body"]["id"]) == (201, meeting["id"])
    assert fixture["answer"]["body"]["join_url"] == f"{zoom.base}/j/{meeting['id']}?pwd=***"


async def test_an_entry_is_a_fixture_of_the_event_as_it_was_sent(zoom: Zoom) -> None:
    await _play(zoom)
    [entry] = await _log(zoom, "?contains=recording.completed")
    assert (entry["outcome"], entry["app"]) == ("delivered, 200", "user")
    sent = zoom.app.received[-1]
    wanted = {**sent.event, "download_token": "***"}
    wanted["payload"]["object"]["password"] = "***"
    assert entry["fixture"]["event"] == wanted
    headers = entry["fixture"]["headers"]
    assert headers["x-zm-request-timestamp"] == sent.headers["x-zm-request-timestamp"]
    assert "x-zm-signature" not in headers


def _with_what_is_encoded(text: str) -> str:
    encoded = re.findall(r'"raw_base64": "([^"]*)"', text)
    return "\n".join([text, *(base64.b64decode(found).decode(errors="replace") for found in encoded)])


async def test_no_secret_is_in_it(zoom: Zoom) -> None:
    await _play(zoom)
    ours = {"state": "state-of-one-browser", "code_challenge": "v" * 43}
    app = {"client_id": zoom.config.user_app.client_id, "redirect_uri": zoom.config.redirect_uri}
    consent = await zoom.request("GET", "/oauth/authorize", params={"response_type": "code", **app, **ours})
    assert all(secret in consent.text for secret in ours.values())
    await zoom.consent(ADA, zoom.config.user_app, **ours)
    await zoom.control("POST", "webhooks/validate")
    await zoom.control("POST", "uninstall", {"zoom_user_id": "adaZoomUserId000000001"})
    await zoom.idle()
    text = _with_what_is_encoded((await zoom.request("GET", "/control/log?limit=500")).text)
    assert "app_deauthorized" in text
    assert "/oauth/authorize" in text
    secrets = [*(await zoom.control("GET", "secrets"))["secrets"], *ours.values()]
    assert len(secrets) > 10
    assert [secret for secret in secrets if secret in text] == []
    assert all(hook.headers["x-zm-signature"] not in text for hook in zoom.app.received)


async def test_it_is_filtered_by_kind_and_number_the_newest_first(zoom: Zoom) -> None:
    await zoom.access_token()
    zoom.clock.value += 1
    await zoom.control("POST", "meetings/5551234567/start", {"host_joins": False})
    await zoom.idle()
    zoom.clock.value += 1
    await zoom.request("GET", "/v2/users/me")
    titles = [entry["title"] for entry in await _log(zoom)]
    assert titles[:3] == ["GET /v2/users/me", "meeting.started", "POST /oauth/token"]
    assert [entry["title"] for entry in await _log(zoom, "?direction=to_app")] == ["meeting.started"]
    assert "meeting.started" not in [entry["title"] for entry in await _log(zoom, "?direction=from_app")]
    assert [entry["title"] for entry in await _log(zoom, "?limit=1")] == ["GET /v2/users/me"]
    assert await _log(zoom, "?contains=nothing%20like%20it") == []
    await zoom.control("DELETE", "log")
    assert await _log(zoom) == []


async def test_what_went_wrong_is_seen(zoom: Zoom) -> None:
    zoom.app.answers = [web.Response(status=503)]
    token = await zoom.access_token()
    await zoom.control("POST", "meetings/5551234567/start", {"host_joins": False})
    await zoom.idle()
    await zoom.control("POST", "faults", {"path": "/v2/*", "kind": "status", "status": 502, "body": "<html>"})
    await zoom.api("GET", "users/me", token)
    request, webhook = (await _log(zoom, "?contains=users/me"))[0], (await _log(zoom, "?direction=to_app"))[0]
    assert (request["outcome"], webhook["outcome"]) == ("502", "retrying, 503")
    assert request["fixture"]["answer"] == {"status": 502, "content_type": "text/plain", "body": "<6 bytes>"}


async def test_a_broken_event_comes_back_as_it_was_given(zoom: Zoom) -> None:
    await zoom.control("POST", "webhooks/send", {"raw_base64": "eyJldmVudCI="})
    [entry] = await _log(zoom, "?direction=to_app")
    assert entry["fixture"]["event"] == {"raw_base64": "eyJldmVudCI="}


@pytest.mark.parametrize(
    "query", ["direction=both", "limit=0", "limit=501", "limit=x", "limit=²", f"limit={'5' * 5000}"]
)
async def test_nonsense_is_refused(zoom: Zoom, query: str) -> None:
    assert (await zoom.request("GET", f"/control/log?{query}")).status == 400
