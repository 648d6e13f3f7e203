"""Buttons whose link works once: once pressed they are gone, and what came of the link stands in their place."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from mesh.errors import MeshError, Reason
from tests.integration.slack_edge.conftest import World, until
from tests.integration.slack_edge.test_browser import connect_link, get, press_continue
from tests.integration.slack_edge.test_interactions import pressed

GO_ON = "Go on in your browser"


async def last_text(world: World) -> str:
    return (await world.texts())[-1]


async def press_and_wait(world: World) -> None:
    """Presses the button that connects, and waits until the edge has done with it."""
    await world.press("zoom_connect")

    async def gone() -> bool:
        return "zoom_connect" not in json.dumps(await world.seen())

    await until(gone)


async def connect(world: World, link: str, **answer: str) -> int:
    """Follows the link to its end; returns the last page's status."""
    _, location = await press_continue(world, link)
    state = parse_qs(urlsplit(location).query)["state"][0]
    query = urlencode({"state": state, **(answer or {"code": "code"})})
    return (await get(world, f"{world.edge_url}/zoom/oauth/callback?{query}"))[0]


async def until_text(world: World, words: str) -> None:
    async def there() -> bool:
        return any(words in text for text in await world.texts())

    await until(there)


async def test_a_pressed_button_gives_way_to_words_and_they_to_what_came_of_it(world: World) -> None:
    link = await connect_link(world)
    shown = len(await world.seen())
    await press_and_wait(world)
    assert GO_ON in await last_text(world)
    assert len(await world.seen()) == shown, "it was replaced, not added to"
    assert await connect(world, link) == 200
    await until_text(world, "Zoom is connected. Your meeting starts.")
    assert GO_ON not in str(await world.texts())
    assert not await world.requests("chat.postMessage")


async def test_who_has_to_type_again_is_told_so(world: World) -> None:
    world.phone.failure = MeshError(Reason.ZOOM_NOT_CONNECTED)
    link = await connect_link(world, "call +12025550145")
    await press_and_wait(world)
    await connect(world, link)
    await until_text(world, "Zoom is connected. Type the command again.")


async def test_who_declines_finds_how_to_begin_again(world: World) -> None:
    link = await connect_link(world)
    await press_and_wait(world)
    assert await connect(world, link, error="access_denied") == 409
    await until_text(world, "You did not agree at Zoom, so nothing was connected. Type the command again")
    assert GO_ON not in str(await world.texts())


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.AUTHORIZATION_FAILED, "The sign-in at Zoom did not work. Type the command again"),
        (Reason.ZOOM_APP_NOT_APPROVED, "Ask the administrator of your Zoom account to approve it"),
        (Reason.LINK_EXPIRED, "worked for ten minutes only. Type the command again"),
    ],
)
async def test_whose_sign_in_fails_finds_how_to_begin_again(world: World, reason: Reason, said: str) -> None:
    link = await connect_link(world)
    await press_and_wait(world)
    world.auth.completion_failure = MeshError(reason)
    await connect(world, link)
    await until_text(world, said)
    assert GO_ON not in str(await world.texts())


@pytest.mark.parametrize("page_is_first", [False, True], ids=["the press first", "the page first"])
async def test_who_presses_after_ten_minutes_is_not_left_to_go_on_in_the_browser(
    world: World, *, page_is_first: bool
) -> None:
    link = await connect_link(world)
    if not page_is_first:
        await press_and_wait(world)
    world.auth.failure = MeshError(Reason.LINK_EXPIRED)
    assert (await get(world, link))[0] == 409
    if page_is_first:
        await press_and_wait(world)
    await until_text(world, "The link behind this button worked for ten minutes only. Type the command again")
    assert GO_ON not in str(await world.texts())


async def test_whose_page_fails_and_is_loaded_again_is_told_of_the_connection(world: World) -> None:
    link = await connect_link(world)
    await press_and_wait(world)
    world.auth.completion_failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    assert await connect(world, link) == 503
    world.auth.completion_failure = None
    assert await connect(world, link) == 200
    await until_text(world, "Zoom is connected.")


async def test_a_link_that_was_copied_and_not_pressed_connects_all_the_same(world: World) -> None:
    link = await connect_link(world)
    before = await world.texts()
    assert await connect(world, link) == 200
    await world.meetings.outcome()
    assert before[-1] in await world.texts()


async def test_where_slack_takes_no_replacement_the_connection_stands(world: World) -> None:
    link = await connect_link(world)
    await world.fault("response_url", "status", status=404, times=2)
    await world.press("zoom_connect")

    async def refused() -> bool:
        return any(request["http_status"] == 404 for request in await world.requests("response_url"))

    await until(refused)
    assert await connect(world, link) == 200
    await world.meetings.outcome()
    assert not await world.requests("chat.postMessage"), "nobody is written to about a button"


async def test_half_an_hour_later_the_address_of_a_press_is_forgotten(world: World) -> None:
    link = await connect_link(world)
    await press_and_wait(world)
    world.clock.jump(31 * 60)
    replaced = len(await world.requests("response_url"))
    assert await connect(world, link) == 200
    await world.meetings.outcome()
    await world.edge.drain()
    after = [request["arguments"] for request in (await world.requests("response_url"))[replaced:]]
    assert not [one for one in after if one.get("replace_original")]


async def test_whoever_sees_the_button_may_press_it(world: World) -> None:
    """People of other companies type the command in a shared channel, too: the link in their answer is theirs."""
    payload = pressed(action_id="zoom_connect", value="x", user={"id": "U0HEDY001", "team_id": "T0GLOBEX1"})
    url = f"{world.slack_url}/actions/T0ACME001/1/none"
    assert (await world.interact({**payload, "response_url": url}))[0] == 200
    await world.edge.drain()
    [said] = [request["arguments"]["text"] for request in await world.requests("response_url")]
    assert GO_ON in said
    assert not await world.requests("users.info"), "nobody asks who she is"
