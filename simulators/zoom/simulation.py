"""The whole simulated Zoom in one object that the HTTP handlers share."""

from collections.abc import Callable

from aiohttp import web

from simulators.zoom import seed
from simulators.zoom.changes import Changes
from simulators.zoom.clock import SimulatedClock
from simulators.zoom.config import ZoomConfig
from simulators.zoom.faults import Faults
from simulators.zoom.grants import Grants
from simulators.zoom.ids import Ids
from simulators.zoom.journal import Journal
from simulators.zoom.life import MeetingLife
from simulators.zoom.limits import RateLimits
from simulators.zoom.paging import Pager
from simulators.zoom.phone_life import PhoneLife
from simulators.zoom.phone_world import Exchange
from simulators.zoom.planning import Planning
from simulators.zoom.publisher import Publisher
from simulators.zoom.registry import Registry
from simulators.zoom.summary_life import SummaryLife
from simulators.zoom.webhooks import Outbox
from simulators.zoom.world import World


class Simulation:
    """World, rules, faults and records of one running simulator."""

    def __init__(self, config: ZoomConfig, wall: Callable[[], float]) -> None:
        self.config = config
        self.clock = SimulatedClock(wall)
        self.registry = Registry(config)
        self.changes = Changes()
        ids = Ids(config.seed, config.uuid_style)
        self.outbox = Outbox(config, self.registry, self.clock, ids, self.changes)
        self._begin()

    def reset(self) -> None:
        """Back to the first moment: nobody has added an app, no meeting was made, no fault is set. The time stays."""
        self.outbox.clear()
        self.clock.run(1)
        self.registry.reset()
        self._begin()

    def _begin(self) -> None:
        # The outbox stays, for it owns the HTTP client; it has a generator of its own, so ids repeat after a reset.
        ids = Ids(self.config.seed, self.config.uuid_style)
        self.ids = ids
        self.world = World(ids, seed.accounts(), seed.people(ids))
        self.grants = Grants(self.registry, self.clock)
        self.limits = RateLimits(self.clock, enforced=self.config.enforce_rate_limits)
        self.pager = Pager(self.clock)
        self.publisher = Publisher(self.registry, self.grants, self.outbox)
        self.life = MeetingLife(self.world, self.publisher, self.clock, ids, self.config.public_url)
        self.planning = Planning(self.publisher, self.clock, self.config.public_url)
        self.summaries = SummaryLife(self.publisher, self.clock, ids, self.config.public_url)
        self.exchange = Exchange(self.world)
        self.phone = PhoneLife(self.exchange, self.publisher, self.clock, ids)
        self.faults = Faults()
        self.journal = Journal(self.clock)


SIMULATION = web.AppKey("simulation", Simulation)
