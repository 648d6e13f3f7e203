"""Summaries and recordings: to whom they go, where they wait, and what becomes of them."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from mesh.departed import Departed
from mesh.errors import MeshError, Reason
from services.meetings.deliveries import AGAIN_AFTER, LEASE, WAIT
from services.meetings.store_departures import DepartureStore
from services.meetings.store_results import add_for_newly_linked
from services.meetings.tables import deliveries, meetings, participant_sessions
from tests.integration.meetings.conftest import ADA, GENERAL, KEYS, Mesh, later
from tests.support import zoom_bodies as zoom
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

PRIVATE = slack_pb2.SlackConversation(slack_channel_id="C0PRIVATE")
DIRECT = slack_pb2.SlackConversation(slack_channel_id="D0ADAGRACE")
LIFE = (zoom.started(), zoom.joined("101", "Grace Hopper", "graceZoomId"), zoom.ended())


async def hold(mesh: Mesh, *events: bytes, **start: Any) -> str:
    """Holds a meeting, shows its card and returns its id."""
    meeting_id = (await mesh.start(**start)).meeting.meeting_id
    for event in events:
        await mesh.record(event)
    for delivery in await mesh.lease():
        if delivery.WhichOneof("content") == "card":
            await mesh.complete(delivery, slack_call_id="R0CALL", ended=True)
    later(mesh.clock, LEASE)  # what else was leased goes to the next edge
    return meeting_id


async def refuse(mesh: Mesh, delivery: pb.Delivery, slack_error: str = "channel_not_found") -> None:
    await mesh.end(delivery, refused=pb.DeliveryRefused(slack_error=slack_error))


async def release(mesh: Mesh, conversation: slack_pb2.SlackConversation = PRIVATE, user: Any = ADA) -> int:
    request = pb.ReleaseDeliveriesRequest(user=user, conversation=conversation)
    return (await mesh.stub.ReleaseDeliveries(request, timeout=5)).released


async def link(mesh: Mesh, meeting_id: str, session_id: str, slack_user_id: str) -> None:
    """Makes an attendee known in Slack for sure."""
    async with mesh.database.transaction("link") as connection:
        await connection.execute(
            update(participant_sessions)
            .where(participant_sessions.c.meeting_id == meeting_id, participant_sessions.c.session_id == session_id)
            .values(slack_user_id=slack_user_id, link_due=False)
        )


async def make_basic(mesh: Mesh, meeting_id: str) -> None:
    async with mesh.database.transaction("change the plan") as connection:
        await connection.execute(update(meetings).where(meetings.c.meeting_id == meeting_id).values(host_is_basic=True))


def kinds(leased: list[pb.Delivery]) -> list[str]:
    return sorted(str(delivery.WhichOneof("content")) for delivery in leased)


async def test_S23_a_host_on_basic_gets_no_results_and_is_told_why_once(mesh: Mesh) -> None:
    for n in range(2):
        number = str(85012345678 + n)
        meeting_id = (await mesh.start()).meeting.meeting_id
        await make_basic(mesh, meeting_id)
        for event in (zoom.started, zoom.ended, zoom.recorded):
            await mesh.record(event(id=number, uuid=f"run-{n}=="))
    leased = await mesh.lease()
    assert kinds(leased) == ["card", "card", "notice"]
    [notice] = [d for d in leased if d.WhichOneof("content") == "notice"]
    assert notice.notice.kind == pb.NOTICE_KIND_BASIC_PLAN
    assert notice.recipient_slack_user_id == ADA.slack_user_id
    assert notice.notice.meeting.topic == "Weekly sync"


async def test_N4_in_a_direct_message_each_linked_person_gets_her_own_results(mesh: Mesh) -> None:
    meeting_id = (await mesh.start(conversation=DIRECT)).meeting.meeting_id
    await mesh.record(LIFE[0])
    await mesh.record(LIFE[1])
    await mesh.record(zoom.joined("102", "Sam Guest"))
    await link(mesh, meeting_id, "101", "U0GRACE")
    await mesh.record(LIFE[2])
    await mesh.record(zoom.recorded())
    leased = [d for d in await mesh.lease() if d.WhichOneof("content") != "card"]
    assert sorted((d.WhichOneof("content"), d.recipient_slack_user_id) for d in leased) == [
        ("recording", "U0ADA"),
        ("recording", "U0GRACE"),
        ("summary", "U0ADA"),
        ("summary", "U0GRACE"),
    ]
    assert {d.recording.play_url for d in leased if d.HasField("recording")} == {
        "https://zoom.example/rec/share/INVENTED"
    }


async def test_N4_who_becomes_known_later_still_gets_hers_once(mesh: Mesh) -> None:
    meeting_id = await hold(mesh, *LIFE, zoom.recorded(), conversation=DIRECT)
    for delivery in await mesh.lease():
        await mesh.complete(delivery, slack_channel_id="D0APP", slack_message_ts="1.1")
    await link(mesh, meeting_id, "101", "U0GRACE")
    for _ in range(2):
        async with mesh.database.transaction("linked") as connection:
            await add_for_newly_linked(connection, KEYS, meeting_id, mesh.clock.now())
    leased = await mesh.lease()
    assert {d.recipient_slack_user_id for d in leased} == {"U0GRACE"}
    assert kinds(leased) == ["recording", "summary"]


async def test_N4_a_recipient_who_is_not_reached_has_nothing_wait(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, conversation=DIRECT)
    [summary] = await mesh.lease()
    await refuse(mesh, summary)
    assert await release(mesh, DIRECT) == 0
    assert await mesh.lease() == [], "nobody is asked to invite the app where it cannot be invited"


@pytest.mark.parametrize("slack_error", ["channel_not_found", "not_in_channel"])
async def test_N5_results_wait_until_the_app_is_invited(mesh: Mesh, slack_error: str) -> None:
    await hold(mesh, *LIFE, zoom.recorded(), conversation=PRIVATE)
    leased = await mesh.lease()
    assert kinds(leased) == ["recording", "summary"]
    for delivery in leased:
        await refuse(mesh, delivery, slack_error)
    [notice] = await mesh.lease()
    assert notice.notice.kind == pb.NOTICE_KIND_INVITE_APP
    assert notice.recipient_slack_user_id == ADA.slack_user_id
    assert notice.conversation == PRIVATE
    await mesh.complete(notice)
    later(mesh.clock, timedelta(days=29))
    assert await mesh.lease() == []
    assert await release(mesh, GENERAL) == 0
    elsewhere = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
    assert await release(mesh, PRIVATE, elsewhere) == 0
    assert await release(mesh) == 2
    assert await release(mesh) == 0
    [summary] = await mesh.lease()
    assert summary.WhichOneof("content") == "summary"
    assert await mesh.lease("edge-2") == [], "the recording waits for the summary, whoever asks"
    await mesh.complete(summary)
    [recording] = await mesh.lease("edge-2")
    await mesh.complete(recording)
    assert recording.WhichOneof("content") == "recording"
    later(mesh.clock, LEASE)
    assert await mesh.lease() == []


async def decline(mesh: Mesh, meeting_id: str, guest: str = "U0GRACE", user: Any = ADA) -> None:
    request = pb.RecordCallDeclinedRequest(user=user, meeting_id=meeting_id, guest_slack_user_id=guest)
    await mesh.stub.RecordCallDeclined(request, timeout=5)


async def test_a_host_is_told_once_of_each_person_who_declined_her_call(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    await mesh.complete((await mesh.lease())[0])
    await asyncio.gather(*(decline(mesh, meeting_id) for _ in range(5)))
    await decline(mesh, meeting_id, "U0LIN")
    told = await mesh.lease()
    assert {one.notice.kind for one in told} == {pb.NOTICE_KIND_CALL_DECLINED}
    assert sorted(one.notice.guest_slack_user_id for one in told) == ["U0GRACE", "U0LIN"]
    assert {one.recipient_slack_user_id for one in told} == {ADA.slack_user_id}
    for one in told:
        await mesh.complete(one)
    await decline(mesh, meeting_id)
    assert await mesh.lease() == []


async def test_who_left_is_not_remembered_as_who_declined(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    await mesh.complete((await mesh.lease())[0])
    await decline(mesh, meeting_id)
    await decline(mesh, meeting_id, "U0LIN")
    gone = Departed(str(uuid.uuid4()), "", ADA.slack_team_id, "U0GRACE", mesh.clock.now())
    assert await DepartureStore(mesh.database, mesh.clock).erase(gone) == 1
    [told] = await mesh.lease()
    assert told.notice.guest_slack_user_id == "U0LIN"


async def test_a_declined_call_of_somebody_elses_meeting_is_told_to_nobody(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    await mesh.complete((await mesh.lease())[0])
    elsewhere = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
    with pytest.raises(MeshError) as failure:
        await decline(mesh, meeting_id, user=elsewhere)
    assert failure.value.reason is Reason.MEETING_NOT_FOUND
    assert await mesh.lease() == []


SHARED = slack_pb2.SlackConversation(slack_channel_id="C0SHAREDNOW")


async def move(mesh: Mesh, user: Any = ADA) -> int:
    """Has Slack name the private conversation differently."""
    request = pb.MoveConversationRequest(user=user, old_conversation=PRIVATE, new_conversation=SHARED)
    return (await mesh.stub.MoveConversation(request, timeout=5)).moved_meetings


async def wait_for_invitation(mesh: Mesh) -> None:
    """Has a summary and a recording wait until the app is invited, and the host told."""
    await hold(mesh, *LIFE, zoom.recorded(), conversation=PRIVATE)
    for delivery in await mesh.lease():
        await refuse(mesh, delivery)
    [notice] = await mesh.lease()
    await mesh.complete(notice)


async def test_N5_what_waits_follows_its_conversation_to_the_name_that_it_gets_when_it_is_shared(mesh: Mesh) -> None:
    await wait_for_invitation(mesh)
    assert await move(mesh, slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")) == 0
    assert await mesh.lease() == []
    assert await move(mesh) == 1
    [summary] = await mesh.lease()
    assert summary.conversation == SHARED, "it may have been refused for the old name alone"
    await refuse(mesh, summary)
    [recording] = await mesh.lease()
    await refuse(mesh, recording)
    later(mesh.clock, AGAIN_AFTER)
    for again in await mesh.lease():  # leased before it was known by its new name, perhaps
        await refuse(mesh, again)
    later(mesh.clock, timedelta(hours=2))
    assert await mesh.lease() == [], "the host was asked to invite the app before"
    assert await move(mesh) == 0
    assert await release(mesh, PRIVATE) == 0
    assert await release(mesh, SHARED) == 2


async def test_N5_a_refusal_that_comes_behind_the_new_name_is_tried_under_it(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, conversation=PRIVATE)
    [summary] = await mesh.lease()
    later(mesh.clock, timedelta(seconds=1))
    await move(mesh)
    await refuse(mesh, summary)
    later(mesh.clock, AGAIN_AFTER)
    [again] = await mesh.lease()
    assert (again.WhichOneof("content"), again.conversation) == ("summary", SHARED)


async def test_N5_a_card_that_runs_is_brought_up_to_date_under_the_new_name(mesh: Mesh) -> None:
    await mesh.start(conversation=PRIVATE)
    [card] = await mesh.lease()
    shown = pb.Delivered(version=card.version, slack_channel_id=PRIVATE.slack_channel_id, slack_message_ts="17.000001")
    await mesh.end(card, delivered=shown)
    await move(mesh)
    await mesh.record(zoom.started())
    later(mesh.clock, timedelta(seconds=5))
    [again] = await mesh.lease()
    assert again.conversation == SHARED
    assert again.delivered.slack_channel_id == SHARED.slack_channel_id


IN_ONE = slack_pb2.SlackUser(slack_enterprise_id="E0ORG", slack_team_id="T0ONE", slack_user_id="U0LIN")
IN_TWO = slack_pb2.SlackUser(slack_enterprise_id="E0ORG", slack_team_id="T0TWO", slack_user_id="U0MAX")


async def test_N5_an_organisation_moves_what_all_its_workspaces_have_there_and_nobody_elses(mesh: Mesh) -> None:
    for user in (IN_ONE, IN_TWO, ADA):
        await mesh.start(user=user, conversation=PRIVATE)
    request = pb.MoveConversationRequest(slack_enterprise_id="E0ORG", old_conversation=PRIVATE, new_conversation=SHARED)
    assert (await mesh.stub.MoveConversation(request, timeout=5)).moved_meetings == 2
    moved = {(card.user.slack_team_id, card.conversation.slack_channel_id) for card in await mesh.lease()}
    assert moved == {("T0ONE", "C0SHAREDNOW"), ("T0TWO", "C0SHAREDNOW"), ("T0ACME", PRIVATE.slack_channel_id)}


@pytest.mark.parametrize("tenants", [{}, {"user": IN_ONE, "slack_enterprise_id": "E0ORG"}])
async def test_N5_a_move_says_exactly_once_whose_conversation_it_is(mesh: Mesh, tenants: dict[str, Any]) -> None:
    request = pb.MoveConversationRequest(old_conversation=PRIVATE, new_conversation=SHARED, **tenants)
    with pytest.raises(MeshError) as failure:
        await mesh.stub.MoveConversation(request, timeout=5)
    assert failure.value.reason is Reason.INVALID_REQUEST


async def test_N5_a_card_that_was_refused_for_the_old_name_is_tried_under_the_new_one(mesh: Mesh) -> None:
    await mesh.start(conversation=PRIVATE)
    [card] = await mesh.lease()
    await refuse(mesh, card)
    assert await mesh.lease() == []
    await move(mesh)
    later(mesh.clock, timedelta(seconds=1))
    [again] = await mesh.lease()
    assert (again.WhichOneof("content"), again.conversation) == ("card", SHARED)
    assert (card.refused_before, again.refused_before) == (False, True), "its host was told, and need not be again"
    await refuse(mesh, again)
    later(mesh.clock, AGAIN_AFTER)
    assert await mesh.lease() == []
    await move(mesh)  # Slack tells again, as it does where it did not hear our answer
    later(mesh.clock, timedelta(hours=1))
    assert await mesh.lease() == [], "once more, and not for ever"


async def test_N5_a_card_whose_refusal_comes_behind_the_new_name_is_tried_under_it(mesh: Mesh) -> None:
    await mesh.start(conversation=PRIVATE)
    [card] = await mesh.lease()
    later(mesh.clock, timedelta(seconds=1))
    await move(mesh)
    await refuse(mesh, card)
    later(mesh.clock, AGAIN_AFTER)
    [again] = await mesh.lease()
    assert (again.WhichOneof("content"), again.conversation) == ("card", SHARED)


@pytest.mark.parametrize(("error", "ends"), [("channel_not_found", True), ("is_archived", False)])
async def test_N5_no_card_is_tried_again_that_nobody_needs_or_another_name_does_not_help(
    mesh: Mesh, error: str, ends: bool
) -> None:
    await mesh.start(conversation=PRIVATE)
    [card] = await mesh.lease()
    await refuse(mesh, card, error)
    if ends:
        for body in LIFE:
            await mesh.record(body)
    await move(mesh)
    assert "card" not in {delivery.WhichOneof("content") for delivery in await mesh.lease()}


async def test_N5_older_meetings_go_first(mesh: Mesh) -> None:
    ids = []
    for n in range(3):
        number, run = str(85012345678 + n), f"run-{n}=="
        events = [event(id=number, uuid=run) for event in (zoom.started, zoom.ended, zoom.recorded)]
        ids.append(await hold(mesh, *events, conversation=PRIVATE))
        # The newest is refused first: the order is that of the meetings, not of the refusals.
    for delivery in sorted(await mesh.lease(), key=lambda d: ids.index(_meeting_of(d)), reverse=True):
        await refuse(mesh, delivery)
    [notice] = await mesh.lease()
    assert notice.WhichOneof("content") == "notice", "one for the conversation, however much waits there"
    await mesh.complete(notice)
    assert await release(mesh) == 6
    shown = []
    while leased := await mesh.lease():
        [delivery] = leased
        shown.append((_meeting_of(delivery), delivery.WhichOneof("content")))
        await mesh.complete(delivery)
    assert shown == [(meeting_id, kind) for meeting_id in ids for kind in ("summary", "recording")]


async def test_N5_one_that_is_refused_again_waits_again_and_does_not_hold_up_the_next(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, zoom.recorded(), conversation=PRIVATE)
    for delivery in await mesh.lease():
        await refuse(mesh, delivery)
    [notice] = await mesh.lease()
    await mesh.complete(notice)
    await release(mesh)
    [summary] = await mesh.lease()
    await refuse(mesh, summary)
    [recording] = await mesh.lease()
    await mesh.complete(recording)
    [summary] = await mesh.lease()  # the app is in there, after all
    await refuse(mesh, summary)
    assert await mesh.lease() == [], "the host was told already"
    assert await release(mesh) == 1


async def test_N5_an_invitation_that_overtakes_the_report_of_a_refusal_is_not_lost(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, conversation=PRIVATE)
    [summary] = await mesh.lease()
    later(mesh.clock, timedelta(seconds=1))
    assert await release(mesh) == 0, "Slack has refused it by now, and nobody knows"
    await refuse(mesh, summary, "not_in_channel")
    assert await mesh.lease() == [], "Slack gets a moment"
    later(mesh.clock, AGAIN_AFTER)
    [again] = await mesh.lease()
    assert again.delivery_id == summary.delivery_id
    await mesh.complete(again)
    assert await mesh.lease() == [], "and the host is not told to do what she has done"


async def test_N5_one_that_is_refused_long_after_the_invitation_waits_for_the_next(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, conversation=PRIVATE)
    [summary] = await mesh.lease()
    later(mesh.clock, timedelta(seconds=1))
    await release(mesh)
    for _ in range(2):
        await refuse(mesh, summary, "not_in_channel")  # the second time because the report is repeated
    later(mesh.clock, AGAIN_AFTER)
    [summary] = await mesh.lease()
    await refuse(mesh, summary, "not_in_channel")
    [notice] = await mesh.lease()
    await mesh.complete(notice)
    assert await release(mesh) == 1


async def test_N5_an_invitation_elsewhere_changes_nothing(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, conversation=PRIVATE)
    [summary] = await mesh.lease()
    later(mesh.clock, timedelta(seconds=1))
    await release(mesh, GENERAL)
    await release(mesh, PRIVATE, slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA"))
    await refuse(mesh, summary, "not_in_channel")
    later(mesh.clock, AGAIN_AFTER)
    assert kinds(await mesh.lease()) == ["notice"]


async def test_N5_a_result_that_is_shown_has_those_shown_that_wait_in_the_same_place(mesh: Mesh) -> None:
    first, second, elsewhere = [
        await hold(
            mesh,
            *(event(id=str(85012345678 + n), uuid=f"run-{n}==") for event in (zoom.started, zoom.ended)),
            conversation=place,
        )
        for n, place in enumerate((PRIVATE, PRIVATE, GENERAL))
    ]
    summaries = {_meeting_of(delivery): delivery for delivery in await mesh.lease()}
    for meeting_id in (first, elsewhere):
        await refuse(mesh, summaries[meeting_id])
    for notice in await mesh.lease():
        await mesh.complete(notice)
    await mesh.complete(summaries[second])  # nobody was heard to invite the app
    [shown] = await mesh.lease()
    assert _meeting_of(shown) == first


async def test_N5_after_thirty_days_it_waits_no_more(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, conversation=PRIVATE)
    [summary] = await mesh.lease()
    await refuse(mesh, summary)
    later(mesh.clock, WAIT)
    assert await release(mesh) == 0


async def test_N5_other_refusals_stay_final(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, conversation=PRIVATE)
    [summary] = await mesh.lease()
    await refuse(mesh, summary, "is_archived")
    assert await release(mesh) == 0
    assert await mesh.lease() == []


async def test_N5_a_card_never_waits(mesh: Mesh) -> None:
    await mesh.start(conversation=PRIVATE)
    [card] = await mesh.lease()
    await refuse(mesh, card)
    assert await release(mesh) == 0
    assert await mesh.lease() == []


async def test_the_results_of_a_meeting_in_a_thread_are_shown_in_the_thread(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, slack_thread_ts="1793361600.000100")
    [summary] = await mesh.lease()
    assert summary.slack_thread_ts == "1793361600.000100"


async def test_N5_what_waits_is_erased_with_the_host_and_with_its_notice(mesh: Mesh) -> None:
    await hold(mesh, *LIFE, conversation=PRIVATE)
    [summary] = await mesh.lease()
    await refuse(mesh, summary)
    await erase(mesh, "U0ADA")
    assert await release(mesh) == 0
    assert await kept(mesh) == []


async def test_N4_who_leaves_is_shown_nothing_of_the_meetings_of_others(mesh: Mesh) -> None:
    meeting_id = (await mesh.start(conversation=DIRECT)).meeting.meeting_id
    await mesh.record(LIFE[0])
    await mesh.record(LIFE[1])
    await link(mesh, meeting_id, "101", "U0GRACE")
    await mesh.record(LIFE[2])
    await erase(mesh, "U0GRACE")
    assert await kept(mesh) == [("card", ""), ("summary", "U0ADA")]


async def erase(mesh: Mesh, user_id: str) -> None:
    """Erases what is held of somebody who left just now."""
    whose = Departed(str(uuid.uuid4()), "", "T0ACME", user_id, mesh.clock.now())
    mesh.clock.advance(1)
    await DepartureStore(mesh.database, mesh.clock).erase(whose)


async def kept(mesh: Mesh) -> list[tuple[str, str]]:
    """Returns kind and recipient of what is held to be shown, but for cards that are only to be closed."""
    columns = (deliveries.c.kind, deliveries.c.recipient_slack_user_id)
    query = (
        select(*columns)
        .join(meetings, meetings.c.meeting_id == deliveries.c.meeting_id)
        .where(meetings.c.erase_time.is_(None))
    )
    async with mesh.database.snapshot("look at deliveries") as connection:
        return sorted((row[0], row[1]) for row in await connection.execute(query))


def _meeting_of(delivery: pb.Delivery) -> str:
    content = delivery.summary if delivery.HasField("summary") else delivery.recording
    return content.meeting.meeting_id
