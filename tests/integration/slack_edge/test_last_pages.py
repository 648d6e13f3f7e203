"""The page at the end of each consent: what came of it, in words that are true, however often it is opened."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge import features
from tests.integration.slack_edge.conftest import ADA, World
from tests.integration.slack_edge.test_browser import connect_link, get, press_continue
from tests.integration.slack_edge.test_installing import agree_at_zoom, state_in, submit

EVERY_ZOOM = [scope for feature in features.FEATURES for scope in feature.zoom_scopes]
NOT_HAVE_TO = "do not have to authorize anything"
WITH_ADDRESSES = "commands,calls:read,calls:write,chat:write,users:read,users:read.email"
LAST = "/slack/installed"


async def agree_at_slack(world: World, consent_url: str, *declined: str, decision: str = "allow") -> str:
    """Answers Slack's consent page as Ada; returns the address to which the browser goes back."""
    form = [*parse_qsl(urlsplit(consent_url).query), ("user_id", ADA), ("decision", decision)]
    form += [("decline", scope) for scope in declined]
    url = f"{world.slack_url}/oauth/v2/authorize/decide"
    async with world.http.post(url, data=form, allow_redirects=False) as response:
        return world.edge_url + "/slack/oauth/callback?" + urlsplit(response.headers["Location"]).query


async def install(world: World, query: str = "", *declined: str) -> str:
    """Installs from `/slack/install`; returns the address to which the browser goes back."""
    _, _, headers = await get(world, f"{world.edge_url}/slack/install{query}")
    return await agree_at_slack(world, headers["Location"], *declined)


async def install_company_wide(world: World, *declined: str) -> str:
    """The same, after an administrator agreed at Zoom."""
    _, page, _ = await agree_at_zoom(world)
    state = page.partition('name="zoom_state" value="')[2].partition('"')[0]
    _, _, headers = await submit(world, "/slack/install", {"zoom_state": state})
    return await agree_at_slack(world, headers["Location"], *declined)


async def last_page(world: World, callback: str) -> str:
    """Goes back from Slack and returns the page on which that ends."""
    status, _, headers = await get(world, callback)
    assert (status, headers["Location"]) == (303, LAST)
    status, page, _ = await get(world, world.edge_url + LAST)
    assert status == 200
    return page


async def test_opening_the_way_back_again_shows_the_same_page_and_installs_nothing(world: World) -> None:
    callback = await install(world)
    first = await last_page(world, callback)
    assert "The app is now ready to use in <strong>Acme</strong>" in first
    asked = list(world.auth.asked)
    assert await last_page(world, callback) == first
    assert world.auth.asked == asked


async def test_in_another_browser_neither_the_way_back_nor_the_last_page_tells_anything(world: World) -> None:
    callback = await install(world)
    await last_page(world, callback)
    world.http.cookie_jar.clear()
    status, page, _ = await get(world, callback)
    assert status == 403
    assert "another browser" in page
    status, page, _ = await get(world, world.edge_url + LAST)
    assert status == 404
    assert "Acme" not in page
    assert 'href="/install"' in page


async def test_a_way_back_that_was_used_and_whose_answer_got_lost_says_what_may_be(world: World) -> None:
    callback = await install(world)
    await last_page(world, callback)
    world.http.cookie_jar.clear(lambda morsel: morsel.key == "zoomslack_installed")
    status, page, _ = await get(world, callback)
    assert status == 409
    assert "did not work" not in page
    assert "If you allowed it, Zoom is installed" in page
    assert 'href="/install"' in page


async def test_what_the_browser_keeps_is_for_the_edge_alone_and_holds_no_secret(world: World) -> None:
    callback = await install(world)
    _, _, headers = await get(world, callback)
    [cookie] = [one for one in headers.getall("Set-Cookie") if one.startswith("zoomslack_installed=")]
    for part in ("HttpOnly", "SameSite=Lax", "Path=/slack"):
        assert part in cookie
    query = parse_qs(urlsplit(callback).query)
    assert query["state"][0] not in cookie
    assert query["code"][0] not in cookie


@pytest.mark.parametrize("kept", ["", ".", "x.y", "x.e30", "x.W10", "x.eyJ2IjoxfQ", "\xff", "x." + "A" * 3_000])
async def test_a_cookie_that_is_not_of_ours_is_none(world: World, kept: str) -> None:
    headers = {"Cookie": f"zoomslack_installed={kept}"}
    status, page, _ = await get(world, world.edge_url + LAST, headers=headers)
    assert status == 404
    assert "type <code>/zoom</code>" in page


async def test_what_no_browser_would_keep_is_shown_at_once(world: World) -> None:
    world.auth.zoom_scopes = [f"made:up:scope_{number}:admin" for number in range(300)]
    status, page, headers = await get(world, await install_company_wide(world))
    assert status == 200
    assert "The app is now ready to use in <strong>Acme</strong>" in page
    assert not [one for one in headers.getall("Set-Cookie", []) if one.startswith("zoomslack_installed=")]


async def test_who_installed_for_herself_is_told_how_to_connect(world: World) -> None:
    page = await last_page(world, await install(world))
    assert "Click the link in the reply" in page
    assert NOT_HAVE_TO not in page


async def test_that_people_do_not_have_to_authorize_is_said_where_people_can_be_found(world: World) -> None:
    world.auth.zoom_scopes = EVERY_ZOOM
    world.auth.asked_of_slack = WITH_ADDRESSES
    page = await last_page(world, await install_company_wide(world))
    assert NOT_HAVE_TO in page


async def test_without_the_permission_to_see_addresses_it_is_said_that_everybody_connects(world: World) -> None:
    world.auth.zoom_scopes = EVERY_ZOOM
    world.auth.asked_of_slack = WITH_ADDRESSES
    page = await last_page(world, await install_company_wide(world, "users:read.email"))
    assert NOT_HAVE_TO not in page
    assert "may not see e-mail addresses in Slack" in page
    assert "scopes=users%3Aread.email" in page


async def test_the_last_page_of_a_company_shows_what_is_missing_at_both_vendors(world: World) -> None:
    world.auth.zoom_scopes = [f"{scope}:admin" for scope in EVERY_ZOOM if scope != "user:read:settings"]
    world.auth.asked_of_slack = WITH_ADDRESSES
    page = await last_page(world, await install_company_wide(world, "users:read.email"))
    assert "start your own room" in page
    assert 'href="/install?zoom_scopes=user%3Aread%3Asettings%3Aadmin"' in page
    assert "find people in your company&#39;s Zoom account" in page
    assert "scopes=users%3Aread.email" in page


async def test_one_permission_of_slack_ends_with_nothing_else_to_do(world: World) -> None:
    page = await last_page(world, await install(world, "?team=T0ACME001&scopes=users:read.email"))
    assert "<h1>Done</h1>" in page
    assert "see people&#39;s e-mail addresses" in page
    assert "Nothing else to do." in page
    assert "did not" not in page
    assert "connect your Zoom account" not in page


async def test_one_permission_of_slack_that_is_not_given_is_asked_for_again(world: World) -> None:
    callback = await install(world, "?team=T0ACME001&scopes=users:read.email,chat:write.public", "users:read.email")
    page = await last_page(world, callback)
    assert "<h1>Not everything was allowed</h1>" in page
    assert "see people&#39;s e-mail addresses" in page
    assert 'href="/slack/install?team=T0ACME001&amp;scopes=users%3Aread.email"' in page
    assert "Nothing else to do." not in page


async def test_a_first_installation_by_a_link_for_one_permission_is_not_called_done(world: World) -> None:
    await world.control("POST", "uninstall")
    page = await last_page(world, await install(world, "?scopes=chat:write"))
    assert "<h1>Zoom is not ready yet</h1>" in page
    assert 'href="/slack/install?team=T0ACME001"' in page
    assert "Nothing else to do." not in page


async def allow_for_the_company(world: World, **query: str) -> tuple[int, str]:
    """Allows one more permission as the administrator; returns the page on which that ends."""
    _, _, headers = await submit(world, "/install", {"zoom_scopes": "user:read:settings:admin"})
    back = {"state": state_in(headers["Location"]), "code": "code", **query}
    status, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?{urlencode(back)}")
    return status, page


async def test_one_permission_of_the_company_is_no_installation(world: World) -> None:
    _, page, _ = await get(world, f"{world.edge_url}/install?zoom_scopes=user:read:settings:admin")
    assert ">Allow in Zoom</button>" in page
    assert "whether Zoom Phone can be used" in page
    assert "Only an administrator of your company's Zoom account can allow that." in page
    assert "company wide" not in page
    assert "Slack workspace" not in page


async def test_one_permission_of_the_company_ends_with_nothing_else_to_do(world: World) -> None:
    world.auth.zoom_scopes = ["user:read:settings:admin", "user:read:user:admin"]  # others are missing still
    status, page = await allow_for_the_company(world)
    assert status == 200
    assert "<h1>Done</h1>" in page
    assert "whether Zoom Phone can be used" in page
    assert "Nothing else to do." in page
    assert "Connect to Slack workspace" not in page


async def test_one_permission_of_the_company_that_is_not_given_is_asked_for_again(world: World) -> None:
    world.auth.zoom_scopes = ["user:read:user:admin"]
    _, page = await allow_for_the_company(world)
    assert "<h1>Not allowed</h1>" in page
    assert 'href="/install?zoom_scopes=user%3Aread%3Asettings%3Aadmin"' in page
    status, page = await allow_for_the_company(world, code="", error="access_denied")
    assert status == 409
    assert "nothing was changed" in page
    assert 'href="/install?zoom_scopes=user%3Aread%3Asettings%3Aadmin"' in page


async def allow_for_myself(world: World, text: str = "meeting Weekly sync") -> str:
    """Follows the link that asks for one more permission at Zoom; returns the page on which that ends."""
    world.meetings.failure = MeshError(Reason.ZOOM_SCOPE_MISSING, {"scopes": "meeting:write:meeting"})
    answer: dict[str, Any] = (await world.type(text))["answer"]
    world.meetings.failure = None
    url = next(block for block in answer["blocks"] if block["type"] == "actions")["elements"][0]["url"]
    _, location = await press_continue(world, url)
    query = urlencode({"state": state_in(location), "code": "code"})
    _, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?{query}")
    return page


async def test_just_the_permission_that_was_asked_for_is_all_that_it_takes(world: World) -> None:
    world.auth.zoom_scopes = ["meeting:write:meeting", "user:read:user"]
    page = await allow_for_myself(world)
    assert "<h1>Done</h1>" in page
    assert "start meetings" in page
    assert "did not" not in page
    assert "Your meeting is starting in Slack" in page


async def test_a_permission_that_was_asked_for_and_not_given_is_named(world: World) -> None:
    world.auth.zoom_scopes = ["user:read:user"]
    page = await allow_for_myself(world)
    assert "<h1>Not allowed</h1>" in page
    assert "start meetings" in page
    assert "Nothing else to do." not in page


async def test_the_connected_page_names_the_zoom_account(world: World) -> None:
    world.auth.zoom_email = "ada+<b>@acme.example"
    link = await connect_link(world)
    _, location = await press_continue(world, link)
    query = urlencode({"state": state_in(location), "code": "code"})
    _, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?{query}")
    assert "You are connected as ada+&lt;b&gt;@acme.example (licensed) in Zoom." in page


async def test_after_the_transition_the_last_page_can_be_opened_again(world: World) -> None:
    link = await connect_link(world)
    _, location = await press_continue(world, link)
    world.auth.scopes = ["commands"]
    world.clock.jump(61)
    query = urlencode({"state": state_in(location), "code": "code"})
    _, _, headers = await get(world, f"{world.edge_url}/zoom/oauth/callback?{query}")
    world.auth.scopes = ["commands", "calls:read", "calls:write", "chat:write"]
    callback = await agree_at_slack(world, headers["Location"])
    page = await last_page(world, callback)
    assert "<h1>Zoom is ready to use</h1>" in page
    assert "Your meeting is starting in Slack" in page
    await world.meetings.outcome()
    assert await last_page(world, callback) == page
    assert len(await world.calls()) == 1
