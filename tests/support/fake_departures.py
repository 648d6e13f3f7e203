"""Auth as those who erase need it: somebody leaves, and reports come in."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mesh.channel import open_channel
from mesh.errors import MeshError
from mesh.server import MeshServer, ServerOptions
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.auth.v1.auth_service_pb2_grpc import (
    AuthServiceServicer,
    AuthServiceStub,
    add_AuthServiceServicer_to_server,
)

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub


class FakeDepartures(AuthServiceServicer):
    """The half of auth that tells who left: lists each departure until its erasure was reported."""

    def __init__(self) -> None:
        self.list_failures: list[MeshError] = []
        """Raised, one each, instead of an answer to `ListDepartures`."""
        self.report_failures: list[MeshError] = []
        """The same for `CompleteDeparture`."""
        self.asked: list[auth_service_pb2.ListDeparturesRequest] = []
        self.waited_for = asyncio.Event()
        """Set once somebody waits for departures."""
        self.reports: asyncio.Queue[auth_service_pb2.CompleteDepartureRequest] = asyncio.Queue()
        self._departures: dict[str, auth_service_pb2.Departure] = {}
        self._news = asyncio.Event()

    def leave(self, depart_time: datetime, **who: Any) -> str:
        """Has somebody leave (`slack_team_id=…`) and returns the departure's id."""
        departure_id = str(uuid.uuid4())
        departure = auth_service_pb2.Departure(departure_id=departure_id, **who)
        departure.depart_time.FromDatetime(depart_time)
        self._departures[departure_id] = departure
        self._news.set()
        return departure_id

    async def report(self) -> auth_service_pb2.CompleteDepartureRequest:
        """Waits for the next report."""
        async with asyncio.timeout(10):
            return await self.reports.get()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[AuthServiceAsyncStub]:
        """Serves over gRPC, and gives the stub that a service has of auth."""
        service = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]

        async def ready() -> bool:
            return True

        server = MeshServer(
            ServerOptions("127.0.0.1:0", drain_delay=0, drain_grace=1),
            service.full_name,
            lambda grpc_server: add_AuthServiceServicer_to_server(self, grpc_server),
            ready,
        )
        await server.start()
        try:
            async with open_channel(f"127.0.0.1:{server.port}", service) as channel:
                yield AuthServiceStub(channel)
        finally:
            await server.drain()

    async def ListDepartures(self, request: auth_service_pb2.ListDeparturesRequest, context: Any) -> Any:
        self.asked.append(request)
        if self.list_failures:
            raise self.list_failures.pop(0)
        self.waited_for.set()
        await self._news.wait()  # the caller's deadline, or its end, ends the wait
        listed = [one for name, one in self._departures.items() if name not in request.except_departure_ids]
        departures = listed[: request.max_departures]
        return auth_service_pb2.ListDeparturesResponse(departures=departures)

    async def CompleteDeparture(self, request: auth_service_pb2.CompleteDepartureRequest, context: Any) -> Any:
        if self.report_failures:
            raise self.report_failures.pop(0)
        self._departures.pop(request.departure_id, None)
        if not self._departures:
            self._news.clear()
        await self.reports.put(request)
        return auth_service_pb2.CompleteDepartureResponse()
