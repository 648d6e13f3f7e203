"""What the parts of the simulator share: configuration, clock, world, journals, and who watches for changes."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

from aiohttp import web

from simulators.slack.clock import SimulatedClock
from simulators.slack.config import SlackConfig
from simulators.slack.event_faults import EventFaults
from simulators.slack.faults import Faults
from simulators.slack.journal import Journal
from simulators.slack.limits import RateLimits
from simulators.slack.outgoing import AppClient, Prepared
from simulators.slack.registration import Registration
from simulators.slack.world import World

MAX_WAITING = 1000
"""How many events may be held, late, or to be tried again."""


class Simulator:
    """One running simulated Slack."""

    def __init__(self, config: SlackConfig, clock: Callable[[], float]) -> None:
        self.clock = SimulatedClock(clock)
        self.registration = Registration(config, self.clock)
        self.faults = Faults()
        self.limits = RateLimits(self.clock.unmoved)
        numbers = itertools.count(1)
        self.requests = Journal("from_app", numbers, self.changed)
        self.deliveries = Journal("to_app", numbers, self.changed)
        self.app = AppClient(self.registration, self.clock, self.deliveries)
        self.tasks: set[asyncio.Task[None]] = set()
        self.event_faults = EventFaults()
        self.held_events: list[Prepared] = []
        """What the event faults hold back."""
        self.late_departures: list[Prepared] = []
        """What removals of the app hold back that are told late."""
        self.world = World(self.clock)
        self.closing = False
        self.run_id = secrets.token_hex(4)
        """Tells this run from the one before a restart, whose numbers were the same."""
        self.version = 0
        """Counts the changes."""
        self._watchers: set[asyncio.Event] = set()

    @property
    def config(self) -> SlackConfig:
        """The settings of simulator and app as they are now."""
        return self.registration.config

    def reset(self) -> None:
        """Go back to the state at start; only the time and the numbering of the journals go on."""
        for task in self.tasks:
            task.cancel()
        self.registration.reset()
        self.clock.run_at(1.0)
        self.world = World(self.clock)
        self.event_faults = EventFaults()
        self.held_events.clear()
        self.late_departures.clear()
        self.faults.clear()
        self.limits.reset()
        self.requests.clear()
        self.deliveries.clear()
        self.changed()

    def changed(self) -> None:
        """Tell everybody who watches that something may look different now."""
        self.version += 1
        for watcher in self._watchers:
            watcher.set()

    def run(self, work: Coroutine[None, None, None]) -> None:
        """Let something go on in the background until it is done or the simulator is reset."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    @property
    def has_room(self) -> bool:
        """Whether one more event may wait."""
        return len(self.held_events) + len(self.tasks) < MAX_WAITING

    @property
    def watchers(self) -> int:
        """How many watch for changes."""
        return len(self._watchers)

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
