"""Wires phone and runs it: `python -m services.phone serve|migrate|check`."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from mesh.background import every, running
from mesh.channel import open_channel
from mesh.clock import Clock, SystemClock
from mesh.database import Database, is_current
from mesh.database import migrate as migrate_database
from mesh.process import main
from mesh.server import MeshServer, ServerOptions, stop_signals
from services.phone.calls import Calls
from services.phone.links import CallLinks
from services.phone.phone_numbers import PhoneNumbers
from services.phone.servicer import PhoneServicer
from services.phone.settings import PhoneSettings
from services.phone.store import CallStore
from services.phone.store_departures import DepartureStore
from services.phone.zoom_phone import ZoomPhone
from zoom_api import departures
from zoom_api.client import ZoomClient, open_http_client
from zoom_api.tokens import AccessTokens
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from zoomslack.phone.v1 import phone_service_pb2
from zoomslack.phone.v1.phone_service_pb2_grpc import add_PhoneServiceServicer_to_server

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
AUTH = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]
PHONE = phone_service_pb2.DESCRIPTOR.services_by_name["PhoneService"]
CALLERS = {"*": frozenset({"slack-edge.zoomslack"})}
"""Who may call, by certificate name: the edge alone."""
FORGET_INTERVAL = 3600.0
"""Seconds between two rounds of deleting what is no longer needed."""


@dataclass(frozen=True)
class Phone:
    """The wired service."""

    server: MeshServer
    erase: departures.Departures
    leavers: DepartureStore


async def serve(settings: PhoneSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    stop, clock = stop_signals(), SystemClock()
    async with AsyncExitStack() as resources:
        phone = await build(settings, resources, clock)
        await phone.server.start()
        log.info("listening", extra={"address": settings.listen, "port": phone.server.port})
        async with running(
            asyncio.create_task(every(departures.PAUSE, phone.erase, clock), name="erase"),
            asyncio.create_task(every(FORGET_INTERVAL, phone.leavers.forget_old, clock), name="forget"),
        ):
            await stop.wait()
            log.info("draining")
        await phone.server.drain()


async def build(settings: PhoneSettings, resources: AsyncExitStack, clock: Clock) -> Phone:
    """Returns the wired service; `resources` closes what it needs. SQLite is migrated here, PostgreSQL never."""
    database = Database(settings.database_url)
    resources.push_async_callback(database.dispose)
    if database.is_sqlite:
        await migrate_database(database, MIGRATIONS)
    auth = await resources.enter_async_context(open_channel(settings.auth_target, AUTH, settings.tls_dir))
    http = await resources.enter_async_context(open_http_client())
    auth_stub = AuthServiceStub(auth)
    zoom = ZoomClient(http, settings.zoom_api_url, AccessTokens(auth_stub, clock), clock)
    calls = Calls(
        store=CallStore(database),
        numbers=PhoneNumbers(settings.default_region),
        zoom_phone=ZoomPhone(zoom),
        links=CallLinks(settings.key_ring(), settings.public_url, clock),
        clock=clock,
    )
    leavers = DepartureStore(database, clock)
    server = MeshServer(
        ServerOptions(
            listen=settings.listen,
            tls_dir=settings.tls_dir,
            callers=CALLERS if settings.tls_dir else None,
            reflection=settings.reflection,
        ),
        PHONE.full_name,
        lambda grpc_server: add_PhoneServiceServicer_to_server(PhoneServicer(calls), grpc_server),
        lambda: _ready(database),
    )
    erase = departures.Departures(auth_stub, auth_service_pb2.ERASER_PHONE, leavers.erase, clock)
    return Phone(server, erase, leavers)


async def migrate(settings: PhoneSettings) -> None:
    """Brings the database to the newest schema."""
    database = Database(settings.database_url)
    try:
        await migrate_database(database, MIGRATIONS)
    finally:
        await database.dispose()


async def _ready(database: Database) -> bool:
    return await is_current(database, MIGRATIONS)


if __name__ == "__main__":
    sys.exit(main("phone", PhoneSettings, serve=serve, migrate=migrate))
