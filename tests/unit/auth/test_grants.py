"""The rules of renewing, with a store in memory and a clock that tests move."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.auth.detached import Detached
from services.auth.grants import (
    MARGIN,
    AppLevel,
    Connection,
    Grant,
    Grants,
    Standing,
    TokenPair,
    TokenRefusedError,
    ZoomPlan,
    ZoomProfile,
)
from services.auth.renewals import LEASE, GrantEndedError, Renewals, Terms
from tests.support.clock import FakeClock

ADA = SlackUser("", "T0ACME", "U0ADA")
PROFILE = ZoomProfile("zoomAda", "zoomAcme", ZoomPlan.LICENSED)


class MemoryStore:
    """One grant; counts what is done to it."""

    def __init__(self, clock: FakeClock, lifetime: timedelta, level: AppLevel = AppLevel.USER) -> None:
        self.clock = clock
        tokens = TokenPair("access-1", "refresh-1", clock.now() + lifetime, ("user:read:user",), level)
        self.grant: Grant | None = Grant(
            "consent-1", 1, PROFILE.zoom_user_id, PROFILE.zoom_account_id, tokens, clock.now(), None, None
        )
        self.owner = ""
        self.failing_saves = 0
        self.saved: list[str] = []

    def consent_again(self, tokens: TokenPair) -> None:
        """Puts the grant of a newer consent in the place of the older one."""
        self.grant = Grant(
            "consent-2", 1, PROFILE.zoom_user_id, PROFILE.zoom_account_id, tokens, self.clock.now(), None, None
        )

    async def standing(self, user: SlackUser) -> Standing:
        if self.grant is None or user != ADA:
            return Standing(None)
        return Standing(Connection(ADA, PROFILE, self.clock.now(), matched=False), own=self.grant)

    async def current(self, pair: Grant) -> Grant | None:
        return self.grant

    async def acquire_lease(self, pair: Grant, owner: str, duration: timedelta) -> bool:
        now, current = self.clock.now(), self.grant
        if current is None or not current.same_pair(pair):
            return False
        if current.lease_expire_time is not None and current.lease_expire_time > now:
            return False
        self.owner = owner
        self.grant = replace(current, lease_expire_time=now + duration)
        return True

    async def release_lease(self, pair: Grant, owner: str) -> None:
        if self.grant is not None and self.owner == owner:
            self.grant = replace(self.grant, lease_expire_time=None)

    async def save_pair(self, pair: Grant, fresh: TokenPair) -> bool:
        if self.failing_saves:
            self.failing_saves -= 1
            raise MeshError(Reason.SERVICE_UNAVAILABLE)
        self.saved.append(fresh.access_token)
        current = self.grant
        if current is None or current.key != pair.key:
            return False
        version = current.token_version + 1
        self.grant = replace(current, token_version=version, tokens=fresh, lease_expire_time=None, end_time=None)
        return True

    async def end(self, pair: Grant, cause: str) -> None:
        if self.grant is not None and self.grant.same_pair(pair):
            self.grant = replace(self.grant, end_time=self.clock.now(), lease_expire_time=None)


class StandInZoom:
    """Rotates; waits at `gate` where there is one, and fails with `failures` first."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.calls: list[str] = []
        self.failures: list[Exception] = []
        self.gate: asyncio.Event | None = None

    async def refresh(self, grant: Grant) -> TokenPair:
        self.calls.append(grant.tokens.refresh_token)
        number = len(self.calls) + 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        return TokenPair(f"access-{number}", f"refresh-{number}", self.clock.now() + timedelta(hours=1), ())


class Revoked:
    """What was given up for revoking."""

    def __init__(self) -> None:
        self.access_tokens: list[str] = []

    def begin(self, tokens: TokenPair) -> None:
        self.access_tokens.append(tokens.access_token)


class NoMatches:
    """Nobody belongs to a company here."""

    async def match(self, user: SlackUser, account: Grant) -> bool:
        raise AssertionError("nobody is matched without an account")


class World:
    """The rules and what surrounds them."""

    def __init__(self, lifetime: timedelta = timedelta()) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock, lifetime)
        self.zoom = StandInZoom(self.clock)
        self.revoked = Revoked()
        self.detached = Detached()
        self.grants = self.another_process()

    def another_process(self) -> Grants:
        terms = Terms(
            margin=MARGIN,
            ended=Reason.ZOOM_NOT_CONNECTED,
            unavailable=Reason.ZOOM_UNAVAILABLE,
            refresh=self.zoom.refresh,
            orphaned=self.revoked.begin,
        )
        renewals = Renewals(self.store, terms, self.clock, self.detached)
        return Grants(store=self.store, renewals={AppLevel.USER: renewals}, matcher=NoMatches())

    async def token(self, rejected: str = "") -> str:
        digest = hashlib.sha256(rejected.encode()).hexdigest() if rejected else ""
        return (await self.grants.issue(ADA, digest)).tokens.access_token


async def reason_of(world: World) -> Reason:
    with pytest.raises(MeshError) as caught:
        await world.token()
    return caught.value.reason


async def test_a_token_with_more_than_five_minutes_is_given_as_it_is() -> None:
    world = World(MARGIN + timedelta(seconds=1))
    assert await world.token() == "access-1"
    assert world.zoom.calls == []


async def test_a_token_with_five_minutes_is_renewed() -> None:
    world = World(MARGIN)
    assert await world.token() == "access-2"


async def test_callers_of_one_process_share_a_refresh() -> None:
    world = World()
    assert await asyncio.gather(*(world.token() for _ in range(10))) == ["access-2"] * 10
    assert world.zoom.calls == ["refresh-1"]


async def test_no_pair_is_handed_out_before_it_is_stored() -> None:
    world = World()
    world.store.failing_saves = 100
    assert await reason_of(world) is Reason.SERVICE_UNAVAILABLE
    assert world.store.saved == []


async def test_storing_is_tried_again_as_the_pair_is_the_only_copy() -> None:
    world = World()
    world.store.failing_saves = 3
    assert await world.token() == "access-2"
    assert world.zoom.calls == ["refresh-1"]


async def test_the_next_refresh_uses_the_newest_token() -> None:
    world = World()
    await world.token()
    world.clock.advance(3600)
    assert await world.token() == "access-3"
    assert world.zoom.calls == ["refresh-1", "refresh-2"]


async def test_a_failed_refresh_frees_the_lease() -> None:
    world = World()
    world.zoom.failures = [MeshError(Reason.ZOOM_UNAVAILABLE)]
    assert await reason_of(world) is Reason.ZOOM_UNAVAILABLE
    assert world.store.grant is not None
    assert world.store.grant.lease_expire_time is None
    assert await world.token() == "access-3"


async def test_a_refused_token_ends_the_grant() -> None:
    world = World()
    world.zoom.failures = [GrantEndedError("invalid_grant")]
    assert await reason_of(world) is Reason.ZOOM_NOT_CONNECTED
    assert await reason_of(world) is Reason.ZOOM_NOT_CONNECTED
    assert len(world.zoom.calls) == 1


async def test_a_slow_holder_undoes_the_end_that_its_successor_concluded() -> None:
    # The first refresh has rotated the token at Zoom, so the one after the lease's end is refused; the first one's
    # answer, late as it is, is the pair that works.
    world = World()
    world.zoom.gate = asyncio.Event()
    first = asyncio.create_task(world.token())
    await until(lambda: world.zoom.calls == ["refresh-1"])
    world.clock.advance(LEASE.total_seconds() + 1)
    late_gate, world.zoom.gate = world.zoom.gate, None
    world.zoom.failures = [GrantEndedError("invalid_grant")]
    with pytest.raises(MeshError):
        await world.another_process().issue(ADA)
    late_gate.set()
    assert await first == "access-2"
    assert await world.token() == "access-2"


async def test_a_refusal_means_nothing_when_a_newer_consent_came_meanwhile() -> None:
    world = World()
    world.zoom.gate = asyncio.Event()
    world.zoom.failures = [GrantEndedError("4741")]
    call = asyncio.create_task(world.token())
    await until(lambda: world.zoom.calls == ["refresh-1"])
    tokens = TokenPair("access-new", "refresh-new", world.clock.now() + timedelta(hours=1), ())
    world.store.consent_again(tokens)
    world.zoom.gate.set()
    assert await call == "access-new"


async def test_a_pair_that_a_newer_consent_overtook_is_left_alone() -> None:
    # Zoom ends the older grant by itself; a revocation could end the newer one.
    world = World()
    world.zoom.gate = asyncio.Event()
    call = asyncio.create_task(world.token())
    await until(lambda: world.zoom.calls == ["refresh-1"])
    tokens = TokenPair("access-new", "refresh-new", world.clock.now() + timedelta(hours=1), ())
    world.store.consent_again(tokens)
    world.zoom.gate.set()
    assert await call == "access-new"
    assert world.store.saved == ["access-2"]
    assert world.revoked.access_tokens == []


async def test_a_logout_during_a_refresh_wins() -> None:
    world = World()
    world.zoom.gate = asyncio.Event()
    call = asyncio.create_task(world.token())
    await until(lambda: world.zoom.calls == ["refresh-1"])
    world.store.grant = None
    world.zoom.gate.set()
    with pytest.raises(MeshError) as caught:
        await call
    assert caught.value.reason is Reason.ZOOM_NOT_CONNECTED
    assert world.revoked.access_tokens == ["access-2"]


async def test_a_cancelled_caller_does_not_cancel_the_refresh() -> None:
    world = World()
    world.zoom.gate = asyncio.Event()
    call = asyncio.create_task(world.token())
    await until(lambda: world.zoom.calls == ["refresh-1"])
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    world.zoom.gate.set()
    await world.detached.drain()
    assert world.store.saved == ["access-2"]


async def test_waiting_for_others_ends() -> None:
    world = World()
    assert world.store.grant is not None
    # A lease that somebody extends for ever.
    world.store.grant = replace(world.store.grant, lease_expire_time=world.clock.now() + timedelta(days=1))
    assert await reason_of(world) is Reason.ZOOM_UNAVAILABLE
    assert world.zoom.calls == []


async def until(condition: object, rounds: int = 1000) -> None:
    """Lets the tasks run until `condition()` holds."""
    assert callable(condition)
    for _ in range(rounds):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


OWN, COMPANY = "own-token", "company-token"
LATER = timedelta(hours=1)


def grant(clock: FakeClock, level: AppLevel, *, account: str = PROFILE.zoom_account_id, ended: bool = False) -> Grant:
    """A grant whose token is fresh."""
    tokens = TokenPair(OWN if level is AppLevel.USER else COMPANY, "refresh", clock.now() + LATER, (), level)
    return Grant(level.value, 1, "zoomAdmin", account, tokens, clock.now(), None, clock.now() if ended else None)


class Company:
    """Somebody's standing, and an account in which she may be found."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.known = Standing(None)
        self.found = False
        self.refusals = 0
        self.searches: list[str] = []

    async def standing(self, user: SlackUser) -> Standing:
        return self.known

    async def match(self, user: SlackUser, account: Grant) -> bool:
        self.searches.append(account.tokens.access_token)
        if self.refusals:
            self.refusals -= 1
            raise TokenRefusedError
        if self.found:
            self.known = replace(self.known, connection=Connection(ADA, PROFILE, self.clock.now(), matched=True))
        return self.found

    async def token(self) -> tuple[str, str]:
        """Returns the token that serves her, and what stands for her in paths."""
        detached = Detached()
        stores = {level: MemoryStore(self.clock, LATER, level) for level in AppLevel}
        for standing in (self.known.own, self.known.account):
            if standing is not None:
                stores[standing.level].grant = standing
        terms = Terms(
            margin=MARGIN,
            ended=Reason.ZOOM_NOT_CONNECTED,
            unavailable=Reason.ZOOM_UNAVAILABLE,
            refresh=self._refused,
            orphaned=lambda _: None,
        )
        renewals = {level: Renewals(stores[level], terms, self.clock, detached) for level in AppLevel}
        issued = await Grants(store=self, renewals=renewals, matcher=self).issue(ADA)
        return issued.tokens.access_token, issued.path_user_id

    async def _refused(self, pair: Grant) -> TokenPair:
        raise GrantEndedError("invalid_grant")

    def connected(self, *, own: Grant | None, account: Grant | None) -> None:
        self.known = Standing(Connection(ADA, PROFILE, self.clock.now(), matched=False), own, account)


async def test_the_companys_token_serves_under_the_users_id_and_her_own_under_me() -> None:
    company = Company()
    own, account = grant(company.clock, AppLevel.USER), grant(company.clock, AppLevel.ACCOUNT)
    company.connected(own=own, account=account)
    assert await company.token() == (COMPANY, PROFILE.zoom_user_id)
    company.connected(own=own, account=None)
    assert await company.token() == (OWN, "me")


async def test_the_token_of_another_account_never_serves() -> None:
    company = Company()
    company.connected(own=None, account=grant(company.clock, AppLevel.ACCOUNT, account="anotherAccount"))
    with pytest.raises(MeshError) as caught:
        await company.token()
    assert caught.value.reason is Reason.ZOOM_NOT_CONNECTED


async def test_where_the_companys_grant_ended_people_go_on_with_their_own() -> None:
    company = Company()
    own = grant(company.clock, AppLevel.USER)
    company.connected(own=own, account=grant(company.clock, AppLevel.ACCOUNT, ended=True))
    assert await company.token() == (OWN, "me")
    # The same where Zoom says so only now, as its token has to be renewed.
    account = grant(company.clock, AppLevel.ACCOUNT)
    stale = replace(account, tokens=replace(account.tokens, expire_time=company.clock.now()))
    company.connected(own=own, account=stale)
    assert await company.token() == (OWN, "me")


async def test_a_person_is_looked_for_once_and_then_known() -> None:
    company = Company()
    company.known = Standing(None, account=grant(company.clock, AppLevel.ACCOUNT))
    company.found = True
    assert await company.token() == (COMPANY, PROFILE.zoom_user_id)
    assert await company.token() == (COMPANY, PROFILE.zoom_user_id)
    assert company.searches == [COMPANY]


async def test_who_signed_out_is_not_looked_for() -> None:
    company = Company()
    company.known = Standing(None, account=grant(company.clock, AppLevel.ACCOUNT), signed_out=True)
    company.found = True
    with pytest.raises(MeshError) as caught:
        await company.token()
    assert caught.value.reason is Reason.ZOOM_NOT_CONNECTED
    assert company.searches == []


async def test_an_account_whose_token_zoom_refuses_asks_the_person_to_connect() -> None:
    company = Company()
    company.known = Standing(None, account=grant(company.clock, AppLevel.ACCOUNT))
    company.refusals = 1
    with pytest.raises(MeshError) as caught:
        await company.token()
    assert caught.value.reason is Reason.ZOOM_NOT_CONNECTED
