"""Who may be matched by an e-mail address, and who never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mesh.slack_user import SlackUser
from services.auth.detached import Detached
from services.auth.grants import AppLevel, Grant, TokenPair, ZoomPlan, ZoomProfile
from services.auth.installations import BotTokens, Installation
from services.auth.matches import MISS, Matches, SlackPerson
from services.auth.slack_people import _person
from tests.support.clock import FakeClock

NOW = datetime(2026, 10, 30, 12, 0, tzinfo=UTC)
ADA = SlackUser("", "T0ACME", "U0ADA")
PERSON = SlackPerson("T0ACME", "", "ada@acme.example", is_email_confirmed=True, is_member=True)
INSTALLED = Installation("", "T0ACME", "Acme", "A0APP", "U0BOT", BotTokens("xoxb", "", None, ()), NOW)
PROFILE = ZoomProfile("zoomAda", "zoomAcme", ZoomPlan.LICENSED)
ACCOUNT = Grant(
    "consent",
    1,
    "zoomAdmin",
    "zoomAcme",
    TokenPair("access", "refresh", NOW + timedelta(hours=1), (), AppLevel.ACCOUNT),
    NOW,
    None,
    None,
)


class World:
    """A workspace with one person, and an account with one user."""

    def __init__(self, person: SlackPerson | None = PERSON, profile: ZoomProfile | None = PROFILE) -> None:
        self.clock = FakeClock()
        self.installed = INSTALLED
        self.shown = person
        self.profile = profile
        self.asked: list[str] = []
        self.stored: list[tuple[SlackUser, ZoomProfile]] = []

        self.matches = Matches(
            store=self, people=self, zoom_users=self, installations=self, clock=self.clock, detached=Detached()
        )

    async def match(self, account: Grant = ACCOUNT) -> bool:
        return await self.matches.match(ADA, account)

    async def get(self, user: SlackUser) -> Installation:
        return self.installed

    async def person(self, bot_token: str, user: SlackUser) -> SlackPerson | None:
        return self.shown

    async def by_email(self, tokens: TokenPair, email: str) -> ZoomProfile | None:
        self.asked.append(email)
        return self.profile

    async def add_match(self, user: SlackUser, profile: ZoomProfile) -> bool:
        self.stored.append((user, profile))
        return True


async def test_a_member_with_a_confirmed_address_is_matched_and_kept_as_ids() -> None:
    world = World()
    assert await world.match()
    assert world.stored == [(ADA, PROFILE)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"is_member": False}, id="guest"),
        pytest.param({"is_email_confirmed": False}, id="unconfirmed"),
        pytest.param({"email": ""}, id="no address"),
        pytest.param({"team_id": "T0OTHER"}, id="another company"),
        pytest.param({"team_id": "T0OTHER", "enterprise_id": "E0OTHER"}, id="another organisation"),
        pytest.param({"team_id": ""}, id="of nowhere"),
    ],
)
async def test_everybody_else_is_not_even_looked_for(changes: dict[str, Any]) -> None:
    world = World(replace(PERSON, **changes))
    assert not await world.match()
    assert (world.asked, world.stored) == ([], [])


async def test_a_user_of_another_account_is_no_match() -> None:
    world = World(profile=replace(PROFILE, zoom_account_id="anotherAccount"))
    assert not await world.match()
    assert world.stored == []


async def test_who_is_not_shown_or_not_found_is_no_match() -> None:
    assert not await World(person=None).match()
    assert not await World(profile=None).match()


async def test_who_was_not_found_is_not_looked_for_again_at_once() -> None:
    world = World(profile=None)
    assert [await world.match() for _ in range(3)] == [False] * 3
    assert len(world.asked) == 1
    world.profile = PROFILE
    world.clock.advance(MISS.total_seconds() - 1)
    assert not await world.match()
    world.clock.advance(1)
    assert await world.match()


async def test_a_consent_made_anew_is_looked_at_anew() -> None:
    world = World(profile=None)
    assert not await world.match()
    world.profile = PROFILE
    assert await world.match(replace(ACCOUNT, grant_id="another consent"))
    world.stored.clear()
    world.installed = replace(INSTALLED, install_id="with the scope that was missing")
    assert await world.match()


def test_a_person_of_the_organisation_may_match_whatever_her_workspace() -> None:
    person = replace(PERSON, team_id="T0SOUTH", enterprise_id="E0ORG")
    assert person.may_match(replace(INSTALLED, enterprise_id="E0ORG", team_id=""))
    assert person.may_match(replace(INSTALLED, enterprise_id="E0ORG", team_id="T0NORTH"))
    assert not person.may_match(replace(INSTALLED, enterprise_id="", team_id=""))


MEMBER = {
    "team_id": "T0ACME",
    "deleted": False,
    "is_bot": False,
    "is_restricted": False,
    "is_ultra_restricted": False,
    "is_email_confirmed": True,
    "profile": {"email": "ada@acme.example"},
}


def test_slacks_user_is_a_member() -> None:
    assert _person(MEMBER) == PERSON
    assert _person({**MEMBER, "enterprise_user": {"enterprise_id": "E0ORG"}}).enterprise_id == "E0ORG"


@pytest.mark.parametrize("flag", ["deleted", "is_bot", "is_restricted", "is_ultra_restricted"])
def test_a_flag_of_slack_that_is_set_or_missing_counts_against_her(flag: str) -> None:
    assert not _person({**MEMBER, flag: True}).is_member
    assert not _person({name: value for name, value in MEMBER.items() if name != flag}).is_member


@pytest.mark.parametrize("flag", ["is_stranger", "is_invited_user", "is_workflow_bot"])
def test_a_flag_that_slack_gives_only_where_it_is_true_counts_against_her(flag: str) -> None:
    assert not _person({**MEMBER, flag: True}).is_member


def test_what_slack_leaves_out_or_writes_wrongly_matches_nobody() -> None:
    assert _person({}).email == ""
    assert not _person({}).is_email_confirmed
    assert not _person({**MEMBER, "is_email_confirmed": "yes"}).is_email_confirmed
    assert _person({**MEMBER, "profile": None, "enterprise_user": []}).email == ""
