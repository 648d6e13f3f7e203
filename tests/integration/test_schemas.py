"""The migrations of each service make the tables that its code expects, on each database."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from mesh.database import Database, is_current, migrate
from tests.support import databases

SERVICES = ("auth", "meetings", "phone")


@pytest.mark.parametrize("kind", databases.KINDS)
@pytest.mark.parametrize("service", SERVICES)
async def test_the_migrations_make_the_tables_of_the_code(service: str, kind: str, tmp_path: Path) -> None:
    metadata = importlib.import_module(f"services.{service}.tables").metadata
    migrations = Path(importlib.import_module(f"services.{service}").__path__[0]) / "migrations"
    database = Database(await databases.fresh_database_url(kind, tmp_path))

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    try:
        assert not await is_current(database, migrations), "an empty database is not current"
        await migrate(database, migrations)
        await migrate(database, migrations)
        assert await is_current(database, migrations)
        async with database.snapshot("compare") as connection:
            assert await connection.run_sync(differences) == []
        async with database.transaction("a newer release migrates") as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = 'next'"))
        assert await is_current(database, migrations), "the old code goes on while a new one is rolled out"
    finally:
        await database.dispose()
