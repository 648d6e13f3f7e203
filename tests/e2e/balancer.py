"""A balancer before several edges, as every cluster has one: each connection goes to the next edge that takes it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

_CHUNK = 65_536


Place = tuple[str, int]
"""Host and port."""


class Balancer:
    """Hands connections on. Make it within the running loop."""

    def __init__(self, places: Sequence[Place]) -> None:
        """`places` are looked at with each connection: they may come and go."""
        self._places = places
        self._next = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Joins one connection with one edge until either side ends it."""
        with contextlib.closing(writer):
            for _ in self._places:
                place = self._places[self._next % len(self._places)]
                self._next += 1
                try:
                    there, back = await asyncio.open_connection(*place)
                except OSError:
                    continue  # this one is down
                with contextlib.closing(back):
                    ways = [asyncio.create_task(_copy(reader, back)), asyncio.create_task(_copy(there, writer))]
                    try:
                        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        for way in ways:
                            way.cancel()
                        await asyncio.gather(*ways, return_exceptions=True)
                return


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()


@contextlib.asynccontextmanager
async def balancing(listen: Place, places: Sequence[Place]) -> AsyncIterator[None]:
    """Balances what comes to one place between others."""
    server = await asyncio.start_server(Balancer(places).handle, *listen)
    try:
        yield
    finally:
        server.close()
