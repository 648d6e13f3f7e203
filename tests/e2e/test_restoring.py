"""All databases are lost, and come back by the lines of `docs/operations.md`; nobody restarts anything for that."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.people import GRACE, GRACE_AT_ZOOM, Office, eventually
from tests.e2e.replicas import OWNERS, replicated
from tests.support.databases import Cluster, own_cluster
from tests.support.operations import ROOT, blocks, section

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

BACK_UP, RESTORE = blocks("sh", section("Back up and restore"))
IMPATIENT = {"ZOOMSLACK_RECONCILE_QUIET_SECONDS": "10", "ZOOMSLACK_RECONCILE_INTERVAL_SECONDS": "5"}
NOBODY = "you are not connected"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with own_cluster() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """The office with Ada connected, over databases that have the names of the services."""
    async with replicated(tmp_path_factory.mktemp("data"), IMPATIENT, cluster) as system:
        made = Office(system)
        await made.connect()
        yield made


async def run(script: str, cluster: Cluster, folder: Path) -> None:
    """Runs a block of the page as it stands, in a folder that has the tree's `deploy`."""
    if not (folder / "deploy").exists():
        (folder / "deploy").symlink_to(ROOT / "deploy")
    process = await asyncio.create_subprocess_exec(
        *("bash", "-eu", "-c", script),
        cwd=folder,
        env={**cluster.environ, "PATH": f"{cluster.programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def test_what_was_backed_up_comes_back_and_goes_on(office: Office, cluster: Cluster, tmp_path: Path) -> None:
    here, hers = await office.conversation(), await office.conversation("private", GRACE)
    number, _ = await office.fresh_meeting("Backed up", channel=here)
    await office.zoom("POST", f"meetings/{number}/start")

    async def card() -> Json:
        [call] = await office.calls(channel=here)
        return call

    await eventually(card, lambda call: len(call.get("users") or []) == 1)
    await run(BACK_UP, cluster, tmp_path)
    await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM)
    standing = str((await office.type("help", user=GRACE, channel=hers))["answer"])
    assert NOBODY not in standing

    for name in OWNERS:
        code, _, errors = await cluster.run("dropdb", "--force", name)
        assert code == 0, errors
    lost = await office.type("meeting Lost", channel=await office.conversation())
    assert "try again" in lost["answer"]["text"]
    assert "unexpected error" not in office.system.output
    await run(RESTORE, cluster, tmp_path)

    async def ready() -> int:
        return (await office.system.get("edge", "/readyz"))[0]

    await eventually(ready, lambda status: status == 200, seconds=30)

    async def again() -> str:
        result = await office.type("meeting Restored", channel=await office.conversation())
        return f"{result['answer'].get('response_type')} {result['answer']['text']}"

    await eventually(again, lambda said: "in_channel" in said or "Starting" in said, seconds=30)
    standing = str((await office.type("help", user=GRACE, channel=hers))["answer"])
    assert NOBODY in standing, "she connected after the backup"
    await office.zoom("POST", f"meetings/{number}/end")
    await eventually(card, lambda call: bool(call["date_end"]), seconds=40)
    assert "starting it again" not in office.system.output


async def test_a_backup_without_its_keys_reveals_no_token(office: Office, cluster: Cluster, tmp_path: Path) -> None:
    await run(BACK_UP, cluster, tmp_path)
    secrets = await office.system.secrets()
    for name in OWNERS:
        code, dumped, errors = await cluster.run("pg_restore", "--file=-", str(tmp_path / f"{name}.dump"))
        assert code == 0, errors
        assert b"COPY public." in dumped
        assert not [secret for secret in secrets if secret.encode() in dumped]
