"""Starting a meeting: once, whatever happens."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from mesh.sealing import KeyRing
from mesh.slack_user import SlackUser
from services.meetings.meetings import RECENT, WORK_LEASE, Meetings
from services.meetings.requests import Reservation, StartCommand
from services.meetings.store_requests import RequestStore
from tests.integration.meetings.conftest import ADA, GENERAL, KEYS, Mesh, later
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2


class FailingOnce(RequestStore):
    """A store whose database does not serve one sign of life when told so, and then does."""

    fails = False

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.kept = asyncio.Event()
        """Set once a sign of life was stored after the one that was not."""
        self._failed = False

    async def extend(self, reservation: Reservation, lease: timedelta, *, zoom_host_id: str = "") -> bool:
        if self.fails:
            self.fails, self._failed = False, True
            raise MeshError(Reason.SERVICE_UNAVAILABLE)
        kept = await super().extend(reservation, lease, zoom_host_id=zoom_host_id)
        if self._failed:
            self.kept.set()
        return kept


async def test_the_card_comes_leased_to_the_edge_that_waits(mesh: Mesh) -> None:
    answer = await mesh.start(holder="edge-1")
    assert answer.meeting.passcode == "x7Kp2Q"
    assert answer.delivery.card.meeting == answer.meeting
    assert answer.delivery.slack_response_url.endswith("/secret")
    assert await mesh.lease("edge-2") == []


async def test_without_a_waiting_edge_any_edge_gets_the_card(mesh: Mesh) -> None:
    answer = await mesh.start()
    assert not answer.HasField("delivery")
    [delivery] = await mesh.lease()
    assert delivery.card.meeting == answer.meeting


async def test_twenty_at_once_with_one_request_id_make_one_meeting(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    answers = await asyncio.gather(*(mesh.start(request_id) for _ in range(20)))
    assert mesh.zoom.creations == 1
    assert len({a.meeting.meeting_id for a in answers}) == 1
    assert len(await mesh.lease()) == 1


async def test_a_repeated_request_answers_with_the_first_meeting_and_no_second_card(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    first = await mesh.start(request_id, holder="edge-1")
    again = await mesh.start(request_id, holder="edge-1")
    assert again.meeting == first.meeting
    assert not again.HasField("delivery")
    assert mesh.zoom.creations == 1


async def test_one_request_id_does_not_stand_for_two_requests(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    await mesh.start(request_id, topic="One")
    with pytest.raises(MeshError) as failure:
        await mesh.start(request_id, topic="Two")
    assert failure.value.reason is Reason.REQUEST_ID_REUSED


@pytest.mark.parametrize("reason", [Reason.ZOOM_NOT_CONNECTED, Reason.ZOOM_UNAVAILABLE, Reason.ZOOM_HOST_NOT_ALLOWED])
async def test_a_refusal_reaches_the_caller_and_the_same_id_may_be_used_again(mesh: Mesh, reason: Reason) -> None:
    request_id = str(uuid.uuid4())
    mesh.zoom.before.append(MeshError(reason, retry_delay=timedelta(seconds=30)))
    with pytest.raises(MeshError) as failure:
        await mesh.start(request_id)
    assert failure.value.reason is reason
    assert failure.value.retry_delay == timedelta(seconds=30)
    assert (await mesh.start(request_id)).meeting.meeting_id
    assert await mesh.lease() != []


async def test_an_answer_lost_on_the_way_does_not_make_a_second_meeting(mesh: Mesh) -> None:
    mesh.zoom.after.append(MeshError(Reason.ZOOM_OUTCOME_UNKNOWN))
    answer = await mesh.start()
    assert answer.meeting.zoom_meeting_id == "85012345678"
    assert mesh.zoom.creations == 1


async def test_killed_between_zooms_answer_and_the_commit_there_is_one_meeting_and_one_card(mesh: Mesh) -> None:
    # The process "dies" right after Zoom made the meeting: nothing of its work is stored, its lease stays.
    mesh.zoom.after.append(asyncio.CancelledError())
    request_id = str(uuid.uuid4())
    assert (await mesh.start(request_id)).pending
    assert await mesh.lease() == []
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 0, "the lease of the dead worker still runs"
    later(mesh.clock, WORK_LEASE)
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    assert mesh.zoom.creations == 1
    [delivery] = await mesh.lease()
    assert delivery.card.meeting.zoom_meeting_id == "85012345678"
    assert delivery.slack_response_url.endswith("/secret")
    assert (await mesh.start(request_id)).meeting == delivery.card.meeting


async def test_a_request_whose_key_was_retired_stops_no_other_and_gets_its_card(mesh: Mesh) -> None:
    retired = mesh.another_worker(KeyRing((("k0", bytes(32)),)))
    mesh.zoom.after += [asyncio.CancelledError(), asyncio.CancelledError()]
    ada = SlackUser("", "T0ACME", "U0ADA")
    address = "https://hooks.slack.example/commands/T0ACME/1/secret"
    command = StartCommand(ada, str(uuid.uuid4()), "C0GENERAL", "Sealed with k0", response_url=address)
    with pytest.raises(asyncio.CancelledError):
        await retired.start(command)
    assert (await mesh.start(topic="Sealed with k1")).pending
    later(mesh.clock, WORK_LEASE)
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 2
    await successor.drain()
    cards = {card.card.meeting.topic: card.slack_response_url for card in await mesh.lease()}
    assert cards == {"Sealed with k0": "", "Sealed with k1": address}


async def test_a_worker_keeps_its_request_through_a_moment_in_which_nothing_is_written(mesh: Mesh) -> None:
    store = FailingOnce(mesh.database, KEYS, mesh.clock)
    worker = Meetings(store, mesh.zoom, mesh.clock, beat=0.01)
    release = mesh.zoom.hold()
    command = StartCommand(SlackUser("", "T0ACME", "U0ADA"), str(uuid.uuid4()), "C0GENERAL", "Weekly sync")
    working = asyncio.create_task(worker.start(command))
    await mesh.zoom.reached()
    store.fails = True
    later(mesh.clock, WORK_LEASE / 2)
    await asyncio.wait_for(store.kept.wait(), 5)
    later(mesh.clock, WORK_LEASE / 2)
    assert await mesh.another_worker().resume_abandoned() == 0
    release()
    assert (await working).meeting is not None


async def test_work_that_nobody_waits_for_any_more_tells_the_person_what_became_of_it(mesh: Mesh) -> None:
    mesh.zoom.after.append(asyncio.CancelledError())
    assert (await mesh.start()).pending
    mesh.zoom.made.clear()
    mesh.zoom.before.append(MeshError(Reason.ZOOM_DAILY_LIMIT))
    later(mesh.clock, WORK_LEASE)
    successor = mesh.another_worker()
    await successor.resume_abandoned()
    await successor.drain()
    [delivery] = await mesh.lease()
    assert delivery.failure.reason == "ZOOM_DAILY_LIMIT"
    assert delivery.slack_response_url


async def test_a_passing_trouble_is_tried_again_for_two_minutes_then_told(mesh: Mesh) -> None:
    mesh.zoom.after.append(asyncio.CancelledError())
    assert (await mesh.start()).pending
    mesh.zoom.made.clear()
    mesh.zoom.before.extend(MeshError(Reason.ZOOM_UNAVAILABLE) for _ in range(20))
    successor = mesh.another_worker()
    for _ in range(5):
        later(mesh.clock, WORK_LEASE)
        await successor.resume_abandoned()
        await successor.drain()
        assert await mesh.lease() == []
    later(mesh.clock, timedelta(minutes=1))
    await successor.resume_abandoned()
    await successor.drain()
    [delivery] = await mesh.lease()
    assert delivery.failure.reason == "ZOOM_UNAVAILABLE"


async def test_nobody_sees_another_ones_meetings(mesh: Mesh) -> None:
    meeting_id = (await mesh.start()).meeting.meeting_id
    mine = await mesh.stub.GetMeeting(pb.GetMeetingRequest(user=ADA, meeting_id=meeting_id), timeout=5)
    assert mine.meeting.topic == "Weekly sync"
    strangers = (
        slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0GRACE"),
        slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA"),
    )
    for stranger in strangers:
        with pytest.raises(MeshError) as failure:
            await mesh.stub.GetMeeting(pb.GetMeetingRequest(user=stranger, meeting_id=meeting_id), timeout=5)
        assert failure.value.reason is Reason.MEETING_NOT_FOUND
        listed = await mesh.stub.ListMeetings(pb.ListMeetingsRequest(user=stranger), timeout=5)
        assert not listed.meetings


async def test_pages_hold_every_meeting_once_the_newest_first(mesh: Mesh) -> None:
    made = []
    for n in range(5):
        made.append((await mesh.start(topic=f"Meeting {n}")).meeting.meeting_id)
        mesh.clock.advance(1)
    seen: list[str] = []
    token = ""
    while True:
        page = await mesh.stub.ListMeetings(pb.ListMeetingsRequest(user=ADA, page_size=2, page_token=token), timeout=5)
        seen += [m.meeting_id for m in page.meetings]
        token = page.next_page_token
        if not token:
            break
    assert seen == made[::-1]
    with pytest.raises(MeshError) as failure:
        await mesh.stub.ListMeetings(pb.ListMeetingsRequest(user=ADA, page_token="bm90IGEgdG9rZW4"), timeout=5)
    assert failure.value.reason is Reason.PAGE_TOKEN_INVALID


async def test_a_request_that_breaks_a_rule_is_refused_with_the_field(mesh: Mesh) -> None:
    with pytest.raises(MeshError) as failure:
        await mesh.stub.StartMeeting(
            pb.StartMeetingRequest(user=ADA, request_id="7", conversation=GENERAL, topic="x" * 201), timeout=5
        )
    assert failure.value.reason is Reason.INVALID_REQUEST
    assert {v.field for v in failure.value.violations} == {"request_id", "topic"}


async def test_secrets_are_sealed_at_rest(mesh: Mesh) -> None:
    await mesh.start()
    async with mesh.database.engine.connect() as connection:
        stored = ""
        for table in ("meetings", "start_requests", "deliveries", "zoom_events"):
            rows = await connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608 (names from this line)
            stored += repr(rows.all())
    assert "85012345678" in stored
    for secret in ("x7Kp2Q", "SECRETPWD", "hooks.slack.example"):
        assert secret not in stored


async def test_a_worker_that_was_thought_dead_stores_nothing_over_its_successor(mesh: Mesh) -> None:
    release = mesh.zoom.hold()
    starting = mesh.begin_start()
    await mesh.zoom.reached()
    later(mesh.clock, WORK_LEASE)
    mesh.zoom.let_others_pass()
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    [card] = await mesh.lease()
    release()
    answer = await starting
    assert answer.meeting == card.card.meeting, "the caller gets the meeting that counts"
    assert not answer.HasField("delivery")
    later(mesh.clock, timedelta(seconds=1))
    assert await mesh.lease() == []


async def test_a_request_whose_outcome_is_unknown_is_never_forgotten(mesh: Mesh) -> None:
    mesh.zoom.after.append(MeshError(Reason.ZOOM_OUTCOME_UNKNOWN))
    mesh.zoom.blind = 1  # and Zoom cannot be asked about it now
    request_id = str(uuid.uuid4())
    assert (await mesh.start(request_id)).pending
    later(mesh.clock, WORK_LEASE)
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    assert mesh.zoom.creations == 1
    assert len(await mesh.lease()) == 1


async def test_what_a_caller_who_went_away_asked_for_is_delivered(mesh: Mesh) -> None:
    release = mesh.zoom.hold()
    starting = asyncio.create_task(mesh.start(holder="edge-1"))
    await mesh.zoom.reached()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await asyncio.sleep(0.1)  # the cancellation crosses the wire
    release()
    await mesh.meetings.drain()
    [delivery] = await mesh.lease("edge-2")
    assert delivery.card.meeting.passcode


async def test_hours_later_a_lost_meeting_is_found_but_no_new_one_is_made(mesh: Mesh) -> None:
    mesh.zoom.after.append(asyncio.CancelledError())
    assert (await mesh.start(topic="Made before the outage")).pending
    mesh.zoom.after.append(asyncio.CancelledError())
    assert (await mesh.start(topic="Never made")).pending
    mesh.zoom.made.popitem()
    later(mesh.clock, timedelta(hours=3))
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 2
    await successor.drain()
    assert mesh.zoom.creations == 2
    found = {str(d.WhichOneof("content")): d for d in await mesh.lease()}
    assert found["card"].card.meeting.topic == "Made before the outage"
    assert found["failure"].failure.reason == "ZOOM_UNAVAILABLE"


async def test_N12_whoever_asks_again_learns_why_what_went_on_came_to_nothing(mesh: Mesh) -> None:
    mesh.zoom.after.append(MeshError(Reason.ZOOM_OUTCOME_UNKNOWN))
    mesh.zoom.blind = 100
    request_id = str(uuid.uuid4())
    assert (await mesh.start(request_id)).pending
    mesh.zoom.blind = 0
    mesh.zoom.made.clear()
    mesh.zoom.before = [MeshError(Reason.ZOOM_SCOPE_MISSING, {"scopes": "meeting:write:meeting"})]
    later(mesh.clock, WORK_LEASE)
    successor = mesh.another_worker()
    assert await successor.resume_abandoned() == 1
    await successor.drain()
    for _ in range(2):
        with pytest.raises(MeshError) as failed:
            await mesh.start(request_id)
        assert failed.value.reason is Reason.ZOOM_SCOPE_MISSING
        assert failed.value.metadata == {"scopes": "meeting:write:meeting"}
    with pytest.raises(MeshError) as reused:
        await mesh.start(request_id, topic="Something else")
    assert reused.value.reason is Reason.REQUEST_ID_REUSED
    # An edge has it shown as the delivery that is on its way, once.
    assert (await mesh.start(request_id, holder="edge-1")).pending
    assert [delivery.failure.reason for delivery in await mesh.lease()] == ["ZOOM_SCOPE_MISSING"]
    assert not (await mesh.start()).pending


async def test_only_the_worker_that_holds_a_request_can_change_it(mesh: Mesh) -> None:
    store = RequestStore(mesh.database, KEYS, mesh.clock)
    command = StartCommand(SlackUser("", "T0ACME", "U0ADA"), str(uuid.uuid4()), "C0GENERAL", "Weekly sync")
    first = (await store.reserve(command, str(uuid.uuid4()), "first worker", WORK_LEASE, recent=RECENT)).fresh
    assert first is not None
    later(mesh.clock, WORK_LEASE)
    [second] = await store.claim_abandoned("second worker", WORK_LEASE)
    assert not await store.extend(first, WORK_LEASE)
    await store.release(first)
    await store.fail(first, "ZOOM_UNAVAILABLE", {})
    assert await mesh.lease() == []
    assert await store.extend(second, WORK_LEASE)
