"""Wires auth and runs it: `python -m services.auth serve|migrate|check|rotate-keys`."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from mesh.background import every, running
from mesh.clock import Clock, SystemClock
from mesh.database import Database, is_current
from mesh.database import migrate as migrate_database
from mesh.process import main
from mesh.server import MeshServer, ServerOptions, stop_signals
from services.auth.connections import Connections
from services.auth.detached import Detached
from services.auth.grants import Grants
from services.auth.installations import Installations
from services.auth.purge import Purge
from services.auth.revocation import Revocations
from services.auth.servicer import AuthServicer
from services.auth.settings import AuthSettings
from services.auth.slack_oauth import SlackApp, SlackOAuth, open_session
from services.auth.store import ConnectionStore
from services.auth.store_grants import GrantStore
from services.auth.store_installations import InstallationStore
from services.auth.store_keys import rotate_keys
from services.auth.store_links import LinkStore
from services.auth.vault import Vault
from services.auth.zoom_oauth import ZoomApp, ZoomOAuth
from services.auth.zoom_users import ZoomUsers
from zoom_api.client import open_http_client
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.auth.v1.auth_service_pb2_grpc import add_AuthServiceServicer_to_server

log = logging.getLogger("services.auth")

MIGRATIONS = Path(__file__).parent / "migrations"
SERVICE = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]
PURGE_INTERVAL = 600.0
"""Seconds between two rounds of forgetting old links."""
_EDGE = frozenset({"slack-edge.zoomslack"})
CALLERS = {
    **{method.name: _EDGE for method in SERVICE.methods},
    "IssueZoomAccessToken": frozenset({"meetings.zoomslack", "phone.zoomslack"}),
}
"""Who may call what, by certificate name. The edge never calls Zoom, so it gets no token for it."""


@dataclass(frozen=True)
class Auth:
    """The wired service."""

    server: MeshServer
    detached: Detached
    purge: Purge

    async def drain(self) -> None:
        """Stops serving and finishes what was begun."""
        await self.server.drain()
        await self.detached.drain()


async def serve(settings: AuthSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    stop, clock = stop_signals(), SystemClock()
    async with AsyncExitStack() as resources:
        auth = await build(settings, resources, clock)
        await auth.server.start()
        log.info("listening", extra={"address": settings.listen, "port": auth.server.port})
        async with running(asyncio.create_task(every(PURGE_INTERVAL, auth.purge, clock), name="purge links")):
            await stop.wait()
            log.info("draining")
        await auth.drain()


async def build(settings: AuthSettings, resources: AsyncExitStack, clock: Clock) -> Auth:
    """Returns the wired service; `resources` closes what it needs. SQLite is migrated here, PostgreSQL never."""
    database = Database(settings.database_url)
    resources.push_async_callback(database.dispose)
    if database.is_sqlite:
        await migrate_database(database, MIGRATIONS)
    http = await resources.enter_async_context(open_http_client())
    slack_session = await resources.enter_async_context(open_session())
    vault, detached = Vault(settings.key_ring()), Detached()
    zoom = ZoomOAuth(http, settings.zoom_oauth_url, _zoom_app(settings), clock)
    slack = SlackOAuth(
        slack_session,
        api_url=settings.slack_api_url,
        authorize_url=settings.slack_authorize_url,
        app=_slack_app(settings),
        clock=clock,
    )
    revocations = Revocations(zoom=zoom, clock=clock, detached=detached)
    link_store = LinkStore(database, vault, clock)
    installation_store = InstallationStore(database, vault, clock)
    servicer = AuthServicer(
        Connections(
            links=link_store,
            store=ConnectionStore(database, vault, clock),
            zoom=zoom,
            profiles=ZoomUsers(http, settings.zoom_api_url, clock),
            revocations=revocations,
            clock=clock,
            detached=detached,
            public_url=settings.public_url,
        ),
        Grants(
            store=GrantStore(database, vault, clock),
            zoom=zoom,
            revocations=revocations,
            clock=clock,
            detached=detached,
        ),
        Installations(store=installation_store, slack=slack, clock=clock, detached=detached),
    )
    server = MeshServer(
        ServerOptions(
            listen=settings.listen,
            tls_dir=settings.tls_dir,
            callers=CALLERS if settings.tls_dir else None,
            reflection=settings.reflection,
            drain_delay=settings.drain_seconds,
        ),
        SERVICE.full_name,
        lambda grpc_server: add_AuthServiceServicer_to_server(servicer, grpc_server),
        lambda: is_current(database, MIGRATIONS),
    )
    return Auth(server, detached, Purge(link_store, installation_store, revocations))


async def migrate(settings: AuthSettings) -> None:
    """Brings the database to the newest schema."""
    database = Database(settings.database_url)
    try:
        await migrate_database(database, MIGRATIONS)
    finally:
        await database.dispose()


async def rotate(settings: AuthSettings) -> None:
    """Seals every stored secret with the first key. Exits with 1 where one does not open."""
    database = Database(settings.database_url)
    try:
        rotated = await rotate_keys(database, Vault(settings.key_ring()))
    finally:
        await database.dispose()
    log.info("keys rotated", extra={"resealed": rotated.resealed, "unopened": rotated.unopened})
    if rotated.unopened:
        sys.exit(1)


def _zoom_app(settings: AuthSettings) -> ZoomApp:
    return ZoomApp(
        settings.zoom_user_client_id,
        settings.zoom_user_client_secret.get_secret_value(),
        f"{settings.public_url}/zoom/oauth/callback",
    )


def _slack_app(settings: AuthSettings) -> SlackApp:
    return SlackApp(
        settings.slack_client_id,
        settings.slack_client_secret.get_secret_value(),
        f"{settings.public_url}/slack/oauth/callback",
    )


if __name__ == "__main__":
    sys.exit(main("auth", AuthSettings, serve=serve, migrate=migrate, more={"rotate-keys": rotate}))
