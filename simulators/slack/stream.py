"""Server-sent events by which pages learn that something may look different now."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

from simulators.slack.simulator import SIMULATOR, Simulator

MAX_WATCHERS = 50
GATHER_SECONDS = 0.05
"""What changes within this time is told at once."""
KEEP_ALIVE_SECONDS = 15.0
RETRY_MS = 1000


async def stream(request: web.Request) -> web.StreamResponse:
    """`GET …/stream`: the event `changed` at once and after every change; what changed is not said.

    The id of an event names this run of the simulator, and the number of changes until then. At most `MAX_WATCHERS` may
    watch; the next is answered 503.
    """
    sim = request.app[SIMULATOR]
    if sim.watchers >= MAX_WATCHERS or sim.closing:
        return web.json_response({"error": "too_many_watchers"}, status=503, headers={"Retry-After": "5"})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    with sim.watching() as changed, suppress(ConnectionResetError):
        await response.prepare(request)
        await response.write(f"retry: {RETRY_MS}\n".encode() + _event(sim))
        while not sim.closing:
            try:
                await asyncio.wait_for(changed.wait(), timeout=KEEP_ALIVE_SECONDS)
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            await asyncio.sleep(GATHER_SECONDS)
            changed.clear()
            await response.write(_event(sim))
    return response


def _event(sim: Simulator) -> bytes:
    return f"id: {sim.run_id}-{sim.version}\ndata: changed\n\n".encode()
