"""Meetings that are held at the Zoom simulator, and a reconciler that asks it."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.meetings.meeting import Meeting
from services.meetings.meetings import Meetings
from services.meetings.reconciling import Reconciler
from services.meetings.requests import StartCommand
from services.meetings.schedules import Schedule
from services.meetings.store_reconciling import ReconcilingStore
from services.meetings.store_requests import RequestStore
from services.meetings.tables import meetings
from services.meetings.zoom_meetings import ZoomMeetings
from services.meetings.zoom_past import ZoomPast
from simulators.zoom.config import ZoomConfig
from simulators.zoom.world import ACCOUNT_ID
from tests.integration.meetings.conftest import KEYS, Mesh
from tests.support.clock import FakeClock
from tests.unit.simulators.zoom_harness import ADA, GRACE, Zoom, running_zoom
from zoom_api.client import ZoomClient, open_http_client
from zoom_api.tokens import AccessToken
from zoomslack.meetings.v1 import meetings_service_pb2 as pb

USER = SlackUser("", "T0ACME", "U0ADA")


@dataclass
class Tokens:
    """Ada's tokens at the simulator, as auth would give them."""

    zoom: Zoom
    clock: FakeClock
    is_basic: bool = False
    connected: bool = True
    value: str = ""

    async def get(self, user: SlackUser, *, rejected: AccessToken | None = None) -> AccessToken:
        if not self.connected:
            raise MeshError(Reason.ZOOM_NOT_CONNECTED)
        if not self.value or rejected is not None:
            self.value = await self.zoom.access_token()
        expire_time = self.clock.now() + timedelta(hours=1)
        return AccessToken(self.value, expire_time, ADA, ACCOUNT_ID, is_basic=self.is_basic)


@dataclass
class Healing:
    """The service with its reconciler, beside the Zoom that it asks."""

    mesh: Mesh
    zoom: Zoom
    client: ZoomClient
    tokens: Tokens
    repairs: Counter[str] = field(default_factory=Counter)

    def reconciler(self) -> Reconciler:
        """Returns the reconciler of one replica."""
        clock = self.mesh.clock
        return Reconciler(self.store(), ZoomPast(self.client, clock), clock, self._count)

    def store(self) -> ReconcilingStore:
        """Returns what a reconciler knows of the database."""
        return ReconcilingStore(self.mesh.database, KEYS, self.mesh.clock)

    def _count(self, what: str, number: int) -> None:
        self.repairs[what] += number

    async def reconcile(self, after: timedelta = timedelta(minutes=11)) -> int:
        """Lets time pass and looks up once what is due then."""
        self.pass_time(after)
        return await self.reconciler()()

    def pass_time(self, delta: timedelta) -> None:
        """Moves the time here and at Zoom."""
        self.mesh.clock.advance(delta.total_seconds())
        self.zoom.clock.value = self.mesh.clock.now().timestamp()

    async def start(
        self, *, channel_id: str = "C0GENERAL", personal_room: bool = False, schedule: Schedule | None = None
    ) -> Meeting:
        """Starts a meeting from Slack, or schedules one."""
        clock = self.mesh.clock
        meetings = Meetings(RequestStore(self.mesh.database, KEYS, clock), ZoomMeetings(self.client, clock), clock)
        command = StartCommand(
            *(USER, str(uuid.uuid4()), channel_id, "Weekly sync"),
            personal_room=personal_room,
            start_another=True,
            schedule=schedule,
        )
        started = await meetings.start(command)
        assert started.meeting is not None
        return started.meeting

    async def act(self, meeting: Meeting, action: str, **body: Any) -> dict[str, Any]:
        """Plays somebody in a meeting at Zoom."""
        return dict(await self.zoom.control("POST", f"meetings/{meeting.zoom_meeting_id}/{action}", body))

    async def events(self) -> list[bytes]:
        """Returns the events that Zoom sent since the last call."""
        await self.zoom.idle()
        sent = [webhook.raw for webhook in self.zoom.app.received]
        self.zoom.app.received.clear()
        return sent

    async def tell(self, *wanted: str) -> None:
        """Hands on those of Zoom's events that are `wanted`, by name; all others are lost."""
        for event in await self.events():
            if json.loads(event)["event"] in wanted:
                await self.mesh.record(event)

    async def fault(self, path: str, status: int, times: int = 1, **more: object) -> None:
        """Has Zoom refuse the next requests for `path`."""
        fault = {"path": path, "kind": "status", "status": status, "times": times, **more}
        await self.zoom.control("POST", "faults", fault)

    async def asked(self) -> list[str]:
        """Returns the paths that Zoom was asked for since the last call; expired tokens were asked for nothing."""
        requests = (await self.zoom.control("GET", "requests?path=/v2/*"))["requests"]
        await self.zoom.control("DELETE", "requests")
        return [str(request["path"]) for request in requests if request["status"] != 401]


@asynccontextmanager
async def healing(mesh: Mesh, config: ZoomConfig | None = None) -> AsyncIterator[Healing]:
    """Runs the simulator, with Ada connected, beside `mesh`."""
    async with running_zoom(config) as zoom, open_http_client() as http:
        tokens = Tokens(zoom, mesh.clock)
        await tokens.get(USER)  # Zoom sends events of those who are connected
        yield Healing(mesh, zoom, ZoomClient(http, f"{zoom.base}/v2", tokens, mesh.clock), tokens)


async def hold(held: Healing, meeting: Meeting) -> None:
    """Grace and a guest take part for half an hour; every event of it is lost."""
    held.pass_time(timedelta(seconds=30))
    await held.act(meeting, "start")
    held.pass_time(timedelta(seconds=30))
    await held.act(meeting, "join", name="Grace Hopper", zoom_user_id=GRACE)
    await held.act(meeting, "join", name="Sam Guest")
    held.pass_time(timedelta(minutes=30))
    await held.act(meeting, "end")
    await held.events()


async def shown(mesh: Mesh) -> dict[str, pb.Delivery]:
    """Leases everything that lags: one of each kind at the most."""
    leased = await mesh.lease()
    by_kind = {str(delivery.WhichOneof("content")): delivery for delivery in leased}
    assert len(by_kind) == len(leased)
    return by_kind


def names(delivery: pb.Delivery) -> list[str]:
    return [attendee.display_name for attendee in delivery.summary.attendees]


async def make_basic(mesh: Mesh) -> None:
    async with mesh.database.transaction("change the plan") as connection:
        await connection.execute(update(meetings).values(host_is_basic=True))
