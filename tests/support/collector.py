"""A collector for tests: takes spans by OTLP over HTTP, as the real ones do."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1 import trace_pb2


@dataclass(frozen=True)
class Received:
    """A span, with the service that sent it."""

    service: str
    span: trace_pb2.Span

    @property
    def name(self) -> str:
        """Its name."""
        return self.span.name

    @property
    def trace_id(self) -> str:
        """Its trace, in hex."""
        return self.span.trace_id.hex()

    @property
    def linked(self) -> set[str]:
        """The traces that it links to."""
        return {link.trace_id.hex() for link in self.span.links}

    @property
    def failed(self) -> bool:
        """Whether tail sampling keeps its trace for it."""
        return self.span.status.code == trace_pb2.Status.STATUS_CODE_ERROR


@dataclass
class Collector:
    """Everything that was sent."""

    url: str
    spans: list[Received] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def roots(self, name: str) -> list[Received]:
        """Returns the spans of this name that nothing is above of, the oldest first."""
        found = [one for one in self.spans if one.name == name and not one.span.parent_span_id]
        return sorted(found, key=lambda one: one.span.start_time_unix_nano)

    def trace(self, trace_id: str) -> list[Received]:
        """Returns the spans of a trace."""
        return [one for one in self.spans if one.trace_id == trace_id]

    def services(self, *trace_ids: str) -> set[str]:
        """Returns which services have spans in these traces."""
        return {one.service for trace_id in trace_ids for one in self.trace(trace_id)}

    def leaks(self, secrets: Sequence[str]) -> list[str]:
        """Returns the beginnings of secrets that stand in what was sent."""
        return [secret[:3] for secret in secrets if any(secret.encode() in body for body in self.bodies)]


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Yields a collector at a port of this machine."""
    collector = Collector("")

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        collector.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            [service] = [one.value.string_value for one in resource.resource.attributes if one.key == "service.name"]
            collector.spans += [Received(service, span) for scope in resource.scope_spans for span in scope.spans]
        answer = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=answer, content_type="application/x-protobuf")

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()
