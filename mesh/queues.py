"""How much waits in a service's database, and for how long the oldest of it has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.measuring import gauge

INTERVAL = 15.0
"""Seconds between two looks: as often as somebody scrapes."""


async def measure(
    connection: AsyncConnection,
    queue: str,
    waiting: ColumnElement[bool],
    since: Any,
    now: datetime,
    *,
    retrying: ColumnElement[bool] | None = None,
) -> None:
    """Measures the rows that are `waiting`, each `since` a moment; `retrying` are those that were tried before."""
    again = func.coalesce(func.sum(case((false() if retrying is None else retrying, 1), else_=0)), 0)
    row = (await connection.execute(select(func.count(), again, func.min(since)).where(waiting))).one()
    number, retried, oldest = row
    size = gauge("zoomslack.queue.size", "What waits, by queue, and by whether it was tried before.")
    size.set(number - retried, {"queue": queue, "state": "new"})
    size.set(retried, {"queue": queue, "state": "retrying"})
    age = 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
    gauge("zoomslack.queue.age", "For how long the oldest in a queue has waited.", "s").set(age, {"queue": queue})
