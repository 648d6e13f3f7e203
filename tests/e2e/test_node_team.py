from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest

from tests.e2e.node_program import generated, installed, team
from tests.e2e.people import DM, Office
from tests.e2e.system import running

pytestmark = pytest.mark.needs_node


@pytest.mark.timeout(300)
async def test_N12_node(tmp_path: Path) -> None:
    packages = await asyncio.to_thread(installed)
    client = await asyncio.to_thread(generated, packages, tmp_path / "client")
    async with running(tmp_path / "data", {}) as system:
        office = Office(system)
        await office.connect()
        targets = {n: system.environ[f"ZOOMSLACK_{n.upper()}_LISTEN"] for n in ("auth", "meetings", "phone")}
        async with team(client, packages, targets, None) as node:
            user = {"slackTeamId": "T0ACME001", "slackUserId": "U0ADA0001"}
            r = await node.call("meetings", "startMeeting", {"user": user, "requestId": str(uuid.uuid4()), "conversation": {"slackChannelId": DM}, "topic": "From Node"})
            print(r)
            print(await node.call("meetings", "getMeeting", {"user": user, "meetingId": str(uuid.uuid4())}))
            assert 0
