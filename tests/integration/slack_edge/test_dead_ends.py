"""Pages on which nothing goes on by itself: each says what to do, and leads there."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from mesh.errors import MeshError, Reason
from tests.integration.slack_edge.conftest import World
from tests.integration.slack_edge.test_browser import connect_link, get, press_continue
from tests.integration.slack_edge.test_installing import agree_at_zoom, submit
from tests.integration.slack_edge.test_last_pages import agree_at_slack

TO_INSTALL = 'href="/install"'


async def test_who_declines_at_slack_gets_back_to_the_install_page(world: World) -> None:
    _, _, headers = await get(world, f"{world.edge_url}/slack/install")
    status, page, _ = await get(world, await agree_at_slack(world, headers["Location"], decision="deny"))
    assert status == 409
    assert TO_INSTALL in page


async def test_who_declines_one_permission_at_slack_may_be_asked_for_it_again(world: World) -> None:
    query = "team=T0ACME001&scopes=users%3Aread.email"
    _, _, headers = await get(world, f"{world.edge_url}/slack/install?{query}")
    status, page, _ = await get(world, await agree_at_slack(world, headers["Location"], decision="deny"))
    assert status == 409
    assert "nothing was changed" in page
    assert f'href="/slack/install?{query.replace("&", "&amp;")}"' in page


async def test_who_declines_for_the_company_gets_back_to_the_install_page(world: World) -> None:
    _, page, _ = await agree_at_zoom(world, code="", error="access_denied")
    assert TO_INSTALL in page


async def test_what_goes_wrong_while_installing_leads_back_to_the_install_page(world: World) -> None:
    world.auth.failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    for path in ("/slack/install", "/slack/oauth/callback?state=x&code=y"):
        _, page, _ = await get(world, world.edge_url + path)
        assert TO_INSTALL in page
    _, page, _ = await submit(world, "/install", {"zoom_scopes": ""})
    assert TO_INSTALL in page


async def test_a_connect_link_that_was_used_says_what_to_type(world: World) -> None:
    link = await connect_link(world)
    world.auth.failure = MeshError(Reason.LINK_USED)
    status, page, _ = await get(world, link)
    assert status == 409
    assert "Type <code>/zoom</code> in Slack: if you are not connected yet" in page


async def test_who_declines_at_zoom_is_told_what_to_type(world: World) -> None:
    _, location = await press_continue(world, await connect_link(world))
    state = parse_qs(urlsplit(location).query)["state"][0]
    _, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?error=access_denied&state={state}")
    assert "Type <code>/zoom</code> in Slack whenever you want to." in page


async def test_a_way_back_from_zoom_in_another_browser_leads_on_whatever_it_was_for(world: World) -> None:
    status, page, _ = await get(world, f"{world.edge_url}/zoom/oauth/callback?code=x&state=y")
    assert status == 403
    assert "Type <code>/zoom</code> in Slack for a new link" in page
    assert TO_INSTALL in page  # an administrator who installs for her company may be nobody in Slack yet


@pytest.mark.parametrize("path", ["/nothing", "/install/", "/zoom", "/guide/pictures/nothing.png"])
async def test_an_address_that_is_none_is_told_by_a_page(world: World, path: str) -> None:
    status, page, headers = await get(world, world.edge_url + path)
    assert status == 404
    assert headers["Content-Type"].startswith("text/html")
    assert "There is no such page" in page
    assert TO_INSTALL in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]


async def test_programs_that_post_to_no_address_get_no_page(world: World) -> None:
    status, text = await world.post("/slack/nothing", b"")
    assert (status, text) == (404, "404: Not Found")


@pytest.mark.parametrize("path", ["/install", "/zoom/connect"])
async def test_a_form_that_stood_elsewhere_is_refused_by_a_page(world: World, path: str) -> None:
    status, page, _ = await submit(world, path, {}, **{"Sec-Fetch-Site": "cross-site"})
    assert status == 403
    assert "did not come from a page of Zoom for Slack" in page


async def test_browsers_get_a_sign_to_show(world: World) -> None:
    _, page, headers = await get(world, world.edge_url + "/")
    assert '<link rel="icon" href="/static/icon.svg"' in page
    assert "img-src 'self'" in headers["Content-Security-Policy"]
    for path in ("/static/icon.svg", "/favicon.ico"):
        status, icon, headers = await get(world, world.edge_url + path)
        assert (status, headers["Content-Type"].partition(";")[0]) == (200, "image/svg+xml")
        assert icon.startswith("<svg")


async def test_links_show_where_the_keyboard_is(world: World) -> None:
    _, style, _ = await get(world, world.edge_url + "/static/style.css")
    assert "a:focus-visible" in style


async def test_the_install_page_says_what_only_my_account_means(world: World) -> None:
    _, page, _ = await get(world, world.edge_url + "/install")
    assert "Not an administrator?" in page
    assert "This connects nobody's Zoom account but yours." in page
