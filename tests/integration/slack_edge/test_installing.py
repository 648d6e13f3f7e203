"""The pages of installing, one step after the other, and what is refused on the way."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from yarl import URL

from mesh.errors import MeshError, Reason
from tests.integration.slack_edge.conftest import World
from tests.integration.slack_edge.test_browser import connect_link, get, press_continue

HOSTILE = "<script>alert(1)</script>\r\nSet-Cookie: x=1"


async def submit(world: World, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str, Any]:
    """Sends a form as a page of ours does; returns status, text and headers."""
    async with world.http.post(world.edge_url + path, data=fields, headers=headers, allow_redirects=False) as response:
        return response.status, await response.text(), response.headers


def state_in(location: str) -> str:
    return parse_qs(urlsplit(location).query)["state"][0]


async def agree_at_zoom(world: World, **query: str) -> tuple[int, str, Any]:
    """Begins company-wide and comes back from Zoom, with a code or what `query` says."""
    _, _, headers = await submit(world, "/install", {"zoom_scopes": ""})
    back = {"state": state_in(headers["Location"]), "code": "code", **query}
    return await get(world, f"{world.edge_url}/zoom/oauth/callback?{urlencode(back)}")


async def test_the_page_offers_both_ways(world: World) -> None:
    status, page, headers = await get(world, f"{world.edge_url}/install")
    assert status == 200
    assert "Install Zoom for Slack company wide" in page
    assert "Add Zoom to ONLY my Slack account" in page
    assert headers["Referrer-Policy"] == "same-origin"  # else browsers would not say that the form stood here


async def test_company_wide_leads_from_zoom_to_slack_and_tells_what_was_granted(world: World) -> None:
    world.auth.zoom_scopes = ["meeting:write:meeting:admin", "user:read:user:admin"]
    status, page, _ = await agree_at_zoom(world)
    assert status == 200
    assert "start meetings" in page
    assert "show who is in a meeting" in page  # among what it cannot
    state = page.partition('name="zoom_state" value="')[2].partition('"')[0]
    status, _, headers = await submit(world, "/slack/install", {"zoom_state": state})
    assert status == 303
    assert headers["Location"].startswith(f"{world.slack_url}/oauth/v2/authorize?")
    assert world.auth.asked[-1] == "CreateSlackInstallLink"


async def test_one_scope_is_asked_of_the_admin_alone(world: World) -> None:
    _, page, _ = await get(world, f"{world.edge_url}/install?zoom_scopes=meeting:write:meeting:admin+{HOSTILE[:8]}")
    assert "start meetings" in page
    assert "ONLY my Slack account" not in page
    _, _, headers = await submit(world, "/install", {"zoom_scopes": "meeting:write:meeting:admin"})
    assert parse_qs(urlsplit(headers["Location"]).query)["scopes"] == ["meeting:write:meeting:admin"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Reason.ZOOM_ADMIN_REQUIRED, "ask your Zoom admin"),
        (Reason.ZOOM_APP_NOT_APPROVED, "not approved in your Zoom account"),
        (Reason.LINK_USED, "used before"),
        (Reason.ZOOM_UNAVAILABLE, "Zoom does not answer"),
    ],
)
async def test_what_goes_wrong_at_zoom_is_told_in_plain_words(world: World, error: Reason, words: str) -> None:
    _, _, headers = await submit(world, "/install", {"zoom_scopes": ""})
    world.auth.failure = MeshError(error)
    query = urlencode({"state": state_in(headers["Location"]), "code": "code"})
    status, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?{query}")
    assert status >= 400
    assert words in page
    assert "Type <code>/zoom" not in page  # nobody here is in Slack yet
    assert "Open the install page" in page


async def test_who_declines_or_is_no_admin_is_told_to_ask_one(world: World) -> None:
    status, page, _ = await agree_at_zoom(world, code="", error="access_denied")
    assert status == 409
    assert "ask your Zoom admin" in page


async def test_the_way_back_from_zoom_is_only_for_the_browser_that_began(world: World) -> None:
    _, _, headers = await submit(world, "/install", {"zoom_scopes": ""})
    query = urlencode({"state": state_in(headers["Location"]), "code": "code"})
    world.http.cookie_jar.clear()
    assert (await get(world, f"{world.edge_url}/zoom/oauth/callback?{query}"))[0] == 403
    assert "CompleteZoomInstallation" not in world.auth.asked


async def test_nobody_goes_on_at_slack_with_what_somebody_else_was_granted(world: World) -> None:
    _, _, headers = await submit(world, "/install", {"zoom_scopes": ""})
    state = state_in(headers["Location"])
    world.http.cookie_jar.clear()
    for zoom_state in (state, "", "company-other"):
        assert (await submit(world, "/slack/install", {"zoom_state": zoom_state}))[0] == 403
    assert "CreateSlackInstallLink" not in world.auth.asked


async def test_a_cookie_made_up_from_an_address_opens_nothing(world: World) -> None:
    _, page, _ = await agree_at_zoom(world)
    state = page.partition('name="zoom_state" value="')[2].partition('"')[0]
    query = urlencode({"state": state, "code": "code"})
    world.auth.install_requests.clear()
    for made_up in (state, f"{state}.", f"{state}.guessed", f"{state}.{state}"):
        world.http.cookie_jar.clear()
        world.http.cookie_jar.update_cookies({"zoomslack_setup": made_up}, URL(world.edge_url))
        assert (await get(world, f"{world.edge_url}/zoom/oauth/callback?{query}"))[0] in {403, 404}
        assert (await submit(world, "/slack/install", {"zoom_state": state}))[0] in {403, 404}
    assert not world.auth.install_requests


async def test_the_last_step_too_is_only_for_the_browser_that_began(world: World) -> None:
    _, page, _ = await agree_at_zoom(world)
    state = page.partition('name="zoom_state" value="')[2].partition('"')[0]
    _, _, headers = await submit(world, "/slack/install", {"zoom_state": state})
    at_slack = state_in(headers["Location"])
    world.http.cookie_jar.clear()  # what somebody can make up who sees the address of Slack's page:
    world.http.cookie_jar.update_cookies({"zoomslack_state": at_slack}, URL(world.edge_url))
    query = urlencode({"state": at_slack, "code": "code of his own"})
    status, page, _ = await get(world, f"{world.edge_url}/slack/oauth/callback?{query}")
    assert status == 404
    assert world.auth.asked[-1] == "CompleteSlackInstallation"


async def test_no_address_and_no_page_holds_what_the_browser_holds(world: World) -> None:
    _, page, headers = await agree_at_zoom(world)
    [secret] = world.auth.browser_secrets.values()
    assert secret not in page
    assert secret not in str(headers.get("Location"))


@pytest.mark.parametrize("path", ["/install", "/slack/install"])
@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_another_site_cannot_begin(world: World, path: str, headers: dict[str, str]) -> None:
    assert (await submit(world, path, {"zoom_scopes": "", "zoom_state": "s"}, **headers))[0] == 403


async def test_a_person_of_an_older_installation_is_led_on_to_slack_and_her_command_goes_on(world: World) -> None:
    link = await connect_link(world)
    _, location = await press_continue(world, link)
    refused = list(world.meetings.started)
    world.auth.scopes = ["commands"]
    world.clock.jump(61)
    query = urlencode({"state": state_in(location), "code": "code"})
    status, _, headers = await get(world, f"{world.edge_url}/zoom/oauth/callback?{query}")
    assert status == 302
    assert headers["Location"].startswith(f"{world.slack_url}/oauth/v2/authorize?")
    assert world.meetings.started == refused  # its card could not be shown yet


async def test_slack_is_asked_for_our_own_scopes_only_and_for_workspaces_only(world: World) -> None:
    world.auth.install_requests.clear()
    await get(world, f"{world.edge_url}/slack/install?team=T0ACME001&scopes=users:read.email,admin.users:write")
    await get(world, f"{world.edge_url}/slack/install?team=https://evil.example&scopes=admin")
    asked = [(request.slack_team_id, list(request.slack_scopes)) for request in world.auth.install_requests]
    assert asked == [("T0ACME001", ["users:read.email"]), ("", [])]


REDIRECTS = [
    *("redirect", "redirect_uri", "return_to", "next", "url", "continue", "r", "link", "zoom_state", "state", "team"),
]


@pytest.mark.parametrize("path", ["/", "/install", "/slack/install", "/zoom/connect", "/slack/oauth/callback"])
async def test_no_page_leads_where_its_address_says(world: World, path: str) -> None:
    for evil in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example"):
        query = urlencode(dict.fromkeys(REDIRECTS, evil))
        _, page, headers = await get(world, f"{world.edge_url}{path}?{query}")
        assert "evil.example" not in headers.get("Location", "")
        assert "evil.example" not in page
        assert "javascript:" not in page


@pytest.mark.parametrize(
    "path", ["/install", "/slack/install", "/zoom/connect", "/zoom/oauth/callback", "/slack/oauth/callback", "/call/x"]
)
async def test_what_an_address_holds_never_becomes_markup_or_headers(world: World, path: str) -> None:
    names = [*REDIRECTS, "code", "error", "zoom_scopes", "scopes"]
    _, page, headers = await get(world, f"{world.edge_url}{path}?{urlencode(dict.fromkeys(names, HOSTILE))}")
    assert "<script>alert" not in page
    assert all("x=1" not in cookie for cookie in headers.getall("Set-Cookie", []))


async def test_names_from_the_vendors_are_text(world: World) -> None:
    world.auth.team_name = HOSTILE
    _, _, headers = await get(world, f"{world.edge_url}/slack/install")
    consent = dict(parse_qs(urlsplit(headers["Location"]).query))
    form = {name: values[0] for name, values in consent.items()} | {"user_id": "U0ADA0001", "decision": "allow"}
    async with world.http.post(
        f"{world.slack_url}/oauth/v2/authorize/decide", data=form, allow_redirects=False
    ) as response:
        back = response.headers["Location"]
    await get(world, world.edge_url + "/slack/oauth/callback?" + urlsplit(back).query)
    _, page, _ = await get(world, world.edge_url + "/slack/installed")
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page


async def test_a_form_of_another_kind_is_none(world: World) -> None:
    for path in ("/install", "/slack/install"):
        assert (await world.post(path, b"{}", content_type="application/json"))[0] == 415
