"""What is measured of a database: how long transactions take, and how its pool of connections does."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from mesh.measuring import counter, histogram

if TYPE_CHECKING:
    from mesh.database import Database

_POOL, _STATE = "db.client.connection.pool.name", "db.client.connection.state"


def watch_pool(database: Database, name: str) -> None:
    """Measures the pool of a process's database from now on, under the name of its service."""
    pool = database.engine.pool
    size = int(pool.size())  # type: ignore[attr-defined]  # pools of ours have a size

    def count(_: CallbackOptions) -> Iterable[Observation]:
        yield Observation(pool.checkedout(), {_POOL: name, _STATE: "used"})  # type: ignore[attr-defined]
        yield Observation(pool.checkedin(), {_POOL: name, _STATE: "idle"})  # type: ignore[attr-defined]

    def most(_: CallbackOptions) -> Iterable[Observation]:
        yield Observation(size, {_POOL: name})

    meter = metrics.get_meter("zoomslack")
    meter.create_observable_up_down_counter(
        "db.client.connection.count", [count], description="Connections of this process, by state."
    )
    meter.create_observable_up_down_counter(
        "db.client.connection.max", [most], description="Connections that this process may have."
    )
    database.pool_name = name
    count_timeouts(name, 0)


def waited(pool_name: str, began: float) -> None:
    """Records for how long a connection was waited for, since `began` on the monotonic clock."""
    histogram("db.client.connection.wait_time", "Time until a transaction has a connection.").record(
        time.monotonic() - began, {_POOL: pool_name}
    )


def count_timeouts(pool_name: str, number: int) -> None:
    """Counts waits for a connection that were in vain; 0 begins the count."""
    counter("db.client.connection.timeouts", "Waits for a connection that were in vain.").add(
        number, {_POOL: pool_name}
    )


@contextmanager
def timed_transaction(system: str) -> Iterator[None]:
    """Measures the block, which is one transaction."""
    began, error_type = time.monotonic(), ""
    try:
        yield
    except BaseException as error:
        error_type = type(error).__name__
        raise
    finally:
        histogram("db.client.operation.duration", "Time of each transaction.").record(
            time.monotonic() - began, {"db.system.name": system, "error.type": error_type}
        )
