"""What no event tells: people and accounts that nothing serves any more, and tokens that Zoom was not told of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select

from mesh.errors import Reason
from services.auth.departures import ZoomAccountLeft
from services.auth.grants import TokenPair
from services.auth.store_departures import DepartureStore
from services.auth.store_revocations import BATCH, HEAD_START, KEPT, PAUSES, RevocationStore, record_revocations
from services.auth.store_sweeps import FINISHED
from services.auth.tables import connections, revocations, slack_installations, zoom_account_grants, zoom_grants
from tests.integration.auth.conftest import ADA, GRACE, ZOOM_ADA, ZOOM_GRACE, Mesh, reason_of
from tests.integration.auth.test_accounts import ACME_ACCOUNT, agree, install, issued
from tests.integration.auth.test_departures import deauthorized, install_in_slack, receipts, rows, uninstalled, who
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

A_SECOND = timedelta(seconds=1)


async def purge(mesh: Mesh, after: timedelta) -> None:
    mesh.clock.advance(after.total_seconds())
    await mesh.replicas[0].purge()


async def test_who_connected_while_the_app_was_removed_is_left_behind_until_nobody_can_come_back(mesh: Mesh) -> None:
    """Her callback overtook the event of the removal, which spares what is newer than itself."""
    await install_in_slack(mesh)
    removed_at = mesh.clock.now()
    mesh.clock.advance(10)
    await mesh.connect(ADA)
    await uninstalled(mesh, removed_at)
    assert await rows(mesh, connections, zoom_grants) == [1, 1]
    await purge(mesh, FINISHED - A_SECOND * 20)
    assert await rows(mesh, connections, zoom_grants) == [1, 1], "she may still be coming back"
    await purge(mesh, A_SECOND * 30)
    assert await rows(mesh, connections, zoom_grants) == [0, 0]
    assert await mesh.live_tokens() == {"access": 0, "refresh": 0}, "Zoom was told"
    last = (await receipts(mesh))[0]
    assert who(last.departure) == ("T0ACME001", ADA.slack_user_id)
    assert last.cause == pb.DEPARTURE_CAUSE_SLACK_UNINSTALLED


async def test_who_came_back_stays(mesh: Mesh) -> None:
    await install_in_slack(mesh)
    removed_at = mesh.clock.now()
    mesh.clock.advance(10)
    await install_in_slack(mesh)
    await mesh.connect(ADA)
    await uninstalled(mesh, removed_at)
    await purge(mesh, FINISHED * 2)
    assert await rows(mesh, connections) == [1]


async def test_who_is_of_a_workspace_that_never_had_the_app_stays(mesh: Mesh) -> None:
    """An older installation is none that auth knows."""
    await install_in_slack(mesh)
    await mesh.connect(slack_pb2.SlackUser(slack_team_id="T0OLDER01", slack_user_id="U0ADA0001"))
    mesh.clock.advance(10)
    await uninstalled(mesh, mesh.clock.now())
    await purge(mesh, FINISHED * 2)
    assert await rows(mesh, connections) == [1]


async def test_an_account_to_which_nobody_connected_a_workspace_is_forgotten(mesh: Mesh) -> None:
    await agree(mesh)
    await purge(mesh, FINISHED - A_SECOND * 20)
    assert await rows(mesh, zoom_account_grants) == [1]
    await purge(mesh, A_SECOND * 30)
    assert await rows(mesh, zoom_account_grants) == [0]
    assert await mesh.live_tokens() == {"access": 0, "refresh": 0}


async def test_an_account_with_a_workspace_stays(mesh: Mesh) -> None:
    await install(mesh)
    await purge(mesh, FINISHED * 2)
    assert (await issued(mesh, ADA)).zoom_user_id == ZOOM_ADA


async def test_matches_that_a_crash_left_behind_go(mesh: Mesh) -> None:
    await install(mesh)
    await issued(mesh, ADA)
    await mesh.connect(GRACE, ZOOM_GRACE)
    async with mesh.database().transaction("as far as the first transaction") as connection:
        await connection.execute(delete(zoom_account_grants))
        await connection.execute(slack_installations.update().values(zoom_account_id="", zoom_account_id_sealed=None))
    await purge(mesh, A_SECOND)
    async with mesh.database().snapshot("look") as connection:
        assert list((await connection.execute(select(connections.c.slack_user_id))).scalars()) == [GRACE.slack_user_id]
    assert [who(one.departure) for one in await receipts(mesh)] == [("T0ACME001", ADA.slack_user_id)]


async def test_who_lived_by_the_companys_grant_without_a_match_goes_with_it_also_after_a_crash(mesh: Mesh) -> None:
    await mesh.connect(GRACE, ZOOM_GRACE)
    await install(mesh)
    await mesh.connect(ADA)
    await mesh.zoom.post("/control/tokens/revoke", json={"zoom_user_id": ZOOM_GRACE})
    async with mesh.database().transaction("her own grant is dead") as connection:
        ended = {"end_time": mesh.clock.now(), "access_token_sealed": b"", "refresh_token_sealed": b""}
        await connection.execute(zoom_grants.update().where(zoom_grants.c.zoom_user_id == ZOOM_GRACE).values(**ended))
    assert (await issued(mesh, GRACE)).zoom_path_user_id == ZOOM_GRACE
    mesh.clock.advance(10)
    store = DepartureStore(mesh.database(), mesh.vault, mesh.clock)
    async with mesh.database().transaction("as far as the first transaction") as connection:
        assert await store._drop_account(connection, ZoomAccountLeft(ACME_ACCOUNT, mesh.clock.now()))
    await purge(mesh, A_SECOND)
    async with mesh.database().snapshot("look") as connection:
        assert list((await connection.execute(select(connections.c.slack_user_id))).scalars()) == [ADA.slack_user_id]
    assert [who(one.departure) for one in await receipts(mesh)] == [("T0ACME001", GRACE.slack_user_id)]


async def test_a_large_company_leaves_in_several_transactions(mesh: Mesh) -> None:
    await install(mesh)
    await issued(mesh, ADA)
    async with mesh.database().transaction("fill") as connection:
        [row] = (await connection.execute(select(connections))).mappings().all()
        many = [{**row, "slack_user_id": f"U0PERSON{n:05}"} for n in range(1200)]
        await connection.execute(connections.insert(), many)
    mesh.clock.advance(10)
    assert await deauthorized(mesh, mesh.clock.now(), pb.ZOOM_APP_LEVEL_ACCOUNT) == 1201
    assert await rows(mesh, connections) == [0]


async def test_tokens_that_zoom_did_not_take_are_revoked_by_whoever_is_there_later(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    await mesh.zoom_fault("/oauth/revoke", kind="status", status=500)
    await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=ADA), timeout=5)
    await mesh.replicas[0].detached.drain()
    assert await mesh.live_tokens() == {"access": 1, "refresh": 1}
    assert await rows(mesh, revocations) == [1]
    await mesh.add_replica()  # one that knows of it by the database alone
    mesh.clock.advance(HEAD_START.total_seconds())
    await mesh.replicas[1].purge()
    assert await rows(mesh, revocations) == [1], "Zoom still refuses"
    await mesh.clear_faults()
    await mesh.replicas[1].purge()
    assert await rows(mesh, revocations) == [1], "not in the same minute"
    mesh.clock.advance(PAUSES[0].total_seconds())
    await mesh.replicas[1].purge()
    assert await rows(mesh, revocations) == [0]
    assert await mesh.live_tokens() == {"access": 0, "refresh": 0}


async def orphaned(mesh: Mesh) -> None:
    """Leaves a pair behind that Zoom was not told of."""
    await mesh.connect(ADA)
    await mesh.zoom_fault("/oauth/revoke", kind="status", status=500)
    await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=ADA), timeout=5)
    await mesh.replicas[0].detached.drain()
    await mesh.clear_faults()
    mesh.clock.advance(HEAD_START.total_seconds())


@pytest.mark.parametrize(
    "refused",
    [
        {"status": 401, "body": '{"error": "invalid_client"}'},
        {"status": 429, "body": "{}"},
        {"status": 408, "body": "{}"},
        {"status": 302, "body": ""},
    ],
)
async def test_a_refusal_that_says_nothing_of_the_token_forgets_nothing(laptop: Mesh, refused: dict[str, Any]) -> None:
    await orphaned(laptop)
    await laptop.zoom_fault("/oauth/revoke", kind="status", **refused)
    await laptop.replicas[0].purge()
    assert await rows(laptop, revocations) == [1]
    await laptop.clear_faults()
    await purge(laptop, PAUSES[0])
    assert await rows(laptop, revocations) == [0]
    assert await laptop.live_tokens() == {"access": 0, "refresh": 0}


async def test_a_pair_that_does_not_open_waits_for_a_replica_that_has_its_key(mesh: Mesh) -> None:
    await orphaned(mesh)
    mesh.settings = mesh.settings.model_copy(update={"token_keys": SecretStr("k2:" + "B" * 43 + "=")})
    await mesh.add_replica()
    await mesh.replicas[1].purge()
    assert await rows(mesh, revocations) == [1]
    mesh.clock.advance(PAUSES[0].total_seconds())
    await mesh.replicas[0].purge()
    assert await rows(mesh, revocations) == [0]


async def test_two_that_revoke_one_pair_lose_nothing(mesh: Mesh) -> None:
    """One renews what expired; the other one, whom Zoom refuses the old token therefore, must not forget the new."""
    store = RevocationStore(mesh.database(), mesh.vault, mesh.clock)
    orphan = await store.add(TokenPair("access-1", "refresh-1", mesh.clock.now(), ()))
    renewed = await store.renew(orphan, TokenPair("access-2", "refresh-2", mesh.clock.now(), ()))
    await store.done(orphan)
    mesh.clock.advance(HEAD_START.total_seconds())
    assert [one.tokens.refresh_token for one in (await store.take())[1]] == ["refresh-2"]
    await store.done(renewed)
    assert await rows(mesh, revocations) == [0]
    beside = await store.renew(renewed, TokenPair("access-3", "refresh-3", mesh.clock.now(), ()))
    assert await rows(mesh, revocations) == [1], "forgotten meanwhile: the fresh pair is recorded anew"
    await store.done(beside)
    assert await rows(mesh, revocations) == [0]


async def test_more_pairs_than_can_be_told_at_once_are_left_to_the_sweep(mesh: Mesh) -> None:
    pairs = [TokenPair(f"access-{n}", f"refresh-{n}", mesh.clock.now(), ()) for n in range(BATCH + 5)]
    async with mesh.database().transaction("leave") as connection:
        at_once = await record_revocations(connection, mesh.vault, pairs, mesh.clock.now())
    assert [one.tokens for one in at_once] == pairs[:BATCH]
    store = RevocationStore(mesh.database(), mesh.vault, mesh.clock)
    assert {one.tokens.refresh_token for one in (await store.take())[1]} == {one.refresh_token for one in pairs[BATCH:]}


async def test_tokens_that_died_of_age_are_forgotten(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    await mesh.zoom_fault("/oauth/revoke", kind="status", status=500)
    await mesh.zoom_fault("/oauth/token", kind="status", status=500)
    await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=ADA), timeout=5)
    await mesh.replicas[0].detached.drain()
    for day in range(KEPT.days):
        await purge(mesh, timedelta(days=1))
        assert await rows(mesh, revocations) == [1 if day < KEPT.days - 1 else 0]


async def test_the_plan_that_zoom_told_last_counts(mesh: Mesh) -> None:
    await mesh.connect(ADA)

    async def plan_changed(kind: int, after: int) -> pb.ZoomPlan.ValueType:
        moment = int((mesh.clock.now() + timedelta(seconds=after)).timestamp() * 1000)
        body = (
            f'{{"event":"user.updated","event_ts":{moment},"payload":{{"object":{{"id":"{ZOOM_ADA}","type":{kind}}}}}}}'
        )
        request = pb.RecordZoomEventRequest(body=body.encode(), app_level=pb.ZOOM_APP_LEVEL_USER)
        await mesh.stub.RecordZoomEvent(request, timeout=5)
        return (await mesh.stub.GetConnection(pb.GetConnectionRequest(user=ADA), timeout=5)).connection.zoom_plan

    assert await plan_changed(1, after=60) == pb.ZOOM_PLAN_BASIC
    assert await plan_changed(2, after=30) == pb.ZOOM_PLAN_BASIC, "told late"
    assert await plan_changed(2, after=90) == pb.ZOOM_PLAN_LICENSED
    assert await plan_changed(1, after=-60) == pb.ZOOM_PLAN_LICENSED, "older than her consent"
    mesh.clock.advance(600)
    await mesh.connect(ADA)
    assert await plan_changed(1, after=-60) == pb.ZOOM_PLAN_LICENSED, "older than her last consent"


async def test_a_dead_connection_of_her_own_gives_way_to_the_companys_match(mesh: Mesh) -> None:
    await mesh.connect(GRACE, "hedyZoomUserId00000004")  # of another Zoom account
    await mesh.connect(ADA)  # whose own grant lives, and has no part in this
    await install(mesh)
    assert (await issued(mesh, GRACE)).zoom_user_id == "hedyZoomUserId00000004"
    await mesh.zoom.post("/control/tokens/revoke", json={"zoom_user_id": "hedyZoomUserId00000004"})
    mesh.clock.advance(3600)
    assert await reason_of(issued(mesh, GRACE)) is Reason.ZOOM_NOT_CONNECTED  # now it is known to be dead
    answer = await issued(mesh, GRACE)
    assert (answer.zoom_user_id, answer.zoom_path_user_id) == (ZOOM_GRACE, ZOOM_GRACE)
    assert await rows(mesh, connections, zoom_grants) == [2, 1]


async def test_a_connection_of_her_own_that_lives_stays(mesh: Mesh) -> None:
    await mesh.connect(GRACE, "hedyZoomUserId00000004")
    await install(mesh)
    for _ in range(2):
        assert (await issued(mesh, GRACE)).zoom_path_user_id == "me"
