"""Secrets at rest and in logs."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from mesh.errors import Reason
from mesh.sealing import KeyRing
from services.auth.__main__ import rotate
from services.auth.links import digest
from services.auth.store_keys import Rotated, rotate_keys
from services.auth.tables import connections, metadata, slack_installations, zoom_grants
from services.auth.vault import Vault
from tests.integration.auth.conftest import ADA, GRACE, KEYS, ZOOM_ADA, ZOOM_GRACE, Mesh, reason_of
from tests.integration.auth.test_installations import begin, complete, consent, find
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

NEW_KEY = "k2:" + "B" * 43 + "="


async def fill(mesh: Mesh) -> list[str]:
    """Uses every table. Returns all secrets that passed through."""
    secrets = []
    state = await mesh.link(continuation=b"what-the-person-was-doing")
    code = await mesh.consent(await mesh.authorize_url(state))
    link = await mesh.links().get_link(digest(state))
    assert link is not None
    secrets += [state, code, link.verifier, "what-the-person-was-doing"]
    await mesh.complete(state, code)
    mesh.clock.advance(3600)
    await mesh.token()
    grant = await mesh.own_grant()
    assert grant is not None
    secrets += [grant.tokens.access_token, grant.tokens.refresh_token]
    install = await begin(mesh)
    code = await consent(mesh, install)
    await complete(mesh, install.state, code)
    secrets += [install.state, code, (await find(mesh)).bot_access_token]
    await mesh.link()  # one that stays open
    assert all(len(secret) > 20 for secret in secrets)
    return secrets


async def test_no_secret_is_in_the_database(mesh: Mesh) -> None:
    secrets = await fill(mesh)
    if mesh.settings.database_url.startswith("sqlite"):
        path = Path(mesh.settings.database_url.partition(":///")[2])
        content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    else:
        content = b""
        async with mesh.database().snapshot("everything") as connection:
            for table in metadata.sorted_tables:
                for row in await connection.execute(select(table)):
                    content += b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    assert ZOOM_ADA.encode() in content  # the right place, and not empty
    assert [secret for secret in secrets if secret.encode() in content] == []


async def test_no_secret_is_logged(mesh: Mesh, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    secrets = await fill(mesh)
    await mesh.zoom_fault("/oauth/token", kind="status", status=400, message="about refresh_token")
    mesh.clock.advance(3600)
    assert await reason_of(mesh.token()) is Reason.ZOOM_NOT_CONNECTED
    await mesh.stub.DeleteConnection(pb.DeleteConnectionRequest(user=ADA), timeout=5)
    lines = [f"{record.getMessage()} {vars(record)}" for record in caplog.records if record.name.startswith("services")]
    assert any("zoom connected" in line and ADA.slack_user_id in line for line in lines)
    assert any("zoom disconnected" in line for line in lines)
    assert [secret for secret in secrets if any(secret in line for line in lines)] == []


async def test_a_connection_copied_to_another_person_does_not_open(mesh: Mesh) -> None:
    await mesh.connect(ADA)
    async with mesh.database().transaction("copy") as connection:
        row = (await connection.execute(select(connections))).mappings().one()
        copied = {column.name: row[column] for column in connections.c} | {"slack_user_id": GRACE.slack_user_id}
        await connection.execute(connections.insert().values(copied))
    assert await reason_of(mesh.token(GRACE)) is Reason.INTERNAL
    assert await reason_of(mesh.stub.GetConnection(pb.GetConnectionRequest(user=GRACE), timeout=5)) is Reason.INTERNAL
    assert await mesh.zoom_status(await mesh.token(ADA)) == 200


async def test_a_connection_pointed_at_another_zoom_user_does_not_open(mesh: Mesh) -> None:
    await mesh.connect(ADA, ZOOM_ADA)
    await mesh.connect(GRACE, ZOOM_GRACE)
    async with mesh.database().transaction("point elsewhere") as connection:
        await connection.execute(
            connections.update().where(connections.c.slack_user_id == ADA.slack_user_id).values(zoom_user_id=ZOOM_GRACE)
        )
    assert await reason_of(mesh.token(ADA)) is Reason.INTERNAL


async def test_tokens_copied_to_another_grant_do_not_open(mesh: Mesh) -> None:
    await mesh.connect(ADA, ZOOM_ADA)
    await mesh.connect(GRACE, ZOOM_GRACE)
    async with mesh.database().transaction("copy") as connection:
        theirs = (
            await connection.execute(
                select(zoom_grants.c.access_token_sealed).where(zoom_grants.c.zoom_user_id == ZOOM_GRACE)
            )
        ).scalar_one()
        await connection.execute(
            zoom_grants.update().where(zoom_grants.c.zoom_user_id == ZOOM_ADA).values(access_token_sealed=theirs)
        )
    assert await reason_of(mesh.token(ADA)) is Reason.INTERNAL


async def test_a_bot_token_copied_to_another_workspace_does_not_open(mesh: Mesh) -> None:
    await fill(mesh)
    async with mesh.database().transaction("copy") as connection:
        await connection.execute(slack_installations.update().values(tenant_id="T0OTHER01", team_id="T0OTHER01"))
    elsewhere = pb.GetSlackInstallationRequest(user=slack_pb2.SlackUser(slack_team_id="T0OTHER01", slack_user_id="U0X"))
    assert await reason_of(mesh.stub.GetSlackInstallation(elsewhere, timeout=5)) is Reason.INTERNAL


async def test_keys_rotate_without_signing_anybody_out(mesh: Mesh) -> None:
    await fill(mesh)
    state = await mesh.link(GRACE)
    code = await mesh.consent(await mesh.authorize_url(state), ZOOM_GRACE)
    token, bot_token = await mesh.token(), (await find(mesh)).bot_access_token
    both = Vault(KeyRing.parse(f"{NEW_KEY},{KEYS}"))

    rotated = await rotate_keys(mesh.database(), both)
    assert rotated.resealed >= 6
    assert rotated.unopened == 0
    assert await rotate_keys(mesh.database(), both) == Rotated(resealed=0, unopened=0)

    mesh.settings = mesh.settings.model_copy(update={"token_keys": SecretStr(NEW_KEY)})
    stub = await mesh.add_replica()
    assert await mesh.token(stub=stub) == token
    assert (await mesh.complete(state, code, stub=stub)).connection.zoom_user_id == ZOOM_GRACE
    found = await stub.GetSlackInstallation(pb.GetSlackInstallationRequest(user=ADA), timeout=5)
    assert found.bot_access_token == bot_token


async def test_a_rotation_tells_what_it_could_not_open(mesh: Mesh) -> None:
    await fill(mesh)
    rotated = await rotate_keys(mesh.database(), Vault(KeyRing.parse(NEW_KEY)))
    assert rotated.resealed == 0
    assert rotated.unopened >= 6
    assert await mesh.zoom_status(await mesh.token()) == 200
    mesh.settings = mesh.settings.model_copy(update={"token_keys": SecretStr(NEW_KEY)})
    with pytest.raises(SystemExit) as caught:
        await rotate(mesh.settings)
    assert caught.value.code == 1


async def test_a_rotation_goes_through_more_rows_than_one_batch(mesh: Mesh) -> None:
    state = ""
    for _ in range(205):
        state = await mesh.link(continuation=b"x")
    rotated = await rotate_keys(mesh.database(), Vault(KeyRing.parse(f"{NEW_KEY},{KEYS}")))
    assert rotated == Rotated(resealed=410, unopened=0)
    assert await reason_of(mesh.authorize_url(state)) is Reason.INTERNAL  # the running replica lacks the new key
