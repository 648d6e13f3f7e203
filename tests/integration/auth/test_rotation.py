"""Keys and client secrets are exchanged for new ones while people go on: the steps that docs/operations.md tells."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from mesh.errors import Reason
from mesh.sealing import KeyRing
from services.auth.store_keys import rotate_keys
from services.auth.vault import Vault
from tests.integration.auth.conftest import ADA, GRACE, KEYS, ZOOM_GRACE, Mesh, reason_of
from tests.integration.auth.test_accounts import install, issued
from tests.integration.auth.test_departures import install_in_slack
from tests.integration.auth.test_installations import find, works

HOUR = 3600
NEW_KEY = "k2:" + "B" * 43 + "="


async def replica_with(mesh: Mesh, **settings: str) -> None:
    """Starts a replica that was told something new; it serves first from now on."""
    secrets = {name: SecretStr(value) for name, value in settings.items()}
    mesh.settings = mesh.settings.model_copy(update=secrets)
    mesh.stubs.insert(0, await mesh.add_replica())


async def test_N8_a_key_is_exchanged_while_replicas_serve(mesh: Mesh) -> None:
    await install(mesh)
    await mesh.connect(ADA)
    await issued(mesh, GRACE)
    # 1. The new key goes to the end of the ring, so that every replica can open what it will seal.
    await replica_with(mesh, token_keys=f"{KEYS},{NEW_KEY}")
    # 2. It goes to the front: new secrets are sealed with it, beside replicas of step 1.
    await replica_with(mesh, token_keys=f"{NEW_KEY},{KEYS}")
    mesh.clock.advance(HOUR)
    for stub in mesh.stubs[:2]:
        assert await mesh.zoom_status(await mesh.token(ADA, stub=stub)) == 200
        assert await mesh.token(GRACE, stub=stub)
    # 3. `rotate-keys`, while both serve.
    ring = Vault(KeyRing.parse(f"{NEW_KEY},{KEYS}"))
    rotating = asyncio.create_task(rotate_keys(mesh.database(), ring))
    tokens = await asyncio.gather(*(mesh.token(ADA, stub=mesh.stubs[n % 2]) for n in range(20)))
    assert (await rotating).unopened == 0
    assert len(set(tokens)) == 1
    # 4. The old key leaves the ring.
    await replica_with(mesh, token_keys=NEW_KEY)
    assert await mesh.zoom_status(await mesh.token(ADA)) == 200
    assert (await issued(mesh, GRACE)).zoom_user_id == ZOOM_GRACE
    assert (await find(mesh)).bot_access_token


@pytest.mark.parametrize("app", ["user", "account"])
async def test_zooms_client_secrets_are_exchanged_and_nobody_is_signed_out(mesh: Mesh, app: str) -> None:
    await (mesh.connect(ADA) if app == "user" else install(mesh))
    name = f"zoom_{app}_client_secrets"
    old = getattr(mesh.settings, name).get_secret_value()
    assert await mesh.token()
    assert (await mesh.zoom.post("/control/apps", json={"app": app, "client_secret": "new-secret"})).is_success
    # Between Zoom's change and ours: tokens that live serve on, and what cannot be renewed waits.
    mesh.clock.advance(HOUR - 60)
    assert await mesh.token()
    mesh.clock.advance(120)
    assert await reason_of(mesh.token()) is Reason.ZOOM_CLIENT_INVALID
    await replica_with(mesh, **{name: f"{old},new-secret"})
    assert await mesh.token()
    await replica_with(mesh, **{name: "new-secret"})
    mesh.clock.advance(HOUR)
    assert await mesh.token()


async def test_slacks_client_secret_is_exchanged_and_nobody_is_uninstalled(mesh: Mesh) -> None:
    assert (await mesh.slack.post("/control/app", json={"token_rotation": True})).is_success
    await install_in_slack(mesh)
    old = mesh.settings.slack_client_secrets.get_secret_value()
    # Slack takes the old one for another day; both are told to auth meanwhile, in any order.
    assert (await mesh.slack.post("/control/app", json={"client_secret": "new-slack-secret"})).is_success
    await replica_with(mesh, slack_client_secrets=f"{old},new-slack-secret")
    mesh.clock.advance(86_400 + 1)
    token = (await find(mesh)).bot_access_token
    assert await works(mesh, token)
    await replica_with(mesh, slack_client_secrets="new-slack-secret")
    mesh.clock.advance(43_200)
    assert await works(mesh, (await find(mesh)).bot_access_token)
