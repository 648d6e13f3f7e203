"""Background work: which rounds are kept as spans, and what their lines of log say."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from mesh.background import every, running
from mesh.clock import SystemClock
from mesh.database import Database
from mesh.rounds import WithoutIdleRounds
from mesh.telemetry import JsonFormatter
from tests.support import databases
from tests.support.spans import caught_spans

log = logging.getLogger(__name__)


async def one_round(work: Callable[[], Awaitable[object]]) -> InMemorySpanExporter:
    """Does one round; returns what is exported."""
    exporter, done = InMemorySpanExporter(), asyncio.Event()

    async def once() -> None:
        try:
            if not done.is_set():
                await work()
        finally:
            done.set()

    with caught_spans():
        provider = trace.get_tracer_provider()
        assert isinstance(provider, TracerProvider)
        provider.add_span_processor(WithoutIdleRounds(SimpleSpanProcessor(exporter)))
        async with running(asyncio.create_task(every("sweep", 3600, once, SystemClock()))):
            await done.wait()
    return exporter


def names(exporter: InMemorySpanExporter) -> list[str]:
    return [span.name for span in exporter.get_finished_spans()]


async def test_a_round_that_finds_nothing_is_not_exported(tmp_path: Path) -> None:
    database = Database(await databases.fresh_database_url("sqlite", tmp_path))

    async def look() -> None:
        async with database.transaction("look for work"):
            pass

    try:
        assert names(await one_round(look)) == []
    finally:
        await database.dispose()


async def test_a_round_that_did_something_is_the_root_of_it() -> None:
    async def ask() -> None:
        with trace.get_tracer(__name__).start_as_current_span("Zoom GET /users"):
            pass

    found = (await one_round(ask)).get_finished_spans()
    assert [span.name for span in found] == ["Zoom GET /users", "background sweep"]
    assert found[0].parent is not None
    assert found[0].parent == found[1].context
    assert found[1].status.status_code is StatusCode.UNSET


async def test_a_round_that_failed_is_exported_as_failed_and_its_line_of_log_names_the_trace() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("test"))
    logging.getLogger("mesh.background").addHandler(handler)
    try:

        async def fail() -> None:
            raise LookupError("xoxb-secret")

        [span] = (await one_round(fail)).get_finished_spans()
    finally:
        logging.getLogger("mesh.background").removeHandler(handler)
    assert span.name == "background sweep"
    assert span.status.status_code is StatusCode.ERROR
    assert "secret" not in span.to_json()
    [line] = map(json.loads, stream.getvalue().splitlines())
    assert span.context is not None
    assert line["trace_id"] == trace.format_trace_id(span.context.trace_id)
    assert line["work"] == "sweep"
