"""Which transactions are spans."""

from __future__ import annotations

from pathlib import Path

from opentelemetry import trace

from mesh.database import Database
from tests.support import databases
from tests.support.spans import caught_spans


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
