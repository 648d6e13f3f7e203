"""What Slack is to show of calls: leases, versions and outcomes, through a real server and a real database."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration

from mesh.errors import MeshError, Reason
from services.phone.deliveries import LEASE, PAUSE
from tests.integration.phone.conftest import ADA, Mesh
from tests.support.phone_events import Spoken
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2


async def rings(mesh: Mesh, call_id: str = "1") -> Spoken:
    """Has Ada dial, and returns the call."""
    await mesh.dialled()
    call = Spoken(mesh.clock.now().replace(microsecond=0) + timedelta(seconds=2), call_id=call_id)
    await mesh.record(call.ringing())
    return call


async def report(mesh: Mesh, delivery: pb.Delivery, **outcome: object) -> None:
    request = pb.CompleteDeliveryRequest(
        user=delivery.user,
        delivery_id=delivery.delivery_id,
        lease_token=delivery.lease_token,
        **outcome,  # type: ignore[arg-type]
    )
    await mesh.stub.CompleteDelivery(request, timeout=5)


async def test_a_call_is_shown_once_and_brought_up_to_date_in_place(mesh: Mesh) -> None:
    call = await rings(mesh)
    [first] = await mesh.lease()
    assert first.user == ADA
    assert first.call.state == pb.PHONE_CALL_STATE_RINGING
    assert not first.HasField("delivered")
    assert await mesh.lease("edge-2") == [], "it is leased"
    await mesh.record(call.connected())
    await mesh.complete(first)
    assert await mesh.lease() == [], "a message is changed once a second at the most"
    mesh.clock.advance(PAUSE.total_seconds())
    [second] = await mesh.lease()
    assert second.delivery_id == first.delivery_id
    assert second.delivered.slack_message_ts == "1700000000.000100"
    assert second.call.state == pb.PHONE_CALL_STATE_CONNECTED
    await mesh.record(call.ended())
    await mesh.record(call.history())
    await mesh.complete(second)
    mesh.clock.advance(PAUSE.total_seconds())
    [last] = await mesh.lease()
    assert last.call.result == pb.CALL_RESULT_ANSWERED
    await mesh.complete(last)
    mesh.clock.advance(3600)
    assert await mesh.lease() == []


async def test_a_history_that_brings_nothing_new_shows_nothing_again(mesh: Mesh) -> None:
    call = await rings(mesh)
    await mesh.record(call.ended())
    told = {key: value for key, value in call.entry().items() if key != "callee_name"}
    await mesh.complete((await mesh.lease())[0])
    mesh.clock.advance(10)
    await mesh.record(call.history(told))
    assert await mesh.lease() == []


async def test_a_lease_that_ends_goes_to_another_edge(mesh: Mesh) -> None:
    await rings(mesh)
    [lost] = await mesh.lease("edge-1")
    mesh.clock.advance(LEASE.total_seconds())
    [taken] = await mesh.lease("edge-2")
    assert taken.failed_attempts == 1
    with pytest.raises(MeshError) as failure:
        await mesh.complete(lost)
    assert failure.value.reason is Reason.DELIVERY_LEASE_LOST
    await mesh.complete(taken)
    await mesh.complete(taken)
    mesh.clock.advance(60)
    assert await mesh.lease() == []


async def test_what_slack_refuses_is_not_tried_again_and_what_passes_is(mesh: Mesh) -> None:
    call = await rings(mesh)
    [delivery] = await mesh.lease()
    await report(mesh, delivery, postponed=pb.DeliveryPostponed(retry_delay=Duration(seconds=30), cause="ratelimited"))
    mesh.clock.advance(29)
    assert await mesh.lease() == []
    mesh.clock.advance(1)
    [again] = await mesh.lease()
    assert again.failed_attempts == 1
    await report(mesh, again, refused=pb.DeliveryRefused(slack_error="account_inactive"))
    await mesh.record(call.ended())
    mesh.clock.advance(3600)
    assert await mesh.lease() == []


async def test_a_report_of_another_tenant_changes_nothing(mesh: Mesh) -> None:
    await rings(mesh)
    [delivery] = await mesh.lease()
    delivery.user.CopyFrom(slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA"))
    with pytest.raises(MeshError) as failure:
        await mesh.complete(delivery)
    assert failure.value.reason is Reason.DELIVERY_LEASE_LOST


async def test_edges_that_lease_at_once_share_the_work(mesh: Mesh) -> None:
    for number in range(6):
        await rings(mesh, str(number))
        mesh.clock.advance(700)
    shares = await asyncio.gather(*(mesh.lease(f"edge-{number}", count=4) for number in range(4)))
    leased = [delivery.delivery_id for share in shares for delivery in share]
    assert len(leased) == len(set(leased)) == 6


async def test_an_edge_that_waits_is_told_at_once(mesh: Mesh) -> None:
    await mesh.dialled()
    request = pb.LeaseDeliveriesRequest(lease_holder="edge-1", max_deliveries=5, wait=Duration(seconds=20))
    waiting = asyncio.ensure_future(mesh.stub.LeaseDeliveries(request, timeout=25))
    call = Spoken(mesh.clock.now().replace(microsecond=0) + timedelta(seconds=2))
    await mesh.record(call.ringing())
    response = await asyncio.wait_for(waiting, 5)
    assert [delivery.call.state for delivery in response.deliveries] == [pb.PHONE_CALL_STATE_RINGING]


async def test_a_lease_needs_a_holder_and_reports_a_uuid(mesh: Mesh) -> None:
    for broken in (
        mesh.stub.LeaseDeliveries(pb.LeaseDeliveriesRequest(max_deliveries=1), timeout=5),
        mesh.stub.CompleteDelivery(
            pb.CompleteDeliveryRequest(user=ADA, delivery_id="7", lease_token=str(uuid.uuid4())), timeout=5
        ),
    ):
        with pytest.raises(MeshError) as failure:
            await broken
        assert failure.value.reason is Reason.INVALID_REQUEST
