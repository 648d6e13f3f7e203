"""What a service says to whoever scrapes it."""

from __future__ import annotations

import asyncio

import pytest
from opentelemetry import trace

from mesh.admin import MOST_AT_ONCE
from mesh.errors import MeshError, Reason
from tests.integration.mesh.conftest import request, running
from tests.support.metrics import get, measuring, scrape
from tests.support.spans import caught_spans
from zoomslack.phone.v1 import phone_service_pb2 as pb

METHOD = "zoomslack.phone.v1.PhoneService/PlaceCall"
SERVER, CLIENT = "rpc_server_call_duration_seconds", "rpc_client_call_duration_seconds"


@pytest.fixture(autouse=True)
def _measuring() -> None:
    measuring()


async def test_each_call_is_measured_on_both_sides_with_its_outcome() -> None:
    async with running(admin_listen="127.0.0.1:0") as service:
        address = f"127.0.0.1:{service.server.admin_port}"
        before = await scrape(address)
        await service.stub.PlaceCall(request(), timeout=5)

        async def refuse(_: object) -> pb.PlaceCallResponse:
            raise MeshError(Reason.PHONE_NUMBER_INVALID)

        service.servicer.behaviour = refuse
        with pytest.raises(MeshError):
            await service.stub.PlaceCall(request(), timeout=5)
        after = await scrape(address)
    for name in (SERVER, CLIENT):
        for code in ("OK", "INVALID_ARGUMENT"):
            about = {"rpc_method": METHOD, "rpc_response_status_code": code, "rpc_system_name": "grpc"}
            assert after.value(f"{name}_count", **about) - before.value(f"{name}_count", **about) == 1
        assert after.families[name].unit == "seconds"


async def test_a_bucket_leads_to_the_trace_of_a_call_in_it() -> None:
    with caught_spans() as caught:
        async with running(admin_listen="127.0.0.1:0") as service:
            address = f"127.0.0.1:{service.server.admin_port}"
            await scrape(address)
            with trace.get_tracer(__name__).start_as_current_span("a command") as span:
                await service.stub.PlaceCall(request(), timeout=5)
                trace_id = trace.format_trace_id(span.get_span_context().trace_id)
            found = await scrape(address)
    exemplars = [sample.exemplar for sample in found.samples(f"{SERVER}_bucket", rpc_method=METHOD) if sample.exemplar]
    assert [one.labels["trace_id"] for one in exemplars] == [trace_id]
    spans = {span.context.span_id for span in caught.all if span.context is not None}
    assert int(exemplars[0].labels["span_id"], 16) in spans


async def test_the_admin_port_has_metrics_and_nothing_else() -> None:
    async with running(admin_listen="127.0.0.1:0") as service:
        address = f"127.0.0.1:{service.server.admin_port}"
        for path in ("/", "/metrics/", "/livez", "/metrics.json"):
            assert (await get(address, path, {}))[0] == 404
        status, headers, text = await get(address, "/metrics?name[]=x", {})
        assert status == 200
        assert headers["Content-Type"].startswith("text/plain")  # for whoever does not ask for more
        assert "python_info" in text
        assert "Python" not in headers["Server"]


async def test_who_keeps_the_admin_port_busy_holds_up_no_call_and_not_the_drain() -> None:
    async with running(admin_listen="127.0.0.1:0", drain_delay=0) as service:
        port = service.server.admin_port
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_AT_ONCE)]
        for _, writer in idle:
            writer.write(b"GET /met")
            await writer.drain()
        reader, one_more = await asyncio.open_connection("127.0.0.1", port)
        one_more.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 4) == b""  # hung up on
        await service.stub.PlaceCall(request(), timeout=5)
        await asyncio.wait_for(service.server.drain(), 4)
        for writer in (*(writer for _, writer in idle), one_more):
            writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_two_servers_do_not_share_an_admin_port() -> None:
    async with running(admin_listen="127.0.0.1:0") as service:
        with pytest.raises(OSError, match="in use"):
            async with running(admin_listen=f"127.0.0.1:{service.server.admin_port}"):
                pass
