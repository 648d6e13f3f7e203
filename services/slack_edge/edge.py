"""One edge: its parts made and joined, its ports opened, and its end in order."""

from __future__ import annotations

import asyncio
import logging
import uuid

from aiohttp import web
from prometheus_client import REGISTRY

from mesh.channel import open_channel
from mesh.clock import Clock
from services.slack_edge.addresses import Addresses
from services.slack_edge.asks import Asks
from services.slack_edge.browser import Browser
from services.slack_edge.call_buttons import CallButtons
from services.slack_edge.call_icon import CallIcon
from services.slack_edge.call_pages import CallPages
from services.slack_edge.call_presenter import CallPresenter
from services.slack_edge.command_handlers import CommandHandlers
from services.slack_edge.contacts import Contacts
from services.slack_edge.deliveries import Deliveries
from services.slack_edge.events import Events
from services.slack_edge.gate import Gate
from services.slack_edge.health import Health, Neighbour
from services.slack_edge.home import Home
from services.slack_edge.install_pages import InstallPages
from services.slack_edge.interactions import Interactions
from services.slack_edge.limits import TokenBucket
from services.slack_edge.pages import Pages
from services.slack_edge.phone_calls import PhoneCalls
from services.slack_edge.presenter import Presenter
from services.slack_edge.problems import OwnPage, Problems
from services.slack_edge.reactions import MeetingReactions
from services.slack_edge.reports import Reports
from services.slack_edge.resuming import Resuming
from services.slack_edge.routes import SlackDoor, admin_app, public_app
from services.slack_edge.settings import EdgeSettings
from services.slack_edge.shortcuts import Shortcuts
from services.slack_edge.signatures import SLACK, ZOOM, SeenSignatures, Verifier
from services.slack_edge.slack_api import SlackApi, open_session
from services.slack_edge.standings import Standings
from services.slack_edge.starts import Starts
from services.slack_edge.tasks import Tasks
from services.slack_edge.telling import Teller
from services.slack_edge.used_buttons import UsedButtons
from services.slack_edge.workspaces import Workspaces
from services.slack_edge.zoom_webhooks import ZoomWebhooks
from zoomslack.auth.v1 import auth_service_pb2, auth_service_pb2_grpc
from zoomslack.meetings.v1 import meetings_service_pb2, meetings_service_pb2_grpc
from zoomslack.phone.v1 import phone_service_pb2, phone_service_pb2_grpc

log = logging.getLogger(__name__)

GRACE = 5.0
"""Seconds that requests and deliveries in hand get to end."""
INSTALLS_PER_SECOND, INSTALLS_AT_ONCE = 5.0, 20
"""How often this edge lets strangers begin an installation."""


class Edge:
    """Make it, start it and drain it within one running loop."""

    def __init__(self, settings: EdgeSettings, clock: Clock) -> None:
        self._settings = settings
        self._lease_holder = f"edge-{uuid.uuid4()}"
        self._session = open_session()
        self._tasks = Tasks()
        auth_channel = open_channel(
            settings.auth_target, auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"], settings.tls_dir
        )
        meetings_channel = open_channel(
            settings.meetings_target,
            meetings_service_pb2.DESCRIPTOR.services_by_name["MeetingsService"],
            settings.tls_dir,
        )
        phone_channel = open_channel(
            settings.phone_target, phone_service_pb2.DESCRIPTOR.services_by_name["PhoneService"], settings.tls_dir
        )
        self._channels = (auth_channel, meetings_channel, phone_channel)
        auth = auth_service_pb2_grpc.AuthServiceStub(auth_channel)
        meetings = meetings_service_pb2_grpc.MeetingsServiceStub(meetings_channel)
        phone = phone_service_pb2_grpc.PhoneServiceStub(phone_channel)

        workspaces = Workspaces(auth, clock)
        slack = SlackApi(settings.slack_api_url, workspaces, self._session, clock)
        addresses = Addresses(settings.public_url)
        standings = Standings(auth)
        asks = Asks(auth, standings, addresses)
        teller = Teller(slack)
        presenter = Presenter(slack, teller, meetings, asks)
        reports = Reports(meetings, presenter, clock)
        calls, gate = PhoneCalls(phone, Contacts(slack)), Gate(workspaces, asks, slack)
        call_buttons = CallButtons(slack, gate, calls, phone, clock)
        holder, call_screen = self._lease_holder, CallPresenter(slack, call_buttons)
        call_reports = Reports(phone, call_screen, clock, phone_service_pb2)
        self._deliveries = (
            Deliveries(meetings, presenter, reports, clock, lease_holder=holder),
            Deliveries(
                *(phone, call_screen, call_reports, clock), lease_holder=holder, name="phone", pb=phone_service_pb2
            ),
        )
        starts = Starts(meetings, slack, presenter, reports, self._tasks, lease_holder=self._lease_holder)
        self._health = Health(
            {
                "auth": Neighbour(auth_channel, needed=True),
                "meetings": Neighbour(meetings_channel, needed=True),
                "phone": Neighbour(phone_channel, needed=False),
            },
            REGISTRY,
        )
        icon = CallIcon(gate, starts, calls, teller, self._tasks) if settings.slack_call_provider else None
        from_slack = Verifier(SLACK, settings.slack_secrets, clock)
        reactions = MeetingReactions(meetings, gate, starts)
        shortcuts = Shortcuts(slack, gate, reactions, calls, zoom_join_url=settings.zoom_join_url)
        home = Home(
            standings=standings,
            meetings=meetings,
            calls=calls,
            slack=slack,
            gate=gate,
            asks=asks,
            reactions=reactions,
            shortcuts=shortcuts,
            help_url=settings.help_url,
        )
        handlers = CommandHandlers(
            auth=auth,
            standings=standings,
            calls=calls,
            workspaces=workspaces,
            asks=asks,
            gate=gate,
            starts=starts,
            teller=teller,
            home=home,
            help_url=settings.help_url,
            zoom_join_url=settings.zoom_join_url,
        )
        used_buttons = UsedButtons(slack, self._tasks, clock)
        table = {
            **reactions.table(),
            **shortcuts.table(),
            **home.table(),
            **used_buttons.table(),
            **call_buttons.table(),
        }
        interactions = Interactions(table, gate, teller, self._tasks)
        events = Events(auth, meetings, workspaces, home, self._tasks)
        door = SlackDoor(
            verifier=from_slack,
            seen=SeenSignatures(clock),
            handlers=handlers,
            events=events,
            interactions=interactions,
            tasks=self._tasks,
            clock=clock,
            call_icon=icon,
        )
        zoom_secrets = (*settings.zoom_user_secrets, *settings.zoom_account_secrets)
        from_zoom = Verifier(ZOOM, zoom_secrets, clock, window=settings.zoom_webhook_window)
        webhooks = ZoomWebhooks(from_zoom, settings.zoom_account_secrets, auth, meetings, phone)
        pages = Pages(public_url=settings.public_url, help_url=settings.help_url)
        problems, own_page = Problems(pages), OwnPage(settings.public_url)
        resuming = Resuming(handlers)
        install_pages = InstallPages(
            pages=pages,
            problems=problems,
            auth=auth,
            resuming=resuming,
            workspaces=workspaces,
            own_page=own_page,
            installs=TokenBucket(clock, rate=INSTALLS_PER_SECOND, burst=INSTALLS_AT_ONCE),
            company_wide=bool(settings.zoom_account_secrets),
        )
        browser = Browser(
            *(pages, problems, auth, CallPages(pages, problems, phone), install_pages, resuming, workspaces, own_page),
            *(used_buttons, home, self._tasks),
        )
        apart = settings.admin_listen is not None
        self._public = _runner(public_app(door, webhooks, browser, problems, self._health, apart=apart))
        self._admin = _runner(admin_app(self._health)) if apart else None
        self.port = 0
        self.admin_port = 0

    async def start(self) -> None:
        """Opens the ports (`port`, `admin_port`) and begins to lease. Raises OSError when a port is taken."""
        self.port = await _listen(self._public, self._settings.listen)
        if self._admin is not None and self._settings.admin_listen is not None:
            self.admin_port = await _listen(self._admin, self._settings.admin_listen)
        for deliveries in self._deliveries:
            deliveries.start()
        log.info("listening", extra={"address": self._settings.listen, "port": self.port})

    async def drain(self) -> None:
        """Stops without losing a request: not ready, wait, stop accepting, let work end, close everything."""
        self._health.drain()
        async with asyncio.TaskGroup() as group:
            for deliveries in self._deliveries:
                group.create_task(deliveries.drain(GRACE))
            group.create_task(self._stop_serving())
        await self._tasks.drain(GRACE)
        await self.close()

    async def close(self) -> None:
        """Closes connections at once."""
        await self._public.cleanup()
        if self._admin is not None:
            await self._admin.cleanup()
        for channel in self._channels:
            await channel.close()
        await self._session.close()

    async def _stop_serving(self) -> None:
        await asyncio.sleep(self._settings.drain_seconds)
        await self._public.cleanup()


def _runner(app: web.Application) -> web.AppRunner:
    # aiohttp's own access log prints paths with their queries.
    return web.AppRunner(app, access_log=None, shutdown_timeout=GRACE, handle_signals=False)


async def _listen(runner: web.AppRunner, address: str) -> int:
    host, _, port = address.rpartition(":")
    await runner.setup()
    site = web.TCPSite(runner, host.strip("[]"), int(port))
    await site.start()
    return int(runner.addresses[0][1])
