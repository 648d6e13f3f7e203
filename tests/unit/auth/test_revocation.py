"""What Zoom is told about tokens that nobody wants."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from mesh.errors import MeshError, Reason
from services.auth.detached import Detached
from services.auth.grants import AppLevel, TokenPair
from services.auth.renewals import LAST_RESORT, GrantEndedError
from services.auth.revocation import Orphan, Revocations
from tests.support.clock import FakeClock
from tests.support.revocations import MemoryRevocations


class StandInZoom:
    """Notes what it is asked; fails where it is told, and waits at `gate` where there is one."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.calls: list[tuple[str, str]] = []
        self.failure: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def refresh(self, refresh_token: str) -> TokenPair:
        self.calls.append(("refresh", refresh_token))
        if self.failure is not None:
            raise self.failure
        return TokenPair("access-2", "refresh-2", self.clock.now() + timedelta(hours=1), ())

    async def revoke(self, access_token: str) -> None:
        if self.gate is not None:
            await self.gate.wait()
        self.calls.append(("revoke", access_token))
        if self.failure is not None:
            raise self.failure


class World:
    """Revocations and what surrounds them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.zoom = StandInZoom(self.clock)
        self.detached = Detached()
        self.records = MemoryRevocations()
        self.revocations = Revocations(
            store=self.records, zoom={AppLevel.USER: self.zoom}, clock=self.clock, detached=self.detached
        )

    def stray(self) -> TokenPair:
        return TokenPair("access-1", "refresh-1", self.clock.now() + timedelta(hours=1), ())

    async def orphan(self, lifetime: timedelta, number: int = 1, level: AppLevel = AppLevel.USER) -> Orphan:
        expire_time = self.clock.now() + lifetime
        return await self.records.add(TokenPair(f"access-{number}", f"refresh-{number}", expire_time, (), level))


async def test_a_token_that_works_is_revoked_as_it_is() -> None:
    world = World()
    await world.revocations.begin([await world.orphan(LAST_RESORT + timedelta(seconds=1))])
    assert world.zoom.calls == [("revoke", "access-1")]
    assert world.records.kept == {}


@pytest.mark.parametrize("lifetime", [LAST_RESORT, timedelta(), timedelta(hours=-3)])
async def test_a_token_that_expired_is_renewed_to_be_revoked(lifetime: timedelta) -> None:
    world = World()
    await world.revocations.begin([await world.orphan(lifetime)])
    assert world.zoom.calls == [("refresh", "refresh-1"), ("revoke", "access-2")]
    assert world.records.kept == {}


async def test_a_grant_that_is_dead_needs_no_revocation() -> None:
    world = World()
    world.zoom.failure = GrantEndedError("invalid_grant")
    await world.revocations.begin([await world.orphan(timedelta())])
    assert world.zoom.calls == [("refresh", "refresh-1")]
    assert world.records.kept == {}


@pytest.mark.parametrize("lifetime", [timedelta(), timedelta(hours=1)])
async def test_what_zoom_does_not_take_is_logged_without_the_tokens(
    lifetime: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    world.zoom.failure = MeshError(Reason.ZOOM_UNAVAILABLE)
    with caplog.at_level(logging.INFO):
        await world.revocations.revoke(await world.orphan(lifetime), 5.0)
    assert [(record.levelname, vars(record)["reason"]) for record in caplog.records] == [
        ("WARNING", "ZOOM_UNAVAILABLE")
    ]
    assert not any("-1" in str(vars(record)) for record in caplog.records)


async def test_the_work_goes_on_when_nobody_waits_any_more() -> None:
    world = World()
    world.zoom.gate = asyncio.Event()
    await world.revocations.revoke(await world.orphan(timedelta(hours=1)), 0.0)
    assert world.zoom.calls == []
    world.zoom.gate.set()
    await world.detached.drain()
    assert world.zoom.calls == [("revoke", "access-1")]


async def test_tokens_of_an_app_that_is_configured_no_more_wait_for_it(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    await world.revocations.begin([await world.orphan(timedelta(hours=1), level=AppLevel.ACCOUNT)])
    assert world.zoom.calls == []
    assert "not configured" in caplog.text
    assert len(world.records.kept) == 1


async def test_many_pairs_are_revoked_one_after_the_other_and_one_failure_stops_none() -> None:
    world = World()
    world.zoom.failure = MeshError(Reason.ZOOM_UNAVAILABLE)
    orphans = [await world.orphan(timedelta(hours=1), number) for number in range(3)]
    await world.revocations.begin(orphans)
    assert world.zoom.calls == [("revoke", "access-0"), ("revoke", "access-1"), ("revoke", "access-2")]
    world.zoom.failure = None
    assert await world.revocations.sweep() == (3, 3)
    assert world.records.kept == {}


async def test_what_had_to_be_renewed_is_recorded_before_zoom_is_told() -> None:
    """The old refresh token is dead then, and a restart must find the one that works."""
    world = World()
    world.zoom.gate = asyncio.Event()
    await world.revocations.revoke(await world.orphan(timedelta()), 0.0)
    async with asyncio.timeout(5):
        while not world.zoom.calls:  # noqa: ASYNC110 (the stand-in announces nothing)
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert [tokens.refresh_token for tokens in world.records.kept.values()] == ["refresh-2"]
    world.zoom.gate.set()
    await world.detached.drain()
    assert world.records.kept == {}


async def test_a_pair_that_is_stored_nowhere_is_recorded_as_soon_as_the_database_serves() -> None:
    world = World()
    world.records.failures = 2
    await world.revocations.forget(world.stray())
    assert world.zoom.calls == [("revoke", "access-1")]
    assert world.records.kept == {}


async def test_a_pair_that_cannot_be_recorded_is_revoked_all_the_same() -> None:
    world = World()
    world.records.failures = 100
    await world.revocations.forget(world.stray())
    assert world.zoom.calls == [("revoke", "access-1")]
