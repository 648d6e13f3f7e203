"""Tells pages that something changed, so that they need not ask again and again."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aiohttp import web

from simulators.zoom.errors import ControlError

MAX_LISTENERS = 100
_KEEP_ALIVE_SECONDS = 15.0
_PAUSE_SECONDS = 0.1
"""What changes within so short a time is told once."""


class Changes:
    """Who listens. Each listener has a flag: however much changed since it looked, it looks once."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(4)  # after a restart the numbers are the same
        self._number = 0
        self._flags: set[asyncio.Event] = set()
        self._closed = False

    def note(self) -> None:
        """Something that a page shows has changed."""
        self._number += 1
        for flag in self._flags:
            flag.set()

    def close(self) -> None:
        """End all streams, and take no new ones: the simulator stops."""
        self._closed = True
        self.note()

    @property
    def event(self) -> bytes:
        """What is sent to a listener. Its id names this run of the simulator, and the number of changes until now."""
        return f"id: {self._run}-{self._number}\ndata: changed\n\n".encode()

    @property
    def closed(self) -> bool:
        """Whether the simulator stops."""
        return self._closed

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """Yields the flag of a new listener. Raises ControlError 503 when there are too many, or at the end."""
        if self._closed or len(self._flags) >= MAX_LISTENERS:
            raise ControlError(503, f"at most {MAX_LISTENERS} pages can be kept up to date; close some")
        flag = asyncio.Event()
        self._flags.add(flag)
        try:
            yield flag
        finally:
            self._flags.discard(flag)


async def send_to(request: web.Request, changes: Changes) -> web.StreamResponse:
    """Serve one listener with server-sent events, each of which says no more than that something changed.

    The first comes at once: who was not connected for a while may have missed something.
    """
    with changes.listening() as flag:
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await stream.prepare(request)
        with suppress(ConnectionResetError):
            await stream.write(b"retry: 1000\n" + changes.event)
            while not changes.closed:
                try:
                    await asyncio.wait_for(flag.wait(), _KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    await stream.write(b": still here\n\n")
                    continue
                if not changes.closed:
                    await asyncio.sleep(_PAUSE_SECONDS)
                flag.clear()
                await stream.write(changes.event)
    return stream
