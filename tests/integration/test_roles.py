"""Two roles for each database, as the chart's README makes them: one owns the schema, the other one only its rows."""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ProgrammingError

from mesh.database import Database, is_current, migrate
from services.auth.__main__ import MIGRATIONS as AUTH
from services.meetings.__main__ import MIGRATIONS as MEETINGS
from services.phone.__main__ import MIGRATIONS as PHONE
from tests.support import databases

README = Path(__file__).resolve().parents[2] / "deploy/k8s/chart/README.md"


async def roles(tmp_path: Path) -> tuple[Database, Database]:
    """Runs the README's SQL for a service of a fresh name; returns its database as each role sees it."""
    url = make_url(await databases.fresh_database_url("postgresql", tmp_path))
    name = f"{url.database}_of"
    [sql] = re.findall(r"```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    before, connect, after = re.sub(r"\bauth(?=_owner|_run|\b)", name, sql).partition(f"\\connect {name}\n")
    assert connect
    await _execute(url, before)
    await _execute(url.set(database=name), after)
    owner, serving = (url.set(database=name, username=f"{name}_{role}", password="…") for role in ("owner", "run"))
    return _database(owner), _database(serving)


def _database(url: URL) -> Database:
    return Database(url.render_as_string(hide_password=False))


async def _execute(url: URL, sql: str) -> None:
    connection = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        for statement in filter(None, (part.strip() for part in sql.split(";"))):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("scripts", [AUTH, MEETINGS, PHONE], ids=["auth", "meetings", "phone"])
async def test_P89_the_serving_role_can_do_its_work_and_cannot_change_the_schema(scripts: Path, tmp_path: Path) -> None:
    owner, serving = await roles(tmp_path)
    await migrate(owner, scripts)
    assert await is_current(serving, scripts)
    async with serving.snapshot("tables") as connection:
        found = await connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        tables = [row[0] for row in found]
    assert len(tables) > 3
    for table in tables:
        async with serving.transaction("rows") as connection:
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                allowed = await connection.exec_driver_sql(f"SELECT has_table_privilege('{table}', '{right}')")
                assert allowed.scalar_one() is True, (table, right)
            await connection.exec_driver_sql(f"DELETE FROM {table} WHERE false")  # noqa: S608 (names of our own tables)
    for statement in ("CREATE TABLE mine (a int)", f"DROP TABLE {tables[0]}", f"TRUNCATE {tables[0]}"):
        with pytest.raises(ProgrammingError):
            async with serving.transaction("schema") as connection:
                await connection.exec_driver_sql(statement)
    await owner.dispose()
    await serving.dispose()
