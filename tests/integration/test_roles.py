"""Two roles for each database, as `deploy/postgres/roles.sql` makes them: one owns the schema, one only its rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from mesh.database import Database, is_current, migrate
from mesh.errors import MeshError
from mesh.postgresql import MIGRATING, SERVING, Limits
from services.auth.__main__ import MIGRATIONS as AUTH
from services.meetings.__main__ import MIGRATIONS as MEETINGS
from services.phone.__main__ import MIGRATIONS as PHONE
from tests.support.databases import Cluster, shared_cluster
from tests.support.roles import make_roles

FORBIDDEN = (
    "CREATE TABLE mine (a int)",
    "CREATE TEMPORARY TABLE mine (a int)",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "CREATE INDEX mine ON {table} ((true))",
    "ALTER TABLE {table} ADD COLUMN mine int",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "DROP TABLE {table}",
    "TRUNCATE {table}",
    "SET ROLE {owner}",
)


@asynccontextmanager
async def opened(url: str, limits: Limits = SERVING) -> AsyncIterator[Database]:
    database = Database(url, limits=limits)
    try:
        yield database
    finally:
        await database.dispose()


async def do(database: Database, statement: str) -> None:
    async with database.transaction("do") as connection:
        await connection.exec_driver_sql(statement)


async def tables(database: Database) -> list[str]:
    async with database.snapshot("tables") as connection:
        found = await connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [row[0] for row in found]


async def admin_of(cluster: Cluster) -> str:
    """Returns a role as hosted databases give it to their users: no superuser."""
    await cluster.execute("DROP ROLE IF EXISTS hosted")
    await cluster.execute("CREATE ROLE hosted LOGIN CREATEROLE CREATEDB")
    return "hosted"


@pytest.mark.parametrize("scripts", [AUTH, MEETINGS, PHONE], ids=["auth", "meetings", "phone"])
async def test_P89_the_serving_role_can_do_its_work_and_cannot_change_the_schema(scripts: Path) -> None:
    made = await make_roles(shared_cluster())
    async with opened(made.owner_url, MIGRATING) as owner, opened(made.run_url) as serving:
        await migrate(owner, scripts)
        assert await is_current(serving, scripts)
        found = await tables(serving)
        assert len(found) > 3
        for table in found:
            async with serving.transaction("rows") as connection:
                for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                    allowed = await connection.exec_driver_sql(f"SELECT has_table_privilege('{table}', '{right}')")
                    assert allowed.scalar_one() is True, (table, right)
            await do(serving, f"DELETE FROM {table} WHERE false")  # noqa: S608 (names of our own tables)
        for statement in FORBIDDEN:
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                await do(serving, statement.format(table=found[0], owner=f"{made.service}_owner"))


async def test_P89_nobody_gets_into_the_database_of_another_service() -> None:
    one, other = await make_roles(shared_cluster()), await make_roles(shared_cluster())
    for mine in (one.run_url, one.owner_url):
        url = make_url(mine).set(database=other.service)
        async with opened(url.render_as_string(hide_password=False)) as stranger:
            with pytest.raises((ProgrammingError, MeshError)) as failure:
                await stranger.ready()
            assert "permission denied for database" in str(failure.value.__cause__)


async def test_the_file_again_changes_nothing_and_gives_back_lost_rights() -> None:
    made = await make_roles(shared_cluster())
    async with opened(made.owner_url, MIGRATING) as owner, opened(made.run_url) as serving:
        await migrate(owner, PHONE)
        await do(owner, f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {made.service}_run")
        with pytest.raises(ProgrammingError, match="permission denied"):
            await tables_read(serving)
        assert await make_roles(shared_cluster(), made.service) == made
        await tables_read(serving)


async def test_an_administrator_of_a_hosted_database_is_enough() -> None:
    made = await make_roles(shared_cluster(), by=await admin_of(shared_cluster()))
    async with opened(made.owner_url, MIGRATING) as owner, opened(made.run_url) as serving:
        await migrate(owner, PHONE)
        await tables_read(serving)
    assert await make_roles(shared_cluster(), made.service, by="hosted") == made


async def tables_read(database: Database) -> None:
    """Reads from a table of phone."""
    await do(database, "SELECT count(*) FROM calls")
