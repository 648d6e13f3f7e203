"""Signing out of Zoom."""

from __future__ import annotations

from typing import Any

import pytest

from mesh.errors import Reason
from services.auth.tables import zoom_grants
from tests.integration.auth.conftest import ADA, GRACE, ZOOM_ADA, Mesh, reason_of
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2


async def log_out(mesh: Mesh, user: slack_pb2.SlackUser = ADA) -> bool:
    return (await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=user), timeout=5)).deleted


async def test_logout_forgets_here_and_revokes_at_zoom(mesh: Mesh) -> None:
    await mesh.connect()
    token = await mesh.token()
    assert await log_out(mesh)
    assert await mesh.zoom_status(token) == 401
    assert await reason_of(mesh.token()) is Reason.ZOOM_NOT_CONNECTED
    assert await mesh.grants().get(ZOOM_ADA) is None
    assert not await log_out(mesh)


@pytest.mark.parametrize("hours", [0, 1, 24 * 30])
async def test_no_token_works_at_zoom_after_a_logout_however_old_they_are(mesh: Mesh, hours: int) -> None:
    await mesh.connect()
    mesh.clock.advance(hours * 3600)
    assert (await mesh.live_tokens())["refresh"] == 1
    assert await log_out(mesh)
    await mesh.replicas[0].detached.drain()
    assert await mesh.live_tokens() == {"access": 0, "refresh": 0}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "status", "status": 500}, id="500"),
        pytest.param({"kind": "status", "status": 400, "code": "invalid_request"}, id="refused"),
        pytest.param({"kind": "close"}, id="no answer"),
        pytest.param({"kind": "delay", "delay_seconds": 3.0}, id="slow"),
    ],
)
async def test_the_tokens_are_forgotten_even_where_zoom_does_not_help(laptop: Mesh, fault: dict[str, Any]) -> None:
    await laptop.connect()
    await laptop.zoom_fault("/oauth/revoke", **fault)
    assert await log_out(laptop)
    assert await laptop.grants().get(ZOOM_ADA) is None


async def test_one_slack_user_is_signed_out_in_every_workspace(mesh: Mesh) -> None:
    in_another_workspace = slack_pb2.SlackUser(
        slack_enterprise_id="E0ACME", slack_team_id="T0OTHER01", slack_user_id=ADA.slack_user_id
    )
    await mesh.connect(ADA)
    await mesh.connect(in_another_workspace)
    token = await mesh.token()
    assert await log_out(mesh)
    assert await reason_of(mesh.token(in_another_workspace)) is Reason.ZOOM_NOT_CONNECTED
    assert await mesh.zoom_status(token) == 401


async def test_others_with_the_same_zoom_user_stay_connected(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    await mesh.connect(GRACE, ZOOM_ADA)
    assert await log_out(mesh, ADA)
    assert await reason_of(mesh.token(ADA)) is Reason.ZOOM_NOT_CONNECTED
    token = await mesh.token(GRACE)
    assert await mesh.zoom_status(token) == 200
    assert await log_out(mesh, GRACE)
    assert await mesh.zoom_status(token) == 401


async def test_a_logout_works_where_the_tokens_do_not_open(mesh: Mesh) -> None:
    await mesh.connect()
    async with mesh.database().transaction("damage") as connection:
        await connection.execute(zoom_grants.update().values(access_token_sealed=b"k9:unreadable"))
    assert await log_out(mesh)
    assert await reason_of(mesh.token()) is Reason.ZOOM_NOT_CONNECTED
