"""`/zoom join`, through the real door."""

from __future__ import annotations

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge import continuations
from tests.integration.slack_edge.conftest import DIRECT, GENERAL, GRACE, World


@pytest.mark.parametrize(
    ("typed", "url", "shown"),
    [
        ("850-1234-5678", "https://zoom.us/j/85012345678", "850 1234 5678"),
        ("555 123 4567", "https://zoom.us/j/5551234567", "555 123 4567"),
        (
            "https://us02web.zoom.us/j/85012345678?omn=9&pwd=INVENTED.1",
            "https://us02web.zoom.us/j/85012345678?pwd=INVENTED.1",
            "850 1234 5678",
        ),
        ("https://acme.zoomgov.com/j/1612345678", "https://acme.zoomgov.com/j/1612345678", "161 234 5678"),
        ("ada.lovelace", "https://zoom.us/my/ada.lovelace", "ada.lovelace"),
    ],
)
async def test_S2_S26_S27_a_meeting_is_joined_by_its_button(world: World, typed: str, url: str, shown: str) -> None:
    answer = (await world.type(f"join {typed}"))["answer"]
    assert answer["response_type"] == "ephemeral"
    what, row = answer["blocks"]
    assert (what["text"]["type"], shown in what["text"]["text"]) == ("plain_text", True)
    [button] = row["elements"]
    assert (button["text"]["text"], button["url"]) == ("Join", url)
    assert await world.seen(user=GRACE) == []
    [told] = await world.seen()
    pressed = {"user_id": "U0ADA0001", "channel_id": GENERAL, "ts": told["ts"], "action_id": button["action_id"]}
    assert (await world.control("POST", "actions", **pressed))["status"] == 200


@pytest.mark.parametrize(
    "typed", ["", "12", "https://zoom.us.evil.example/j/85012345678", "http://zoom.us/j/85012345678"]
)
async def test_S26_what_cannot_be_joined_is_explained(world: World, typed: str) -> None:
    answer = (await world.type(f"join {typed}"))["answer"]
    assert answer["text"].startswith("Which meeting?")
    assert "evil" not in str(answer)


async def test_S26_a_start_link_is_not_passed_on(world: World) -> None:
    result = await world.type("join https://zoom.us/s/85012345678?zak=INVENTED")
    assert "whoever opens it is the host" in result["answer"]["text"]
    assert "INVENTED" not in str(result["answer"])


async def test_S28_the_own_room_is_started_with_its_card_here(world: World) -> None:
    answer = (await world.type("join me", channel=DIRECT))["answer"]
    assert answer["response_type"] == "in_channel"
    [request] = world.meetings.started
    assert (request.personal_room, request.topic) == (True, "")
    assert request.conversation.slack_channel_id == DIRECT


async def test_S28_the_own_room_is_remembered_while_somebody_connects(world: World) -> None:
    world.meetings.failure = MeshError(Reason.ZOOM_NOT_CONNECTED)
    await world.type("join me")
    [link] = world.auth.links.values()
    kept = continuations.decode(link.continuation).meeting
    assert kept is not None
    assert kept.personal_room


async def test_S16_help_tells_of_joining(world: World) -> None:
    text = (await world.type("help"))["answer"]["text"]
    assert "/zoom join &lt;number, link or name&gt;" in text
    assert "/zoom join me" in text
