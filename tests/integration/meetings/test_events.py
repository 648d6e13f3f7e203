"""Zoom's events: in any order, any number of times, each with one effect."""

from __future__ import annotations

import asyncio
import json
import random
import uuid
from datetime import timedelta

import pytest

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.meetings.requests import StartCommand
from services.meetings.store_requests import RequestStore
from tests.integration.meetings.conftest import ADA, KEYS, ROOM, Mesh
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

LIFE = [
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
    zoom.recorded(),
]


async def contents(mesh: Mesh) -> dict[str, list[pb.Delivery]]:
    """Leases everything that lags, by kind."""
    by_kind: dict[str, list[pb.Delivery]] = {}
    for delivery in await mesh.lease():
        by_kind.setdefault(str(delivery.WhichOneof("content")), []).append(delivery)
    return by_kind


@pytest.mark.parametrize("seed", range(4))
async def test_every_event_four_times_in_any_order_makes_one_card_one_summary_one_recording(
    mesh: Mesh, seed: int
) -> None:
    await mesh.start()
    events = LIFE * 4
    random.Random(seed).shuffle(events)  # noqa: S311 (an order, not a secret)
    dispositions = [await mesh.record(event) for event in events]
    assert dispositions.count(pb.EVENT_DISPOSITION_APPLIED) == len(LIFE)
    assert dispositions.count(pb.EVENT_DISPOSITION_DUPLICATE) == 3 * len(LIFE)
    found = await contents(mesh)
    assert {kind: len(deliveries) for kind, deliveries in found.items()} == {"card": 1, "summary": 1, "recording": 1}
    [card], [summary], [recording] = found["card"], found["summary"], found["recording"]
    assert card.card.meeting.state == pb.MEETING_STATE_ENDED
    assert not card.card.present
    assert [a.display_name for a in summary.summary.attendees] == ["Ada", "Grace Hopper", "Sam Guest"]
    assert summary.summary.attendees[0].slack_user_id == ADA.slack_user_id
    assert summary.summary.meeting.end_time.ToJsonString() == "2026-10-30T12:34:15Z"
    assert summary.summary.meeting.start_time.ToJsonString() == "2026-10-30T12:00:05Z"
    assert recording.recording.passcode == "k8#Rm2Vt"


async def test_the_card_follows_who_is_there(mesh: Mesh) -> None:
    await mesh.start()
    for event in LIFE[:4]:
        await mesh.record(event)
    [delivery] = await mesh.lease()
    assert [a.display_name for a in delivery.card.present] == ["Ada", "Grace Hopper", "Sam Guest"]
    await mesh.complete(delivery, slack_call_id="R1", attendees=delivery.card.present)
    mesh.clock.advance(3)
    assert await mesh.lease() == []
    await mesh.record(LIFE[4])
    [delivery] = await mesh.lease()
    assert [a.display_name for a in delivery.card.present] == ["Ada", "Sam Guest"]
    assert [a.display_name for a in delivery.delivered.attendees] == ["Ada", "Grace Hopper", "Sam Guest"]
    assert delivery.delivered.slack_call_id == "R1"


async def test_a_hundred_joins_are_one_update(mesh: Mesh) -> None:
    await mesh.start()
    await mesh.record(zoom.started())
    for n in range(100):
        await mesh.record(zoom.joined(str(n), f"Person {n}", f"person{n}"))
    [delivery] = await mesh.lease()
    assert len(delivery.card.present) == 101  # with the host, whose own joining Zoom did not send


async def test_somebody_who_is_known_only_after_the_end_is_added_to_the_summary(mesh: Mesh) -> None:
    await mesh.start()
    for event in (zoom.started(), zoom.joined("1", "Grace", "graceZoomId"), zoom.ended()):
        await mesh.record(event)
    [summary] = (await contents(mesh))["summary"]
    await mesh.complete(summary, slack_channel_id="C0GENERAL", slack_message_ts="1760000000.000100")
    await mesh.record(zoom.left("1", "Grace", "graceZoomId"))
    assert "summary" not in await contents(mesh), "nobody new: the summary stays as it is"
    await mesh.record(zoom.joined("2", "Late Lin", "linZoomId"))
    [summary] = (await contents(mesh))["summary"]
    assert [a.display_name for a in summary.summary.attendees][-1] == "Late Lin"
    assert summary.delivered.slack_message_ts == "1760000000.000100"


async def test_two_notices_of_one_recording_are_one_post(mesh: Mesh) -> None:
    await mesh.start()
    for event in (zoom.started(), zoom.ended(), zoom.recorded()):
        await mesh.record(event)
    [recording] = (await contents(mesh))["recording"]
    await mesh.complete(recording, slack_channel_id="C0GENERAL", slack_message_ts="1.1")
    await mesh.record(zoom.recorded(total_size=5))
    assert "recording" not in await contents(mesh)


async def test_events_of_meetings_that_are_not_ours_leave_nothing(mesh: Mesh) -> None:
    await mesh.start()
    for foreign in (zoom.joined("9", "Stranger", "strangerZoomId", id="99999999999"), zoom.started(host_id="other")):
        assert await mesh.record(foreign) == pb.EVENT_DISPOSITION_IGNORED
    async with mesh.database.engine.connect() as connection:
        assert (await connection.exec_driver_sql("SELECT count(*) FROM zoom_events")).scalar() == 0


async def test_events_that_overtake_the_creation_wait_for_it(mesh: Mesh) -> None:
    release = mesh.zoom.hold()
    starting = mesh.begin_start()
    await mesh.zoom.reached()
    assert await mesh.record(zoom.started()) == pb.EVENT_DISPOSITION_HELD
    assert await mesh.record(zoom.joined("1", "Grace", "graceZoomId")) == pb.EVENT_DISPOSITION_HELD
    release()
    await starting
    [delivery] = await mesh.lease()
    assert delivery.card.meeting.state == pb.MEETING_STATE_STARTED
    assert [a.display_name for a in delivery.card.present][-1] == "Grace"
    async with mesh.database.engine.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT held_body_sealed FROM zoom_events")).all()
    assert [row[0] for row in rows] == [None, None]


@pytest.mark.parametrize("cards", [1, 2])
async def test_an_event_that_one_card_takes_waits_for_those_that_are_being_made(mesh: Mesh, cards: int) -> None:
    await mesh.start(personal_room=True, topic="A")
    release = mesh.zoom.hold()
    starting = [asyncio.create_task(mesh.start(personal_room=True, topic=f"B{n}")) for n in range(cards)]
    await eventually_reserved(mesh, cards)
    for event in (zoom.started(id=ROOM, uuid="run=="), zoom.joined("1", "Lin", id=ROOM, uuid="run==")):
        assert await mesh.record(event) == pb.EVENT_DISPOSITION_APPLIED
    release()
    await asyncio.gather(*starting)
    shown = {d.card.meeting.topic: [a.display_name for a in d.card.present] for d in await mesh.lease()}
    assert sorted(shown) == ["A", "B0", "B1"][: cards + 1]
    assert all(people == ["", "Lin"] for people in shown.values())
    async with mesh.database.engine.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT held_body_sealed FROM zoom_events")).all()
    assert [row[0] for row in rows] == [None, None], "nobody waits for them any more"


async def test_while_a_meeting_is_made_only_events_of_its_host_wait(mesh: Mesh) -> None:
    release = mesh.zoom.hold()
    starting = mesh.begin_start()
    await mesh.zoom.reached()
    assert await mesh.record(zoom.started(host_id="somebodyElse")) == pb.EVENT_DISPOSITION_IGNORED
    assert await mesh.record(zoom.started()) == pb.EVENT_DISPOSITION_HELD
    release()
    await starting
    unknown = RequestStore(mesh.database, KEYS, mesh.clock)
    command = StartCommand(SlackUser("", "T0ACME", "U0LIN"), str(uuid.uuid4()), "C0RANDOM", "Not asked for yet")
    await unknown.reserve(command, str(uuid.uuid4()), "worker", timedelta(seconds=20), recent=timedelta())
    other = zoom.started(host_id="somebodyElse", uuid="other==")
    assert await mesh.record(other) == pb.EVENT_DISPOSITION_HELD, "that may be who is starting"


async def eventually_reserved(mesh: Mesh, number: int) -> None:
    """Waits until `number` meetings are being made."""
    query = "SELECT count(*) FROM start_requests WHERE state = 'reserved' AND zoom_host_id <> ''"
    async with asyncio.timeout(5):
        while True:
            async with mesh.database.engine.connect() as connection:
                if (await connection.exec_driver_sql(query)).scalar() == number:
                    return
            await asyncio.sleep(0.01)


async def test_a_late_event_of_an_earlier_run_of_the_room_does_not_end_the_new_meeting(mesh: Mesh) -> None:
    await mesh.start()  # made at 12:00:00 by Zoom's clock
    assert await mesh.record(zoom.ended("2026-10-30T11:59:58Z", uuid="earlier==")) == pb.EVENT_DISPOSITION_IGNORED
    await mesh.record(zoom.started())
    assert await mesh.record(zoom.ended(uuid="another==")) == pb.EVENT_DISPOSITION_IGNORED
    [delivery] = await mesh.lease()
    assert delivery.card.meeting.state == pb.MEETING_STATE_STARTED


async def test_an_event_without_a_number_is_known_by_its_run(mesh: Mesh) -> None:
    await mesh.start()
    nameless = zoom.joined("1", "Lin", id=None)
    assert await mesh.record(nameless) == pb.EVENT_DISPOSITION_IGNORED, "which run it is of is not known yet"
    await mesh.record(zoom.started())
    assert await mesh.record(nameless) == pb.EVENT_DISPOSITION_APPLIED
    assert await mesh.record(zoom.joined("2", "Max", id=None, uuid="other==")) == pb.EVENT_DISPOSITION_IGNORED
    [delivery] = await mesh.lease()
    assert [a.display_name for a in delivery.card.present][-1] == "Lin"


async def test_of_the_many_runs_of_a_batch_ours_are_found(mesh: Mesh) -> None:
    ours = []
    for n in range(2):
        await mesh.start()
        ours.append((f"run-{n}==", ("file",)))
        for event in (zoom.started, zoom.ended):
            await mesh.record(event(id=str(85012345678 + n), uuid=f"run-{n}=="))
        await mesh.record(zoom.recorded(files=("file",), id=85012345678 + n, uuid=f"run-{n}=="))
    for delivery in await mesh.lease():
        await mesh.complete(delivery)
    mesh.clock.advance(60)
    foreign = [(f"foreign-{n}==", ("file",)) for n in range(200)]
    assert await mesh.record(zoom.batch("recording.batch_deleted", *foreign)) == pb.EVENT_DISPOSITION_IGNORED
    deleted = zoom.batch("recording.batch_deleted", *foreign, *ours, sent=1)
    assert await mesh.record(deleted) == pb.EVENT_DISPOSITION_APPLIED
    assert [d.recording.deleted for d in await mesh.lease()] == [True, True]


async def test_what_is_no_event_is_refused(mesh: Mesh) -> None:
    with pytest.raises(MeshError) as failure:
        await mesh.record(b"{not json")
    assert failure.value.reason is Reason.INVALID_REQUEST
    assert await mesh.record(b'{"event":"meeting.alert","payload":{}}') == pb.EVENT_DISPOSITION_IGNORED


@pytest.mark.parametrize("name", ["a\x00b", "cut emoji \ud83d", "\x00", "x" * 5000])
async def test_names_that_a_database_does_not_take_lose_nobody(mesh: Mesh, name: str) -> None:
    await mesh.start()
    body = json.dumps(json.loads(zoom.joined("1", "NAME"))).replace('"NAME"', json.dumps(name)).encode()
    assert await mesh.record(body) == pb.EVENT_DISPOSITION_APPLIED
    [delivery] = await mesh.lease()
    assert len(delivery.card.present) == 1


async def test_a_creation_and_its_first_event_at_the_same_moment_do_not_miss_each_other(mesh: Mesh) -> None:
    for n in range(10):
        number = str(85012345678 + n)
        release = mesh.zoom.hold()
        starting = mesh.begin_start()
        await mesh.zoom.reached()
        release()
        await asyncio.gather(starting, mesh.record(zoom.started(id=number, uuid=f"run-{n}==")))
    running = [d for d in await mesh.lease() if d.card.meeting.state == pb.MEETING_STATE_STARTED]
    assert len(running) == 10
