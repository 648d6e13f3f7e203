"""The edge as a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

from tests.unit.slack_edge.test_parts import COMPLETE

TIMEOUT = 30


async def run(*arguments: str, **environ: str) -> asyncio.subprocess.Process:
    """Starts `python -m services.slack_edge` in an environment that holds nothing else of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ZOOMSLACK_", "OTEL_"))}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.slack_edge",
        *arguments,
        env={**clean, "PYTHONPATH": "gen:.", **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_broken_environment_is_described_whole() -> None:
    process = await run("check", ZOOMSLACK_EDGE_LISTEN="nowhere")
    async with asyncio.timeout(TIMEOUT):
        _, errors = await process.communicate()
    assert process.returncode == 2
    named = {line.partition(":")[0] for line in errors.decode().splitlines()}
    assert named == {
        "ZOOMSLACK_EDGE_LISTEN",
        "ZOOMSLACK_SLACK_SIGNING_SECRET",
        "ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET",
    }


async def test_the_manifest_needs_no_secrets() -> None:
    process = await run("manifest", ZOOMSLACK_PUBLIC_URL="https://zoom-slack.example.com")
    async with asyncio.timeout(TIMEOUT):
        output, _ = await process.communicate()
    assert process.returncode == 0
    printed = json.loads(output)
    assert printed["settings"]["event_subscriptions"]["request_url"] == "https://zoom-slack.example.com/slack/events"


async def test_it_starts_without_its_services_and_ends_when_asked() -> None:
    nowhere = {f"ZOOMSLACK_{area}_TARGET": "127.0.0.1:1" for area in ("AUTH", "MEETINGS", "PHONE")}
    listen = {"ZOOMSLACK_EDGE_LISTEN": "127.0.0.1:0", "ZOOMSLACK_EDGE_ADMIN_LISTEN": "127.0.0.1:0"}
    process = await run("serve", **COMPLETE, **nowhere, **listen)
    assert process.stdout is not None
    async with asyncio.timeout(TIMEOUT):
        while b'"listening"' not in await process.stdout.readline():
            assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert b"Traceback" not in output + errors
