"""Wires phone and runs it: `python -m services.phone serve|migrate|check`."""

from __future__ import annotations

import logging
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from mesh.channel import open_channel
from mesh.clock import SystemClock
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
from services.phone.zoom_phone import ZoomPhone
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


async def serve(settings: PhoneSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    stop = stop_signals()
    async with AsyncExitStack() as resources:
        server = await build(settings, resources)
        await server.start()
        log.info("listening", extra={"address": settings.listen, "port": server.port})
        await stop.wait()
        log.info("draining")
        await server.drain()


async def build(settings: PhoneSettings, resources: AsyncExitStack) -> MeshServer:
    """Returns the wired server; `resources` closes what it needs. SQLite is migrated here, PostgreSQL never."""
    clock = SystemClock()
    database = Database(settings.database_url)
    resources.push_async_callback(database.dispose)
    if database.is_sqlite:
        await migrate_database(database, MIGRATIONS)
    auth = await resources.enter_async_context(open_channel(settings.auth_target, AUTH, settings.tls_dir))
    http = await resources.enter_async_context(open_http_client())
    zoom = ZoomClient(http, settings.zoom_api_url, AccessTokens(AuthServiceStub(auth), clock), clock)
    calls = Calls(
        store=CallStore(database),
        numbers=PhoneNumbers(settings.default_region),
        zoom_phone=ZoomPhone(zoom),
        links=CallLinks(settings.key_ring(), settings.public_url, clock),
        clock=clock,
    )
    return MeshServer(
        ServerOptions(
            listen=settings.listen,
            tls_dir=settings.tls_dir,
            callers=CALLERS if settings.tls_dir else None,
            reflection=settings.reflection,
        ),
        PHONE.full_name,
        lambda server: add_PhoneServiceServicer_to_server(PhoneServicer(calls), server),
        lambda: _ready(database),
    )


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
