"""What touches several rows, all of it at once and over three replicas: nobody hears that transactions collided."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mesh.database import Database
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.departures import Cause, SlackLeft, ZoomPlanChanged, ZoomUserLeft
from services.auth.grants import AppLevel, TokenPair, ZoomPlan, ZoomProfile
from services.auth.links import ConnectLink, digest
from services.auth.store import ConnectionStore
from services.auth.store_accounts import AccountStore
from services.auth.store_departures import DepartureStore
from services.auth.store_links import LinkStore
from services.auth.store_sweeps import SweepStore
from services.auth.tables import connections, zoom_grants
from tests.integration.auth.conftest import Mesh

ACCOUNT = "acmeZoomAccount"
PEOPLE = [SlackUser("", team, user) for team in ("T0ONE", "T0TWO") for user in ("U0ADA", "U0GRACE")]
ZOOM_USERS = ["zoomA", "zoomB", "zoomC"]


class Replica:
    """The stores of one process."""

    def __init__(self, mesh: Mesh) -> None:
        self.database: Database = mesh.database()
        self.clock = mesh.clock
        parts = (self.database, mesh.vault, mesh.clock)
        self.connections, self.accounts = ConnectionStore(*parts), AccountStore(*parts)
        self.departures, self.links, self.sweeps = DepartureStore(*parts), LinkStore(*parts), SweepStore(*parts)

    async def connect(self, user: SlackUser, zoom_user_id: str, number: int) -> None:
        link = ConnectLink(
            digest(f"link {number}"), AppLevel.USER, user, "Ada", "Acme", self.clock.now() + timedelta(minutes=10)
        )
        await self.links.add_link(link)
        claim = await self.links.claim_link(
            link.state_digest, AppLevel.USER, digest("code"), f"owner {number}", timedelta(seconds=30)
        )
        if claim is None:  # the workspace has left since
            return
        tokens = TokenPair(f"access {number}", f"refresh {number}", self.clock.now() + timedelta(hours=1), ())
        profile = ZoomProfile(zoom_user_id, ACCOUNT, ZoomPlan.BASIC)
        await self.connections.connect(link, f"owner {number}", tokens, profile)

    def anything(self, dice: random.Random, number: int) -> Awaitable[object]:
        """Returns one of all the things that touch several rows."""
        user, zoom_user_id, now = dice.choice(PEOPLE), dice.choice(ZOOM_USERS), self.clock.now()
        profile = ZoomProfile(zoom_user_id, ACCOUNT, ZoomPlan.BASIC)
        return dice.choice(
            [
                lambda: self.connect(user, zoom_user_id, number),
                lambda: self.connect(user, zoom_user_id, number),
                lambda: self.connections.delete(user),
                lambda: self.accounts.add_match(user, profile),
                lambda: self.departures.zoom_user_left(ZoomUserLeft(zoom_user_id, now, Cause.ZOOM_DEAUTHORIZED)),
                lambda: self.departures.zoom_plan_changed(ZoomPlanChanged(zoom_user_id, ZoomPlan.LICENSED, now)),
                lambda: self.departures.slack_left(SlackLeft("", user.team_id, now)),
                self.sweeps.unserved,
                self.sweeps.left_behind,
            ]
        )()


async def test_everything_at_once_comes_to_its_end_and_leaves_no_grant_unused(mesh: Mesh) -> None:
    replicas, dice = [Replica(mesh) for _ in range(3)], random.Random(7)  # noqa: S311 (no secret)
    before = await deadlocks(replicas[0].database)
    for round_number in range(25):
        work = [replicas[n % 3].anything(dice, 1000 * round_number + n) for n in range(30)]
        results = await asyncio.gather(*work, return_exceptions=True)
        assert not [one for one in results if isinstance(one, BaseException)]
    # Without the order of `services.auth.tables` there are more than ten.
    assert await deadlocks(replicas[0].database) - before <= 4
    async with replicas[0].database.snapshot("look") as connection:
        grants = set((await connection.execute(select(zoom_grants.c.zoom_user_id))).scalars())
        used = set((await connection.execute(select(connections.c.zoom_user_id))).scalars())
    assert grants <= used


async def deadlocks(database: Database) -> int:
    """Returns how many deadlocks PostgreSQL has ended in this database; SQLite has one writer."""
    if database.is_sqlite:
        return 0
    statement = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    async with database.snapshot("count deadlocks") as connection:
        await connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        return int((await connection.execute(statement)).scalar_one())


async def test_a_transaction_that_lost_against_another_one_runs_again(cluster: Mesh) -> None:
    """Two that lock two rows in opposite order: each must come to its end, whichever the database prefers."""
    database = cluster.database()
    async with database.transaction("prepare") as connection:
        await connection.execute(text("CREATE TABLE pair (id int PRIMARY KEY, total int NOT NULL)"))
        await connection.execute(text("INSERT INTO pair VALUES (1, 0), (2, 0)"))
    met = asyncio.Barrier(2)
    runs = 0

    async def add(order: tuple[int, int]) -> None:
        waiting = True

        async def work(connection: AsyncConnection) -> None:
            nonlocal waiting, runs
            runs += 1
            for place, number in enumerate(order):
                await connection.execute(text(f"UPDATE pair SET total = total + 1 WHERE id = {number}"))  # noqa: S608 (our own numbers)
                if place == 0 and waiting:
                    waiting = False
                    await met.wait()

        await database.run("add", work)

    await asyncio.gather(add((1, 2)), add((2, 1)))
    async with database.snapshot("look") as connection:
        totals = (await connection.execute(text("SELECT total FROM pair ORDER BY id"))).scalars().all()
    assert totals == [2, 2]
    assert runs == 3


async def test_only_a_collision_is_run_again(laptop: Mesh) -> None:
    runs = 0

    async def work(_connection: object) -> None:
        nonlocal runs
        runs += 1
        raise MeshError(Reason.SERVICE_UNAVAILABLE)

    with pytest.raises(MeshError):
        await laptop.database().run("fail", work)
    assert runs == 1
