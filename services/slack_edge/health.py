"""`/livez`, `/readyz`, `/metrics`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from aiohttp import web
from prometheus_client import CollectorRegistry

from mesh.exposition import render

PATIENCE = 1.0
"""Seconds in which a channel may become ready while somebody asks."""


@dataclass(frozen=True)
class Neighbour:
    """A service that the edge calls."""

    channel: grpc.aio.Channel
    needed: bool
    """Whether the edge counts as not ready without it."""


class Health:
    """Tells how this process is. Its channels follow the health of their servers (`mesh.channel`)."""

    def __init__(self, neighbours: Mapping[str, Neighbour], registry: CollectorRegistry) -> None:
        self._neighbours = neighbours
        self._registry = registry
        self._draining = False

    def drain(self) -> None:
        """Says "not ready" from now on."""
        self._draining = True

    async def part(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Has callers make a new connection after this answer, elsewhere, once this process is on its way out.

        Who keeps connections open would otherwise send its next request into one that closes at that moment.
        """
        if self._draining:
            response.force_close()
            response.headers["Connection"] = "close"

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes."""
        return [
            web.get("/livez", self._live),
            web.get("/readyz", self._ready),
            web.get("/metrics", self._metrics),
        ]

    async def _live(self, _request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, _request: web.Request) -> web.Response:
        if self._draining:
            return web.Response(status=503, text="draining\n")
        states = await asyncio.gather(*(_serves(neighbour.channel) for neighbour in self._neighbours.values()))
        lines = [f"{name}: {'ok' if ok else 'down'}\n" for name, ok in zip(self._neighbours, states, strict=True)]
        ready = all(ok or not n.needed for n, ok in zip(self._neighbours.values(), states, strict=True))
        return web.Response(status=200 if ready else 503, text="".join(lines))

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = render(self._registry, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})


async def _serves(channel: grpc.aio.Channel) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            while (state := channel.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.READY:
                await channel.wait_for_state_change(state)
    except TimeoutError:
        return False
    return True
