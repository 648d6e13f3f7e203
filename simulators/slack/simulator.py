"""What the parts of the simulator share: configuration, clock, world, journals, and who watches for changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from simulators.slack.clock import SimulatedClock
from simulators.slack.config import SlackConfig
from simulators.slack.faults import Faults
from simulators.slack.journal import Journal
from simulators.slack.limits import RateLimits
from simulators.slack.outgoing import AppClient, Prepared
from simulators.slack.registration import Registration
from simulators.slack.world import World


class Simulator:
    """One running simulated Slack."""

    def __init__(self, config: SlackConfig, clock: Callable[[], float]) -> None:
        self.clock = SimulatedClock(clock)
        self.registration = Registration(config, self.clock)
        self.faults = Faults()
        self.limits = RateLimits(self.clock)
        self.requests = Journal()
        self.deliveries = Journal()
        self.app = AppClient(self.registration, self.clock, self.deliveries)
        self.tasks: set[asyncio.Task[None]] = set()
        self.held: list[Prepared] = []
        self.world = World(self.clock)
        self.closing = False
        self._watchers: set[asyncio.Event] = set()

    @property
    def config(self) -> SlackConfig:
        """The settings of simulator and app as they are now."""
        return self.registration.config

    def reset(self) -> None:
        """Go back to the state at start; only the numbering of the journals goes on."""
        for task in self.tasks:
            task.cancel()
        self.registration.reset()
        self.world = World(self.clock)
        self.held.clear()
        self.faults.clear()
        self.limits.reset()
        self.requests.clear()
        self.deliveries.clear()

    def changed(self) -> None:
        """Tell everybody who watches that something may look different now."""
        for watcher in self._watchers:
            watcher.set()

    @contextmanager
    def watching(self) -> Iterator[asyncio.Event]:
        """Give an event that is set at every change, for as long as it is watched."""
        watcher = asyncio.Event()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def stop_watching(self) -> None:
        """Send everybody home who watches for changes."""
        self.closing = True
        self.changed()

    async def close(self) -> None:
        """Stop what runs in the background."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.app.close()


SIMULATOR = web.AppKey("SIMULATOR", Simulator)
