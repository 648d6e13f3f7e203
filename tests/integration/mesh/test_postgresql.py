"""PostgreSQL's bad days: limits, lost connections, a server that restarts or only reads. All of it passes by itself."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from mesh.database import Database
from mesh.errors import MeshError, Reason
from mesh.postgresql import MIGRATING, SERVING, Limits, connect_args
from tests.support.databases import Cluster, own_cluster

IMPATIENT = Limits(statement=0.3, lock=0.1, idle=0.2)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with own_cluster() as one:
        yield one


@pytest.fixture
async def url(cluster: Cluster) -> str:
    made = await cluster.fresh_url()
    database = Database(made)
    async with database.transaction("make") as connection:
        await connection.execute(text("CREATE TABLE things (name text PRIMARY KEY)"))
        await connection.execute(text("INSERT INTO things VALUES ('first')"))
    await database.dispose()
    return made


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    one = Database(url)
    yield one
    await one.dispose()


@pytest.fixture
async def impatient(url: str) -> AsyncIterator[Database]:
    one = Database(url, limits=IMPATIENT)
    yield one
    await one.dispose()


async def add(database: Database, name: str) -> None:
    async with database.transaction("add") as connection:
        await connection.execute(text("INSERT INTO things VALUES (:name)"), {"name": name})


async def names(database: Database) -> set[str]:
    async with database.snapshot("names") as connection:
        return set((await connection.execute(text("SELECT name FROM things"))).scalars())


async def lock_first(database: Database, locked: asyncio.Event, release: asyncio.Event) -> None:
    async with database.transaction("lock") as connection:
        await connection.execute(text("SELECT * FROM things WHERE name = 'first' FOR UPDATE"))
        locked.set()
        await release.wait()


async def full(database: Database) -> None:
    """Has a pool hold every connection that it may."""
    gate = asyncio.Barrier(5)

    async def one() -> None:
        async with database.snapshot("hold") as connection:
            await connection.execute(text("SELECT 1"))
            await gate.wait()

    await asyncio.gather(*(one() for _ in range(5)))


@pytest.mark.parametrize("limits", [SERVING, MIGRATING])
async def test_the_server_itself_keeps_the_limits(url: str, limits: Limits) -> None:
    database = Database(url, limits=limits)
    async with database.snapshot("look") as connection:
        kept = [
            (await connection.execute(text(f"SELECT current_setting('{name}')"))).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert kept == (["5s", "3s", "10s"] if limits is SERVING else ["0", "1s", "1min"])
    await database.dispose()


async def test_a_statement_that_takes_too_long_may_be_asked_for_again(impatient: Database) -> None:
    with pytest.raises(MeshError) as failure:
        async with impatient.transaction("a long one") as connection:
            await connection.execute(text("SELECT pg_sleep(30)"))
    assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
    assert await names(impatient) == {"first"}


async def test_a_lock_that_somebody_holds_is_not_waited_for(database: Database, impatient: Database) -> None:
    locked, release = asyncio.Event(), asyncio.Event()
    holder = asyncio.create_task(lock_first(database, locked, release))
    await locked.wait()
    with pytest.raises(MeshError) as failure:
        async with impatient.transaction("wait") as connection:
            await connection.execute(text("DELETE FROM things WHERE name = 'first'"))
    assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
    release.set()
    await holder
    assert await names(impatient) == {"first"}


async def test_a_transaction_of_a_process_that_hangs_ends_and_lets_others_go_on(
    impatient: Database, database: Database
) -> None:
    locked, release = asyncio.Event(), asyncio.Event()
    hanging = asyncio.create_task(lock_first(impatient, locked, release))
    await locked.wait()
    async with database.transaction("after it") as connection:
        await connection.execute(text("DELETE FROM things WHERE name = 'first'"))
    release.set()
    with pytest.raises(MeshError) as failure:
        await hanging
    assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
    assert await names(impatient) == set()


async def test_connections_that_the_server_ended_between_two_requests_are_noticed_by_nobody(
    cluster: Cluster, database: Database
) -> None:
    await full(database)
    await cluster.end_connections()
    for number in range(10):
        await add(database, str(number))
    assert len(await names(database)) == 11


async def test_a_connection_that_ends_within_a_transaction_leaves_nothing(cluster: Cluster, database: Database) -> None:
    with pytest.raises(MeshError) as failure:
        async with database.transaction("cut") as connection:
            await connection.execute(text("INSERT INTO things VALUES ('half')"))
            await cluster.end_connections()
            await connection.execute(text("INSERT INTO things VALUES ('other half')"))
    assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
    assert await names(database) == {"first"}


@pytest.mark.parametrize("crashes", [False, True], ids=["stops", "crashes"])
async def test_while_the_server_restarts_everybody_is_asked_to_come_again(
    cluster: Cluster, database: Database, crashes: bool
) -> None:
    await full(database)
    await add(database, "before")
    await asyncio.to_thread(cluster.crash if crashes else cluster.stop)
    for work in (add(database, "meanwhile"), database.ready(), names(database)):
        with pytest.raises(MeshError) as failure:
            await work
        assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
    await asyncio.to_thread(cluster.start)
    await add(database, "after")
    assert await names(database) == {"first", "before", "after"}


async def test_a_server_that_only_reads_is_left_at_once_and_for_none(cluster: Cluster, database: Database) -> None:
    await full(database)
    await cluster.set_read_only(True)
    try:
        with pytest.raises(MeshError) as failure:
            while True:  # the server tells its processes in its own time
                await database.run("write nothing", lambda c: c.execute(text("DELETE FROM things WHERE false")))
        assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
        # Each of the five connections was to that server: none is tried again, and no new one is made.
        with pytest.raises(MeshError) as failure:
            await database.ready()
        assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
    finally:
        await cluster.set_read_only(False)
    async with asyncio.timeout(10):
        while not await answers(database):
            pass
    await add(database, "again")
    assert "again" in await names(database)


async def answers(database: Database) -> bool:
    try:
        return await database.ready()
    except MeshError:
        return False


class Proxy:
    """Between services and PostgreSQL: a network that forwards everything, or nothing and says so to nobody."""

    def __init__(self, url: str) -> None:
        self._socket = f"{make_url(url).query['host']}/.s.PGSQL.5432"
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket)
        self._writers += [writer, back]
        self._tasks += [asyncio.create_task(self._forward(*pair)) for pair in ((reader, back), (there, writer))]

    async def _forward(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            await self._open.wait()
            to.write(chunk)
        to.close()

    def go_silent(self) -> None:
        self._open.clear()

    def forward(self) -> None:
        """Forwards what comes from now on. What was on its way is lost."""
        for task in self._tasks:
            task.cancel()
        self._open.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Yields the port."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def test_a_server_that_says_nothing_any_more_is_given_up_with_all_connections_to_it(url: str) -> None:
    proxy, behind = Proxy(url), make_url(url)
    async with proxy.running() as port:
        address = behind.set(host="127.0.0.1", port=port, query={}).render_as_string(hide_password=False)
        database = Database(address, limits=IMPATIENT)
        await full(database)
        proxy.go_silent()
        async with asyncio.timeout(10):
            with pytest.raises(MeshError) as failure:
                await add(database, "lost")
        assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
        proxy.forward()
        for number in range(5):  # the four others that are as dead are not tried, and closed within two seconds each
            await add(database, str(number))
        assert "lost" not in await names(database)
        await database.dispose()


@pytest.mark.parametrize(
    ("address", "encrypts"),
    [
        ("u:p@db.example/auth", True),
        ("u:p@10.0.0.7:6432/auth", True),
        ("u:p@/auth?host=db1.example:5432&host=db2.example:5432", True),
        ("u:p@/auth?host=/run/postgresql&host=db2.example", True),
        ("u:p@127.0.0.1:5432/auth", False),
        ("u:p@localhost/auth", False),
        ("u:p@[::1]:5432/auth", False),
        ("u:p@/auth?host=/run/postgresql", False),
        ("u:p@/auth", False),
    ],
)
def test_what_leaves_the_machine_is_encrypted_to_a_server_that_is_known(
    address: str, encrypts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("PGSSLMODE", "PGSSLROOTCERT"):
        monkeypatch.delenv(variable, raising=False)
    told = connect_args(make_url(f"postgresql+asyncpg://{address}"), SERVING)
    assert ("ssl" in told) == encrypts
    if encrypts:
        assert told["ssl"].check_hostname
        assert told["ssl"].verify_mode is ssl.CERT_REQUIRED
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/authority.crt")  # asyncpg reads it, when it connects
    assert connect_args(make_url(f"postgresql+asyncpg://{address}"), SERVING).get("ssl", "") == encrypts * "verify-full"
    monkeypatch.setenv("PGSSLMODE", "require")
    assert "ssl" not in connect_args(make_url(f"postgresql+asyncpg://{address}"), SERVING)
