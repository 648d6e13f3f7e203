"""Work that outlives its caller."""

from __future__ import annotations

import asyncio
import logging

import pytest

from mesh.errors import MeshError, Reason
from services.auth.detached import Detached


async def _failing(error: Exception, gate: asyncio.Event) -> None:
    await gate.wait()
    raise error


async def _abandoned(error: Exception) -> None:
    """Begins work that fails after its caller went away."""
    detached, gate = Detached(), asyncio.Event()
    task = detached.start(_failing(error, gate), "some work")
    with pytest.raises(TimeoutError):
        await detached.wait(task, 0.0)
    gate.set()
    await detached.drain()


async def test_a_defect_is_logged_with_its_traceback_though_nobody_waits(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await _abandoned(ZeroDivisionError("a defect"))
    (record,) = caplog.records
    assert (record.levelname, vars(record)["task"]) == ("ERROR", "some work")
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_a_failure_that_has_a_reason_is_logged_with_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await _abandoned(MeshError(Reason.ZOOM_UNAVAILABLE))
    (record,) = caplog.records
    assert (record.levelname, vars(record)["reason"]) == ("INFO", "ZOOM_UNAVAILABLE")
    assert record.exc_info is None


async def test_a_drain_waits_for_work_that_work_began() -> None:
    detached, gate, done = Detached(), asyncio.Event(), list[str]()

    async def second() -> None:
        for _ in range(10):  # longer than the loop needs to tell that the first one ended
            await asyncio.sleep(0)
        done.append("second")

    async def first() -> None:
        await gate.wait()
        detached.start(second(), "second")
        done.append("first")

    detached.start(first(), "first")
    gate.set()
    await detached.drain()
    assert done == ["first", "second"]
