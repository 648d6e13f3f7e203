"""Is it up? Asked of every process from outside, the way a cluster would."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from mesh.clock import Clock

INTERVAL = 0.1
"""Seconds between two questions."""
_TIMEOUT = 2.0
_MAX_ANSWER = 64 * 1024

Probe = Callable[[], Awaitable[bool]]


async def wait_until(probe: Probe, clock: Clock) -> None:
    """Asks until the answer is yes."""
    while not await probe():
        await clock.sleep(INTERVAL)


def answers(url: str) -> Probe:
    """Returns a probe: does an HTTP GET of `url` succeed?"""

    async def probe() -> bool:
        status, _ = await asyncio.to_thread(exchange, url)
        return status == 200

    return probe


def serves(target: str, tls_dir: Path | None) -> Probe:
    """Returns a probe: does the gRPC server at `target` say that it is serving?"""

    async def probe() -> bool:
        if not await _listens(target):
            return False
        # Imported here: the processes are starting on the same cores, and are to be quicker than this one.
        import grpc
        from grpc_health.v1 import health_pb2, health_pb2_grpc

        from mesh.credentials import channel_credentials

        channel = (
            grpc.aio.insecure_channel(target)
            if tls_dir is None
            else grpc.aio.secure_channel(target, channel_credentials(tls_dir))
        )
        async with channel:
            check: Any = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]  # made at run time
            try:
                response = await check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT)
            except grpc.aio.AioRpcError:
                return False
        return bool(response.status == health_pb2.HealthCheckResponse.SERVING)

    return probe


def exchange(url: str, body: Mapping[str, Any] | None = None, *, timeout: float = _TIMEOUT) -> tuple[int, Any]:
    """Sends GET, or POST of a JSON `body`; returns status and parsed answer. Blocks: run it in a thread.

    The status is 0 when nothing came back, the answer None when it is not JSON. `url` is one of this machine's own.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {})  # noqa: S310 (ours)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by a proxy
    try:
        with opener.open(request, timeout=timeout) as response:
            status, content = response.status, response.read(_MAX_ANSWER)
    except urllib.error.HTTPError as error:
        with error:
            status, content = error.code, error.read(_MAX_ANSWER)
    except (OSError, http.client.HTTPException):
        return 0, None
    try:
        return status, json.loads(content)
    except ValueError:
        return status, None


async def _listens(target: str) -> bool:
    host, _, port = target.rpartition(":")
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host.strip("[]"), int(port)), _TIMEOUT)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
