"""Faults, journal and doors of the Zoom simulator's control API, and the pages for people."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.unit.simulators.zoom_harness import ADA, BEN, OTHERS_MAY_BEGIN, Zoom, running_zoom


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _meetings(zoom: Zoom) -> int:
    return sum(meeting["type"] != 4 for meeting in (await zoom.control("GET", "meetings"))["meetings"])


CREATE = {"method": "POST", "path": "/v2/users/*/meetings"}


async def test_status_fault_hits_the_next_matching_requests_only(zoom: Zoom) -> None:
    token = await zoom.access_token()
    headers = {"Retry-After": "7"}
    fault = {**CREATE, "kind": "status", "status": 429, "code": 429, "message": "slow", "headers": headers, "times": 2}
    await zoom.control("POST", "faults", fault)
    assert (await zoom.api("GET", "users/me", token)).status == 200
    for _ in range(2):
        refused = await zoom.api("POST", "users/me/meetings", token, {"type": 1})
        assert (refused.status, refused.json) == (429, {"code": 429, "message": "slow"})
        assert refused.headers["Retry-After"] == "7"
    await zoom.create(token)
    assert await _meetings(zoom) == 1


async def test_fault_after_the_work_hides_a_success(zoom: Zoom) -> None:
    token = await zoom.access_token()
    await zoom.control("POST", "faults", {**CREATE, "kind": "status", "status": 502, "body": "<html>", "after": True})
    answer = await zoom.api("POST", "users/me/meetings", token, {"type": 1})
    assert (answer.status, answer.text, await _meetings(zoom)) == (502, "<html>", 1)


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
async def test_close_fault_cuts_the_connection(zoom: Zoom, after: bool, made: int) -> None:
    token = await zoom.access_token()
    await zoom.control("POST", "faults", {**CREATE, "kind": "close", "after": after})
    with pytest.raises(aiohttp.ClientConnectionError):
        await zoom.api("POST", "users/me/meetings", token, {"type": 1})
    assert await _meetings(zoom) == made
    journal = (await zoom.control("GET", "requests?path=/v2/*"))["requests"]
    assert [entry["status"] for entry in journal] == [None]


@pytest.mark.parametrize(("after", "made"), [(False, 0), (True, 1)])
async def test_delay_fault_keeps_the_caller_waiting(zoom: Zoom, after: bool, made: int) -> None:
    token = await zoom.access_token()
    await zoom.control("POST", "faults", {**CREATE, "kind": "delay", "delay_seconds": 60, "after": after})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await zoom.api("POST", "users/me/meetings", token, {"type": 1})
    assert await _meetings(zoom) == made


async def test_oauth_fault_has_the_oauth_shape(zoom: Zoom) -> None:
    tokens = await zoom.authorize()
    fault = {"path": "/oauth/token", "kind": "status", "status": 400, "code": "invalid_client", "message": "no"}
    await zoom.control("POST", "faults", fault)
    answer = await zoom.refresh(tokens["refresh_token"])
    assert (answer.status, answer.json) == (400, {"reason": "no", "error": "invalid_client"})
    assert (await zoom.refresh(tokens["refresh_token"])).status == 200


async def test_faults_are_listed_cleared_and_checked(zoom: Zoom) -> None:
    await zoom.control("POST", "faults", {**CREATE, "kind": "close"})
    assert [fault["kind"] for fault in (await zoom.control("GET", "faults"))["faults"]] == ["close"]
    await zoom.control("DELETE", "faults")
    assert (await zoom.control("GET", "faults"))["faults"] == []
    for wrong in ({"kind": "status"}, {**CREATE, "kind": "burn"}, {**CREATE, "kind": "close", "extra": 1}):
        assert (await zoom.request("POST", "/control/faults", json=wrong)).status == 400


async def test_journal_masks_secrets(zoom: Zoom) -> None:
    tokens = await zoom.authorize()
    await zoom.create(tokens["access_token"], topic="Weekly sync", password="Secret1")
    answer = await zoom.request("GET", "/control/requests")
    for secret in (*(tokens[name] for name in ("access_token", "refresh_token")), "Secret1", "client-secret"):
        assert secret not in answer.text
    entries = [entry for entry in answer.json["requests"] if entry["method"] == "POST"]
    assert [(entry["path"], entry["status"], entry["app"]) for entry in entries] == [
        ("/oauth/authorize/decide", 302, None),
        ("/oauth/token", 200, "user"),
        ("/v2/users/me/meetings", 201, "user"),
    ]
    assert entries[2]["body"] == {"topic": "Weekly sync", "type": 1, "password": "***"}
    await zoom.control("DELETE", "requests")
    assert (await zoom.control("GET", "requests"))["requests"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("users/nobody", {}, 404),
        (f"users/{ADA}", {"height": 3}, 400),
        (f"users/{ADA}", {"type": 7}, 400),
        ("clock", {}, 400),
        ("clock", {"advance_seconds": -1}, 400),
        ("meetings/81234567890/start", {}, 404),
        ("meetings/5551234567/end", {}, 409),
        ("meetings/5551234567/leave", {"user_id": "1"}, 409),
        ("meetings/5551234567/recording", {}, 409),
        ("meetings/5551234567/join", {}, 400),
        ("meetings/5551234567/join", {"name": "x" * 65}, 400),
        ("webhooks/faults", {"copies": 51}, 400),
        ("webhooks/send", {}, 400),
        ("tokens/revoke", [], 400),
    ],
)
async def test_control_refuses_nonsense(zoom: Zoom, path: str, body: object, status: int) -> None:
    answer = await zoom.request("POST", f"/control/{path}", json=body)
    assert answer.status == status
    assert answer.json["error"]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}])
async def test_control_is_closed_to_other_sites(zoom: Zoom, headers: dict[str, str]) -> None:
    assert (await zoom.request("POST", "/control/reset", headers=headers)).status == 403


async def test_plan_and_personal_link_can_be_changed(zoom: Zoom) -> None:
    token = await zoom.access_token(BEN)
    assert "vanity_url" not in (await zoom.api("GET", "users/me", token)).json
    await zoom.control("POST", f"users/{BEN}", {"type": 2, "vanity_name": "Ben.Basic"})
    user = (await zoom.api("GET", "users/me", token)).json
    assert (user["type"], user["vanity_url"]) == (2, f"{zoom.base}/my/ben.basic")


async def test_join_by_link_page_and_leave(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token(), settings=OTHERS_MAY_BEGIN, topic="<b>Sync</b>")
    link = urlsplit(meeting["join_url"])
    page = await zoom.request("GET", f"{link.path}?{link.query}")
    assert "&lt;b&gt;Sync&lt;/b&gt;" in page.text
    assert "<b>Sync</b>" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    form = {"pwd": meeting["encrypted_password"], "name": "Lin", "zoom_user_id": "guest"}
    joined = await zoom.request("POST", link.path, data=form)
    inside = joined.headers["Location"]
    assert "You are in the meeting" in (await zoom.request("GET", inside)).text
    await zoom.request("POST", inside)
    assert "You are not in the meeting" in (await zoom.request("GET", inside)).text
    await zoom.idle()
    assert zoom.app.names() == ["meeting.started", "meeting.participant_joined", "meeting.participant_left"]


async def test_join_page_wants_the_passcode(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token(), settings=OTHERS_MAY_BEGIN)
    path = f"/j/{meeting['id']}"
    assert 'name="passcode"' in (await zoom.request("GET", path)).text
    wrong = await zoom.request("POST", path, data={"name": "Lin", "pwd": meeting["password"], "passcode": "wrong"})
    right = await zoom.request("POST", path, data={"name": "Lin", "pwd": "", "passcode": meeting["password"]})
    assert (wrong.status, right.status) == (403, 303)
    assert (await zoom.request("GET", "/j/81234567890")).status == 404


async def test_personal_link_and_host_link(zoom: Zoom) -> None:
    link = await zoom.request("GET", "/my/ada.lovelace")
    assert (link.status, link.headers["Location"].partition("?")[0]) == (302, "/j/5551234567")
    assert (await zoom.request("GET", "/my/nobody")).status == 404
    meeting = await zoom.create(await zoom.access_token())
    start = urlsplit(meeting["start_url"])
    assert (await zoom.request("GET", f"{start.path}?zak=wrong")).status == 404
    assert "Start Weekly sync" in (await zoom.request("GET", f"{start.path}?{start.query}")).text
    zak = start.query.partition("=")[2]
    assert (await zoom.request("POST", start.path, data={"zak": zak})).status == 303
    await zoom.idle()
    assert zoom.app.names() == ["meeting.started", "meeting.participant_joined"]


async def test_board_is_served_with_its_files_and_without_foreign_ones(zoom: Zoom) -> None:
    board = await zoom.request("GET", "/")
    assert "script-src 'self'" in board.headers["Content-Security-Policy"]
    for name in ("board.js", "style.css"):
        assert f"/static/{name}" in board.text
        assert (await zoom.request("GET", f"/static/{name}")).status == 200
    assert "innerHTML" not in (await zoom.request("GET", "/static/board.js")).text
