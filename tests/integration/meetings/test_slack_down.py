"""Slack is down for ten minutes: the real service and a real edge, with the time passed."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select

from services.meetings.tables import deliveries
from tests.integration.meetings.conftest import Mesh
from tests.integration.slack_edge.conftest import ADA, GRACE, USER, World, running_edge, until
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

ROUND, ROUNDS = 120.0, 5
"""Seconds that pass at once, longer than any pause between two attempts, and how many of those the outage lasts."""


@pytest.fixture
async def world(mesh: Mesh) -> AsyncIterator[World]:
    """An edge that delivers what the service has to show."""
    async with running_edge({"ZOOMSLACK_MEETINGS_TARGET": mesh.target}, mesh.clock) as made:
        yield made


async def start(mesh: Mesh, world: World, topic: str) -> tuple[pb.Meeting, str]:
    """Starts a meeting in a channel of its own; returns it and the channel."""
    here = str((await world.control("POST", "channels", kind="public", members=[ADA, GRACE]))["id"])
    place = slack_pb2.SlackConversation(slack_channel_id=here)
    started = await mesh.start(str(uuid.uuid4()), user=USER, conversation=place, topic=topic)
    return started.meeting, here


def of(meeting: pb.Meeting) -> dict[str, Any]:
    """Returns what names a meeting in Zoom's events."""
    return {"id": meeting.zoom_meeting_id, "uuid": f"uuid-of-{meeting.zoom_meeting_id}"}


async def calls(world: World, channel: str) -> list[dict[str, Any]]:
    return [call for message in await world.seen(channel) for call in message["calls"]]


async def pass_time(mesh: Mesh, seconds: float) -> None:
    """Lets time pass as soon as no edge has anything in hand: a jump would end its leases."""
    leased = select(func.count()).select_from(deliveries).where(deliveries.c.lease_expire_time.is_not(None))

    async def idle() -> bool:
        async with mesh.database.snapshot("count leases") as connection:
            return not await connection.scalar(leased)

    await until(idle)
    mesh.clock.advance(seconds)


async def test_slack_down_for_ten_minutes_then_back_shows_everything_once(mesh: Mesh, world: World) -> None:
    old, there = await start(mesh, world, "Before")
    assert await until(lambda: calls(world, there))
    await mesh.record(zoom.started(**of(old)))
    await world.control("DELETE", "requests")
    await world.fault("*", "status", status=503, times=10_000)

    new, here = await start(mesh, world, "Meanwhile")
    for event in (
        zoom.joined("1", "Grace Hopper", "graceZoomId", **of(old)),
        zoom.ended(**of(old)),
        zoom.recorded(**{**of(old), "id": int(old.zoom_meeting_id)}),
        zoom.started(**of(new)),
        zoom.joined("2", "Sam Guest", **of(new)),
        zoom.joined("3", "Zoë", **of(new)),
        zoom.left("3", "Zoë", **of(new)),
    ):
        await mesh.record(event)
    for number in range(1, ROUNDS + 1):
        await pass_time(mesh, ROUND)

        async def tried(at_least: int = number) -> bool:
            return len(await world.requests("calls.add")) >= at_least

        await until(tried)
    asked = (await world.control("GET", "requests"))["requests"]
    assert len(asked) <= 8 * (ROUNDS + 1), "a few calls in each round, whatever is waiting"

    await world.control("DELETE", "faults")
    await pass_time(mesh, ROUND)

    async def everything() -> bool:
        over = [call for call in await calls(world, there) if call["date_end"]]
        running = [call for call in await calls(world, here) if len(call["users"]) == 2]
        return bool(over and running) and len(await world.seen(there)) >= 3

    await until(everything)
    assert sorted(message["text"].partition(" 8")[0] for message in await world.seen(there)) == [
        "A Zoom meeting was started. Meeting ID",
        "The Zoom meeting",
        "The recording of the Zoom meeting",
    ]
    [call] = await calls(world, here)
    assert {user.get("display_name") or user["slack_id"] for user in call["users"]} == {"Sam Guest", ADA}
