"""A process that is killed at the worst moment: after a vendor's answer, before it is stored."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesh.channel import open_channel
from mesh.errors import MeshError, Reason
from services.auth.__main__ import SERVICE
from services.auth.consents import CLAIM
from services.auth.links import digest
from services.auth.renewals import LEASE
from services.auth.settings import AuthSettings
from tests.e2e.system import free_ports
from tests.integration.auth.conftest import ADA, ZOOM_ADA, Mesh, reason_of
from tests.integration.auth.test_tokens import sha256
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

ROOT = Path(__file__).resolve().parents[3]


def environment(settings: AuthSettings, port: int) -> dict[str, str]:
    """Returns the variables that tell a process what the replica in this one was told."""
    values = {
        str(field.alias): getattr(settings, name)
        for name, field in AuthSettings.model_fields.items()
        if getattr(settings, name) not in (None, False)
    }
    texts = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in values.items()
    }
    return {**os.environ, **texts, "ZOOMSLACK_AUTH_LISTEN": f"127.0.0.1:{port}", "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}


class Victim:
    """A process of auth beside the replica in this one."""

    def __init__(self, stub: AuthServiceAsyncStub, process: asyncio.subprocess.Process) -> None:
        self.stub = stub
        self._process = process

    async def killed_while(
        self, mesh: Mesh, work: Coroutine[Any, Any, object], came: Callable[[], Awaitable[bool]]
    ) -> None:
        """Kills it as soon as `work` came so far; its caller hears that it is gone."""
        call = asyncio.create_task(work)
        async with asyncio.timeout(20):
            while not await came():  # noqa: ASYNC110 (only asking tells)
                await asyncio.sleep(0.02)
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        with pytest.raises(MeshError) as caught:
            await call
        assert caught.value.reason is Reason.SERVICE_UNAVAILABLE


@asynccontextmanager
async def victim(mesh: Mesh) -> AsyncIterator[Victim]:
    """Starts the process. From here on the clocks of the simulators and of the replica are the machine's, too."""
    mesh.clock.advance((datetime.now(UTC) - mesh.clock.now()).total_seconds())
    [port] = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.auth", "serve"), cwd=ROOT, env=environment(mesh.settings, port)
    )
    try:
        async with open_channel(f"127.0.0.1:{port}", SERVICE) as channel:
            async with asyncio.timeout(20):
                await channel.channel_ready()
            yield Victim(AuthServiceStub(channel), process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def late_answer(mesh: Mesh, method: str, path: str) -> None:
    """Lets Zoom do what it is asked at once, and answer only after the test is over."""
    fault = {"method": method, "path": path, "kind": "delay", "delay_seconds": 60, "after": True, "times": 1}
    assert (await mesh.zoom.post("/control/faults", json=fault)).status_code == 201


async def zoom_gave_tokens(mesh: Mesh) -> Callable[[], Awaitable[bool]]:
    """Returns a look whether Zoom gave out more tokens since now."""
    issued = len((await mesh.zoom.get("/control/secrets")).json()["secrets"])

    async def look() -> bool:
        return len((await mesh.zoom.get("/control/secrets")).json()["secrets"]) >= issued + 2

    return look


async def renewed(process: Victim, rejected: str) -> object:
    """Asks a process for another token than `rejected`."""
    request = pb.IssueZoomAccessTokenRequest(user=ADA, rejected_token_sha256=sha256(rejected))
    return await process.stub.IssueZoomAccessToken(request, timeout=15)


async def refresh_and_die(mesh: Mesh, *, grace: int) -> str:
    """Has a process killed between Zoom's new pair and storing it; returns the access token before.

    Zoom takes the refresh token before for `grace` seconds more (seconds to minutes, as was measured).
    """
    app = {"app": "user", "old_refresh_grace_seconds": grace}
    assert (await mesh.zoom.post("/control/apps", json=app)).is_success
    async with victim(mesh) as process:
        await mesh.connect()
        rejected = await mesh.token()
        await late_answer(mesh, "POST", "/oauth/token")
        await process.killed_while(mesh, renewed(process, rejected), await zoom_gave_tokens(mesh))
    mesh.clock.advance(LEASE.total_seconds() + 1)
    return rejected


async def test_N7_killed_between_zooms_new_pair_and_the_save_the_person_is_still_connected(mesh: Mesh) -> None:
    rejected = await refresh_and_die(mesh, grace=60)
    token = await mesh.token(rejected=sha256(rejected))
    assert token != rejected
    assert await mesh.zoom_status(token) == 200


async def test_where_zoom_takes_the_old_pair_no_more_the_person_gets_one_link(mesh: Mesh) -> None:
    rejected = await refresh_and_die(mesh, grace=0)
    assert await reason_of(mesh.token(rejected=sha256(rejected))) is Reason.ZOOM_NOT_CONNECTED
    await mesh.connect()
    assert await mesh.zoom_status(await mesh.token()) == 200


async def complete(process: Victim, state: str, code: str) -> object:
    """Brings a code to a process."""
    request = pb.CompleteConnectionRequest(state=state, code=code)
    return await process.stub.CompleteConnection(request, timeout=15)


async def test_killed_between_the_tokens_and_the_connection_the_same_code_goes_on(mesh: Mesh) -> None:
    async with victim(mesh) as process:
        state = await mesh.link()
        code = await mesh.consent(await mesh.authorize_url(state))
        await late_answer(mesh, "GET", "/v2/users/me")

        async def tokens_are_kept() -> bool:
            link = await mesh.links().get_link(digest(state))
            return link is not None and link.tokens is not None

        await process.killed_while(mesh, complete(process, state, code), tokens_are_kept)
    await mesh.clear_faults()  # it may have died before it asked who consented
    mesh.clock.advance(CLAIM.total_seconds() + 1)
    assert (await mesh.complete(state, code)).connection.zoom_user_id == ZOOM_ADA
    assert await mesh.zoom_status(await mesh.token()) == 200


async def test_killed_between_the_exchange_and_its_answer_a_new_link_works(mesh: Mesh) -> None:
    async with victim(mesh) as process:
        state = await mesh.link()
        code = await mesh.consent(await mesh.authorize_url(state))
        await late_answer(mesh, "POST", "/oauth/token")
        await process.killed_while(mesh, complete(process, state, code), await zoom_gave_tokens(mesh))
    mesh.clock.advance(CLAIM.total_seconds() + 1)
    assert await reason_of(mesh.complete(state, code)) is Reason.AUTHORIZATION_FAILED
    await mesh.connect()
    assert await mesh.zoom_status(await mesh.token()) == 200
