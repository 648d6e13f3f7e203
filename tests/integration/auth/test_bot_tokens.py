"""Slack's token rotation: a bot token lives for twelve hours, its refresh token works once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from mesh.errors import Reason
from services.auth.installations import MARGIN
from services.auth.renewals import LEASE
from services.auth.store_installations import InstallationStore
from services.auth.tables import slack_installations
from tests.integration.auth.conftest import ADA, Mesh, reason_of, slack_user
from tests.integration.auth.test_accounts import HEDY, ZOOM_HEDY, install
from tests.integration.auth.test_departures import install_in_slack
from tests.integration.auth.test_installations import fault, find, works
from zoomslack.auth.v1 import auth_service_pb2 as pb

LIFE = 43_200
DUE = LIFE - MARGIN.total_seconds() + 1


async def rotating(mesh: Mesh) -> str:
    """Installs an app whose tokens rotate; returns the first bot token."""
    assert (await mesh.slack.post("/control/app", json={"token_rotation": True})).status_code == 200
    await install_in_slack(mesh)
    return (await find(mesh)).bot_access_token


async def refreshes(mesh: Mesh) -> int:
    """Returns how often Slack was asked for the next pair."""
    answer = await mesh.slack.get("/control/requests", params={"method": "oauth.v2.access"})
    return sum(request["arguments"].get("grant_type") == "refresh_token" for request in answer.json()["requests"])


async def test_a_token_is_renewed_two_hours_before_its_end(mesh: Mesh) -> None:
    first = await rotating(mesh)
    found = await find(mesh)
    assert 0 < found.expire_time.seconds - mesh.clock.now().timestamp() <= LIFE
    mesh.clock.advance(DUE - 10)
    assert (await find(mesh)).bot_access_token == first
    mesh.clock.advance(11)
    second = (await find(mesh)).bot_access_token
    assert second != first
    assert await works(mesh, second)
    assert await works(mesh, first), "Slack lets the one before live on"
    mesh.clock.advance(DUE)
    third = (await find(mesh)).bot_access_token
    assert third not in {first, second}
    assert await works(mesh, third)


async def test_workspaces_from_before_installations_had_ids_keep_their_own_tokens(mesh: Mesh) -> None:
    await mesh.slack.post("/control/workspaces", json={})
    await rotating(mesh)
    await install(mesh, ZOOM_HEDY, "U0HEDY001")
    async with mesh.database().transaction("age") as connection:
        await connection.execute(slack_installations.update().values(install_id="", token_version=1))
    mesh.clock.advance(LIFE + 1)
    acme, globex = await asyncio.gather(find(mesh), find(mesh, HEDY))
    assert (acme.installation.slack_team_id, globex.installation.slack_team_id) == ("T0ACME001", "T0GLOBEX1")
    assert acme.bot_access_token != globex.bot_access_token


async def test_N7_of_200_callers_at_three_replicas_one_refreshes(mesh: Mesh) -> None:
    first = await rotating(mesh)
    for _ in range(2):
        await mesh.add_replica()
    mesh.clock.advance(LIFE + 1)
    request = pb.GetSlackInstallationRequest(user=ADA)
    answers = await asyncio.gather(*(mesh.stubs[n % 3].GetSlackInstallation(request, timeout=20) for n in range(200)))
    tokens = {answer.bot_access_token for answer in answers}
    assert len(tokens) == 1
    assert tokens != {first}
    assert await refreshes(mesh) == 1


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"kind": "error", "error": "internal_error"}, id="internal"),
        pytest.param({"kind": "error", "error": "bad_client_secret"}, id="secret"),
        pytest.param({"kind": "error", "error": "invalid_client_id"}, id="client"),
        pytest.param({"kind": "ratelimited"}, id="429"),
        pytest.param({"kind": "status", "status": 500}, id="500"),
        pytest.param({"kind": "close"}, id="no answer"),
    ],
)
async def test_what_passes_uninstalls_nobody(laptop: Mesh, broken: dict[str, Any]) -> None:
    first = await rotating(laptop)
    laptop.clock.advance(DUE)
    await fault(laptop, **broken)
    assert (await find(laptop)).bot_access_token == first, "it still works"
    laptop.clock.advance(MARGIN.total_seconds())
    assert await reason_of(find(laptop)) is Reason.SLACK_UNAVAILABLE
    assert (await laptop.slack.delete("/control/faults")).status_code == 200
    assert await works(laptop, (await find(laptop)).bot_access_token)


async def test_a_dead_refresh_token_ends_the_installation_until_the_next_one(mesh: Mesh) -> None:
    await rotating(mesh)
    await fault(mesh, kind="error", error="invalid_refresh_token", times=1)
    mesh.clock.advance(LIFE + 1)
    assert await reason_of(find(mesh)) is Reason.SLACK_NOT_INSTALLED
    assert await reason_of(find(mesh)) is Reason.SLACK_NOT_INSTALLED
    assert await refreshes(mesh) == 1, "it is not asked again and again"
    async with mesh.database().snapshot("look") as connection:
        row = (await connection.execute(slack_installations.select())).mappings().one()
    assert (row["bot_token_sealed"], row["refresh_token_sealed"]) == (b"", b"")
    await install_in_slack(mesh)
    assert await works(mesh, (await find(mesh)).bot_access_token)


async def test_an_end_that_older_code_left_behind_ends_no_newer_installation(mesh: Mesh) -> None:
    """While this is rolled out, a replica of before the column installs anew and leaves it as it was."""
    first = await rotating(mesh)
    async with mesh.database().transaction("end, then install anew") as connection:
        ended = mesh.clock.now() - timedelta(hours=1)
        await connection.execute(slack_installations.update().values(end_time=ended, end_cause="token_revoked"))
    assert (await find(mesh)).bot_access_token == first
    mesh.clock.advance(DUE)
    assert (await find(mesh)).bot_access_token != first, "renewed, too"


async def test_the_lease_of_a_dead_replica_ends(mesh: Mesh) -> None:
    await rotating(mesh)
    mesh.clock.advance(LIFE + 1)
    store = InstallationStore(mesh.database(), mesh.vault, mesh.clock)
    stored = await store.get(slack_user(ADA))
    assert stored is not None
    assert await store.acquire_lease(stored, "dead", LEASE)
    assert not await store.acquire_lease(stored, "another", LEASE)
    request = pb.GetSlackInstallationRequest(user=ADA)
    assert await reason_of(mesh.stub.GetSlackInstallation(request, timeout=2)) is Reason.SLACK_UNAVAILABLE
    mesh.clock.advance(LEASE.total_seconds() + 1)
    assert await works(mesh, (await find(mesh)).bot_access_token)


async def test_a_refresh_never_replaces_the_pair_of_a_newer_installation(mesh: Mesh) -> None:
    await rotating(mesh)
    store = InstallationStore(mesh.database(), mesh.vault, mesh.clock)
    outdated = await store.get(slack_user(ADA))
    assert outdated is not None
    await install_in_slack(mesh)
    token = (await find(mesh)).bot_access_token
    assert not await store.save_pair(outdated, outdated.tokens)
    await store.end(outdated, "invalid_refresh_token")
    assert (await find(mesh)).bot_access_token == token


async def test_an_installation_that_was_begun_earlier_does_not_replace_a_newer_one(mesh: Mesh) -> None:
    store = InstallationStore(mesh.database(), mesh.vault, mesh.clock)
    await rotating(mesh)
    older = await store.get(slack_user(ADA))
    assert older is not None
    mesh.clock.advance(5)
    await install_in_slack(mesh)
    newer = (await find(mesh)).bot_access_token
    assert not await store.put(older)
    assert (await find(mesh)).bot_access_token == newer
