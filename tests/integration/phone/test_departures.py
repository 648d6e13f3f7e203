"""Somebody leaves: the calls go, and their links lead nowhere."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mesh.background import every, running
from mesh.database import Database
from mesh.departed import Departed
from mesh.errors import MeshError, Reason
from services.phone.store_departures import REMEMBER, DepartureStore
from services.phone.tables import calls
from tests.integration.phone.conftest import ADA, GRACE, Mesh
from tests.support.fake_departures import FakeDepartures
from tests.support.phone_events import Spoken
from zoom_api import departures
from zoomslack.auth.v1 import auth_service_pb2 as auth_pb
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

ADA_ELSEWHERE = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
LIN_IN_ONE = slack_pb2.SlackUser(slack_enterprise_id="E0ORG", slack_team_id="T0ONE", slack_user_id="U0LIN")
LIN_IN_TWO = slack_pb2.SlackUser(slack_enterprise_id="E0ORG", slack_team_id="T0TWO", slack_user_id="U0LIN")
MAX_IN_TWO = slack_pb2.SlackUser(slack_enterprise_id="E0ORG", slack_team_id="T0TWO", slack_user_id="U0MAX")
EVERYBODY = (ADA, GRACE, ADA_ELSEWHERE, LIN_IN_ONE, LIN_IN_TWO, MAX_IN_TWO)


def departed(mesh: Mesh, **who: Any) -> Departed:
    """Returns the departure of Ada from her workspace, now, unless told otherwise."""
    fields = {"enterprise_id": "", "team_id": "T0ACME", "user_id": "U0ADA", "depart_time": mesh.clock.now(), **who}
    return Departed(departure_id=str(uuid.uuid4()), **fields)


def store(mesh: Mesh) -> DepartureStore:
    return DepartureStore(mesh.database, mesh.clock)


async def callers(mesh: Mesh) -> set[tuple[str, str]]:
    """Returns team and user of everybody of whom a call is stored."""
    async with mesh.database.snapshot("look at the calls") as connection:
        rows = await connection.execute(select(calls.c.team_id, calls.c.slack_user_id))
        return {(team_id, user_id) for team_id, user_id in rows}


@pytest.mark.parametrize(
    ("whose", "gone"),
    [
        ({}, [ADA]),
        ({"user_id": ""}, [ADA, GRACE]),
        ({"enterprise_id": "E0ORG", "team_id": "T0TWO", "user_id": "U0LIN"}, [LIN_IN_TWO]),
        ({"enterprise_id": "E0ORG", "team_id": "T0TWO", "user_id": ""}, [LIN_IN_TWO, MAX_IN_TWO]),
        ({"enterprise_id": "E0ORG", "team_id": "", "user_id": "U0LIN"}, [LIN_IN_ONE, LIN_IN_TWO]),
        ({"enterprise_id": "E0ORG", "team_id": "", "user_id": ""}, [LIN_IN_ONE, LIN_IN_TWO, MAX_IN_TWO]),
    ],
)
async def test_the_calls_of_whoever_left_go_and_no_others(
    mesh: Mesh, whose: dict[str, str], gone: list[slack_pb2.SlackUser]
) -> None:
    links = {}
    for user in EVERYBODY:
        key = (user.slack_team_id, user.slack_user_id)
        links[key] = (await mesh.place(user=user)).call_url.rpartition("/")[2]
        await mesh.place(user=user)
    assert await store(mesh).erase(departed(mesh, **whose)) == 2 * len(gone)
    left = {(user.slack_team_id, user.slack_user_id) for user in EVERYBODY if user not in gone}
    assert await callers(mesh) == left
    for key, link in links.items():
        if key in left:
            assert (await mesh.resolve(link)).user.slack_user_id == key[1]
            continue
        with pytest.raises(MeshError) as failure:
            await mesh.resolve(link)
        assert failure.value.reason is Reason.CALL_LINK_INVALID


async def test_a_call_from_after_the_departure_stays(mesh: Mesh) -> None:
    whose = departed(mesh)
    await mesh.place()
    mesh.clock.advance(0.001)
    later = await mesh.place()
    assert await store(mesh).erase(whose) == 1
    assert (await mesh.resolve(later.call_url.rpartition("/")[2])).call_id == later.call.call_id


async def test_nobody_leaves_nowhere(mesh: Mesh) -> None:
    await mesh.place()
    with pytest.raises(ValueError, match="nowhere"):
        await store(mesh).erase(departed(mesh, team_id="", user_id=""))
    assert await callers(mesh) == {("T0ACME", "U0ADA")}


@pytest.mark.parametrize("batch", [1, 500])
async def test_replicas_that_erase_at_once_share_the_work_and_its_count(mesh: Mesh, batch: int) -> None:
    for _ in range(5):
        await mesh.place()
    whose = departed(mesh)
    replicas = [Database(mesh.url) for _ in range(3)]
    try:
        stores = [DepartureStore(database, mesh.clock, batch=batch) for database in replicas]
        assert await asyncio.gather(*(each.erase(whose) for each in stores)) == [5] * 3
    finally:
        for database in replicas:
            await database.dispose()
    assert await callers(mesh) == set()


async def test_an_erasure_is_done_once_and_its_count_kept_for_a_year(mesh: Mesh) -> None:
    await mesh.place()
    whose = departed(mesh)
    assert await store(mesh).erase(whose) == 1
    await mesh.place()  # at the same moment, as the clock stands still: a second erasure would find it
    mesh.clock.advance(REMEMBER.total_seconds())
    await store(mesh).forget_old()
    assert await store(mesh).erase(whose) == 1
    assert await callers(mesh) == {("T0ACME", "U0ADA")}
    mesh.clock.advance(0.001)
    await store(mesh).forget_old()
    assert await store(mesh).erase(whose) == 1, "counted anew: the one from a year ago"
    assert await callers(mesh) == set()


async def test_what_auth_tells_is_erased_and_reported(mesh: Mesh) -> None:
    await mesh.place()
    auth = FakeDepartures()  # type: ignore[abstract]  # plays only these two RPCs
    auth.list_failures.append(MeshError(Reason.SERVICE_UNAVAILABLE))
    async with auth.serving() as stub:
        work = departures.Departures(stub, auth_pb.ERASER_PHONE, store(mesh).erase, mesh.clock)
        async with running(asyncio.create_task(every("erase", departures.PAUSE, work, mesh.clock))):
            departure_id = auth.leave(mesh.clock.now(), slack_team_id="T0ACME", slack_user_id="U0ADA")
            report = await auth.report()
    assert report == auth_pb.CompleteDepartureRequest(
        eraser=auth_pb.ERASER_PHONE, departure_id=departure_id, erased_rows=1
    )
    assert await callers(mesh) == set()


async def test_what_hangs_on_the_calls_goes_with_them_and_others_forget_her_name(mesh: Mesh) -> None:
    await mesh.show_all()
    await mesh.dialled()
    call = Spoken(mesh.clock.now().replace(microsecond=0) + timedelta(seconds=2))
    await mesh.record(call.ringing())
    ada = pb.Contact(slack_user_id="U0ADA", display_name="Ada Lovelace", phone_number="+12025550101")
    await mesh.place(user=GRACE, contact=ada)
    assert await store(mesh).erase(departed(mesh)) == 2, "her call and her choice"
    assert await mesh.lease() == [], "Slack showed nothing of it"
    assert await mesh.record(call.connected()) == pb.EVENT_DISPOSITION_IGNORED
    of_grace = await mesh.call(GRACE)
    assert (of_grace.contact_name, of_grace.contact_slack_user_id) == ("", "")
    assert of_grace.phone_number == "+12025550101"


async def test_the_name_of_who_left_does_not_come_back_and_goes_from_what_is_shown(mesh: Mesh) -> None:
    ada = pb.Contact(slack_user_id="U0ADA", display_name="Ada Lovelace", phone_number="+12025550101")
    placed = await mesh.place(user=GRACE, contact=ada)
    await mesh.resolve(placed.call_url.rpartition("/")[2])
    call = Spoken(
        mesh.clock.now().replace(microsecond=0) + timedelta(seconds=2),
        caller={"user_id": "zoomGrace", "phone_number": "+12025550102"},
        callee={"phone_number": "+12025550101"},
    )
    await mesh.record(call.ringing())
    await mesh.complete((await mesh.lease())[0])
    await store(mesh).erase(departed(mesh))
    mesh.clock.advance(5)
    [again] = await mesh.lease()
    assert (again.call.contact_name, again.call.contact_slack_user_id) == ("", "")
    await mesh.record(call.history({**call.entry(), "callee_name": "Ada Lovelace"}))
    assert (await mesh.call(GRACE)).contact_name == ""
