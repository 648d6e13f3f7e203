"""What every integration test needs at its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

_PATIENCE = 2.0
_STEP = 0.005


@pytest.fixture(autouse=True)
async def _sqlite_has_ended() -> AsyncIterator[None]:
    """Keeps the loop until the threads of SQLite's driver have ended: a statement that was cancelled still tells it."""
    yield
    for _ in range(int(_PATIENCE / _STEP)):
        if not any("_connection_worker_thread" in thread.name for thread in threading.enumerate()):
            return
        await asyncio.sleep(_STEP)
