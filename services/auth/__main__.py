"""Wires auth and runs it: `python -m services.auth serve|migrate|check|rotate-keys`."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import httpx

from mesh import queues
from mesh.background import every, running
from mesh.clock import Clock, SystemClock
from mesh.database import Database, is_current
from mesh.database import migrate as migrate_database
from mesh.database_metrics import watch_pool
from mesh.postgresql import MIGRATING
from mesh.process import main
from mesh.server import MeshServer, ServerOptions, stop_signals
from mesh.settings import listed
from services.auth.accounts import Accounts
from services.auth.connections import Connections
from services.auth.consents import Consents, Parts
from services.auth.departures import Departures
from services.auth.detached import Detached
from services.auth.grants import AppLevel, Grants
from services.auth.installations import BotTokens, Installation, Installations
from services.auth.matches import Matches
from services.auth.purge import Purge
from services.auth.refreshes import count_refreshes
from services.auth.renewals import Renewals
from services.auth.revocation import Revocations
from services.auth.servicer import AuthServicer, Rules
from services.auth.settings import AuthDatabaseSettings, AuthSettings
from services.auth.slack_oauth import SlackApp, SlackOAuth, open_session
from services.auth.slack_people import SlackPeople
from services.auth.store import ConnectionStore
from services.auth.store_accounts import AccountStore
from services.auth.store_departures import DepartureStore
from services.auth.store_grants import GrantStore
from services.auth.store_installations import InstallationStore
from services.auth.store_keys import rotate_keys
from services.auth.store_links import LinkStore
from services.auth.store_queues import QueueStore
from services.auth.store_receipts import ReceiptStore
from services.auth.store_revocations import RevocationStore
from services.auth.store_sweeps import SweepStore
from services.auth.terms import bot_terms, zoom_terms
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
_HOLDERS = frozenset({"meetings.zoomslack", "phone.zoomslack"})
CALLERS = {
    **{method.name: _EDGE for method in SERVICE.methods},
    **dict.fromkeys(("IssueZoomAccessToken", "ListDepartures", "CompleteDeparture"), _HOLDERS),
    "FindConnectedUsers": _HOLDERS,
}
"""Who may call what, by certificate name. The edge never calls Zoom, so it gets no token for it."""


@dataclass(frozen=True)
class Auth:
    """The wired service."""

    server: MeshServer
    servicer: AuthServicer
    detached: Detached
    purge: Purge
    measure: QueueStore

    async def drain(self) -> None:
        """Stops serving and finishes what was begun."""
        self.servicer.stop_waiting()
        await self.server.drain()
        await self.detached.drain()


async def serve(settings: AuthSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    stop, clock = stop_signals(), SystemClock()
    async with AsyncExitStack() as resources:
        auth = await build(settings, resources, clock)
        await auth.server.start()
        log.info("listening", extra={"address": settings.listen, "port": auth.server.port})
        ready = auth.server.until_ready
        async with running(
            asyncio.create_task(every("purge", PURGE_INTERVAL, auth.purge, clock, once=ready)),
            asyncio.create_task(every("measure", queues.INTERVAL, auth.measure, clock, once=ready)),
        ):
            await stop.wait()
            log.info("draining")
        await auth.drain()


async def build(settings: AuthSettings, resources: AsyncExitStack, clock: Clock) -> Auth:
    """Returns the wired service; `resources` closes what it needs. SQLite is migrated here, PostgreSQL never."""
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    watch_pool(database, "auth")
    resources.push_async_callback(database.dispose)
    if database.is_sqlite:
        await migrate_database(database, MIGRATIONS)
    for vendor in ("slack", "zoom"):
        for outcome in ("renewed", "ended", "failed"):
            count_refreshes(vendor, outcome, 0)
    http = await resources.enter_async_context(open_http_client())
    session = await resources.enter_async_context(open_session())
    rules, purge, detached = _rules(settings, database, http, session, clock)
    servicer = AuthServicer(rules, settings.zoom_client_ids)
    server = MeshServer(
        ServerOptions(
            listen=settings.listen,
            tls_dir=settings.tls_dir,
            callers=CALLERS if settings.tls_dir else None,
            policy=settings.policy,
            reflection=settings.reflection,
            health_listen=settings.health_listen,
            admin_listen=settings.admin_listen,
            drain_delay=settings.drain_seconds,
        ),
        SERVICE.full_name,
        lambda grpc_server: add_AuthServiceServicer_to_server(servicer, grpc_server),
        lambda: is_current(database, MIGRATIONS),
    )
    return Auth(server, servicer, detached, purge, QueueStore(database, clock))


def _rules(
    settings: AuthSettings, database: Database, http: httpx.AsyncClient, session: aiohttp.ClientSession, clock: Clock
) -> tuple[Rules, Purge, Detached]:
    """Returns the rules with everything that they stand on."""
    vault, detached = Vault(settings.key_ring()), Detached()
    zoom = {level: ZoomOAuth(http, settings.zoom_oauth_url, app, clock) for level, app in _zoom_apps(settings).items()}
    revocations = Revocations(store=RevocationStore(database, vault, clock), zoom=zoom, clock=clock, detached=detached)
    slack = SlackOAuth(
        session,
        api_url=settings.slack_api_url,
        authorize_url=settings.slack_authorize_url,
        app=_slack_app(settings),
        clock=clock,
    )
    links, profiles = LinkStore(database, vault, clock), ZoomUsers(http, settings.zoom_api_url, clock)
    installation_store, account_store = (
        InstallationStore(database, vault, clock),
        AccountStore(database, vault, clock),
    )
    connection_store = ConnectionStore(database, vault, clock)
    departure_store, receipt_store = DepartureStore(database, vault, clock), ReceiptStore(database, clock)
    consents = Consents(Parts(links, zoom, revocations, clock, detached))
    installations = Installations(
        store=installation_store,
        zoom_side=account_store,
        slack=slack,
        renewals=Renewals[Installation, BotTokens](installation_store, bot_terms(slack), clock, detached),
        clock=clock,
        detached=detached,
    )
    matches = Matches(
        store=account_store,
        people=SlackPeople(session, settings.slack_api_url),
        zoom_users=profiles,
        installations=installations,
        clock=clock,
        detached=detached,
    )
    renewals = {
        level: Renewals(GrantStore(database, vault, clock, level), zoom_terms(zoom, revocations), clock, detached)
        for level in zoom
    }
    grants = Grants(store=connection_store, renewals=renewals, matcher=matches)
    rules = Rules(
        connections=Connections(
            consents=consents,
            store=connection_store,
            grants=grants,
            profiles=profiles,
            revocations=revocations,
            public_url=settings.public_url,
        ),
        grants=grants,
        accounts=Accounts(consents=consents, store=account_store, profiles=profiles),
        installations=installations,
        departures=Departures(departure_store, receipt_store, revocations),
    )
    sweeps = SweepStore(database, vault, clock)
    return rules, Purge(links, installation_store, receipt_store, sweeps, revocations), detached


async def migrate(settings: AuthDatabaseSettings) -> None:
    """Brings the database to the newest schema."""
    database = Database(settings.database_url, pool_size=1, limits=MIGRATING)
    try:
        await migrate_database(database, MIGRATIONS)
    finally:
        await database.dispose()


async def rotate(settings: AuthSettings) -> None:
    """Seals every stored secret with the first key. Exits with 1 where one does not open."""
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    try:
        rotated = await rotate_keys(database, Vault(settings.key_ring()))
    finally:
        await database.dispose()
    log.info("keys rotated", extra={"resealed": rotated.resealed, "unopened": rotated.unopened})
    if rotated.unopened:
        sys.exit(1)


def _zoom_apps(settings: AuthSettings) -> dict[AppLevel, ZoomApp]:
    """Returns the apps at Zoom that this deployment has."""
    redirect_uri = f"{settings.public_url}/zoom/oauth/callback"
    secrets = {AppLevel.USER: settings.zoom_user_client_secrets, AppLevel.ACCOUNT: settings.zoom_account_client_secrets}
    return {
        level: ZoomApp(level, client_id, listed(secret), redirect_uri)
        for level, client_id in settings.zoom_client_ids.items()
        if (secret := secrets[level]) is not None
    }


def _slack_app(settings: AuthSettings) -> SlackApp:
    return SlackApp(
        settings.slack_client_id,
        listed(settings.slack_client_secrets),
        f"{settings.public_url}/slack/oauth/callback",
    )


if __name__ == "__main__":
    sys.exit(
        main("auth", AuthSettings, serve=serve, migrate=(AuthDatabaseSettings, migrate), more={"rotate-keys": rotate})
    )
