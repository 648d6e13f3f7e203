"""Somebody leaves during a call: what Slack shows of it is finished before the last of it goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, select

from services.phone.__main__ import MIGRATIONS
from services.phone.converters import call_message
from services.phone.progress import Progress
from services.phone.reconciling import QUIET
from services.phone.rows import call_from
from services.phone.store_closings import CLOSING
from services.phone.store_events import learn
from services.phone.tables import calls, deliveries
from tests.integration.phone.conftest import GRACE, Mesh
from tests.integration.phone.test_departures import departed, store
from tests.support.phone_events import Spoken
from zoomslack.phone.v1 import phone_service_pb2 as pb


async def ringing(mesh: Mesh) -> Spoken:
    """Has Ada dial; returns the call, which rings."""
    await mesh.dialled()
    call = Spoken(mesh.clock.now().replace(microsecond=0) + timedelta(seconds=2))
    await mesh.record(call.ringing())
    return call


async def kept(mesh: Mesh) -> list[str]:
    """Returns everything that stands in the tables of calls and of what is shown of them."""
    async with mesh.database.snapshot("look at everything") as connection:
        rows = [row for table in (calls, deliveries) for row in (await connection.execute(select(*table.c))).all()]
    return [str(value) for row in rows for value in row if value not in ("", None)]


@pytest.mark.parametrize("is_connected", [False, True])
async def test_S38_the_message_of_a_call_that_is_on_is_finished_before_the_last_of_it_goes(
    mesh: Mesh, is_connected: bool
) -> None:
    call = await ringing(mesh)
    if is_connected:
        await mesh.record(call.connected())
    await mesh.complete((await mesh.lease())[0])
    assert await store(mesh).erase(departed(mesh)) == 1
    for hers in ("2025550143", "zoomAda", "C0GENERAL"):
        assert not [value for value in await kept(mesh) if hers in value], "only whose message it is"
    assert await mesh.calls() == [], "who comes back does not find it"
    assert await mesh.record(call.ended()) == pb.EVENT_DISPOSITION_IGNORED
    mesh.clock.advance(5)
    [last] = await mesh.lease()
    assert last.call.state == pb.PHONE_CALL_STATE_UNFOLLOWED
    assert last.delivered.slack_message_ts == "1700000000.000100"
    await mesh.complete(last)
    assert await kept(mesh) == []


async def test_S38_a_replica_from_before_shows_a_call_that_is_over_where_its_person_left(mesh: Mesh) -> None:
    await mesh.record((await ringing(mesh)).connected())
    await mesh.complete((await mesh.lease())[0])
    await store(mesh).erase(departed(mesh))
    async with mesh.database.snapshot("look as the code before 0004 does") as connection:
        row = (await connection.execute(select(*calls.c))).one()
    # It knows nothing of `erase_time`, and goes by what else stands in the row.
    shown = call_message(replace(call_from(row), is_wiped=False))
    assert (shown.state, shown.result) == (pb.PHONE_CALL_STATE_ENDED, pb.CALL_RESULT_UNKNOWN)
    assert not shown.HasField("talk_duration")


async def test_S38_a_message_that_an_edge_posts_while_its_person_leaves_is_finished_too(mesh: Mesh) -> None:
    await ringing(mesh)
    [under_way] = await mesh.lease()
    await store(mesh).erase(departed(mesh))
    await mesh.complete(under_way)
    mesh.clock.advance(5)
    [last] = await mesh.lease()
    assert last.call.state == pb.PHONE_CALL_STATE_UNFOLLOWED
    assert last.delivered.slack_message_ts == "1700000000.000100"


async def test_S38_what_slack_does_not_finish_within_a_day_is_given_up(mesh: Mesh) -> None:
    await ringing(mesh)
    await mesh.complete((await mesh.lease())[0])
    await store(mesh).erase(departed(mesh))
    mesh.clock.advance(CLOSING.total_seconds())
    await store(mesh).forget_old()
    assert len(await kept(mesh)) > 0
    mesh.clock.advance(0.001)
    await store(mesh).forget_old()
    assert await kept(mesh) == []


async def test_S38_where_the_workspace_left_too_nothing_waits_for_slack(mesh: Mesh) -> None:
    await ringing(mesh)
    await mesh.complete((await mesh.lease())[0])
    await store(mesh).erase(departed(mesh))
    await store(mesh).erase(departed(mesh, user_id="", depart_time=mesh.clock.now()))
    assert await kept(mesh) == []


async def test_S38_a_workspace_that_left_before_is_erased_whole_though_that_runs_later(mesh: Mesh) -> None:
    await ringing(mesh)
    await mesh.complete((await mesh.lease())[0])
    uninstalled = departed(mesh, user_id="")
    mesh.clock.advance(60)
    await store(mesh).erase(departed(mesh))
    assert await kept(mesh) != []
    await store(mesh).erase(uninstalled)
    assert await kept(mesh) == []


async def test_S38_what_slack_refuses_to_finish_goes_at_once(mesh: Mesh) -> None:
    await ringing(mesh)
    await mesh.complete((await mesh.lease())[0])
    await store(mesh).erase(departed(mesh))
    mesh.clock.advance(5)
    [last] = await mesh.lease()
    refused = pb.CompleteDeliveryRequest(
        user=last.user,
        delivery_id=last.delivery_id,
        lease_token=last.lease_token,
        refused=pb.DeliveryRefused(slack_error="messages_tab_disabled"),
    )
    await mesh.stub.CompleteDelivery(refused, timeout=5)
    assert await kept(mesh) == []


async def test_S38_what_was_read_before_its_person_left_is_not_written_back(mesh: Mesh) -> None:
    await ringing(mesh)
    await mesh.complete((await mesh.lease())[0])
    async with mesh.database.snapshot("read what an event is about") as connection:
        row = (await connection.execute(select(*calls.c))).one()
    await store(mesh).erase(departed(mesh))
    now = mesh.clock.now()
    async with mesh.database.transaction("learn from the event") as connection:
        await learn(connection, row, Progress(answer_time=now), now, QUIET, name="Grace Hopper")
    assert not [value for value in await kept(mesh) if "2025550143" in value or "Grace" in value]


async def test_S38_going_back_to_the_schema_from_before_takes_what_only_the_newer_code_knows(mesh: Mesh) -> None:
    await ringing(mesh)
    await mesh.complete((await mesh.lease())[0])
    of_grace = await mesh.place(user=GRACE)
    await store(mesh).erase(departed(mesh))
    async with mesh.database.engine.connect() as connection:
        await connection.execution_options(zoomslack_write=True)
        async with connection.begin():
            assert "erase_time" not in await connection.run_sync(_columns_at, MIGRATIONS, "0003")
            left = await connection.scalars(select(calls.c.call_id))
            assert list(left) == [of_grace.call.call_id]
            assert list(await connection.scalars(select(deliveries.c.call_id))) == []


def _columns_at(connection: Connection, scripts: Path, revision: str) -> set[str]:
    """Brings the schema back to a revision; returns the columns that calls have there."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.downgrade(config, revision)
    return {column["name"] for column in inspect(connection).get_columns("calls")}
