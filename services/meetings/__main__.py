"""Wires and runs meetings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from datetime import timedelta
from pathlib import Path

from mesh import process, queues
from mesh.background import every, running
from mesh.channel import open_channel
from mesh.clock import SystemClock
from mesh.database import Database, is_current, migrate
from mesh.database_metrics import watch_pool
from mesh.postgresql import MIGRATING
from mesh.server import MeshServer, ServerOptions, stop_signals
from services.meetings import linking
from services.meetings.endings import Endings
from services.meetings.linking import Linking
from services.meetings.meetings import Meetings
from services.meetings.reconciling import Reconciler
from services.meetings.repairs import count_repairs
from services.meetings.servicer import MeetingsServicer
from services.meetings.settings import MeetingsDatabaseSettings, MeetingsSettings
from services.meetings.store import MeetingStore
from services.meetings.store_changes import ChangeStore
from services.meetings.store_deliveries import DeliveryStore
from services.meetings.store_departures import DepartureStore
from services.meetings.store_events import EventStore
from services.meetings.store_links import LinkStore
from services.meetings.store_moves import MoveStore
from services.meetings.store_queues import QueueStore
from services.meetings.store_reconciling import ReconcilingStore
from services.meetings.store_requests import RequestStore
from services.meetings.watches import Watches
from services.meetings.zoom_meetings import ZoomMeetings
from services.meetings.zoom_past import ZoomPast
from zoom_api import departures
from zoom_api.client import ZoomClient, open_http_client
from zoom_api.connected_users import ConnectedUsers
from zoom_api.tokens import AccessTokens
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from zoomslack.meetings.v1 import meetings_service_pb2
from zoomslack.meetings.v1.meetings_service_pb2_grpc import add_MeetingsServiceServicer_to_server

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
AUTH = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]
MEETINGS = meetings_service_pb2.DESCRIPTOR.services_by_name["MeetingsService"]

RESUME_INTERVAL = 2.0
"""Seconds between two looks for start requests whose worker died."""
FORGET_INTERVAL = 600.0
"""Seconds between two rounds of deleting what is no longer needed."""
REQUESTS_KEPT = timedelta(days=7)
CALLERS = {"*": frozenset({"slack-edge.zoomslack"})}


async def serve(settings: MeetingsSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    stop = stop_signals()
    clock, keys, quiet = SystemClock(), settings.key_ring(), settings.reconcile_quiet
    async with contextlib.AsyncExitStack() as stack:
        database = Database(settings.database_url, pool_size=settings.database_pool_size)
        watch_pool(database, "meetings")
        stack.push_async_callback(database.dispose)
        if database.is_sqlite:
            await migrate(database, MIGRATIONS)
        http = await stack.enter_async_context(open_http_client())
        auth = await stack.enter_async_context(open_channel(settings.auth_target, AUTH, settings.tls_dir))
        auth_stub = AuthServiceStub(auth)
        zoom = ZoomClient(http, settings.zoom_api_url, AccessTokens(auth_stub, clock), clock)
        store = MeetingStore(database, keys, clock)
        requests = RequestStore(database, keys, clock, quiet=quiet)
        events = EventStore(database, keys, clock, quiet=quiet)
        deliveries = DeliveryStore(database, keys, clock)
        leavers = DepartureStore(database, clock)
        erase = departures.Departures(auth_stub, auth_service_pb2.ERASER_MEETINGS, leavers.erase, clock)
        link = Linking(LinkStore(database, keys, clock), ConnectedUsers(auth_stub))
        zoom_meetings = ZoomMeetings(zoom, clock)
        meetings = Meetings(requests, zoom_meetings, clock)
        open_meetings = ReconcilingStore(database, keys, clock, quiet=quiet)
        reconcile = Reconciler(open_meetings, ZoomPast(zoom, clock), clock, count_repairs, quiet=quiet)
        endings, moves = Endings(store, zoom_meetings), MoveStore(database, clock)
        watches = Watches(ChangeStore(database, keys))
        servicer = MeetingsServicer(meetings, endings, store, deliveries, events, moves, watches)

        async def ready() -> bool:
            return await database.ready() and await is_current(database, MIGRATIONS)

        async def forget() -> None:
            await events.forget_old()
            await deliveries.forget_old()
            await requests.forget_old(REQUESTS_KEPT)
            await store.forget_old(settings.meetings_kept)
            await leavers.forget_old()

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
            MEETINGS.full_name,
            lambda grpc_server: add_MeetingsServiceServicer_to_server(servicer, grpc_server),
            ready,
        )
        await server.start()
        work = (
            ("resume", RESUME_INTERVAL, meetings.resume_abandoned),
            ("link_attendees", linking.INTERVAL, link),
            ("forget", FORGET_INTERVAL, forget),
            ("reconcile", settings.reconcile_interval_seconds, reconcile),
            ("erase", departures.PAUSE, erase),
            ("measure", queues.INTERVAL, QueueStore(database, clock)),
        )
        async with running(
            *(
                asyncio.create_task(every(name, pause, one, clock, once=server.until_ready), name=name)
                for name, pause, one in work
            )
        ):
            await stop.wait()
            log.info("draining")
        servicer.stop_waiting()
        await server.drain()
        await meetings.drain()


async def migrate_only(settings: MeetingsDatabaseSettings) -> None:
    """Brings the schema up to date."""
    database = Database(settings.database_url, pool_size=1, limits=MIGRATING)
    try:
        await migrate(database, MIGRATIONS)
    finally:
        await database.dispose()


if __name__ == "__main__":
    sys.exit(process.main("meetings", MeetingsSettings, serve=serve, migrate=(MeetingsDatabaseSettings, migrate_only)))
