"""The migrations make the schema that the code expects."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from mesh.database import is_current
from services.auth.__main__ import MIGRATIONS
from services.auth.tables import metadata
from tests.integration.auth.conftest import Mesh


async def test_the_migrations_make_the_tables_of_the_code(mesh: Mesh) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    database = mesh.database()
    async with database.snapshot("compare") as connection:
        assert await connection.run_sync(differences) == []
    assert await is_current(database, MIGRATIONS)
