"""Somebody leaves: what is held of them goes from every table, and a card that still runs is closed first."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from mesh.background import every, running
from mesh.database import Database
from mesh.departed import Departed
from mesh.errors import MeshError, Reason
from services.meetings.converters import timestamp
from services.meetings.meetings import WORK_LEASE
from services.meetings.store_closings import CLOSING
from services.meetings.store_departures import REMEMBER, DepartureStore
from services.meetings.tables import deliveries, metadata
from tests.integration.meetings.conftest import ADA, Mesh, later
from tests.support import zoom_bodies as zoom
from tests.support.fake_departures import FakeDepartures
from zoom_api import departures
from zoomslack.auth.v1 import auth_service_pb2 as auth_pb
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

GRACE = slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0GRACE")
ADA_ELSEWHERE = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
IN_ORGANISATION = [
    slack_pb2.SlackUser(slack_enterprise_id="E0ORG", slack_team_id=team, slack_user_id=user)
    for team, user in (("T0ONE", "U0LIN"), ("T0TWO", "U0LIN"), ("T0TWO", "U0MAX"))
]
NOT_PERSONAL = {"erasures", "zoom_events"}
"""Counts of erasures, and digests of events."""
ENDED = {"slack_call_id": "R0CALL", "ended": True}


def departed(mesh: Mesh, **who: Any) -> Departed:
    """Returns the departure of Ada from her workspace, now, unless told otherwise."""
    fields = {"enterprise_id": "", "team_id": "T0ACME", "user_id": "U0ADA", "depart_time": mesh.clock.now(), **who}
    return Departed(departure_id=str(uuid.uuid4()), **fields)


def store(mesh: Mesh, **options: int) -> DepartureStore:
    return DepartureStore(mesh.database, mesh.clock, **options)


async def leave(mesh: Mesh, **who: Any) -> int:
    """Lets a moment pass after the departure, as it does on the way from auth, and erases."""
    whose = departed(mesh, **who)
    mesh.clock.advance(0.5)
    return await store(mesh).erase(whose)


async def stored(mesh: Mesh) -> dict[str, list[dict[str, Any]]]:
    """Returns the rows of every table that has some and could hold something personal."""
    async with mesh.database.snapshot("look at everything") as connection:
        tables = {t.name: list((await connection.execute(select(*t.c))).mappings()) for t in metadata.sorted_tables}
    return {name: [dict(row) for row in rows] for name, rows in tables.items() if rows and name not in NOT_PERSONAL}


async def count(mesh: Mesh) -> int:
    return sum(len(rows) for rows in (await stored(mesh)).values())


async def running_meeting(mesh: Mesh, *, user: slack_pb2.SlackUser = ADA) -> pb.Meeting:
    """Starts a meeting that two people are in, and whose card Slack shows."""
    meeting = (await mesh.start(user=user)).meeting
    number = meeting.zoom_meeting_id
    await mesh.record(zoom.started(id=number, uuid=f"run-{number}=="))
    await mesh.record(zoom.joined("101", "Grace Hopper", "graceZoomId", id=number, uuid=f"run-{number}=="))
    [card] = await mesh.lease()
    await mesh.complete(card, slack_call_id="R0CALL", attendees=card.card.present)
    return meeting


async def test_the_card_of_somebody_who_left_is_closed_and_then_nothing_is_left(mesh: Mesh) -> None:
    meeting = await running_meeting(mesh)
    await mesh.record(zoom.recorded(uuid="run-85012345678=="))
    before = await count(mesh)
    depart_time = mesh.clock.now()
    assert await leave(mesh) == before, "every row was deleted or wiped"
    kept = await stored(mesh)
    assert set(kept) == {"meetings", "deliveries"}
    for personal in ("Weekly sync", "Grace Hopper", "graceZoomId", zoom.HOST_ID, "85012345678", "run-"):
        assert personal not in repr(kept)
    sealed = [value for rows in kept.values() for row in rows for key, value in row.items() if key.endswith("_sealed")]
    assert sealed == [b""] * 4, "no join address, no passcode, no host key, no response address"

    [closing] = await mesh.lease()
    assert closing.card == pb.MeetingCard(
        meeting=pb.Meeting(
            meeting_id=meeting.meeting_id,
            host=ADA,
            conversation=meeting.conversation,
            state=pb.MEETING_STATE_ENDED,
            create_time=meeting.create_time,
            start_time=timestamp(datetime(2026, 10, 30, 12, 0, 5, tzinfo=UTC)),
            end_time=timestamp(depart_time),
        )
    ), "no topic, no address, no passcode, nobody in it"
    assert closing.delivered == pb.Delivered(version=closing.version - 1, slack_call_id="R0CALL"), "nobody shown"
    assert not closing.slack_response_url
    await mesh.complete(closing, **ENDED)
    assert await stored(mesh) == {}
    assert await mesh.lease() == [], "and no summary"


async def test_a_card_that_slack_will_not_close_is_not_waited_for(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await leave(mesh)
    [closing] = await mesh.lease()
    await mesh.end(closing, refused=pb.DeliveryRefused(slack_error="account_inactive"))
    assert await stored(mesh) == {}


async def test_a_closing_card_that_is_postponed_comes_again(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await leave(mesh)
    [closing] = await mesh.lease()
    await mesh.end(closing, postponed=pb.DeliveryPostponed(cause="ratelimited"))
    [again] = await mesh.lease()
    assert again.delivery_id == closing.delivery_id


async def test_a_card_that_nobody_closes_within_a_day_goes_too(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await leave(mesh)
    mesh.clock.advance(CLOSING.total_seconds() - 1)
    await store(mesh).forget_old()
    assert set(await stored(mesh)) == {"meetings", "deliveries"}
    later(mesh.clock, timedelta(seconds=1))
    await store(mesh).forget_old()
    assert await stored(mesh) == {}


async def test_a_card_that_older_code_reported_as_closed_goes_with_the_next_round(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await leave(mesh)
    async with mesh.database.transaction("report as before") as connection:
        await connection.execute(update(deliveries).values(delivered_version=deliveries.c.desired_version))
    await store(mesh).forget_old()
    assert await stored(mesh) == {}


async def test_a_call_that_was_made_and_perhaps_not_posted_is_only_ended(mesh: Mesh) -> None:
    await mesh.start()
    [card] = await mesh.lease()
    await mesh.made_call(card, "R0CALL")
    await leave(mesh)
    [closing] = await mesh.lease()
    assert closing.delivered.slack_call_id == "R0CALL", "as if it was shown: an edge posts what was not"
    assert closing.card.meeting.start_time == closing.card.meeting.end_time, "it never began"


async def test_a_meeting_that_is_over_keeps_its_times_while_its_card_is_closed(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await mesh.record(zoom.ended(uuid="run-85012345678=="))
    await leave(mesh)
    [closing] = await mesh.lease()
    assert closing.card.meeting.end_time.ToDatetime(UTC) == datetime(2026, 10, 30, 12, 34, 15, tzinfo=UTC)
    assert closing.WhichOneof("content") == "card", "the summary is gone"


async def test_what_slack_never_showed_or_shows_as_ended_is_deleted_at_once(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await mesh.record(zoom.ended(uuid="run-85012345678=="))
    await mesh.record(zoom.recorded(uuid="run-85012345678=="))
    mesh.clock.advance(3)
    [card] = [delivery for delivery in await mesh.lease() if delivery.HasField("card")]
    await mesh.complete(card, **ENDED)
    await mesh.start()  # never shown
    await mesh.start()
    for unlucky in await mesh.lease():
        await mesh.made_call(unlucky, "R0NEW")
        await mesh.end(unlucky, refused=pb.DeliveryRefused(slack_error="is_archived"))
    before = await count(mesh)
    assert await leave(mesh) == before
    assert await stored(mesh) == {}


async def test_a_start_that_is_under_way_leaves_nothing(mesh: Mesh) -> None:
    release = mesh.zoom.hold()
    starting = mesh.begin_start()
    await mesh.zoom.reached()
    assert await leave(mesh) == 1
    release()
    with pytest.raises(MeshError) as failure:
        await starting
    assert failure.value.reason is Reason.ZOOM_NOT_CONNECTED
    assert mesh.zoom.creations == 1, "nobody tried again"
    later(mesh.clock, WORK_LEASE)
    assert await mesh.another_worker().resume_abandoned() == 0
    assert await stored(mesh) == {}


async def test_a_meeting_asked_for_before_and_made_after_the_departure_goes(mesh: Mesh) -> None:
    release = mesh.zoom.hold()
    starting = mesh.begin_start()
    await mesh.zoom.reached()
    whose = departed(mesh)
    mesh.clock.advance(1)
    release()
    await starting
    assert await store(mesh).erase(whose) == 3
    assert await stored(mesh) == {}


async def failed_start(mesh: Mesh) -> None:
    """Leaves a failure that is yet to be told."""
    mesh.zoom.after.append(asyncio.CancelledError())
    assert (await mesh.start()).pending
    mesh.zoom.made.clear()
    mesh.zoom.before.append(MeshError(Reason.ZOOM_DAILY_LIMIT))
    later(mesh.clock, WORK_LEASE)
    successor = mesh.another_worker()
    await successor.resume_abandoned()
    await successor.drain()


async def test_failures_go_by_the_time_of_their_request(mesh: Mesh) -> None:
    await failed_start(mesh)
    depart_time = mesh.clock.now()
    mesh.clock.advance(1)
    await failed_start(mesh)
    assert await leave(mesh, depart_time=depart_time) == 2
    assert {name: len(rows) for name, rows in (await stored(mesh)).items()} == {"start_requests": 1, "deliveries": 1}
    async with mesh.database.transaction("as written before the column was there") as connection:
        await connection.execute(update(deliveries).values(command_time=None))
    assert await leave(mesh, depart_time=depart_time) == 1, "one whose time is not known is from before"


async def test_what_came_after_the_departure_stays(mesh: Mesh) -> None:
    await mesh.start(topic="Before")
    depart_time = mesh.clock.now()
    mesh.clock.advance(1)
    await mesh.start(topic="After")
    release = mesh.zoom.hold()
    starting = mesh.begin_start()
    await mesh.zoom.reached()
    assert await leave(mesh, depart_time=depart_time) == 3
    release()
    assert (await starting).meeting.topic == "Weekly sync"
    assert sorted(d.card.meeting.topic for d in await mesh.lease()) == ["After", "Weekly sync"]


async def test_other_people_and_other_tenants_keep_everything(mesh: Mesh) -> None:
    for other in (GRACE, ADA_ELSEWHERE, *IN_ORGANISATION):
        await running_meeting(mesh, user=other)
    before = await stored(mesh)
    await running_meeting(mesh)
    await leave(mesh)
    [closing] = await mesh.lease()
    await mesh.complete(closing, **ENDED)
    assert await stored(mesh) == before


@pytest.mark.parametrize(
    ("whose", "gone"),
    [
        ({"user_id": ""}, {"T0ACME"}),
        ({"enterprise_id": "E0ORG", "team_id": "T0TWO", "user_id": ""}, {"T0TWO"}),
        ({"enterprise_id": "E0ORG", "team_id": "", "user_id": ""}, {"T0ONE", "T0TWO"}),
    ],
)
async def test_where_everybody_left_all_goes_at_once_and_nothing_is_delivered(
    mesh: Mesh, whose: dict[str, str], gone: set[str]
) -> None:
    everybody = (ADA, GRACE, ADA_ELSEWHERE, *IN_ORGANISATION)
    for user in everybody:
        await running_meeting(mesh, user=user)
    before = await stored(mesh)
    requests = {row["meeting_id"]: row["team_id"] for row in before["start_requests"]}
    expected = {name: [row for row in rows if requests[row["meeting_id"]] not in gone] for name, rows in before.items()}
    assert await leave(mesh, **whose) == 8 * sum(user.slack_team_id in gone for user in everybody)
    assert await stored(mesh) == {name: rows for name, rows in expected.items() if rows}
    assert await mesh.lease() == []


async def test_a_person_may_leave_a_whole_organisation(mesh: Mesh) -> None:
    for user in IN_ORGANISATION:
        await mesh.start(user=user)
    assert await leave(mesh, enterprise_id="E0ORG", team_id="", user_id="U0LIN") == 6
    assert {row["slack_user_id"] for rows in (await stored(mesh)).values() for row in rows} == {"U0MAX"}


async def test_nobody_leaves_nowhere(mesh: Mesh) -> None:
    await mesh.start()
    before = await stored(mesh)
    with pytest.raises(ValueError, match="nowhere"):
        await leave(mesh, team_id="", user_id="")
    assert await stored(mesh) == before


async def test_erasing_again_gives_the_same_count_and_touches_nothing(mesh: Mesh) -> None:
    await running_meeting(mesh)
    whose = departed(mesh)
    first = await store(mesh).erase(whose)
    [closing] = await mesh.lease()
    await mesh.start()  # at the same moment, as the clock stands still: a second erasure would find it
    before = await stored(mesh)
    assert await store(mesh).erase(whose) == first
    assert await stored(mesh) == before
    await mesh.complete(closing, **ENDED)


@pytest.mark.parametrize("batch", [1, 500])
async def test_replicas_that_erase_at_once_share_the_work_and_its_count(mesh: Mesh, batch: int) -> None:
    for _ in range(5):
        await mesh.start()
    before, whose = await count(mesh), departed(mesh)
    replicas = [Database(mesh.url) for _ in range(3)]
    try:
        stores = [DepartureStore(database, mesh.clock, batch=batch) for database in replicas]
        assert await asyncio.gather(*(each.erase(whose) for each in stores)) == [before] * 3
    finally:
        for database in replicas:
            await database.dispose()
    assert await stored(mesh) == {}


async def test_who_leaves_twice_has_the_card_closed_once(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await leave(mesh)
    [closing] = await mesh.lease()
    assert await leave(mesh) == 0
    await mesh.complete(closing, **ENDED)
    assert await stored(mesh) == {}


async def test_a_workspace_that_leaves_takes_the_cards_with_it_that_were_to_be_closed(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await leave(mesh)
    assert await leave(mesh, user_id="") == 2
    assert await stored(mesh) == {}


async def test_counts_are_kept_for_a_year(mesh: Mesh) -> None:
    await mesh.start()
    whose = departed(mesh)
    assert await store(mesh).erase(whose) == 3
    mesh.clock.advance(REMEMBER.total_seconds() - 1)
    await store(mesh).forget_old()
    assert await store(mesh).erase(whose) == 3
    later(mesh.clock, timedelta(seconds=1))
    await store(mesh).forget_old()
    assert await store(mesh).erase(whose) == 0


async def test_an_edge_that_was_at_work_cannot_write_names_back(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await mesh.record(zoom.joined("102", "Sam Guest", uuid="run-85012345678=="))
    mesh.clock.advance(3)
    [card] = await mesh.lease()
    await leave(mesh)
    before = await stored(mesh)
    reports = (mesh.complete(card, slack_call_id="R0CALL", attendees=card.card.present), mesh.made_call(card, "R0NEW"))
    for report in reports:
        with pytest.raises(MeshError) as failure:
            await report
        assert failure.value.reason is Reason.DELIVERY_LEASE_LOST
    assert await stored(mesh) == before


async def test_nobody_sees_a_meeting_whose_card_is_being_closed(mesh: Mesh) -> None:
    meeting = await running_meeting(mesh)
    await leave(mesh)
    with pytest.raises(MeshError) as failure:
        await mesh.stub.GetMeeting(pb.GetMeetingRequest(user=ADA, meeting_id=meeting.meeting_id), timeout=5)
    assert failure.value.reason is Reason.MEETING_NOT_FOUND
    assert not (await mesh.stub.ListMeetings(pb.ListMeetingsRequest(user=ADA), timeout=5)).meetings


async def test_events_that_come_late_change_nothing(mesh: Mesh) -> None:
    await running_meeting(mesh)
    await leave(mesh)
    before = await stored(mesh)
    run: dict[str, Any] = {"uuid": "run-85012345678=="}
    for event in (zoom.joined("103", "Late Lin", "linZoomId", **run), zoom.ended(**run), zoom.recorded(**run)):
        assert await mesh.record(event) == pb.EVENT_DISPOSITION_IGNORED
    assert await stored(mesh) == before


async def test_events_at_the_moment_of_the_erasure_leave_no_names(mesh: Mesh) -> None:
    await running_meeting(mesh)
    run: dict[str, Any] = {"uuid": "run-85012345678=="}
    events = [zoom.joined(str(n), f"Guest {n}", f"guest{n}", **run) for n in range(200, 220)]
    recorded = [asyncio.create_task(mesh.record(event)) for event in [*events, zoom.ended(**run)]]
    await recorded[0]
    await leave(mesh)
    await asyncio.gather(*recorded)
    kept = await stored(mesh)
    assert set(kept) == {"meetings", "deliveries"}
    assert "Guest" not in repr(kept)
    [closing] = await mesh.lease()
    await mesh.complete(closing, **ENDED)
    assert await stored(mesh) == {}


async def test_what_auth_tells_is_erased_and_reported(mesh: Mesh) -> None:
    await mesh.start()
    auth = FakeDepartures()  # type: ignore[abstract]  # plays only these two RPCs
    auth.list_failures.append(MeshError(Reason.SERVICE_UNAVAILABLE))
    async with auth.serving() as stub:
        work = departures.Departures(stub, auth_pb.ERASER_MEETINGS, store(mesh).erase, mesh.clock)
        async with running(asyncio.create_task(every("erase", departures.PAUSE, work, mesh.clock))):
            departure_id = auth.leave(mesh.clock.now(), slack_team_id="T0ACME", slack_user_id="U0ADA")
            report = await auth.report()
    assert report == auth_pb.CompleteDepartureRequest(
        eraser=auth_pb.ERASER_MEETINGS, departure_id=departure_id, erased_rows=3
    )
    assert await stored(mesh) == {}
