"""Deliveries: one edge at a time, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.event import listen

from mesh.errors import MeshError, Reason
from mesh.long_poll import LOOK_INTERVAL
from services.meetings.deliveries import LEASE, RESPONSE_URL_LIFE
from services.meetings.tables import meetings
from tests.integration.meetings.conftest import ADA, Mesh, later
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2


async def test_ten_edges_at_once_get_each_delivery_once(mesh: Mesh) -> None:
    for _ in range(5):
        await mesh.start()
    leased = await asyncio.gather(*(mesh.lease(f"edge-{n}") for n in range(10)))
    ids = [delivery.delivery_id for deliveries in leased for delivery in deliveries]
    assert len(ids) == len(set(ids)) == 5


async def test_events_of_meetings_that_are_not_ours_wake_no_edge(mesh: Mesh) -> None:
    looks: list[float] = []
    looking = asyncio.Event()

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "FROM deliveries" in statement:
            looks.append(time.monotonic())
            looking.set()

    listen(mesh.database.engine.sync_engine, "before_cursor_execute", note)
    waiting = asyncio.create_task(mesh.lease(wait=timedelta(seconds=4)))
    await asyncio.wait_for(looking.wait(), 5)
    for n in range(50):
        foreign = zoom.started(host_id="somebodyElse", uuid=f"foreign-{n}==")
        assert await mesh.record(foreign) == pb.EVENT_DISPOSITION_IGNORED
    # It looks by itself now and then; each of the events would have had it look once more.
    assert len(looks) <= 2 + (time.monotonic() - looks[0]) / LOOK_INTERVAL
    await mesh.start()
    [card] = await waiting
    assert card.HasField("card")


async def test_a_lease_that_runs_out_goes_to_another_edge_with_what_was_done(mesh: Mesh) -> None:
    await mesh.start()
    [first] = await mesh.lease("edge-1")
    await mesh.stub.RecordDeliveryProgress(
        pb.RecordDeliveryProgressRequest(
            user=ADA, delivery_id=first.delivery_id, lease_token=first.lease_token, slack_call_id="R0CALL"
        ),
        timeout=5,
    )
    assert await mesh.lease("edge-2") == []
    later(mesh.clock, LEASE)
    [second] = await mesh.lease("edge-2")
    assert second.delivery_id == first.delivery_id
    assert second.slack_call_id == "R0CALL"
    assert second.failed_attempts == 1
    with pytest.raises(MeshError) as failure:
        await mesh.complete(first, slack_call_id="R0CALL")
    assert failure.value.reason is Reason.DELIVERY_LEASE_LOST
    await mesh.complete(second, slack_call_id="R0CALL")


async def test_P76_the_host_key_comes_with_the_first_card_and_never_again(mesh: Mesh) -> None:
    started = await mesh.start(holder="edge-1")
    assert started.delivery.card.host_key == "482913"
    await mesh.complete(started.delivery, slack_call_id="R0CALL")
    for event in (zoom.started(), zoom.ended()):
        await mesh.record(event)
    later(mesh.clock, LEASE)
    leased = await mesh.lease()
    assert sorted(str(delivery.WhichOneof("content")) for delivery in leased) == ["card", "summary"]
    assert "482913" not in str(leased)


async def test_a_report_may_be_repeated(mesh: Mesh) -> None:
    await mesh.start()
    [delivery] = await mesh.lease()
    await mesh.complete(delivery, slack_call_id="R0CALL")
    await mesh.complete(delivery, slack_call_id="R0CALL")
    later(mesh.clock, LEASE)
    assert await mesh.lease() == []


async def test_a_report_of_another_tenant_changes_nothing(mesh: Mesh) -> None:
    await mesh.start()
    [delivery] = await mesh.lease()
    delivery.user.CopyFrom(slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA"))
    with pytest.raises(MeshError) as failure:
        await mesh.complete(delivery)
    assert failure.value.reason is Reason.DELIVERY_LEASE_LOST
    later(mesh.clock, LEASE)
    assert len(await mesh.lease()) == 1


async def test_what_changes_while_an_edge_works_is_shown_next(mesh: Mesh) -> None:
    await mesh.start()
    [delivery] = await mesh.lease()
    await mesh.record(zoom.started())
    await mesh.complete(delivery, slack_call_id="R0CALL")
    assert await mesh.lease() == [], "a card rests two seconds after a success"
    mesh.clock.advance(2.1)
    [again] = await mesh.lease()
    assert again.version == delivery.version + 1
    assert again.delivered.version == delivery.version
    assert not again.slack_response_url, "Slack shows the card already: its address is not needed any more"


async def test_postponed_comes_back_when_its_time_has_come(mesh: Mesh) -> None:
    await mesh.start()
    [delivery] = await mesh.lease()
    request = pb.CompleteDeliveryRequest(
        user=ADA, delivery_id=delivery.delivery_id, lease_token=delivery.lease_token, postponed=pb.DeliveryPostponed()
    )
    request.postponed.retry_delay.FromTimedelta(timedelta(seconds=30))
    await mesh.stub.CompleteDelivery(request, timeout=5)
    mesh.clock.advance(29)
    assert await mesh.lease() == []
    mesh.clock.advance(2)
    [again] = await mesh.lease()
    assert again.failed_attempts == 1


async def test_refused_ends_it_for_good(mesh: Mesh) -> None:
    await mesh.start()
    [delivery] = await mesh.lease()
    await mesh.stub.CompleteDelivery(
        pb.CompleteDeliveryRequest(
            user=ADA,
            delivery_id=delivery.delivery_id,
            lease_token=delivery.lease_token,
            refused=pb.DeliveryRefused(slack_error="is_archived"),
        ),
        timeout=5,
    )
    await mesh.record(zoom.started())
    later(mesh.clock, timedelta(hours=1))
    assert await mesh.lease() == []


async def test_slacks_address_is_not_handed_out_after_its_life(mesh: Mesh) -> None:
    await mesh.start()
    later(mesh.clock, RESPONSE_URL_LIFE)
    [delivery] = await mesh.lease()
    assert not delivery.slack_response_url


async def test_an_edge_that_waits_is_woken_by_news(mesh: Mesh) -> None:
    request = pb.LeaseDeliveriesRequest(lease_holder="edge-1", max_deliveries=5)
    request.wait.FromTimedelta(timedelta(seconds=20))

    async def wait() -> pb.LeaseDeliveriesResponse:
        return await mesh.stub.LeaseDeliveries(request, timeout=25)

    waiting = asyncio.create_task(wait())
    await mesh.start()
    response = await asyncio.wait_for(waiting, timeout=5)
    assert len(response.deliveries) == 1


async def test_an_outcome_is_required(mesh: Mesh) -> None:
    with pytest.raises(MeshError) as failure:
        await mesh.stub.CompleteDelivery(
            pb.CompleteDeliveryRequest(user=ADA, delivery_id=str(uuid.uuid4()), lease_token=str(uuid.uuid4())),
            timeout=5,
        )
    assert failure.value.reason is Reason.INVALID_REQUEST


async def test_one_row_that_does_not_open_does_not_stop_the_others(mesh: Mesh) -> None:
    broken = (await mesh.start(topic="Broken")).meeting.meeting_id
    await mesh.start(topic="Fine")
    async with mesh.database.transaction("break a row") as connection:
        await connection.execute(
            update(meetings).where(meetings.c.meeting_id == broken).values(join_url_sealed=b"k1:altered")
        )
    assert [d.card.meeting.topic for d in await mesh.lease()] == ["Fine"]
    assert await mesh.lease() == [], "and is not looked at again at once"


async def test_edges_that_wait_are_answered_when_the_service_stops(mesh: Mesh) -> None:
    request = pb.LeaseDeliveriesRequest(lease_holder="edge-1", max_deliveries=5)
    request.wait.FromTimedelta(timedelta(seconds=20))

    async def wait() -> pb.LeaseDeliveriesResponse:
        return await mesh.stub.LeaseDeliveries(request, timeout=25)

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0.2)
    mesh.servicer.stop_waiting()
    response = await asyncio.wait_for(waiting, timeout=3)
    assert not response.deliveries
