"""The real meetings servicer behind a real server, on each database. Only Zoom is played by a stand-in."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mesh.channel import open_channel
from mesh.database import Database, migrate
from mesh.errors import MeshError, Reason
from mesh.sealing import KeyRing
from mesh.server import MeshServer, ServerOptions
from mesh.slack_user import SlackUser
from services.meetings.__main__ import MIGRATIONS
from services.meetings.endings import Endings
from services.meetings.meetings import Meetings
from services.meetings.requests import ZoomMeeting
from services.meetings.schedules import Schedule
from services.meetings.servicer import MeetingsServicer
from services.meetings.store import MeetingStore
from services.meetings.store_changes import ChangeStore
from services.meetings.store_deliveries import DeliveryStore
from services.meetings.store_events import EventStore
from services.meetings.store_moves import MoveStore
from services.meetings.store_requests import RequestStore
from services.meetings.watches import Watches
from tests.support import databases, zoom_bodies
from tests.support.clock import FakeClock
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.meetings.v1.meetings_service_pb2_grpc import (
    MeetingsServiceStub,
    add_MeetingsServiceServicer_to_server,
)
from zoomslack.type.v1 import slack_pb2

if TYPE_CHECKING:
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub

KEYS = KeyRing((("k1", bytes(range(32))),))
ADA = slack_pb2.SlackUser(slack_team_id="T0ACME", slack_user_id="U0ADA")
ROOM = "5551234567"
"""The number of Ada's personal room."""
GENERAL = slack_pb2.SlackConversation(slack_channel_id="C0GENERAL")


@dataclass
class StandInZoom:
    """Keeps meetings by reference, and fails when told so."""

    made: dict[str, ZoomMeeting] = field(default_factory=dict)
    before: list[MeshError] = field(default_factory=list)
    """Raised, one each, before anything is made."""
    after: list[BaseException] = field(default_factory=list)
    """Raised, one each, after the meeting was made: its answer is lost."""
    creations: int = 0
    blind: int = 0
    """How many times it cannot be asked which meetings exist."""
    pmi: str = ""
    """The room in which meetings are made, as "use my personal meeting id when scheduling" has it."""
    runs: dict[str, str] = field(default_factory=dict)
    """What runs at Zoom: the uuid by number."""
    ended: list[tuple[SlackUser, str]] = field(default_factory=list)
    """What was ended, in whose name."""
    cancelled: list[tuple[SlackUser, str]] = field(default_factory=list)
    """What was deleted before it began, in whose name."""
    schedules: list[Schedule | None] = field(default_factory=list)
    """For when each meeting was made."""
    _gate: asyncio.Event | None = None
    _reached: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self) -> Callable[[], None]:
        """Makes the next creation wait until the returned function is called."""
        self._gate, self._reached = asyncio.Event(), asyncio.Event()
        return self._gate.set

    def let_others_pass(self) -> None:
        """Holds only the creation that waits already."""
        self._gate = None

    async def reached(self) -> None:
        """Waits until a creation has begun."""
        await self._reached.wait()

    async def create(
        self, user: SlackUser, *, topic: str, reference: str, schedule: Schedule | None = None
    ) -> ZoomMeeting:
        if self.before:
            raise self.before.pop(0)
        self._reached.set()
        if self._gate is not None:
            await self._gate.wait()
        self.creations += 1
        self.schedules.append(schedule)
        number = str(85012345678 + len(self.made))
        self.made[reference] = ZoomMeeting(
            zoom_meeting_id=number,
            zoom_pmi=self.pmi,
            zoom_host_id=zoom_bodies.HOST_ID,
            zoom_account_id=zoom_bodies.ACCOUNT_ID,
            join_url=f"https://zoom.example/j/{number}?pwd=SECRETPWD",
            passcode="x7Kp2Q",
            host_key="482913",
            create_time=datetime(2026, 10, 30, 12, 0, 0, tzinfo=UTC),
        )
        if self.after:
            raise self.after.pop(0)
        return self.made[reference]

    async def end(self, user: SlackUser, number: str) -> None:
        if self.before:
            raise self.before.pop(0)
        self.ended.append((user, number))
        self.runs.pop(number, None)

    async def cancel(self, user: SlackUser, number: str) -> None:
        if self.before:
            raise self.before.pop(0)
        self.cancelled.append((user, number))

    async def running(self, user: SlackUser, number: str) -> str:
        return self.runs.get(number, "")

    async def personal_room(self, user: SlackUser, *, since: datetime) -> ZoomMeeting:
        if self.before:
            raise self.before.pop(0)
        self._reached.set()
        if self._gate is not None:
            await self._gate.wait()
        if self.after:
            raise self.after.pop(0)
        return ZoomMeeting(
            zoom_meeting_id=ROOM,
            zoom_pmi=ROOM,
            zoom_host_id=zoom_bodies.HOST_ID,
            zoom_account_id=zoom_bodies.ACCOUNT_ID,
            join_url=f"https://zoom.example/j/{ROOM}?pwd=SECRETPWD",
            passcode="r00mPass",
            create_time=since,
        )

    async def host(self, user: SlackUser) -> str:
        return zoom_bodies.HOST_ID

    async def find(self, user: SlackUser, *, reference: str) -> ZoomMeeting | None:
        if self.blind:
            self.blind -= 1
            raise MeshError(Reason.ZOOM_UNAVAILABLE)
        return self.made.get(reference)


@dataclass
class Mesh:
    """The running service and what surrounds it."""

    stub: MeetingsServiceAsyncStub
    meetings: Meetings
    zoom: StandInZoom
    clock: FakeClock
    servicer: MeetingsServicer
    database: Database
    url: str
    target: str
    """Where it is served."""

    def another_worker(self, keys: KeyRing = KEYS) -> Meetings:
        """Returns the rules as a second process, or the same one started again, would have them."""
        return Meetings(RequestStore(self.database, keys, self.clock), self.zoom, self.clock)

    async def start(
        self,
        request_id: str = "",
        *,
        topic: str = "Weekly sync",
        holder: str = "",
        user: slack_pb2.SlackUser = ADA,
        start_another: bool = True,
        **more: Any,
    ) -> pb.StartMeetingResponse:
        """Starts a meeting, whether or not the test has started one a moment ago."""
        return await self.stub.StartMeeting(
            pb.StartMeetingRequest(
                user=user,
                request_id=request_id or str(uuid.uuid4()),
                conversation=more.pop("conversation", GENERAL),
                topic=topic,
                slack_response_url="https://hooks.slack.example/commands/T0ACME/1/secret",
                lease_holder=holder,
                start_another=start_another,
                **more,
            ),
            timeout=5,
        )

    async def schedule(
        self,
        scheduled_time: datetime,
        request_id: str = "",
        *,
        scheduled_duration: timedelta | None = None,
        user: slack_pb2.SlackUser = ADA,
        **more: Any,
    ) -> pb.ScheduleMeetingResponse:
        """Schedules a meeting."""
        fields = {"conversation": GENERAL, "topic": "Planning", **more}
        request = pb.ScheduleMeetingRequest(user=user, request_id=request_id or str(uuid.uuid4()), **fields)
        request.scheduled_time.FromDatetime(scheduled_time)
        if scheduled_duration is not None:
            request.scheduled_duration.FromTimedelta(scheduled_duration)
        return await self.stub.ScheduleMeeting(request, timeout=5)

    def begin_start(self) -> asyncio.Task[pb.StartMeetingResponse]:
        """Starts a meeting without waiting for it."""
        return asyncio.create_task(self.start())

    async def record(self, body: bytes) -> pb.EventDisposition.ValueType:
        return (await self.stub.RecordZoomEvent(pb.RecordZoomEventRequest(body=body), timeout=5)).disposition

    async def lease(self, holder: str = "edge-1", *, wait: timedelta = timedelta()) -> list[pb.Delivery]:
        request = pb.LeaseDeliveriesRequest(lease_holder=holder, max_deliveries=50)
        request.wait.FromTimedelta(wait)
        response = await self.stub.LeaseDeliveries(request, timeout=wait.total_seconds() + 5)
        return list(response.deliveries)

    async def made_call(self, delivery: pb.Delivery, slack_call_id: str) -> None:
        """Reports that the call of a card was made, and not yet that it was shown."""
        await self.stub.RecordDeliveryProgress(
            pb.RecordDeliveryProgressRequest(
                user=delivery.user,
                delivery_id=delivery.delivery_id,
                lease_token=delivery.lease_token,
                slack_call_id=slack_call_id,
            ),
            timeout=5,
        )

    async def complete(self, delivery: pb.Delivery, **shown: object) -> None:
        await self.end(delivery, delivered=pb.Delivered(version=delivery.version, **shown))  # type: ignore[arg-type]

    async def end(self, delivery: pb.Delivery, **outcome: object) -> None:
        """Reports an outcome of any kind."""
        await self.stub.CompleteDelivery(
            pb.CompleteDeliveryRequest(
                user=delivery.user,
                delivery_id=delivery.delivery_id,
                lease_token=delivery.lease_token,
                **outcome,  # type: ignore[arg-type]
            ),
            timeout=5,
        )


@pytest.fixture(params=databases.KINDS)
async def mesh(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mesh]:
    url = await databases.fresh_database_url(request.param, tmp_path)
    database = Database(url)
    await migrate(database, MIGRATIONS)
    clock, zoom = FakeClock(), StandInZoom()
    store = MeetingStore(database, KEYS, clock)
    meetings = Meetings(RequestStore(database, KEYS, clock), zoom, clock)
    servicer = MeetingsServicer(
        meetings,
        Endings(store, zoom),
        store,
        DeliveryStore(database, KEYS, clock),
        EventStore(database, KEYS, clock),
        MoveStore(database, clock),
        Watches(ChangeStore(database, KEYS)),
    )
    server = MeshServer(
        ServerOptions("127.0.0.1:0", drain_delay=0, drain_grace=1),
        "zoomslack.meetings.v1.MeetingsService",
        lambda grpc_server: add_MeetingsServiceServicer_to_server(servicer, grpc_server),
        database.ready,
    )
    await server.start()
    target = f"127.0.0.1:{server.port}"
    async with open_channel(target, pb.DESCRIPTOR.services_by_name["MeetingsService"]) as channel:
        yield Mesh(MeetingsServiceStub(channel), meetings, zoom, clock, servicer, database, url, target)
    servicer.stop_waiting()
    await server.drain()
    await meetings.drain()
    await database.dispose()


@asynccontextmanager
async def replica(mesh: Mesh, *, drain_grace: float = 1) -> AsyncIterator[Mesh]:
    """Gives another server of the service on the same database; it drains as the process does."""
    database = Database(mesh.url)
    store = MeetingStore(database, KEYS, mesh.clock)
    servicer = MeetingsServicer(
        mesh.meetings,
        Endings(store, mesh.zoom),
        store,
        DeliveryStore(database, KEYS, mesh.clock),
        EventStore(database, KEYS, mesh.clock),
        MoveStore(database, mesh.clock),
        Watches(ChangeStore(database, KEYS)),
    )
    server = MeshServer(
        ServerOptions("127.0.0.1:0", drain_delay=0, drain_grace=drain_grace),
        "zoomslack.meetings.v1.MeetingsService",
        lambda grpc_server: add_MeetingsServiceServicer_to_server(servicer, grpc_server),
        database.ready,
    )
    await server.start()
    target = f"127.0.0.1:{server.port}"
    async with open_channel(target, pb.DESCRIPTOR.services_by_name["MeetingsService"]) as channel:
        stub = MeetingsServiceStub(channel)
        yield Mesh(stub, mesh.meetings, mesh.zoom, mesh.clock, servicer, database, mesh.url, target)
    servicer.stop_waiting()
    await server.drain()
    await database.dispose()


def later(clock: FakeClock, delta: timedelta) -> None:
    """Moves the clock a little past `delta`."""
    clock.advance(delta.total_seconds() + 0.001)
