"""The life of a call from Zoom's events, in any order and however often, through a real server and a real database."""

from __future__ import annotations

import asyncio
import itertools
import random
from datetime import UTC, timedelta

import pytest

from mesh.errors import MeshError, Reason
from tests.integration.phone.conftest import ADA, GRACE, Mesh
from tests.support.phone_events import Spoken
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

APPLIED, DUPLICATE, IGNORED = (
    pb.EVENT_DISPOSITION_APPLIED,
    pb.EVENT_DISPOSITION_DUPLICATE,
    pb.EVENT_DISPOSITION_IGNORED,
)


def spoken(mesh: Mesh, after: float = 2, **facts: object) -> Spoken:
    """Returns a call that begins to ring some seconds from now."""
    return Spoken(mesh.clock.now().replace(microsecond=0) + timedelta(seconds=after), **facts)  # type: ignore[arg-type]


async def test_S32_a_call_rings_is_connected_and_ends_with_its_summary(mesh: Mesh) -> None:
    await mesh.dialled()
    call = spoken(mesh)
    assert (await mesh.call()).state == pb.PHONE_CALL_STATE_PREPARED
    assert await mesh.lease() == [], "nothing is shown of a call that nobody dialled"
    assert await mesh.record(call.ringing(caller="Ada Lovelace")) == APPLIED
    assert (await mesh.call()).state == pb.PHONE_CALL_STATE_RINGING
    await mesh.record(call.connected())
    running = await mesh.call()
    assert running.state == pb.PHONE_CALL_STATE_CONNECTED
    assert running.answer_time.ToDatetime(UTC) == call.begun + timedelta(seconds=7)
    await mesh.record(call.ended(130))
    ended = await mesh.call()
    assert ended.state == pb.PHONE_CALL_STATE_ENDED
    assert ended.result == pb.CALL_RESULT_ANSWERED
    assert ended.ring_time.ToDatetime(UTC) == call.begun
    assert ended.end_time.ToDatetime(UTC) == call.begun + timedelta(seconds=130)
    assert ended.talk_duration.ToTimedelta() == timedelta(seconds=123)
    assert ended.user_phone_number == "+12025550101"
    assert ended.placed_from_slack


@pytest.mark.parametrize(
    ("handup", "result"),
    [
        ("Call Cancel", pb.CALL_RESULT_CANCELED),
        ("Voicemail", pb.CALL_RESULT_VOICEMAIL),
        ("Call connected", pb.CALL_RESULT_NO_ANSWER),
        ("", pb.CALL_RESULT_NO_ANSWER),
        ("Something New", pb.CALL_RESULT_NO_ANSWER),
    ],
)
async def test_S55_a_call_that_nobody_answered_has_no_duration(
    mesh: Mesh, handup: str, result: pb.CallResult.ValueType
) -> None:
    await mesh.dialled()
    call = spoken(mesh)
    await mesh.record(call.connected(3))  # to a voicemail, or an announcement
    await mesh.record(call.ended(20, answered=None, handup=handup))
    ended = await mesh.call()
    assert ended.result == result
    assert not ended.HasField("talk_duration")
    assert not ended.HasField("answer_time")


async def test_a_voicemail_is_nobody_who_answered(mesh: Mesh) -> None:
    await mesh.dialled()
    await mesh.record(spoken(mesh).ended(20, answered=15, handup="Voicemail"))
    ended = await mesh.call()
    assert ended.result == pb.CALL_RESULT_VOICEMAIL
    assert not ended.HasField("talk_duration")


@pytest.mark.parametrize(
    ("told", "result"),
    [
        ("rejected", pb.CALL_RESULT_DECLINED),
        ("busy", pb.CALL_RESULT_BUSY),
        ("canceled", pb.CALL_RESULT_CANCELED),
        ("no_answer", pb.CALL_RESULT_NO_ANSWER),
        ("ring_timeout", pb.CALL_RESULT_NO_ANSWER),
        ("voicemail", pb.CALL_RESULT_VOICEMAIL),
        ("call_failed", pb.CALL_RESULT_FAILED),
        ("from another year", pb.CALL_RESULT_NO_ANSWER),
    ],
)
async def test_the_history_tells_why_nobody_answered(mesh: Mesh, told: str, result: pb.CallResult.ValueType) -> None:
    await mesh.dialled()
    call = spoken(mesh)
    await mesh.record(call.ended(20, answered=None, handup="Call connected"))
    assert await mesh.record(call.history(call.entry(told, answered=None, ended=20))) == APPLIED
    ended = await mesh.call()
    assert ended.result == result
    assert ended.contact_name == "Grace Hopper"


@pytest.mark.parametrize("seed", range(12))
async def test_N1_any_order_four_times_comes_to_the_same(mesh: Mesh, seed: int) -> None:
    await mesh.dialled()
    call = spoken(mesh)
    second = call.entry("ring_timeout", answered=None, ended=4)
    bodies = [
        call.ringing(caller="Ada Lovelace", callee="Grace"),
        call.connected(),
        call.ended(),
        call.transfer(),
        call.history(call.entry(), second),
        call.history(call.entry(), form="history"),
    ]
    deliveries = bodies * 4
    random.Random(seed).shuffle(deliveries)  # noqa: S311 (an order, not a secret)
    for body in deliveries:
        assert await mesh.record(body) != pb.EVENT_DISPOSITION_UNSPECIFIED
    ended = await mesh.call()
    assert (ended.state, ended.result) == (pb.PHONE_CALL_STATE_ENDED, pb.CALL_RESULT_ANSWERED)
    assert ended.talk_duration.ToTimedelta() == timedelta(seconds=123)
    assert ended.end_time.ToDatetime(UTC) == call.begun + timedelta(seconds=130)
    assert ended.contact_name == "Grace Hopper"
    assert ended.transferred
    assert len(await mesh.lease()) == 1
    assert await mesh.record(bodies[0]) == DUPLICATE


async def test_N1_replicas_that_hear_of_one_call_at_once_make_one_of_it(mesh: Mesh) -> None:
    await mesh.dialled()
    await mesh.show_all()
    call = spoken(mesh)
    bodies = [call.ringing(), call.connected(), call.ended(), call.history(), call.history(form="history")]
    await asyncio.gather(*(mesh.record(body) for body in bodies * 3))
    assert (await mesh.call()).result == pb.CALL_RESULT_ANSWERED
    assert len(await mesh.lease()) == 1


async def test_a_transfer_that_failed_is_none(mesh: Mesh) -> None:
    await mesh.dialled()
    call = spoken(mesh)
    await mesh.record(call.ringing())
    assert await mesh.record(call.transfer(failure="declined")) == IGNORED
    assert not (await mesh.call()).transferred
    await mesh.record(call.transfer("warm_transfer_completed"))
    assert (await mesh.call()).transferred


async def test_what_was_not_placed_from_slack_leaves_nothing(mesh: Mesh) -> None:
    await mesh.dialled("+1 202 555 0199")
    await mesh.place()  # its link was never opened
    call = spoken(mesh)
    for body in (call.ringing(), call.connected(), call.ended(), call.history(), call.transfer()):
        assert await mesh.record(body) == IGNORED
    assert {one.state for one in await mesh.calls()} == {pb.PHONE_CALL_STATE_PREPARED}
    assert await mesh.lease() == []


async def test_who_else_opens_the_link_dials_for_herself(mesh: Mesh) -> None:
    await mesh.dialled()  # Grace was given the link, and opens it
    by_grace = spoken(mesh, caller={"user_id": "zoomGrace", "phone_number": "+12025550102"})
    assert await mesh.record(by_grace.ringing()) == IGNORED
    assert (await mesh.call()).state == pb.PHONE_CALL_STATE_PREPARED


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (-61, pb.PHONE_CALL_STATE_PREPARED),
        (-59, pb.PHONE_CALL_STATE_RINGING),
        (599, pb.PHONE_CALL_STATE_RINGING),
        (602, pb.PHONE_CALL_STATE_PREPARED),
    ],
)
async def test_a_call_belongs_to_the_link_that_was_opened_a_moment_before(
    mesh: Mesh, after: float, state: pb.PhoneCallState.ValueType
) -> None:
    await mesh.dialled()
    await mesh.record(spoken(mesh, after).ringing())
    assert (await mesh.call()).state == state


async def test_another_account_has_no_part_in_it(mesh: Mesh) -> None:
    await mesh.dialled()
    assert await mesh.record(spoken(mesh, account_id="zoomOther").ringing()) == IGNORED


async def test_an_extension_is_known_by_its_number_within_the_company(mesh: Mesh) -> None:
    await mesh.dialled("1002")
    inside = {"user_id": "zoomGrace", "phone_number": "", "extension_number": 1002, "extension_type": "user"}
    await mesh.record(spoken(mesh, callee=inside).ringing(callee="Grace Hopper"))
    ringing = await mesh.call()
    assert ringing.state == pb.PHONE_CALL_STATE_RINGING
    assert (ringing.extension_number, ringing.contact_name) == ("1002", "Grace Hopper")


async def test_dialling_once_more_is_a_call_of_its_own(mesh: Mesh) -> None:
    await mesh.dialled()
    first = spoken(mesh, 2, call_id="1")
    again = spoken(mesh, 60, call_id="2")
    for body in (again.ringing(), first.ended(20, answered=None, handup="Call Cancel"), again.ended(130)):
        await mesh.record(body)
    results = {(one.ring_time.ToDatetime(UTC), one.result) for one in await mesh.calls()}
    assert results == {
        (first.begun, pb.CALL_RESULT_CANCELED),
        (again.begun, pb.CALL_RESULT_ANSWERED),
    }
    assert len(await mesh.lease()) == 2


async def test_two_calls_at_once_are_two(mesh: Mesh) -> None:
    await mesh.dialled("+1 202 555 0143")
    await mesh.dialled("+1 202 555 0199")
    other = spoken(mesh, 3, call_id="2", callee={"phone_number": "+12025550199"})
    one = spoken(mesh, 2, call_id="1")
    for body in (other.ringing(), one.ringing(), one.ended(40), other.connected()):
        await mesh.record(body)
    states = {call.phone_number: call.state for call in await mesh.calls()}
    assert states == {"+12025550143": pb.PHONE_CALL_STATE_ENDED, "+12025550199": pb.PHONE_CALL_STATE_CONNECTED}


@pytest.mark.parametrize("first_told", [0, 1])
async def test_a_person_of_two_workspaces_sees_each_call_where_she_placed_it(mesh: Mesh, first_told: int) -> None:
    elsewhere = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
    await mesh.dialled()
    here = spoken(mesh, 25, call_id="1")  # nearer to the other link, which was opened only afterwards
    mesh.clock.advance(40)
    await mesh.dialled(user=elsewhere)
    there = spoken(mesh, 5, call_id="2")
    told = [here.ended(30, answered=None, handup="Call Cancel"), there.connected()]
    for body in (told[first_told], told[1 - first_told]):
        await mesh.record(body)
    assert [call.state for call in await mesh.calls(ADA)] == [pb.PHONE_CALL_STATE_ENDED]
    assert [call.state for call in await mesh.calls(elsewhere)] == [pb.PHONE_CALL_STATE_CONNECTED]


async def test_two_people_who_share_one_zoom_user_both_see_its_calls(mesh: Mesh) -> None:
    mesh.auth.shared["U0GRACE"] = "zoomAda"
    await mesh.show_all(GRACE)
    await mesh.record(spoken(mesh).ringing())
    assert (await mesh.call(GRACE)).state == pb.PHONE_CALL_STATE_RINGING
    assert await mesh.calls(ADA) == [], "she did not ask for it"


INTERNAL = {"user_id": "zoomGrace", "phone_number": "", "extension_number": 1002, "extension_type": "user"}


@pytest.mark.parametrize("seed", range(6))
async def test_a_call_that_is_shown_anyway_becomes_the_one_behind_the_link(mesh: Mesh, seed: int) -> None:
    """Zoom tells of a colleague's call by extension alone while it goes on, and by number in its history."""
    await mesh.show_all()
    placed = await mesh.dialled("+1 202 555 0102")
    call = spoken(mesh, callee=INTERNAL)
    by_number = {**call.entry(), "callee_did_number": "+12025550102"}
    bodies = [call.ringing(), call.connected(), call.ended(), call.history(by_number)] * 2
    random.Random(seed).shuffle(bodies)  # noqa: S311 (an order, not a secret)
    for body in bodies:
        await mesh.record(body)
    only = await mesh.call()
    assert (only.call_id, only.placed_from_slack, only.result) == (placed.call_id, True, pb.CALL_RESULT_ANSWERED)
    assert (only.phone_number, only.extension_number) == ("+12025550102", "1002")
    [delivery] = await mesh.lease()
    assert delivery.call == only


async def test_what_was_shown_of_it_before_is_brought_up_to_date_in_place(mesh: Mesh) -> None:
    await mesh.show_all()
    await mesh.dialled("+1 202 555 0102")
    call = spoken(mesh, callee=INTERNAL)
    await mesh.record(call.ended())
    [shown] = await mesh.lease()
    await mesh.complete(shown)
    mesh.clock.advance(5)
    await mesh.record(call.history({**call.entry(), "callee_did_number": "+12025550102"}))
    [again] = await mesh.lease()
    assert again.delivered.slack_message_ts == "1700000000.000100"
    assert again.call.placed_from_slack


async def test_a_call_by_hand_just_before_the_link_is_opened_stays_one_of_its_own(mesh: Mesh) -> None:
    await mesh.show_all()
    by_hand = spoken(mesh, 0, call_id="1")
    assert await mesh.record(by_hand.ringing()) == APPLIED
    mesh.clock.advance(20)
    await mesh.dialled()
    dialled = spoken(mesh, 2, call_id="2")
    for body in (dialled.ringing(), by_hand.ended(15), dialled.ended(), by_hand.history(), dialled.history()):
        assert await mesh.record(body) == APPLIED
    begun = {call.ring_time.ToDatetime(UTC) for call in await mesh.calls()}
    assert begun == {by_hand.begun, dialled.begun}
    assert len(await mesh.lease()) == 2


@pytest.mark.parametrize("order", [0, 1])
async def test_where_zoom_tells_two_numbers_it_is_always_the_same_of_them(mesh: Mesh, order: int) -> None:
    await mesh.show_all()
    call = spoken(mesh)
    bodies = [call.ended(), call.history({**call.entry(), "callee_did_number": "+12025550199"})]
    for body in (bodies[order], bodies[1 - order]):
        await mesh.record(body)
    assert (await mesh.call()).phone_number == "+12025550143"


async def test_S55_a_caller_from_another_country_is_told_with_it(mesh: Mesh) -> None:
    await mesh.show_all()
    incoming = spoken(
        mesh,
        caller={"phone_number": "+4930901820", "extension_type": "pstn"},
        callee={"user_id": "zoomAda", "phone_number": "+12025550101", "extension_number": 1001},
    )
    await mesh.record(incoming.ringing("callee"))
    assert (await mesh.call()).national_number == "+49 30 901820"


async def test_all_calls_are_shown_to_who_asked_for_that(mesh: Mesh) -> None:
    await mesh.show_all()
    mesh.clock.advance(120)
    incoming = spoken(
        mesh,
        caller={"phone_number": "+12025550177", "extension_type": "pstn"},
        callee={"user_id": "zoomAda", "phone_number": "+12025550101", "extension_number": 1001},
    )
    await mesh.record(incoming.ringing("callee", caller="Bob <!channel>"))
    ringing = await mesh.call()
    assert ringing.direction == pb.CALL_DIRECTION_INBOUND
    assert ringing.phone_number == "+12025550177"
    assert ringing.national_number == "(202) 555-0177"
    assert ringing.contact_name == "Bob <!channel>"
    assert not ringing.placed_from_slack
    await mesh.record(incoming.event("callee_missed", 20, call_end_time=20, handup_result="No Answer"))
    assert (await mesh.call()).result == pb.CALL_RESULT_NO_ANSWER
    outgoing = spoken(mesh, 60, call_id="2")
    await mesh.record(outgoing.ringing())
    assert [call.direction for call in await mesh.calls()] == [pb.CALL_DIRECTION_OUTBOUND, pb.CALL_DIRECTION_INBOUND]
    assert len(await mesh.lease()) == 2


async def test_a_declined_call_and_one_that_rings_in_several_places(mesh: Mesh) -> None:
    await mesh.show_all()
    callee = {"user_id": "zoomAda", "phone_number": "+12025550101"}
    declined = spoken(mesh, call_id="1", callee=callee, caller={"phone_number": "+12025550177"})
    await mesh.record(declined.event("callee_rejected", 9, call_end_time=9, handup_result="Rejected"))
    assert (await mesh.call()).result == pb.CALL_RESULT_DECLINED
    several = spoken(mesh, 60, call_id="2", callee=callee, caller={"phone_number": "+12025550177"})
    devices = [
        several.event("callee_ringing", callee={**callee, "device_id": "desk"}),
        several.event("callee_ringing", callee={**callee, "device_id": "laptop"}),
        several.event("callee_missed", 5, call_end_time=5, handup_result="Busy"),
        several.event("callee_answered", 8, answer_start_time=8),
    ]
    for order in itertools.permutations(devices):
        for body in order:
            await mesh.record(body)
        assert (await mesh.calls())[0].state == pb.PHONE_CALL_STATE_CONNECTED
    await mesh.record(several.event("callee_ended", 68, answer_start_time=8, call_end_time=68))
    newest = (await mesh.calls())[0]
    assert newest.talk_duration.ToTimedelta() == timedelta(seconds=60)
    assert newest.result == pb.CALL_RESULT_ANSWERED


async def test_a_call_that_somebody_else_answered_says_so(mesh: Mesh) -> None:
    await mesh.show_all()
    callee = {"user_id": "zoomAda", "phone_number": "+12025550101"}
    call = spoken(mesh, callee=callee, caller={"phone_number": "+12025550177"})
    entry = {**call.entry("answered"), "direction": "inbound", "result_reason": "answered_by_other"}
    await mesh.record(call.history(entry, side="callee"))
    ended = await mesh.call()
    assert ended.result == pb.CALL_RESULT_ANSWERED_ELSEWHERE
    assert not ended.HasField("talk_duration")


async def test_calls_from_before_the_choice_and_of_others_are_not_shown(mesh: Mesh) -> None:
    await mesh.show_all()
    assert await mesh.record(spoken(mesh, -1).history()) == IGNORED
    assert await mesh.record(spoken(mesh, caller={"user_id": "zoomGrace"}).ringing()) == IGNORED
    assert await mesh.calls() == []
    assert await mesh.calls(GRACE) == []


async def test_who_is_somebody_else_at_zoom_by_now_sees_nothing_of_whom_she_was(mesh: Mesh) -> None:
    await mesh.show_all()
    mesh.auth.unconnected.add("U0ADA")
    assert await mesh.record(spoken(mesh).ringing()) == IGNORED
    assert await mesh.calls() == []


async def test_while_auth_is_away_zoom_has_to_tell_again(mesh: Mesh) -> None:
    await mesh.show_all()
    mesh.auth.failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    body = spoken(mesh).ringing()
    with pytest.raises(MeshError) as failure:
        await mesh.record(body)
    assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
    mesh.auth.failure = None
    assert await mesh.record(body) == APPLIED


async def test_the_choice_can_be_taken_back_and_repeating_it_changes_nothing(mesh: Mesh) -> None:
    await mesh.show_all()
    mesh.clock.advance(300)
    await mesh.show_all()
    assert await mesh.record(spoken(mesh, -200).history()) == APPLIED, "from after the first choice"
    choice = pb.UpdateShownCallsRequest(user=ADA, shown_calls=pb.SHOWN_CALLS_FROM_SLACK)
    await mesh.stub.UpdateShownCalls(choice, timeout=5)
    assert await mesh.record(spoken(mesh, call_id="2").ringing()) == IGNORED
    profile = await mesh.stub.GetPhoneProfile(pb.GetPhoneProfileRequest(user=ADA), timeout=5)
    assert profile.shown_calls == pb.SHOWN_CALLS_FROM_SLACK


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"no json",
        b'{"event":7}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
async def test_what_is_no_event_is_refused(mesh: Mesh, body: bytes) -> None:
    with pytest.raises(MeshError) as failure:
        await mesh.record(body)
    assert failure.value.reason is Reason.INVALID_REQUEST


async def test_the_oldest_form_of_the_history_is_understood(mesh: Mesh) -> None:
    await mesh.dialled()
    call = spoken(mesh)
    entry = {
        "id": "log-1",
        "call_id": call.call_id,
        "direction": "outbound",
        "caller_number": "1001",
        "caller_number_type": 1,
        "callee_number": "+12025550143",
        "callee_number_type": 2,
        "callee_name": "Grace",
        "duration": 123,
        "result": "Call connected",
        "date_time": call.entry()["start_time"],
        "call_end_time": call.entry()["end_time"],
    }
    assert await mesh.record(call.history(entry, form="log")) == APPLIED
    ended = await mesh.call()
    assert ended.result == pb.CALL_RESULT_ANSWERED
    assert ended.talk_duration.ToTimedelta() == timedelta(seconds=123)
