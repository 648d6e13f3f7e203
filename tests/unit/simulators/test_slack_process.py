"""`python -m simulators`: both simulators in one process."""

from __future__ import annotations

import asyncio
import signal
import sys

import aiohttp
import pytest


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_says_where_it_listens_and_ends_cleanly(stop: signal.Signals) -> None:
    command = ["-m", "simulators", "--slack-listen", "127.0.0.1:0", "--zoom-listen", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    slack, zoom = [(await process.stdout.readline()).decode().strip() for _ in range(2)]
    assert slack.startswith("Slack simulator listening on http://127.0.0.1:")
    assert zoom.startswith("Zoom simulator listening on http://127.0.0.1:")
    async with aiohttp.ClientSession() as http, http.get(slack.split()[-1] + "/ui/stream") as stream:
        # An open page must not hold the end up.
        await stream.content.readuntil(b"\n\n")
        process.send_signal(stop)
        assert await asyncio.wait_for(process.wait(), timeout=10) == 0
    await process.stdout.read()


async def test_a_wrong_address_is_refused() -> None:
    command = ["-m", "simulators", "--slack-listen", "nowhere"]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode() == "simulators: not an address of the form HOST:PORT: nowhere\n"
