"""Loads the system that `make run` started: `make bench`.

Two kinds of requests that Slack and Zoom really send, rightly signed: `/zoom help`, and a meeting event that has to be
stored before it is answered. Absolute numbers say more about the machine than about the code; so a bare aiohttp handler
is loaded in the same way in the same run, and what counts is the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from services.simulated import settings as simulated_settings

_MAX_REQUESTS = 20_000
_MAX_CONCURRENCY = 256


@dataclass(frozen=True)
class Shot:
    """One request to send."""

    path: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What came of many requests."""

    seconds: float
    latencies: list[float]
    """Seconds each, of those that were answered with 200."""
    failures: int

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def line(self, name: str, bare: Outcome | None = None) -> str:
        """Returns a line of the table; `bare` is what the ratio compares with."""
        if len(self.latencies) < 2:
            return f"{name:<24} no answers, {self.failures} failures"
        p50, p99 = (statistics.quantiles(self.latencies, n=100)[place] * 1000 for place in (49, 98))
        ratio = f"{self.per_second / bare.per_second:7.2f}" if bare else "   1.00"
        return f"{name:<24}{self.per_second:9.0f}/s{p50:9.1f} ms{p99:9.1f} ms{ratio}{self.failures:9}"


def slack_command(secret: str) -> Shot:
    """Returns a signed `/zoom help`, different from every other."""
    body = urlencode(
        {
            "command": "/zoom",
            "text": "help",
            "team_id": "T0BENCH",
            "user_id": "U0BENCH",
            "channel_id": "C0BENCH",
            "trigger_id": uuid.uuid4().hex,
            "response_url": "https://hooks.slack.com/commands/T0BENCH/1/none",
        }
    ).encode()
    now = str(int(time.time()))
    return Shot(
        "/slack/commands",
        body,
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": now,
            "X-Slack-Signature": _signature(secret, now, body),
        },
    )


def zoom_event(secret: str) -> Shot:
    """Returns a signed event of a meeting that nobody started from Slack."""
    thing = {"id": str(80_000_000_000 + uuid.uuid4().int % 10**9), "uuid": uuid.uuid4().hex, "host_id": "bench"}
    event = {"event": "meeting.started", "event_ts": int(time.time() * 1000), "payload": {"object": thing}}
    body = json.dumps(event).encode()
    now = str(int(time.time()))
    return Shot(
        "/zoom/webhooks",
        body,
        {
            "Content-Type": "application/json",
            "x-zm-request-timestamp": now,
            "x-zm-signature": _signature(secret, now, body),
        },
    )


def _signature(secret: str, timestamp: str, body: bytes) -> str:
    # Slack and Zoom sign alike, each under its own header names.
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()


async def load(url: str, make: Callable[[], Shot], *, requests: int, concurrency: int) -> Outcome:
    """Sends `requests` requests, `concurrency` at a time."""
    left, latencies, failures = requests, [], 0
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=10)) as session:

        async def worker() -> None:
            nonlocal left, failures
            while left > 0:
                left -= 1
                shot = make()
                began = time.perf_counter()
                try:
                    async with session.post(url + shot.path, data=shot.body, headers=shot.headers) as response:
                        await response.read()
                        good = response.status == 200
                except (aiohttp.ClientError, TimeoutError):
                    good = False
                if good:
                    latencies.append(time.perf_counter() - began)
                else:
                    failures += 1

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        return Outcome(time.perf_counter() - began, latencies, failures)


async def bare_server() -> None:
    """Serves the least that an aiohttp handler can do, until its input ends; prints its address first."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_post("/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)  # noqa: T201 (the parent reads it)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


async def bench(url: str, *, requests: int, concurrency: int) -> int:
    """Prints the table; returns the exit code."""
    secrets = {**simulated_settings({}, slack_url="", zoom_url="", edge_url=""), **os.environ}
    kinds = {
        "/zoom help": lambda: slack_command(secrets["ZOOMSLACK_SLACK_SIGNING_SECRET"].partition(",")[0]),
        "Zoom event": lambda: zoom_event(secrets["ZOOMSLACK_ZOOM_USER_WEBHOOK_SECRET"].partition(",")[0]),
    }
    bare_process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.load.bench", "--bare"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if bare_process.stdout is None:
            raise RuntimeError("a pipe was asked for")
        bare_url = (await bare_process.stdout.readline()).decode().strip()
        lines, failures = [], 0
        for name, make in kinds.items():
            for each in (bare_url, url):  # connections, caches and byte code warm up
                await load(each, make, requests=concurrency, concurrency=concurrency)
            bare = await load(bare_url, make, requests=requests, concurrency=concurrency)
            real = await load(url, make, requests=requests, concurrency=concurrency)
            lines += [bare.line(f"bare handler, {name}"), real.line(name, bare)]
            failures += real.failures
    finally:
        bare_process.terminate()
        await bare_process.wait()
    header = f"{'':<24}{'rate':>11}{'p50':>12}{'p99':>12}{'ratio':>7}{'failures':>9}"
    print("\n".join([f"{requests} requests of each kind, {concurrency} at a time", header, *lines]))  # noqa: T201
    return 1 if failures else 0


def main() -> int:
    """Returns the exit code: 1 when a request was not answered with 200."""
    parser = argparse.ArgumentParser(prog="make bench BENCH_ARGS=…")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the edge")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        asyncio.run(bare_server())
        return 0
    requests = min(max(options.requests, 10), _MAX_REQUESTS)
    concurrency = min(max(options.concurrency, 1), _MAX_CONCURRENCY)
    return asyncio.run(bench(options.url, requests=requests, concurrency=concurrency))


if __name__ == "__main__":
    sys.exit(main())
