"""Slack's Call icon, where Slack lets the app have it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from tests.integration.slack_edge.conftest import ADA, DIRECT, GRACE, World, until
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.phone.v1 import phone_service_pb2

PARTNER = pytest.mark.parametrize("world", [{"ZOOMSLACK_SLACK_CALL_PROVIDER": "1"}], indirect=True)


async def press(world: World, kind: str, number: str = "") -> None:
    body = {"user_id": ADA, "channel_id": DIRECT, "type": kind, "phone_number": number}
    assert await world.control("POST", "call_icon", **body) == {"status": 200, "error": None}


async def opened(world: World, kind: str) -> dict[str, Any]:
    """Returns the answer that opens the call, once Slack has taken it."""

    async def probe() -> list[dict[str, Any]]:
        answers = [
            request["arguments"] for request in await world.requests("response_url") if request["answer"] == "ok"
        ]
        return [answer for answer in answers if answer["response_type"] == kind]

    [answer] = await until(probe)
    return answer


@PARTNER
async def test_S33_S34_video_opens_the_meeting_and_shows_its_card(world: World) -> None:
    await press(world, "video")
    assert await opened(world, "call") == {
        "response_type": "call",
        "call_initiation_url": "https://zoom.example/j/85012345678?pwd=INVENTEDPWD.1",
        "desktop_protocol_call_initiation_url": "zoommtg://zoom.us/join?confno=85012345678&pwd=INVENTEDPWD.1",
    }
    assert (await world.meetings.outcome()).HasField("delivered")
    assert any(message["calls"] for message in await world.seen(DIRECT, GRACE))


@PARTNER
async def test_S34_S35_audio_dials_the_contact(world: World) -> None:
    await press(world, "audio", "+1 202 555 0145")
    answer = await opened(world, "audio")
    assert answer["call_initiation_url"] == f"{world.edge_url}/call/signed.id"
    assert answer["desktop_protocol_call_initiation_url"] == "zoomphonecall://+12025550145"
    [call] = world.phone.placed
    assert (call.phone_number, call.conversation.slack_channel_id) == ("+1 202 555 0145", DIRECT)
    assert world.meetings.started == []


@PARTNER
async def test_S35_a_number_that_needs_a_warning_is_not_dialled_by_itself(world: World) -> None:
    world.phone.warning = phone_service_pb2.CALL_WARNING_PREMIUM_RATE
    await press(world, "audio", "(900) 555-0145")

    async def told() -> bool:
        return "costs more than others" in str(await world.seen(DIRECT))

    await until(told)
    assert "zoom_call" in str(await world.seen(DIRECT))
    assert "call_initiation_url" not in str(await world.requests("response_url"))


@PARTNER
async def test_S35_an_extension_is_dialled_too(world: World) -> None:
    world.phone.call = {"phone_number": "", "extension_number": "1234"}
    await press(world, "audio", "1234")
    assert (await opened(world, "audio"))["desktop_protocol_call_initiation_url"] == "zoomphonecall://1234"


@PARTNER
@pytest.mark.parametrize(
    ("kind", "number", "offered", "failure", "words"),
    [
        ("video", "", auth_service_pb2.CALL_OPTIONS_PHONE, None, "do not offer meetings"),
        ("audio", "+1 202 555 0145", auth_service_pb2.CALL_OPTIONS_VIDEO, None, "do not offer phone calls"),
        ("audio", "", auth_service_pb2.CALL_OPTIONS_VIDEO_AND_PHONE, None, "Whom shall I call?"),
        ("video", "", auth_service_pb2.CALL_OPTIONS_VIDEO, Reason.ZOOM_DAILY_LIMIT, "midnight GMT"),
        ("video", "", auth_service_pb2.CALL_OPTIONS_VIDEO, Reason.ZOOM_NOT_CONNECTED, "Connect your Zoom account"),
    ],
)
async def test_what_does_not_work_is_told_where_she_pressed(
    world: World, kind: str, number: str, offered: Any, failure: Reason | None, words: str
) -> None:
    world.auth.call_options = offered
    world.meetings.failure = None if failure is None else MeshError(failure)
    await press(world, kind, number)

    async def told() -> bool:
        return any(words in text for text in await world.texts(DIRECT))

    await until(told)
    assert await world.seen(DIRECT, GRACE) == []


@PARTNER
async def test_a_press_is_acknowledged_once_nothing_of_it_can_be_lost(world: World) -> None:
    world.meetings.gate.clear()
    pressing = asyncio.create_task(press(world, "video"))

    async def arrived() -> bool:
        await world.seen()  # gives a hasty acknowledgement the time to arrive
        return bool(world.meetings.started)

    await until(arrived)
    assert not pressing.done(), "a death of this edge is told by Slack, as nothing was acknowledged"
    world.meetings.gate.set()
    await pressing


@PARTNER
async def test_whatever_is_slow_the_acknowledgement_is_in_time(world: World) -> None:
    world.meetings.gate.clear()
    async with asyncio.timeout(2.9):
        await press(world, "video")
    world.meetings.gate.set()
    await opened(world, "call")


async def test_without_the_setting_the_icon_starts_nothing(world: World) -> None:
    await press(world, "video")
    await world.edge.drain()
    assert world.meetings.started == []
    assert await world.requests("response_url") == []
