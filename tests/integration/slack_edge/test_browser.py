"""What people open in a browser."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge.edge import INSTALLS_AT_ONCE
from services.slack_edge.workspaces import LIFE
from tests.integration.slack_edge.conftest import ADA, FORM, GENERAL, GRACE, World, until
from tests.support.fake_auth import ZOOM_CONSENT
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2 as meetings_pb
from zoomslack.type.v1 import slack_pb2


async def get(world: World, url: str, **options: Any) -> tuple[int, str, Any]:
    """Opens a page without following redirects; returns status, text and headers."""
    async with world.http.get(url, allow_redirects=False, **options) as response:
        return response.status, await response.text(), response.headers


async def connect_link(world: World, text: str = "meeting Weekly sync") -> str:
    """Types a command without a connection and returns the address behind the button."""
    world.meetings.failure = MeshError(Reason.ZOOM_NOT_CONNECTED)
    answer = (await world.type(text))["answer"]
    assert answer["response_type"] == "ephemeral"
    button = next(block for block in answer["blocks"] if block["type"] == "actions")["elements"][0]
    assert (button["action_id"], button["text"]["text"]) == ("zoom_connect", "Authorize Zoom")
    world.meetings.failure = None
    return str(button["url"])


async def press_continue(world: World, link: str, **headers: str) -> tuple[int, str]:
    """Presses the button on the connect page; returns status and where it leads."""
    state = parse_qs(urlsplit(link).query)["link"][0]
    async with world.http.post(
        f"{world.edge_url}/zoom/connect",
        data={"link": state},
        headers=headers,
        allow_redirects=False,
    ) as response:
        return response.status, response.headers.get("Location", "")


async def test_a_command_goes_on_after_the_connection(world: World) -> None:
    link = await connect_link(world)
    status, page, headers = await get(world, link)
    assert status == 200
    assert "<strong>ada</strong>" in page
    assert "<strong>acme</strong>" in page
    assert headers["Cache-Control"] == "no-store"
    status, location = await press_continue(world, link, **{"Sec-Fetch-Site": "same-origin"})
    assert (status, location.partition("?")[0]) == (303, ZOOM_CONSENT)
    state = parse_qs(urlsplit(location).query)["state"][0]
    status, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?code=INVENTED&state={state}")
    assert status == 200
    assert "Your meeting is starting in Slack" in page
    first, second = world.meetings.started
    assert (second.request_id, second.topic) == (first.request_id, "Weekly sync")
    assert second.slack_response_url == first.slack_response_url
    assert second.lease_holder == ""
    await world.meetings.outcome()
    assert [message["kind"] for message in await world.seen(user=GRACE)] == ["message"]
    # Going back and forth in the browser starts nothing twice.
    await get(world, f"{world.edge_url}/zoom/oauth/callback?code=INVENTED&state={state}")
    assert len(await world.calls()) == 1


async def test_P68_where_somebody_started_meanwhile_the_page_says_that_it_is_asked_in_slack(world: World) -> None:
    link = await connect_link(world)
    world.meetings.recent = meetings_pb.RecentMeeting(
        host=slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id=GRACE), join_url="https://zoom.example/j/1"
    )
    _, location = await press_continue(world, link, **{"Sec-Fetch-Site": "same-origin"})
    state = parse_qs(urlsplit(location).query)["state"][0]
    _, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?code=INVENTED&state={state}")
    assert "in Slack you are asked whether to join it" in page
    assert "starting" not in page
    assert any("seconds ago" in text for text in await world.texts())


async def test_a_call_command_is_typed_again_after_the_connection(world: World) -> None:
    world.phone.failure = MeshError(Reason.ZOOM_NOT_CONNECTED)
    link = await connect_link(world, "call +12025550145")
    _, location = await press_continue(world, link)
    state = parse_qs(urlsplit(location).query)["state"][0]
    _, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?code=INVENTED&state={state}")
    assert "type your command again in Slack" in page
    assert world.meetings.started == []


async def test_where_meetings_are_not_offered_any_more_none_starts_after_the_connection(world: World) -> None:
    link = await connect_link(world)
    world.auth.call_options = auth_service_pb2.CALL_OPTIONS_PHONE
    world.clock.jump(LIFE + 1)
    before = len(world.meetings.started)
    _, location = await press_continue(world, link)
    state = parse_qs(urlsplit(location).query)["state"][0]
    status, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?state={state}&code=code")
    assert (status, len(world.meetings.started)) == (200, before)
    assert "Your meeting is starting" not in page

    async def told() -> bool:
        return any("do not offer meetings" in text for text in await world.texts())

    await until(told)


async def test_a_meeting_that_cannot_start_after_the_connection(world: World) -> None:
    link = await connect_link(world)
    _, location = await press_continue(world, link)
    world.meetings.failure = MeshError(Reason.ZOOM_HOST_NOT_ALLOWED)
    state = parse_qs(urlsplit(location).query)["state"][0]
    _, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?code=INVENTED&state={state}")
    assert "could not be started" in page
    assert "may not host meetings" in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_cannot_press_the_button(world: World, headers: dict[str, str]) -> None:
    link = await connect_link(world)
    assert (await press_continue(world, link, **headers))[0] == 403


async def test_the_connect_page_lets_browsers_say_where_its_form_stood(world: World) -> None:
    # Under `no-referrer` they send `Origin: null` with it, which is refused: it may come from anywhere.
    link = await connect_link(world)
    _, _, headers = await get(world, link)
    assert headers["Referrer-Policy"] == "same-origin"
    _, _, headers = await get(world, f"{world.edge_url}/zoom/connect?link=unknown")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert (await press_continue(world, link, Origin="http://127.0.0.1:8080"))[0] == 303


@pytest.mark.parametrize(
    ("cookie", "query"),
    [(b"\xff", b"state=x"), (b"\xff", b"state=%FF"), (b"\xff", b"state=\xff"), (b"a", b"state=\xff")],
)
async def test_cookies_that_are_no_text_are_another_browsers(world: World, cookie: bytes, query: bytes) -> None:
    for path in (b"/zoom/oauth/callback", b"/slack/oauth/callback"):
        reader, writer = await asyncio.open_connection("127.0.0.1", world.edge.port)
        head = b"GET %b?%b HTTP/1.1\r\nHost: x\r\nCookie: zoomslack_state=%b\r\nConnection: close\r\n\r\n"
        writer.write(head % (path, query, cookie))
        status_line = await reader.readline()
        writer.close()
        await writer.wait_closed()
        # The parser itself refuses some of the addresses.
        assert status_line.split()[1] in ((b"403",) if query.isascii() else (b"403", b"400"))
    assert world.auth.asked == []


async def test_a_callback_in_another_browser_connects_nobody(world: World) -> None:
    link = await connect_link(world)
    state = parse_qs(urlsplit(link).query)["link"][0]
    world.auth.asked.clear()
    for query in (f"code=x&state={state}", "code=x&state=", "code=x", "state=%FF%00", f"state={'x' * 5000}"):
        status, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?{query}")
        assert status == 403
        assert "another browser" in page
    assert world.auth.asked == []


async def test_a_person_who_declines(world: World) -> None:
    link = await connect_link(world)
    _, location = await press_continue(world, link)
    state = parse_qs(urlsplit(location).query)["state"][0]
    status, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?error=access_denied&state={state}")
    assert status == 409
    assert "nothing was connected" in page


@pytest.mark.parametrize("link", ["", "?link=", "?link=unknown", f"?link={'x' * 5000}", "?link=<script>"])
async def test_links_that_are_none(world: World, link: str) -> None:
    status, page, _ = await get(world, f"{world.edge_url}/zoom/connect{link}")
    assert status == 404
    assert "<script" not in page
    assert "not valid" in page


async def test_names_on_the_connect_page_are_text(world: World) -> None:
    link = await connect_link(world)
    state = parse_qs(urlsplit(link).query)["link"][0]
    world.auth.links[state].slack_display_name = "<img src=x onerror=alert(1)>"
    _, page, headers = await get(world, link)
    assert "<img" not in page
    assert "script-src" not in headers["Content-Security-Policy"]


async def test_the_cookie_is_for_this_sign_in_only(world: World) -> None:
    link = await connect_link(world)
    state = parse_qs(urlsplit(link).query)["link"][0]
    async with world.http.post(
        f"{world.edge_url}/zoom/connect", data={"link": state}, allow_redirects=False
    ) as response:
        cookie = response.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Lax", "Path=/zoom", "Max-Age=600"):
        assert part in cookie


async def test_installing_by_another_browser(world: World) -> None:
    world.http.cookie_jar.clear()
    status, _, headers = await get(world, f"{world.edge_url}/slack/install")
    assert status == 302
    state = parse_qs(urlsplit(headers["Location"]).query)["state"][0]
    world.http.cookie_jar.clear()
    status, page, _ = await get(world, f"{world.edge_url}/slack/oauth/callback?code=x&state={state}")
    assert status == 403
    assert "another browser" in page


async def test_strangers_cannot_begin_installations_without_end(world: World) -> None:
    url = f"{world.edge_url}/slack/install"
    for asked in itertools.count(1):
        status, page, headers = await get(world, url)
        if status != 302 or asked == 10 * INSTALLS_AT_ONCE:
            break
    assert asked >= INSTALLS_AT_ONCE  # one was spent on the installation of this world, and some come back meanwhile
    assert (status, headers["Retry-After"]) == (429, "1")
    assert "try again shortly" in page
    assert world.auth.asked.count("CreateSlackInstallLink") == asked - 1


async def test_an_installation_that_is_declined(world: World) -> None:
    _, _, headers = await get(world, f"{world.edge_url}/slack/install")
    state = parse_qs(urlsplit(headers["Location"]).query)["state"][0]
    status, page, _ = await get(world, f"{world.edge_url}/slack/oauth/callback?error=access_denied&state={state}")
    assert status == 409
    assert "declined at Slack" in page


async def test_auth_that_is_down_is_a_page(world: World) -> None:
    world.auth.failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    status, page, _ = await get(world, f"{world.edge_url}/slack/install")
    assert status == 503
    assert "restarting" in page


@pytest.mark.parametrize("path", ["/", "/static/style.css"])
async def test_pages_that_need_nobody(world: World, path: str) -> None:
    status, _, headers = await get(world, world.edge_url + path)
    assert status == 200
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


async def test_readiness_follows_the_services_that_are_needed(world: World) -> None:
    assert await get_text(world, "/livez") == (200, "ok\n")
    assert (await get_text(world, "/readyz"))[0] == 200
    await world.stop_service["phone"]()
    assert (await readiness_when(world, "phone: down"))[0] == 200
    await world.stop_service["meetings"]()
    assert (await readiness_when(world, "meetings: down"))[0] == 503
    assert (await get_text(world, "/livez"))[0] == 200


async def readiness_when(world: World, line: str) -> tuple[int, str]:
    """Waits until `line` is in the answer: a channel learns of its server's end a moment later."""
    async with asyncio.timeout(10):
        while line not in (answer := await get_text(world, "/readyz"))[1]:
            pass
        return answer


async def get_text(world: World, path: str) -> tuple[int, str]:
    status, text, _ = await get(world, world.edge_url + path)
    return status, text


async def test_metrics_are_there(world: World) -> None:
    status, text = await get_text(world, "/metrics")
    assert status == 200
    assert "python_info" in text


async def test_a_form_of_the_connect_page_needs_its_type(world: World) -> None:
    assert (await world.post("/zoom/connect", b"{}", content_type="application/json"))[0] == 415
    assert (await world.post("/zoom/connect", b"", content_type=FORM))[0] == 404


async def test_clicks_on_the_link_button_are_acknowledged(world: World) -> None:
    await connect_link(world)
    [shown] = await world.seen()
    clicked = await world.control(
        "POST", "actions", user_id=ADA, channel_id=GENERAL, ts=shown["ts"], action_id="zoom_connect"
    )
    assert clicked["status"] == 200
    assert clicked["url"].startswith(f"{world.edge_url}/zoom/connect?link=")
