"""The edge as a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time

import aiohttp

from tests.support.signing import zoom_headers
from tests.unit.slack_edge.test_parts import COMPLETE

TIMEOUT = 30
NOWHERE = {f"ZOOMSLACK_{area}_TARGET": "127.0.0.1:1" for area in ("AUTH", "MEETINGS", "PHONE")}


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
    listen = {"ZOOMSLACK_EDGE_LISTEN": "127.0.0.1:0", "ZOOMSLACK_EDGE_ADMIN_LISTEN": "127.0.0.1:0"}
    process = await run("serve", **COMPLETE, **NOWHERE, **listen)
    assert process.stdout is not None
    async with asyncio.timeout(TIMEOUT):
        while b'"listening"' not in await process.stdout.readline():
            assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert b"Traceback" not in output + errors


async def test_who_keeps_connections_open_is_sent_elsewhere_while_it_drains() -> None:
    changes = {"ZOOMSLACK_EDGE_LISTEN": "127.0.0.1:0", "ZOOMSLACK_EDGE_DRAIN_SECONDS": "5"}
    process = await run("serve", **COMPLETE, **NOWHERE, **changes)
    assert process.stdout is not None
    async with asyncio.timeout(TIMEOUT), aiohttp.ClientSession() as http:
        while b'"listening"' not in (started := await process.stdout.readline()):
            assert process.returncode is None
        url = f"http://127.0.0.1:{json.loads(started)['port']}"
        async with http.get(f"{url}/") as response:
            assert response.headers.get("Connection") != "close"
        process.send_signal(signal.SIGTERM)
        drains = False
        while not drains:
            async with http.get(f"{url}/readyz") as response:
                drains = await response.text() == "draining\n"
        async with http.get(f"{url}/") as response:
            assert response.status == 200
            assert response.headers["Connection"] == "close"
        await process.communicate()
    assert process.returncode == 0


async def test_the_window_for_zoom_is_a_setting_and_refusals_are_counted() -> None:
    body = b'{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}'
    changes = {"ZOOMSLACK_EDGE_LISTEN": "127.0.0.1:0", "ZOOMSLACK_ZOOM_WEBHOOK_WINDOW_SECONDS": "7200"}
    process = await run("serve", **COMPLETE, **NOWHERE, **changes)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(TIMEOUT):
            while b'"listening"' not in (started := await process.stdout.readline()):
                assert process.returncode is None
            url = f"http://127.0.0.1:{json.loads(started)['port']}"
            statuses = []
            async with aiohttp.ClientSession() as http:
                for age in (3600, 7300):
                    signed = zoom_headers("zoom-user", body, timestamp=int(time.time()) - age)
                    headers = {"Content-Type": "application/json", **signed}
                    async with http.post(f"{url}/zoom/webhooks", data=body, headers=headers) as response:
                        statuses.append(response.status)
                async with http.post(f"{url}/slack/events", json={}) as response:
                    statuses.append(response.status)
                async with http.get(f"{url}/metrics") as response:
                    metrics = await response.text()
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert statuses == [200, 401, 401]
    counted = [line for line in metrics.splitlines() if line.startswith("zoomslack_requests_refused_total{")]
    assert len(counted) == 2
    for cause, vendor in (("stale", "zoom"), ("missing", "slack")):
        [line] = [line for line in counted if f'cause="{cause}"' in line]
        assert f'vendor="{vendor}"' in line
        assert line.endswith(" 1.0")
