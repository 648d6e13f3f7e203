"""Wires phone and runs it: `python -m services.phone serve|migrate|check`."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mesh import queues
from mesh.background import every, running
from mesh.channel import open_channel
from mesh.clock import Clock, SystemClock
from mesh.database import Database, is_current
from mesh.database import migrate as migrate_database
from mesh.database_metrics import watch_pool
from mesh.postgresql import MIGRATING
from mesh.process import main
from mesh.server import MeshServer, ServerOptions, stop_signals
from services.phone.calls import Calls
from services.phone.links import CallLinks
from services.phone.phone_numbers import PhoneNumbers
from services.phone.profiles import Profiles
from services.phone.reconciling import Reconciler
from services.phone.repairs import count_repairs
from services.phone.servicer import PhoneServicer
from services.phone.settings import PhoneDatabaseSettings, PhoneSettings
from services.phone.shown_calls import Recorder
from services.phone.store import CallStore
from services.phone.store_deliveries import DeliveryStore
from services.phone.store_departures import DepartureStore
from services.phone.store_events import EventStore
from services.phone.store_queues import QueueStore
from services.phone.store_reconciling import ReconcilingStore
from services.phone.store_retention import Retention
from services.phone.store_shown_calls import ShownCallsStore
from services.phone.zoom_phone import ZoomPhone
from zoom_api import departures
from zoom_api.client import ZoomClient, open_http_client
from zoom_api.connected_users import ConnectedUsers
from zoom_api.tokens import AccessTokens
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from zoomslack.phone.v1 import phone_service_pb2
from zoomslack.phone.v1.phone_service_pb2_grpc import add_PhoneServiceServicer_to_server

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
AUTH = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]
PHONE = phone_service_pb2.DESCRIPTOR.services_by_name["PhoneService"]
CONNECTED_TIMEOUT = 1.5
"""Seconds for auth to tell who is connected: Zoom waits for us meanwhile, three at the most."""
CALLERS = {"*": frozenset({"slack-edge.zoomslack"})}
"""Who may call, by certificate name: the edge alone."""
FORGET_INTERVAL = 3600.0
"""Seconds between two rounds of deleting what is no longer needed."""


@dataclass(frozen=True)
class Phone:
    """The wired service."""

    server: MeshServer
    servicer: PhoneServicer
    events: EventStore
    reconcile: Reconciler
    erase: departures.Departures
    leavers: DepartureStore
    delete_old: Retention
    measure: QueueStore

    async def heal(self) -> None:
        """Looks up what was not heard of, and has the edges show what was found."""
        if await self.reconcile():
            self.servicer.announce()

    async def forget(self) -> None:
        """Deletes what is no longer needed."""
        await self.events.forget_old()
        await self.leavers.forget_old()
        await self.delete_old()


async def serve(settings: PhoneSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    stop, clock = stop_signals(), SystemClock()
    async with AsyncExitStack() as resources:
        phone = await build(settings, resources, clock)
        await phone.server.start()
        log.info("listening", extra={"address": settings.listen, "port": phone.server.port})
        work = (
            ("erase", departures.PAUSE, phone.erase),
            ("forget", FORGET_INTERVAL, phone.forget),
            ("reconcile", settings.reconcile_interval_seconds, phone.heal),
            ("measure", queues.INTERVAL, phone.measure),
        )
        async with running(
            *(
                asyncio.create_task(every(name, pause, one, clock, once=phone.server.until_ready), name=name)
                for name, pause, one in work
            )
        ):
            await stop.wait()
            log.info("draining")
        phone.servicer.stop_waiting()
        await phone.server.drain()


async def build(settings: PhoneSettings, resources: AsyncExitStack, clock: Clock) -> Phone:
    """Returns the wired service; `resources` closes what it needs. SQLite is migrated here, PostgreSQL never."""
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    watch_pool(database, "phone")
    resources.push_async_callback(database.dispose)
    if database.is_sqlite:
        await migrate_database(database, MIGRATIONS)
    auth = await resources.enter_async_context(open_channel(settings.auth_target, AUTH, settings.tls_dir))
    http = await resources.enter_async_context(open_http_client())
    auth_stub = AuthServiceStub(auth)
    zoom = ZoomPhone(ZoomClient(http, settings.zoom_api_url, AccessTokens(auth_stub, clock), clock), clock)
    quiet = settings.reconcile_quiet
    store = CallStore(database, clock, quiet=quiet)
    numbers = PhoneNumbers(
        settings.default_region, emergency=settings.emergency_numbers, premium=settings.premium_numbers
    )
    links = CallLinks(settings.key_ring(), settings.public_url, clock)
    events, shown = EventStore(database, clock, quiet=quiet), ShownCallsStore(database, clock)
    servicer = PhoneServicer(
        calls=Calls(store=store, numbers=numbers, profiles=zoom, links=links, clock=clock),
        store=store,
        profiles=Profiles(zoom, shown),
        recorder=Recorder(events, shown, ConnectedUsers(auth_stub, timeout=CONNECTED_TIMEOUT)),
        deliveries=DeliveryStore(database, clock),
    )
    reconcile = Reconciler(ReconcilingStore(database, clock, quiet=quiet), zoom, clock, count_repairs, quiet=quiet)
    leavers = DepartureStore(database, clock)
    server = MeshServer(
        ServerOptions(
            listen=settings.listen,
            tls_dir=settings.tls_dir,
            callers=CALLERS if settings.tls_dir else None,
            policy=settings.policy,
            belongs_elsewhere=servicer.belongs_elsewhere,
            reflection=settings.reflection,
            health_listen=settings.health_listen,
            admin_listen=settings.admin_listen,
            drain_delay=settings.drain_seconds,
        ),
        PHONE.full_name,
        lambda grpc_server: add_PhoneServiceServicer_to_server(servicer, grpc_server),
        lambda: _ready(database),
    )
    erase = departures.Departures(auth_stub, auth_service_pb2.ERASER_PHONE, leavers.erase, clock)
    delete_old = Retention(database, clock, timedelta(days=settings.keep_days))
    return Phone(server, servicer, events, reconcile, erase, leavers, delete_old, QueueStore(database, clock))


async def migrate(settings: PhoneDatabaseSettings) -> None:
    """Brings the database to the newest schema."""
    database = Database(settings.database_url, pool_size=1, limits=MIGRATING)
    try:
        await migrate_database(database, MIGRATIONS)
    finally:
        await database.dispose()


async def _ready(database: Database) -> bool:
    return await is_current(database, MIGRATIONS)


if __name__ == "__main__":
    sys.exit(main("phone", PhoneSettings, serve=serve, migrate=(PhoneDatabaseSettings, migrate)))
