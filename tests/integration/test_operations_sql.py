"""The SQL of `docs/operations.md`, on the tables of today."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.engine import make_url

from mesh.database import Database, migrate
from mesh.postgresql import MIGRATING
from services.auth.__main__ import MIGRATIONS as AUTH
from services.meetings.__main__ import MIGRATIONS as MEETINGS
from services.phone.__main__ import MIGRATIONS as PHONE
from tests.support.databases import shared_cluster
from tests.support.operations import PAGE, blocks
from tests.support.roles import Roles, make_roles

SCRIPTS: dict[str, Path] = {"auth": AUTH, "meetings": MEETINGS, "phone": PHONE}
QUERIES = [(service, sql) for sql in blocks("sql") for service in re.findall(r"\w+", sql.splitlines()[0])]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made() -> AsyncIterator[dict[str, Roles]]:
    """A migrated database of each service."""
    roles = {name: await make_roles(shared_cluster()) for name in SCRIPTS}
    for name, scripts in SCRIPTS.items():
        owner = Database(roles[name].owner_url, limits=MIGRATING)
        await migrate(owner, scripts)
        await owner.dispose()
    yield roles


async def do(url: str, statement: str) -> None:
    database = Database(url)
    try:
        async with database.transaction("do") as connection:
            await connection.execute(text(statement))
    finally:
        await database.dispose()


@pytest.mark.parametrize(("service", "sql"), QUERIES)
async def test_every_statement_runs_with_the_rights_of_the_service(
    made: dict[str, Roles], service: str, sql: str
) -> None:
    await do(made[service].run_url, sql)


async def test_a_second_role_does_what_the_first_one_does_while_passwords_change(made: dict[str, Roles]) -> None:
    cluster, roles = shared_cluster(), made["auth"]
    statements = [
        re.sub(r"\bauth_run", f"{roles.service}_run", one)
        for one in re.findall("`([AC][^`]* ROLE auth_run[^`]*)`", PAGE)
    ]
    assert len(statements) == 2
    for statement in statements:
        await cluster.execute(statement)
    second = make_url(roles.run_url).set(username=f"{roles.service}_run2")
    await do(second.render_as_string(hide_password=False), "DELETE FROM connections")
