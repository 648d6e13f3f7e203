"""Access tokens: one refresh, never lost, never for an ended grant."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from mesh.errors import Reason
from services.auth.renewals import LEASE
from tests.integration.auth.conftest import ADA, ZOOM_ADA, Mesh, reason_of
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

HOUR = 3600
NEARLY = 3600 - 120
"""Seconds after which a token is due for renewal and still works."""
ADA_ELSEWHERE = slack_pb2.SlackUser(slack_team_id="T0OTHER01", slack_user_id="U0ELSE001")


def sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def test_nobody_gets_a_token_without_a_connection(mesh: Mesh) -> None:
    assert await reason_of(mesh.token()) is Reason.ZOOM_NOT_CONNECTED


async def test_a_fresh_token_comes_from_the_store(mesh: Mesh) -> None:
    await mesh.connect()
    tokens = {await mesh.token() for _ in range(3)}
    assert len(tokens) == 1
    assert await mesh.zoom_requests("refresh_token") == 0


async def test_the_answer_tells_for_whom_and_how_long(laptop: Mesh) -> None:
    await laptop.connect()
    answer = await laptop.stub.IssueZoomAccessToken(pb.IssueZoomAccessTokenRequest(user=ADA), timeout=5)
    assert (answer.zoom_user_id, answer.zoom_account_id) == (ZOOM_ADA, "AcmeZoomAccount0000001")
    assert 3500 < answer.expire_time.seconds - laptop.clock.now().timestamp() <= 3600


async def test_N7_of_200_calls_at_three_replicas_one_refreshes(mesh: Mesh) -> None:
    await mesh.connect()
    for _ in range(2):
        await mesh.add_replica()
    old = await mesh.token()
    mesh.clock.advance(HOUR)
    tokens = await asyncio.gather(*(mesh.token(stub=mesh.stubs[n % 3], timeout=20) for n in range(200)))
    assert len(set(tokens)) == 1
    assert tokens[0] != old
    assert await mesh.zoom_requests("refresh_token") == 1
    assert await mesh.zoom_status(tokens[0]) == 200


async def test_replicas_wait_for_a_slow_refresh_of_another(mesh: Mesh) -> None:
    await mesh.connect()
    await mesh.add_replica()
    mesh.clock.advance(HOUR)
    await mesh.zoom_fault("/oauth/token", kind="delay", delay_seconds=0.7)
    tokens = await asyncio.gather(*(mesh.token(stub=mesh.stubs[n % 2]) for n in range(10)))
    assert len(set(tokens)) == 1
    assert await mesh.zoom_requests("refresh_token") == 1


async def test_a_token_is_renewed_before_it_ends(mesh: Mesh) -> None:
    await mesh.connect()
    old = await mesh.token()
    mesh.clock.advance(NEARLY)
    assert await mesh.token() != old


async def test_a_rejected_token_is_not_issued_again(mesh: Mesh) -> None:
    await mesh.connect()
    old = await mesh.token()
    new = await mesh.token(rejected=sha256(old))
    assert new != old
    assert await mesh.token(rejected=sha256(old)) == new
    assert await mesh.token() == new
    assert await mesh.zoom_requests("refresh_token") == 1


async def test_twenty_who_were_refused_at_once_cause_one_refresh(mesh: Mesh) -> None:
    await mesh.connect()
    await mesh.add_replica()
    old = await mesh.token()
    tokens = await asyncio.gather(*(mesh.token(rejected=sha256(old), stub=mesh.stubs[n % 2]) for n in range(20)))
    assert len(set(tokens)) == 1
    assert await mesh.zoom_requests("refresh_token") == 1


async def test_refreshes_go_on_from_pair_to_pair(mesh: Mesh) -> None:
    await mesh.connect()
    seen = {await mesh.token()}
    for _ in range(3):
        mesh.clock.advance(HOUR)
        seen.add(await mesh.token())
    assert len(seen) == 4


async def test_a_new_pair_is_in_the_database_when_it_is_handed_out(mesh: Mesh) -> None:
    await mesh.connect()
    mesh.clock.advance(HOUR)
    token = await mesh.token()
    stored = await mesh.own_grant()
    assert stored is not None
    assert stored.tokens.access_token == token
    assert stored.lease_expire_time is None
    assert await mesh.token(stub=await mesh.add_replica()) == token
    assert await mesh.zoom_requests("refresh_token") == 1


async def test_a_dead_refresh_token_ends_the_connection(mesh: Mesh) -> None:
    await mesh.connect()
    await mesh.zoom.post("/control/tokens/revoke", json={"zoom_user_id": ZOOM_ADA})
    mesh.clock.advance(HOUR)
    assert await reason_of(mesh.token()) is Reason.ZOOM_NOT_CONNECTED
    assert await reason_of(mesh.stub.GetConnection(pb.GetConnectionRequest(user=ADA), timeout=5)) is (
        Reason.ZOOM_NOT_CONNECTED
    )
    stored = await mesh.grants().get(ZOOM_ADA)
    assert stored is not None
    assert stored.end_time is not None
    assert (stored.tokens.access_token, stored.tokens.refresh_token) == ("", "")
    assert await reason_of(mesh.token()) is Reason.ZOOM_NOT_CONNECTED
    assert await mesh.zoom_requests("refresh_token") == 1


async def test_an_ended_connection_begins_anew_with_a_new_consent(mesh: Mesh) -> None:
    await mesh.connect()
    await mesh.zoom.post("/control/tokens/revoke", json={"zoom_user_id": ZOOM_ADA})
    mesh.clock.advance(HOUR)
    assert await reason_of(mesh.token()) is Reason.ZOOM_NOT_CONNECTED
    await mesh.connect()
    assert await mesh.zoom_status(await mesh.token()) == 200


@pytest.mark.parametrize("code", ["4735", "4737", "4738", "4741"])
async def test_zooms_numbers_for_a_dead_grant_end_it(laptop: Mesh, code: str) -> None:
    await laptop.connect()
    laptop.clock.advance(HOUR)
    await laptop.zoom_fault("/oauth/token", kind="status", status=400, code=code)
    assert await reason_of(laptop.token()) is Reason.ZOOM_NOT_CONNECTED
    await laptop.clear_faults()
    assert await reason_of(laptop.token()) is Reason.ZOOM_NOT_CONNECTED


PASSING = [
    pytest.param({"kind": "status", "status": 401, "code": "invalid_client"}, Reason.ZOOM_CLIENT_INVALID, id="client"),
    pytest.param({"kind": "status", "status": 400, "code": "4702"}, Reason.ZOOM_CLIENT_INVALID, id="4702"),
    pytest.param({"kind": "status", "status": 429}, Reason.ZOOM_RATE_LIMITED, id="429"),
    pytest.param({"kind": "status", "status": 500}, Reason.ZOOM_UNAVAILABLE, id="500"),
    pytest.param({"kind": "status", "status": 200, "body": "not json"}, Reason.ZOOM_UNAVAILABLE, id="garbage"),
    pytest.param({"kind": "close"}, Reason.ZOOM_UNAVAILABLE, id="no answer"),
    pytest.param({"kind": "status", "status": 400, "code": "4700"}, Reason.ZOOM_NOT_CONNECTED, id="undocumented"),
]


@pytest.mark.parametrize(("fault", "reason"), PASSING)
async def test_what_passes_does_not_end_a_connection(laptop: Mesh, fault: dict[str, Any], reason: Reason) -> None:
    await laptop.connect()
    laptop.clock.advance(HOUR)
    await laptop.zoom_fault("/oauth/token", **fault)
    assert await reason_of(laptop.token()) is reason
    await laptop.clear_faults()
    assert await laptop.zoom_status(await laptop.token()) == 200


@pytest.mark.parametrize(("fault", "reason"), PASSING[:-1])
async def test_an_old_token_serves_while_it_cannot_be_renewed(
    laptop: Mesh, fault: dict[str, Any], reason: Reason
) -> None:
    await laptop.connect()
    old = await laptop.token()
    laptop.clock.advance(NEARLY)
    await laptop.zoom_fault("/oauth/token", **fault)
    assert await laptop.token() == old
    assert await reason_of(laptop.token(rejected=sha256(old))) is reason


async def test_a_refresh_outlives_the_caller_who_caused_it(mesh: Mesh) -> None:
    await mesh.connect()
    mesh.clock.advance(HOUR)
    await mesh.zoom_fault("/oauth/token", kind="delay", delay_seconds=1.0)
    assert await reason_of(mesh.token(timeout=0.4)) in {Reason.ZOOM_UNAVAILABLE, Reason.DEADLINE_TOO_SHORT}
    assert await mesh.zoom_status(await mesh.token()) == 200
    assert await mesh.zoom_requests("refresh_token") == 1


async def test_a_drain_waits_for_a_refresh_that_was_begun(mesh: Mesh) -> None:
    await mesh.connect()
    mesh.clock.advance(HOUR)
    await mesh.zoom_fault("/oauth/token", kind="delay", delay_seconds=0.8)
    assert await reason_of(mesh.token(timeout=0.3)) in {Reason.ZOOM_UNAVAILABLE, Reason.DEADLINE_TOO_SHORT}
    await mesh.replicas[0].drain()
    stored = await mesh.grants().get(ZOOM_ADA)
    assert stored is not None
    assert stored.token_version == 2


async def test_the_lease_of_a_dead_replica_ends(mesh: Mesh) -> None:
    await mesh.connect()
    mesh.clock.advance(HOUR)
    grants = mesh.grants()
    grant = await mesh.own_grant()
    assert grant is not None
    assert await grants.acquire_lease(grant, "dead", LEASE)
    assert not await grants.acquire_lease(grant, "another", LEASE)
    assert await reason_of(mesh.token(timeout=0.5)) in {Reason.ZOOM_UNAVAILABLE, Reason.DEADLINE_TOO_SHORT}
    assert await mesh.zoom_requests("refresh_token") == 0
    mesh.clock.advance(LEASE.total_seconds() + 1)
    assert await mesh.zoom_status(await mesh.token()) == 200


async def test_a_pair_never_replaces_that_of_a_newer_consent(mesh: Mesh) -> None:
    await mesh.connect()
    grants = mesh.grants()
    outdated = await grants.get(ZOOM_ADA)
    assert outdated is not None
    await mesh.connect()
    token = await mesh.token()
    await grants.save_pair(outdated, outdated.tokens)
    await grants.end(outdated, "invalid_grant")
    assert await mesh.token() == token


async def test_a_pair_is_stored_only_where_its_grant_still_is(mesh: Mesh) -> None:
    await mesh.connect()
    grants = mesh.grants()
    grant = await grants.get(ZOOM_ADA)
    assert grant is not None
    assert await grants.save_pair(grant, grant.tokens)
    assert not await grants.save_pair(grant, grant.tokens)  # that was the pair before
    grant = await grants.get(ZOOM_ADA)
    assert grant is not None
    await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=ADA), timeout=5)
    assert not await grants.save_pair(grant, grant.tokens)


async def test_two_workspaces_share_the_grant_of_one_zoom_user(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    await mesh.connect(ADA_ELSEWHERE)
    for _ in range(2):
        assert await mesh.zoom_status(await mesh.token(ADA)) == 200
        assert await mesh.token(ADA_ELSEWHERE) == await mesh.token(ADA)
        mesh.clock.advance(HOUR)
