"""A service's own database: SQLite on a laptop, PostgreSQL in a cluster, the same SQL in both."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from sqlalchemy import Connection, DateTime, Dialect, Table, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.types import TypeDecorator

from mesh import postgresql as pg
from mesh.clock import Clock, SystemClock
from mesh.database_metrics import count_timeouts, timed_transaction, waited
from mesh.errors import MeshError, Reason
from mesh.rounds import is_round

log = logging.getLogger(__name__)

T = TypeVar("T")

# Connection lost, resources exhausted, shut down or starting, wrong credentials (while they rotate), serialization
# failures, deadlocks, a server that only reads (during a fail-over), a database that is not there (yet, while it is
# restored), and statements and locks that took too long.
_OUTAGE_STATES = ("08", "53", "57P", "28", "40001", "40P01", pg.READ_ONLY, "3D000", "57014", "55P03")
_COLLISIONS = ("40001", "40P01")
"""Serialization failures and deadlocks: the other transaction has won, and this one may run again at once."""
_COLLISIONS_TAKEN = 2
_SQLITE_OUTAGES = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")
_GIVEN_WAY = (*_COLLISIONS, "55P03")
"""What a migration takes back and tries again: collisions, and a lock that somebody holds."""
MIGRATION_PATIENCE = 600.0
"""Seconds after which a migration that never gets its locks fails."""
_LONGEST_PAUSE = 15.0
_BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process that writes to the same SQLite file."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware, in UTC, on both sides. SQLite keeps no zone, so it is taken off and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Connections and transactions. Every transaction of a request is one span."""

    def __init__(self, url: str, *, pool_size: int = 5, limits: pg.Limits = pg.SERVING) -> None:
        """`url` is SQLAlchemy's, async: `sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`, which keeps `limits`."""
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.system = "sqlite" if self.is_sqlite else "postgresql"
        self.pool_name = ""
        """What its pool is called where it is measured (`mesh.database_metrics`)."""
        if self.is_sqlite:
            file = make_url(url).database
            if file:
                Path(file).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_async_engine(
                url, hide_parameters=True, connect_args={"timeout": _BUSY_TIMEOUT}, pool_size=pool_size
            )
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        else:
            self.engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=2.0,
                connect_args=pg.connect_args(make_url(url), limits),
            )
            event.listen(self.engine.sync_engine, "checkout", pg.skip_closed)
            event.listen(self.engine.sync_engine, "handle_error", pg.replace_all)
        # SQLite has one writer. Waiting here is fair; waiting inside SQLite means polling in a thread.
        self._writer = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def transaction(self, name: str) -> AsyncIterator[AsyncConnection]:
        """Opens a transaction that may write; commits at the end, rolls back on any exception.

        Raises MeshError(SERVICE_UNAVAILABLE) when the database cannot be reached.
        """
        async with self._writer if self.is_sqlite else contextlib.nullcontext(), self._begin(name, write=True) as c:
            yield c

    async def run(self, name: str, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Runs `work` in a transaction and returns what it returns. Raises as `transaction` and `work` do.

        Again, where the database ended it for the sake of another transaction: `work` does nothing but SQL.
        """
        for _ in range(_COLLISIONS_TAKEN):
            try:
                async with self.transaction(name) as connection:
                    return await work(connection)
            except MeshError as error:
                if pg.sqlstate(error.__cause__) not in _COLLISIONS:
                    raise
            log.info("a transaction that collided with another one runs again", extra={"operation": name})
        async with self.transaction(name) as connection:
            return await work(connection)

    @contextlib.asynccontextmanager
    async def snapshot(self, name: str, *, traced: bool = True) -> AsyncIterator[AsyncConnection]:
        """Opens a transaction that only reads. Raises as `transaction` does.

        `traced=False` is for looks that are repeated until they find something: only the last one is of interest.
        """
        async with self._begin(name, write=False, traced=traced) as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def _begin(self, name: str, *, write: bool, traced: bool = True) -> AsyncIterator[AsyncConnection]:
        # Outside of any request (health, loops that look for work) a span would be a trace of its own, every second.
        current = trace.get_current_span()
        inside = current.get_span_context().is_valid and not is_round(current)
        tracer = trace.get_tracer(__name__) if traced and inside else trace.NoOpTracer()
        with tracer.start_as_current_span(
            f"sql {name}",
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": self.system, "db.operation.name": name},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                with timed_transaction(self.system):
                    async with self._connected() as connection:
                        await connection.execution_options(zoomslack_write=write)
                        async with connection.begin():
                            yield connection
            except Exception as error:
                # By type and state only: the driver's own text may repeat values.
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                if not _is_outage(error):
                    raise
                log.warning("the database did not serve", extra={"operation": name, "cause": pg.cause(error)})
                raise MeshError(Reason.SERVICE_UNAVAILABLE) from error

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        began = time.monotonic()
        try:
            async with contextlib.AsyncExitStack() as stack:
                connection = await stack.enter_async_context(self.engine.connect())
                waited(self.pool_name, began)
                yield connection
        except PoolTimeoutError:
            count_timeouts(self.pool_name, 1)
            raise

    async def ready(self) -> bool:
        """Tells whether the database answers. Raises MeshError when it does not."""
        async with self.snapshot("ping") as connection:
            await connection.exec_driver_sql("SELECT 1")
        return True

    async def dispose(self) -> None:
        """Closes every connection."""
        await self.engine.dispose()


def _is_outage(error: Exception) -> bool:
    """Tells whether the same transaction may succeed a little later, with nobody changing anything."""
    if isinstance(error, PoolTimeoutError | TimeoutError | OSError) or pg.is_refused(error):
        return True
    if state := pg.sqlstate(error):
        return state.startswith(_OUTAGE_STATES)
    if isinstance(error, DBAPIError):
        name = str(getattr(error.orig, "sqlite_errorname", ""))
        return error.connection_invalidated or name.startswith(_SQLITE_OUTAGES)
    return False


async def serialize(connection: AsyncConnection, *key: str) -> None:
    """Lets one transaction at a time go on from here for the same `key`, until it ends.

    For two transactions that each look for what the other one adds. SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock(func.hashtextextended("\x1f".join(key), 0))
        await connection.execute(select(lock))


def insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Returns an INSERT that knows ON CONFLICT in the dialect at hand."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


async def migrate(database: Database, scripts: Path, clock: Clock | None = None) -> None:
    """Brings the schema to the newest revision under `scripts`: in one transaction, and one job at a time.

    A lock that somebody holds is not waited for beyond the limit: everybody who came later would wait behind it. All is
    taken back, and tried again after a pause. Raises MeshError(SERVICE_UNAVAILABLE) when that never succeeds.
    """
    clock = clock or SystemClock()
    end, pause = clock.monotonic() + MIGRATION_PATIENCE, 1.0
    while True:
        try:
            async with database.transaction("migrate") as connection:
                await serialize(connection, "migrate")
                await connection.run_sync(_upgrade, scripts)
        except MeshError as error:
            if pg.sqlstate(error.__cause__) not in _GIVEN_WAY or clock.monotonic() + pause > end:
                raise
        else:
            return
        log.info("the migration gives way to a transaction that holds a lock", extra={"pause_seconds": pause})
        await clock.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def is_current(database: Database, scripts: Path) -> bool:
    """Tells whether the schema fits this code: at its newest revision, or at one that is newer than the code.

    Newer is right while new code is rolled out: its migrations run first, and keep the old code working.
    """
    heads, known = _revisions(scripts)

    def compare(connection: Connection) -> bool:
        at = set(MigrationContext.configure(connection).get_current_heads())
        return at == heads or bool(at - known)

    async with database.snapshot("schema version") as connection:
        return await connection.run_sync(compare)


@functools.cache
def _revisions(scripts: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the newest revisions under `scripts`, and all of them."""
    folder = ScriptDirectory.from_config(_config(scripts))
    return frozenset(folder.get_heads()), frozenset(script.revision for script in folder.walk_revisions())


def run_migrations() -> None:
    """What every service's `migrations/env.py` calls: runs the revisions on the connection of `migrate`."""
    context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
    context.run_migrations()


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection, scripts: Path) -> None:
    config = _config(scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # Python's own transaction control would begin lazily and never IMMEDIATE; `_begin_sqlite` does it instead.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that begins as a reader can fail when it starts to write; IMMEDIATE takes the lock at once.
    write = connection.get_execution_options().get("zoomslack_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
