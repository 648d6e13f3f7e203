"""Which transactions are spans, which spans are marked as failed, and where links lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from mesh.database import Database
from mesh.errors import MeshError
from mesh.origins import LENGTH, link_current_to, links, origin
from tests.integration.mesh.conftest import Running, pause, request
from tests.support import databases
from tests.support.spans import caught_spans
from zoomslack.phone.v1 import phone_service_pb2 as pb


async def test_transactions_of_a_request_are_spans_and_looks_outside_of_one_are_not(tmp_path: Path) -> None:
    database = Database(await databases.fresh_database_url("sqlite", tmp_path))
    try:
        with caught_spans() as caught:
            await database.ready()
            with trace.get_tracer(__name__).start_as_current_span("a request"):
                async with database.transaction("write something"):
                    pass
                async with database.snapshot("look", traced=False):
                    pass
        names = caught.names
    finally:
        await database.dispose()
    assert names == ["sql write something", "a request"]


async def test_calls_that_went_well_leave_no_span_marked_as_failed_and_others_do(service: Running) -> None:
    with caught_spans() as caught:
        await service.stub.PlaceCall(request(), timeout=5)
        well = [span.status.status_code for span in caught.all]

        async def fail(_: pb.PlaceCallRequest) -> pb.PlaceCallResponse:
            raise LookupError("a defect")

        service.servicer.behaviour = fail
        with pytest.raises(MeshError):
            await service.stub.PlaceCall(request(), timeout=5)
        failed = [span.status.status_code for span in caught.all[len(well) :]]
    assert well == [StatusCode.UNSET] * 2
    assert failed == [StatusCode.ERROR] * 2


async def test_a_call_whose_time_ran_out_is_marked_as_failed_on_both_sides(service: Running) -> None:
    service.servicer.behaviour = lambda _: pause(5)
    with caught_spans() as caught:
        with pytest.raises(MeshError):
            await service.stub.PlaceCall(request(), timeout=0.5)
        await service.server.drain()  # with it the server's half has ended
    assert [span.status.status_code for span in caught.all] == [StatusCode.ERROR] * 2


def test_a_link_leads_to_an_origin_and_to_nothing_else() -> None:
    with caught_spans(), trace.get_tracer(__name__).start_as_current_span("a command") as command:
        kept = origin()
    assert len(kept) == LENGTH
    assert origin() == ""
    assert [link.context.trace_id for link in links([kept, kept, "", "no origin", "00-0-0-00"])] == [
        command.get_span_context().trace_id
    ]
    with caught_spans() as caught, trace.get_tracer(__name__).start_as_current_span("a webhook"):
        link_current_to(kept)
        link_current_to(origin())  # itself
        link_current_to("")
    [webhook] = caught.all
    assert [link.context.span_id for link in webhook.links] == [command.get_span_context().span_id]
