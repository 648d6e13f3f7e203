"""A channel whose certificate may be renewed while it is used.

gRPC's Python channels keep the certificate that they were made with until they are closed. This one looks at the files
now and then; where they changed, new calls go by a new channel, and the old one is closed once its calls have ended.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import grpc

from mesh.credentials import HalfReplacedError

log = logging.getLogger(__name__)

LOOK_INTERVAL = 1.0
"""Seconds between two looks at the files: a renewed certificate is used from then on."""
GRACE = 60.0
"""Seconds that calls of the old channel get to end; longer than any call's deadline."""

Stamp = tuple[int, ...]


class RenewingChannel(grpc.aio.Channel):
    """Stands for one channel at a time. Make it within the running loop; close it before the loop ends."""

    def __init__(
        self,
        make: Callable[[], grpc.aio.Channel],
        stamp: Callable[[], Stamp],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`make` makes a channel from the files as they are; `stamp` changes whenever they did."""
        self._monotonic = monotonic
        self._make = make
        self._stamp = stamp
        self._seen = stamp()
        self._current = make()
        self._version = 0
        self._next_look = monotonic() + LOOK_INTERVAL
        self._closing: set[asyncio.Task[None]] = set()

    def fresh(self) -> tuple[grpc.aio.Channel, int]:
        """Returns the channel to use now, and how many came before it."""
        now = self._monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_INTERVAL
            self._look()
        return self._current, self._version

    def _look(self) -> None:
        try:
            stamp = self._stamp()
            if stamp == self._seen:
                return
            channel = self._make()
        except (OSError, HalfReplacedError):
            log.info("the certificate is being replaced; the one in use stays")
            return
        old, self._current, self._seen, self._version = self._current, channel, stamp, self._version + 1
        log.info("a renewed certificate is used from now on")
        task = asyncio.create_task(old.close(GRACE), name="close the channel of the old certificate")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def unary_unary(self, method: str, *args: Any, **options: Any) -> Any:
        """See grpc.aio.Channel."""
        return _Method(self, "unary_unary", method, *args, **options)

    def unary_stream(self, method: str, *args: Any, **options: Any) -> Any:
        """See grpc.aio.Channel."""
        return _Method(self, "unary_stream", method, *args, **options)

    def stream_unary(self, method: str, *args: Any, **options: Any) -> Any:
        """See grpc.aio.Channel."""
        return _Method(self, "stream_unary", method, *args, **options)

    def stream_stream(self, method: str, *args: Any, **options: Any) -> Any:
        """See grpc.aio.Channel."""
        return _Method(self, "stream_stream", method, *args, **options)

    async def close(self, grace: float | None = None) -> None:
        """See grpc.aio.Channel."""
        for task in list(self._closing):
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._current.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """See grpc.aio.Channel."""
        return self.fresh()[0].get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """See grpc.aio.Channel."""
        await self._current.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """See grpc.aio.Channel."""
        await self._current.channel_ready()

    async def __aenter__(self) -> RenewingChannel:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _Method:
    """One method of a stub: what it is called on is whatever channel is in use at the call."""

    def __init__(self, owner: RenewingChannel, kind: str, *args: Any, **options: Any) -> None:
        self._owner = owner
        self._kind = kind
        self._args = args
        self._options = options
        self._version = -1
        self._call: Any = None

    def __call__(self, *args: Any, **options: Any) -> Any:
        channel, version = self._owner.fresh()
        if version != self._version:
            self._call = getattr(channel, self._kind)(*self._args, **self._options)
            self._version = version
        return self._call(*args, **options)
