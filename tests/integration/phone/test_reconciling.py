"""Calls whose events were lost are found in Zoom's call history, through a real server and a real database."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, timedelta

import pytest

from mesh.errors import MeshError, Reason
from services.phone.__main__ import build
from services.phone.reconciling import LONGEST, QUIET, RAREST, ROUND
from services.phone.settings import PhoneSettings
from tests.integration.phone.conftest import ADA, Mesh
from tests.support.phone_events import Spoken
from zoomslack.phone.v1 import phone_service_pb2 as pb

SOON = QUIET.total_seconds()


def begun(mesh: Mesh, after: float = 2, call_id: str = "1") -> Spoken:
    return Spoken(mesh.clock.now().replace(microsecond=0) + timedelta(seconds=after), call_id=call_id)


async def test_N2_a_call_of_which_no_event_came_is_found_in_the_history(mesh: Mesh) -> None:
    await mesh.dialled()
    call = begun(mesh)
    mesh.zoom.calls = [begun(mesh, -3600, "old").entry(), call.entry()]
    assert await mesh.phone.reconcile() == 0, "its events may be on their way"
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 1
    ended = await mesh.call()
    assert ended.result == pb.CALL_RESULT_ANSWERED
    assert ended.talk_duration.ToTimedelta() == timedelta(seconds=123)
    assert len(await mesh.lease()) == 1
    [asked] = mesh.zoom.history_requests
    day = call.begun.date()
    assert (asked["from"], asked["to"]) == (str(day - timedelta(days=1)), str(day + timedelta(days=1)))
    mesh.clock.advance(LONGEST.total_seconds())
    assert await mesh.phone.reconcile() == 0, "there is nothing left to ask"


async def test_N2_an_end_that_was_lost_is_found(mesh: Mesh) -> None:
    await mesh.dialled()
    call = begun(mesh)
    await mesh.record(call.ringing())
    await mesh.record(call.connected())
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 1
    assert (await mesh.call()).state == pb.PHONE_CALL_STATE_CONNECTED, "it still goes on"
    mesh.zoom.calls = [call.entry(ended=700)]
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 1
    ended = await mesh.call()
    assert ended.end_time.ToDatetime(UTC) == call.begun + timedelta(seconds=700)


async def test_N2_why_nobody_answered_is_looked_up_where_the_history_event_was_lost(mesh: Mesh) -> None:
    await mesh.dialled()
    call = begun(mesh)
    await mesh.record(call.ended(20, answered=None, handup="Call connected"))
    mesh.zoom.calls = [call.entry("rejected", answered=None, ended=20)]
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 1
    assert (await mesh.call()).result == pb.CALL_RESULT_DECLINED


async def test_a_call_that_was_never_dialled_is_looked_for_a_day(mesh: Mesh) -> None:
    await mesh.dialled()
    looks = 0
    for _ in range(200):
        mesh.clock.advance(SOON)
        looks += await mesh.phone.reconcile()
    assert 20 < looks < 30, "after 10, 20 and 40 minutes, then every hour"
    assert (await mesh.call()).state == pb.PHONE_CALL_STATE_PREPARED
    assert await mesh.lease() == []


@pytest.mark.parametrize("answered", [False, True])
async def test_a_call_that_never_ended_is_given_up_after_a_day(mesh: Mesh, answered: bool) -> None:
    await mesh.dialled()
    call = begun(mesh)
    await mesh.record(call.ringing())
    if answered:
        await mesh.record(call.connected())
    for _ in range(200):
        mesh.clock.advance(SOON)
        await mesh.phone.reconcile()
    ended = await mesh.call()
    assert (ended.state, ended.result) == (pb.PHONE_CALL_STATE_ENDED, pb.CALL_RESULT_UNKNOWN)
    assert not ended.HasField("talk_duration"), "nobody knows how long it was"
    assert not ended.HasField("end_time"), "nor when it ended"
    await mesh.record(call.ended())
    told = await mesh.call()
    assert told.result == pb.CALL_RESULT_ANSWERED, "Zoom knows better, however late"
    assert told.talk_duration.ToTimedelta() == timedelta(seconds=123)


async def test_what_a_person_is_at_zoom_by_now_is_not_taken_for_whom_she_was(mesh: Mesh) -> None:
    await mesh.dialled()
    await mesh.show_all()
    mesh.auth.shared["U0ADA"] = "zoomBeta"
    mesh.zoom.calls = [begun(mesh).entry()]
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 2
    assert mesh.zoom.history_requests == []
    assert {call.state for call in await mesh.calls()} == {pb.PHONE_CALL_STATE_PREPARED}


async def test_calls_that_are_known_to_the_end_are_not_looked_through_again(mesh: Mesh) -> None:
    await mesh.show_all()
    mesh.zoom.calls = [begun(mesh, 10 + number, str(number)).entry(ended=12) for number in range(60)]
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 1
    assert len(await mesh.calls(ADA, page_size=100)) == 60
    for delivery in [one for _ in range(2) for one in await mesh.lease()]:
        await mesh.complete(delivery)
    mesh.clock.advance(RAREST.total_seconds())
    assert await mesh.phone.reconcile() == 1
    assert await mesh.lease() == []


async def test_calls_are_deleted_when_they_are_old_and_others_are_not(mesh: Mesh) -> None:
    await mesh.dialled()
    await mesh.place("+1 202 555 0199")
    await mesh.record(begun(mesh).history())
    mesh.clock.advance(8 * 86_400)
    await mesh.phone.delete_old()
    assert [call.phone_number for call in await mesh.calls()] == ["+12025550143"], "the other one was never dialled"
    mesh.clock.advance(393 * 86_400)
    await mesh.dialled("+1 202 555 0188")
    await mesh.phone.delete_old()
    assert [call.phone_number for call in await mesh.calls()] == ["+12025550188"]
    assert await mesh.lease() == []


async def test_N2_all_calls_of_who_wants_to_see_them_are_looked_after(mesh: Mesh) -> None:
    await mesh.show_all()
    missed = begun(mesh, 60)
    entry = {
        **missed.entry("no_answer", answered=None, ended=20),
        "direction": "inbound",
        "caller_did_number": "+12025550177",
        "caller_name": "Bob",
    }
    mesh.zoom.calls = [entry, begun(mesh, -7200, "before").entry()]
    assert await mesh.phone.reconcile() == 1
    assert [call.direction for call in await mesh.calls()] == [pb.CALL_DIRECTION_INBOUND]
    assert await mesh.phone.reconcile() == 0
    mesh.clock.advance(RAREST.total_seconds())
    assert await mesh.phone.reconcile() == 1
    assert len(await mesh.calls()) == 1


async def test_a_limit_of_zooms_puts_the_whole_account_off(mesh: Mesh) -> None:
    for _ in range(4):
        await mesh.dialled()
    mesh.clock.advance(SOON)
    mesh.zoom.history_status = 429
    await mesh.phone.reconcile()
    assert len(mesh.zoom.history_requests) == 1
    mesh.zoom.history_status = 200
    assert await mesh.phone.reconcile() == 0
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 4


async def test_while_zoom_is_down_a_round_ends_early_and_nothing_is_forgotten(mesh: Mesh) -> None:
    await mesh.dialled()
    call = begun(mesh)
    for _ in range(5):
        await mesh.dialled("+1 202 555 0199")
    mesh.clock.advance(SOON)
    mesh.zoom.history_status = 503
    assert await mesh.phone.reconcile() == 3
    mesh.zoom.history_status = 200
    mesh.zoom.calls = [call.entry()]
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 5, "the look at another call of hers found it, too"
    ended = [one for one in await mesh.calls() if one.state == pb.PHONE_CALL_STATE_ENDED]
    assert [one.phone_number for one in ended] == ["+12025550143"]


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_where_zoom_tells_no_history_calls_are_given_up_all_the_same(mesh: Mesh, status: int) -> None:
    await mesh.dialled()
    await mesh.record(begun(mesh).ringing())
    mesh.zoom.history_status = status
    for _ in range(200):
        mesh.clock.advance(SOON)
        await mesh.phone.reconcile()
    assert (await mesh.call()).state == pb.PHONE_CALL_STATE_ENDED


async def test_one_person_whom_zoom_refuses_does_not_hold_up_others(mesh: Mesh) -> None:
    await mesh.dialled()
    mesh.auth.failure = MeshError(Reason.ZOOM_NOT_CONNECTED)
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 1
    mesh.auth.failure = None
    call = begun(mesh, -SOON + 5)
    mesh.zoom.calls = [call.entry()]
    mesh.clock.advance(SOON)
    assert await mesh.phone.reconcile() == 1
    assert (await mesh.call()).state == pb.PHONE_CALL_STATE_ENDED


async def test_replicas_share_a_round(mesh: Mesh) -> None:
    for _ in range(ROUND + 5):
        await mesh.dialled()
    mesh.clock.advance(SOON)
    async with AsyncExitStack() as resources:
        told = {
            "ZOOMSLACK_DATA_DIR": "/nowhere",
            "ZOOMSLACK_TOKEN_KEYS": "k1:" + "A" * 43 + "=",
            "ZOOMSLACK_PHONE_LISTEN": "127.0.0.1:0",
            "ZOOMSLACK_PHONE_DATABASE_URL": mesh.url,
            "ZOOMSLACK_ZOOM_API_URL": mesh.zoom.url,
        }
        other = await build(PhoneSettings.load(told), resources, mesh.clock)
        assert await mesh.phone.reconcile() == ROUND
        # The other replica has no auth: what it claims it puts off.
        assert await other.reconcile() == 3
    assert len(mesh.zoom.history_requests) == ROUND


async def test_a_call_that_its_person_took_back_from_slack_is_looked_up_no_more(mesh: Mesh) -> None:
    await mesh.show_all()
    await mesh.phone.reconcile()
    choice = pb.UpdateShownCallsRequest(user=ADA, shown_calls=pb.SHOWN_CALLS_FROM_SLACK)
    await mesh.stub.UpdateShownCalls(choice, timeout=5)
    mesh.clock.advance(2 * RAREST.total_seconds())
    assert await mesh.phone.reconcile() == 0
