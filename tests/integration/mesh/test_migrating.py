"""`migrate` beside transactions that take long, and beside itself: it waits, and nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from mesh.database import Database, is_current, migrate
from mesh.errors import MeshError, Reason
from mesh.postgresql import MIGRATING, SERVING
from services.phone.__main__ import MIGRATIONS
from tests.support.clock import FakeClock
from tests.support.databases import fresh_database_url


class Pauses(FakeClock):
    """Tells of each pause, and makes none."""

    def __init__(self) -> None:
        super().__init__()
        self.began = self.monotonic()
        self.count = 0

    async def sleep(self, seconds: float) -> None:
        self.count += 1
        await super().sleep(seconds)


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """A database of phone as the version before this one left it: the newest revision changes a table of it."""
    made = await fresh_database_url("postgresql", tmp_path)
    database = Database(made, limits=MIGRATING)

    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")

    async with database.transaction("make") as connection:
        await connection.run_sync(upgrade)
    assert not await is_current(database, MIGRATIONS)
    await database.dispose()
    return made


@asynccontextmanager
async def opened(url: str, *, lock: float = MIGRATING.lock) -> AsyncIterator[Database]:
    database = Database(url, limits=replace(MIGRATING, lock=lock))
    try:
        yield database
    finally:
        await database.dispose()


@asynccontextmanager
async def long_look(url: str) -> AsyncIterator[None]:
    """Holds what every reader holds, as a backup or a forgotten session does, which keeps tables from changing."""
    reader = Database(url, limits=replace(SERVING, idle=0))
    async with reader.snapshot("a long one") as connection:
        await connection.execute(text("SELECT count(*) FROM calls"))
        yield
    await reader.dispose()


async def test_requests_go_on_while_a_migration_cannot(url: str) -> None:
    clock, serving = Pauses(), Database(url)

    async def ask() -> None:
        async with serving.snapshot("a request") as connection:
            await connection.execute(text("SELECT count(*) FROM calls"))

    async with opened(url) as database:
        async with long_look(url):
            migration = asyncio.create_task(migrate(database, MIGRATIONS, clock))
            while clock.count < 2:  # whoever asks while it waits for its lock waits for that long, and no longer
                await ask()
            assert not migration.done()
            assert not await is_current(serving, MIGRATIONS)
        await migration
        assert await is_current(database, MIGRATIONS)
    await serving.dispose()


async def test_a_migration_that_never_gets_its_lock_fails_and_changes_nothing(url: str) -> None:
    clock = Pauses()
    async with opened(url, lock=0.02) as database:
        async with long_look(url):
            with pytest.raises(MeshError) as failure:
                await migrate(database, MIGRATIONS, clock)
            assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
            assert not await is_current(database, MIGRATIONS)
        assert 500 < clock.monotonic() - clock.began <= 600, "within the deadline of the chart's job"
        await migrate(database, MIGRATIONS, clock)
        assert await is_current(database, MIGRATIONS)


async def test_jobs_that_start_together_take_turns(tmp_path: Path) -> None:
    empty = await fresh_database_url("postgresql", tmp_path)
    jobs = [Database(empty, limits=replace(MIGRATING, lock=0.02)) for _ in range(4)]
    await asyncio.gather(*(migrate(job, MIGRATIONS, Pauses()) for job in jobs))
    assert await is_current(jobs[0], MIGRATIONS)
    for job in jobs:
        await job.dispose()


async def test_a_migration_that_fails_by_itself_is_not_repeated(tmp_path: Path) -> None:
    clock = Pauses()
    async with opened("postgresql+asyncpg://nobody@127.0.0.1:1/none") as database:
        with pytest.raises(MeshError):
            await migrate(database, MIGRATIONS, clock)
    assert clock.monotonic() == clock.began
