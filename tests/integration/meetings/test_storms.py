"""Storms: every event four times in any order at several replicas, a third of them lost, a thousand people at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.meetings.conftest import Mesh, replica
from tests.integration.meetings.healing import Healing, healing
from tests.support import zoom_bodies as zoom
from tests.unit.simulators.zoom_harness import GRACE
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

EVENTS = [
    zoom.started(),
    zoom.joined("100", "Ada", zoom.HOST_ID, time="2026-10-30T12:00:06Z"),
    zoom.joined("101", "Grace Hopper", "graceZoomId", time="2026-10-30T12:01:01Z"),
    zoom.joined("102", "Sam Guest", time="2026-10-30T12:02:00Z"),
    zoom.left("101", "Grace Hopper", "graceZoomId", time="2026-10-30T12:10:00Z"),
    zoom.joined("103", "Grace Hopper", "graceZoomId", time="2026-10-30T12:11:00Z"),
    zoom.left("102", "Sam Guest", time="2026-10-30T12:12:00Z"),
    zoom.left("103", "Grace Hopper", "graceZoomId", time="2026-10-30T12:34:14Z"),
    zoom.left("100", "Ada", zoom.HOST_ID, time="2026-10-30T12:34:14Z"),
    zoom.ended(),
    zoom.recorded(files=("a", "b")),
    zoom.recorded(files=("a", "b", "c"), sent=1, download_token="another"),
    zoom.removed(files=("a",), sent=2),
    zoom.removed("recording.deleted", files=("b", "c"), sent=3),
    zoom.recovered(files=("a",), sent=4),
]
"""A life of every event that is understood."""
_AT_ONCE = 20


@asynccontextmanager
async def replicas(mesh: Mesh) -> AsyncIterator[list[Mesh]]:
    """Gives three replicas of the service on PostgreSQL. SQLite is for one."""
    async with AsyncExitStack() as stack:
        more = 0 if mesh.database.is_sqlite else 2
        yield [mesh, *[await stack.enter_async_context(replica(mesh)) for _ in range(more)]]


async def record_all(meshes: Sequence[Mesh], events: Sequence[bytes]) -> list[pb.EventDisposition.ValueType]:
    """Brings events to the replicas in turn, many at once."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, event: bytes) -> pb.EventDisposition.ValueType:
        async with gate:
            return await meshes[number % len(meshes)].record(event)

    return await asyncio.gather(*(one(number, event) for number, event in enumerate(events)))


async def posts(meshes: Sequence[Mesh]) -> list[pb.Delivery]:
    """Leases what lags at every replica at once, and has it shown."""
    leased = [
        d for some in await asyncio.gather(*(mesh.lease(f"edge-{n}") for n, mesh in enumerate(meshes))) for d in some
    ]
    for delivery in leased:
        await meshes[0].complete(delivery, slack_call_id="R0CALL", slack_channel_id="C0GENERAL", slack_message_ts="1.1")
    return leased


@pytest.mark.parametrize("seed", range(3))
async def test_N1_every_event_four_times_in_any_order_has_one_effect(mesh: Mesh, seed: int) -> None:
    await mesh.start()
    events = EVENTS * 4
    random.Random(seed).shuffle(events)  # noqa: S311 (an order, not a secret)
    async with replicas(mesh) as meshes:
        dispositions = await record_all(meshes, events)
        assert dispositions.count(pb.EVENT_DISPOSITION_APPLIED) == len(EVENTS)
        assert dispositions.count(pb.EVENT_DISPOSITION_DUPLICATE) == 3 * len(EVENTS)
        found = await posts(meshes)
        assert sorted(str(d.WhichOneof("content")) for d in found) == ["card", "recording", "summary"]
        [card, recording, summary] = sorted(found, key=lambda d: str(d.WhichOneof("content")))
        assert card.card.meeting.state == pb.MEETING_STATE_ENDED
        assert [a.display_name for a in summary.summary.attendees] == ["Ada", "Grace Hopper", "Sam Guest"]
        assert not recording.recording.deleted
        assert recording.recording.play_url == "https://zoom.example/rec/share/INVENTED"
        mesh.clock.advance(3)
        assert await posts(meshes) == [], "and everything was said at once"


@pytest.mark.parametrize("seed", range(3))
async def test_N1_however_the_posts_interleave_with_the_events_each_is_posted_once(mesh: Mesh, seed: int) -> None:
    await mesh.start()
    events = EVENTS * 4
    random.Random(seed).shuffle(events)  # noqa: S311 (an order, not a secret)
    shown: dict[str, list[pb.Delivery]] = {}
    async with replicas(mesh) as meshes:
        for begin in range(0, len(events), 6):
            await record_all(meshes, events[begin : begin + 6])
            mesh.clock.advance(3)
            for delivery in await posts(meshes):
                shown.setdefault(str(delivery.WhichOneof("content")), []).append(delivery)
    assert set(shown) == {"card", "recording", "summary"}
    for kind, deliveries in shown.items():
        assert [d.HasField("delivered") for d in deliveries] == [False, *[True] * (len(deliveries) - 1)], kind
    assert shown["card"][-1].card.meeting.state == pb.MEETING_STATE_ENDED
    assert {a.display_name for a in shown["summary"][-1].summary.attendees} == {"Ada", "Grace Hopper", "Sam Guest"}
    assert not shown["recording"][-1].recording.deleted


@pytest.mark.parametrize("seed", range(5))
async def test_N2_with_a_third_of_the_events_lost_one_look_makes_everything_right(mesh: Mesh, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (who is lost, not a secret)
    async with healing(mesh) as held, replicas(mesh) as meshes:
        events = await life(held)
        kept = [event for event in events if chance.random() >= 0.3] * 2
        chance.shuffle(kept)
        await record_all(meshes, kept)
        await held.reconcile(timedelta(minutes=15))
        found = {str(d.WhichOneof("content")): d for d in await posts(meshes)}
        assert set(found) == {"card", "summary", "recording"}
        assert found["card"].card.meeting.state == pb.MEETING_STATE_ENDED
        summary = found["summary"].summary
        assert [a.display_name for a in summary.attendees] == ["Ada Lovelace", "Grace Hopper", "Sam Guest"]
        assert summary.meeting.start_time.ToJsonString() == "2026-10-30T12:00:30Z"
        assert summary.meeting.end_time.ToJsonString() == "2026-10-30T12:05:30Z"
        assert found["recording"].recording.passcode == "pw#1"


async def life(held: Healing) -> list[bytes]:
    """Holds a meeting at Zoom and returns its events."""
    meeting = await held.start()
    held.pass_time(timedelta(seconds=30))
    await held.act(meeting, "start")
    for name, user in (("Grace Hopper", {"zoom_user_id": GRACE}), ("Sam Guest", {})):
        held.pass_time(timedelta(minutes=1))
        first = await held.act(meeting, "join", name=name, **user)
        await held.act(meeting, "leave", user_id=first["user_id"])
        held.pass_time(timedelta(minutes=1))
        await held.act(meeting, "join", name=name, participant_uuid=first["participant_uuid"], **user)
    held.pass_time(timedelta(minutes=1))
    await held.act(meeting, "end")
    await held.act(meeting, "recording", share_url="https://zoom.example/rec/share/x", password="pw#1")
    return await held.events()


async def test_N11_a_thousand_joins_in_ten_seconds_are_few_updates_and_the_true_list(mesh: Mesh) -> None:
    await mesh.start()
    begin = datetime(2026, 10, 30, 12, 1, tzinfo=UTC)
    times = [begin + timedelta(seconds=n / 100) for n in range(1000)]
    joins = [
        zoom.joined(str(n), f"Person {n:03}", f"person{n}", time=moment.isoformat()) for n, moment in enumerate(times)
    ]
    leased = []
    async with replicas(mesh) as meshes:
        await mesh.record(zoom.started())
        leased += await posts(meshes)
        for second in range(20):  # half a second each
            await record_all(meshes, joins[second * 50 : (second + 1) * 50])
            mesh.clock.advance(0.5)
            leased += await posts(meshes)
        mesh.clock.advance(3)
        leased += await posts(meshes)
        assert await posts(meshes) == []
    assert len(leased) <= 10, "each is a call to change the card and one or two to change who is in it"
    assert [a.display_name for a in leased[-1].card.present][1:] == [f"Person {n:03}" for n in range(1000)]
