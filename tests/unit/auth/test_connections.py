"""The rules of completing a link, with stores in memory and a Zoom that a test leads."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.connections import PROFILE_LIMIT, Completed, Connections, Deleted, Stored
from services.auth.consents import CLAIM, EXCHANGE_LIMIT, Consents, Parts
from services.auth.detached import Detached
from services.auth.grants import AppLevel, Connection, Grant, Grants, Standing, TokenPair, ZoomPlan, ZoomProfile
from services.auth.links import LIFETIME, Claim, ConnectLink, digest
from services.auth.revocation import Revocations
from services.auth.saving import SAVE_PAUSES
from tests.support.clock import FakeClock
from tests.support.revocations import MemoryRevocations

ADA = SlackUser("", "T0ACME", "U0ADA")
PROFILE = ZoomProfile("zoomAda", "zoomAcme", ZoomPlan.LICENSED)
STATE = "the state"
UNAVAILABLE = MeshError(Reason.SERVICE_UNAVAILABLE)


class MemoryStore:
    """One link and its connection. Fails as often as it is told."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.link = ConnectLink(
            digest(STATE), AppLevel.USER, ADA, "Ada", "Acme", clock.now() + LIFETIME, verifier="verifier"
        )
        self.owner = ""
        self.failing_keeps = 0
        self.failing_releases = 0
        self.deleted = False
        self.is_deleted_meanwhile = False
        """Whether the link goes while it is worked on, as its workspace leaves."""
        self.successor_is_done_after = 0
        """How many looks after the first holder; 0 where there is no successor, so that the claim is never lost."""
        self.profile: ZoomProfile | None = None

    async def add_link(self, link: ConnectLink) -> None:
        self.link = link

    async def get_link(self, state_digest: str) -> ConnectLink | None:
        return self.link if state_digest == self.link.state_digest else None

    async def claim_link(
        self, state_digest: str, level: AppLevel, code_digest: str, owner: str, duration: timedelta
    ) -> Claim | None:
        if self.deleted:
            return None
        if self.owner == "successor" and self.link.complete_time is None:
            self.successor_is_done_after -= 1
            if self.successor_is_done_after == 0:
                self._store(PROFILE)
        if self.owner or self.link.complete_time is not None:
            return Claim(self.link, mine=False)
        self.owner = owner
        self.link = replace(self.link, used_time=self.clock.now(), code_digest=code_digest)
        return Claim(self.link, mine=True)

    async def refuse_link(self, state_digest: str, level: AppLevel) -> ConnectLink | None:
        return self.link

    async def release_link(self, link: ConnectLink, owner: str) -> None:
        if self.failing_releases:
            self.failing_releases -= 1
            raise UNAVAILABLE
        self.owner = ""

    async def keep_tokens(self, link: ConnectLink, tokens: TokenPair) -> None:
        if self.failing_keeps:
            self.failing_keeps -= 1
            raise UNAVAILABLE
        self.link = replace(self.link, tokens=tokens)

    async def connect(self, link: ConnectLink, owner: str, tokens: TokenPair, profile: ZoomProfile) -> Stored:
        if self.is_deleted_meanwhile:
            self.deleted = True
            return Stored(mine=False)
        if self.successor_is_done_after:
            self.owner = "successor"
            return Stored(mine=False)
        self._store(profile)
        return Stored(mine=True)

    async def standing(self, user: SlackUser) -> Standing:
        if self.profile is None:
            return Standing(None)
        now = self.clock.now()
        tokens = TokenPair("access-1", "refresh-1", now + timedelta(hours=1), ())
        own = Grant("consent-1", 1, self.profile.zoom_user_id, self.profile.zoom_account_id, tokens, now, None, None)
        return Standing(Connection(ADA, self.profile, now, matched=False), own=own)

    async def match(self, user: SlackUser, account: Grant) -> bool:
        raise AssertionError("nobody is matched here")

    async def of_zoom_users(self, user: SlackUser, zoom_user_ids: list[str]) -> list[tuple[str, str]]:
        raise AssertionError("nobody asks here")

    async def delete(self, user: SlackUser) -> Deleted:
        return Deleted(found=False)

    def _store(self, profile: ZoomProfile) -> None:
        self.link = replace(self.link, tokens=None, complete_time=self.clock.now())
        self.profile = profile


class StandInZoom:
    """Gives a pair for every code; hangs or fails where it is told."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.hangs: set[str] = set()
        self.profile_failure: MeshError | None = None
        self.exchanged: list[str] = []
        self.revoked: list[str] = []

    def authorize_url(self, state: str, code_challenge: str, scopes: tuple[str, ...]) -> str:
        return f"https://zoom.example/authorize?state={state}"

    async def exchange(self, code: str, verifier: str) -> TokenPair:
        if "exchange" in self.hangs:
            await asyncio.Event().wait()
        self.exchanged.append(code)
        return TokenPair("access-1", "refresh-1", self.clock.now() + timedelta(hours=1), ())

    async def own(self, tokens: TokenPair) -> ZoomProfile:
        if "profile" in self.hangs:
            await asyncio.Event().wait()
        if self.profile_failure is not None:
            raise self.profile_failure
        return PROFILE

    async def refresh(self, refresh_token: str) -> TokenPair:
        raise AssertionError("nothing here is that old")

    async def revoke(self, access_token: str) -> None:
        self.revoked.append(access_token)


class World:
    """The rules and what surrounds them."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.zoom = StandInZoom(self.clock)
        self.detached = Detached()

    async def complete(self, limit: float = 5.0) -> Completed:
        """Completes the link; `limit` is in real seconds, for Zoom's part of the work."""
        zoom = {AppLevel.USER: self.zoom}
        revocations = Revocations(store=MemoryRevocations(), zoom=zoom, clock=self.clock, detached=self.detached)
        connections = Connections(
            consents=Consents(Parts(self.store, zoom, revocations, self.clock, self.detached, exchange_limit=limit)),
            store=self.store,
            grants=Grants(store=self.store, renewals={}, matcher=self.store),
            profiles=self.zoom,
            revocations=revocations,
            public_url="https://zoomslack.example",
            profile_limit=limit,
        )
        return await connections.complete(STATE, code="the code", error="")

    async def failure(self, limit: float = 5.0) -> Reason:
        with pytest.raises(MeshError) as caught:
            await self.complete(limit)
        return caught.value.reason


async def profile_of(world: World) -> ZoomProfile | None:
    """Completes the link and returns who is connected."""
    connection = (await world.complete()).standing.connection
    return None if connection is None else connection.profile


async def test_keeping_the_tokens_is_tried_again_as_the_code_works_once() -> None:
    world = World()
    world.store.failing_keeps = len(SAVE_PAUSES)
    assert await profile_of(world) == PROFILE
    assert world.zoom.exchanged == ["the code"]
    assert world.zoom.revoked == []


async def test_tokens_that_cannot_be_kept_are_revoked() -> None:
    world = World()
    world.store.failing_keeps = len(SAVE_PAUSES) + 1
    assert await world.failure() is Reason.SERVICE_UNAVAILABLE
    await world.detached.drain()
    assert world.zoom.revoked == ["access-1"]


async def test_the_reason_is_heard_even_where_the_claim_cannot_be_released() -> None:
    world = World()
    world.zoom.profile_failure = MeshError(Reason.ZOOM_CLIENT_INVALID)
    world.store.failing_releases = 1
    assert await world.failure() is Reason.ZOOM_CLIENT_INVALID
    assert world.store.failing_releases == 0


async def test_a_zoom_that_never_answers_frees_the_claim() -> None:
    for part in ("exchange", "profile"):
        world = World()
        world.zoom.hangs = {part}
        assert await world.failure(limit=0.01) is Reason.ZOOM_UNAVAILABLE
        assert world.store.owner == ""
        world.zoom.hangs = set()
        assert await profile_of(world) == PROFILE
        assert world.zoom.exchanged == ["the code"]


def test_the_work_of_a_claim_ends_before_the_claim() -> None:
    assert EXCHANGE_LIMIT + sum(SAVE_PAUSES) + PROFILE_LIMIT < CLAIM.total_seconds()


async def test_who_lost_the_claim_answers_with_what_its_successor_stored() -> None:
    world = World()
    world.store.successor_is_done_after = 3
    assert await profile_of(world) == PROFILE
    assert world.zoom.exchanged == ["the code"]
    assert world.zoom.revoked == []


async def test_a_link_that_is_over_is_not_waited_for() -> None:
    world = World()
    world.store.owner = "dead"
    world.store.link = replace(world.store.link, used_time=world.clock.now(), code_digest=digest("the code"))
    assert await world.failure() is Reason.ZOOM_UNAVAILABLE  # somebody may be working on it
    world.clock.advance(LIFETIME.total_seconds() + 300)
    assert await world.failure() is Reason.LINK_EXPIRED


async def test_a_link_that_is_deleted_while_it_is_worked_on_connects_nobody_and_its_tokens_are_revoked() -> None:
    world = World()
    world.store.is_deleted_meanwhile = True
    assert await world.failure() is Reason.LINK_INVALID
    await world.detached.drain()
    assert world.zoom.revoked == ["access-1"]
    assert world.store.profile is None
