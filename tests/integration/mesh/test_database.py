"""Transactions, on each database."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, select, update

from mesh.database import Database, UtcDateTime, insert
from mesh.errors import MeshError, Reason
from mesh.postgresql import SERVING
from tests.support import databases

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("moment", UtcDateTime),
)


@pytest.fixture(params=databases.KINDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    one = Database(await databases.fresh_database_url(request.param, tmp_path))
    async with one.transaction("make") as connection:
        await connection.run_sync(metadata.create_all)
    yield one
    await one.dispose()


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction("fail") as connection:
            await connection.execute(insert(connection, things).values(name="a", count=1))
            raise ZeroDivisionError
    async with database.snapshot("count") as connection:
        assert await connection.scalar(select(func.count()).select_from(things)) == 0


async def test_fifty_writers_at_once_all_count(database: Database) -> None:
    async with database.transaction("make") as connection:
        await connection.execute(insert(connection, things).values(name="a", count=0))

    async def add() -> None:
        async with database.transaction("add") as connection:
            await connection.execute(update(things).values(count=things.c.count + 1))

    await asyncio.gather(*(add() for _ in range(50)))
    async with database.snapshot("read") as connection:
        assert await connection.scalar(select(things.c.count)) == 50


async def test_the_second_insert_of_a_key_does_nothing(database: Database) -> None:
    async with database.transaction("insert") as connection:
        statement = insert(connection, things).values(name="a", count=1).on_conflict_do_nothing()
        assert (await connection.execute(statement)).rowcount == 1
        assert (await connection.execute(statement)).rowcount == 0


async def test_moments_come_back_in_utc(database: Database) -> None:
    moment = datetime(2026, 10, 30, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    async with database.transaction("insert") as connection:
        await connection.execute(insert(connection, things).values(name="a", count=1, moment=moment))
    async with database.snapshot("read") as connection:
        found = await connection.scalar(select(things.c.moment))
    assert found == moment
    assert found is not None
    assert found.tzinfo is UTC


async def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="time zone"):
        async with database.transaction("insert") as connection:
            naive = datetime(2026, 10, 30)  # noqa: DTZ001 (the mistake under test)
            await connection.execute(insert(connection, things).values(name="a", count=1, moment=naive))


async def test_a_cancelled_transaction_leaves_the_database_usable(database: Database) -> None:
    entered = asyncio.Event()

    async def hang() -> None:
        async with database.transaction("hang") as connection:
            await connection.execute(insert(connection, things).values(name="a", count=1))
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(hang())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction("after") as connection:
        assert await connection.scalar(select(func.count()).select_from(things)) == 0
        await connection.execute(insert(connection, things).values(name="b", count=1))


async def test_a_database_that_cannot_be_reached_is_named_so() -> None:
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    with pytest.raises(MeshError) as failure:
        await nowhere.ready()
    assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
    await nowhere.dispose()


async def test_a_replica_holds_no_more_connections_than_it_is_told(tmp_path: Path) -> None:
    small = Database(await databases.fresh_database_url("postgresql", tmp_path), pool_size=1)
    async with small.snapshot("holds the one"):
        with pytest.raises(MeshError) as failure:
            await small.ready()
        assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
    assert await small.ready()
    await small.dispose()


async def test_a_statement_that_takes_too_long_is_given_up_except_by_migrations(tmp_path: Path) -> None:
    url = await databases.fresh_database_url("postgresql", tmp_path)
    for limit in (0.1, None):
        database = Database(url, limits=replace(SERVING, statement=limit))
        async with database.transaction("warm up"):
            pass  # the first connection asks for types, under the same limit
        with pytest.raises(MeshError) if limit else contextlib.nullcontext():
            async with database.transaction("a long one") as connection:
                await connection.exec_driver_sql("SELECT pg_sleep(0.4)")
        await database.dispose()


async def test_whether_postgresql_is_reached_in_plaintext_is_said_by_libpqs_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1024):
            heard.append(chunk)
            writer.write(b"N")  # no TLS here
            if b"somebody" in chunk:
                break
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for mode, names_a_user in (("require", False), ("disable", True)):
        heard.clear()
        monkeypatch.setenv("PGSSLMODE", mode)
        database = Database(f"postgresql+asyncpg://somebody@127.0.0.1:{port}/none")
        with pytest.raises(MeshError):
            await database.ready()
        await database.dispose()
        assert heard
        assert any(b"somebody" in chunk for chunk in heard) == names_a_user
    server.close()
    await server.wait_closed()
