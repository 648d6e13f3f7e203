"""Channels of every kind: made, shared, archived and brought back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.slack_harness import (
    ADA,
    GRACE,
    LIN,
    SDK_WARNINGS,
    Hand,
    SlackUnderTest,
    refusal,
    running_slack,
)

pytestmark = SDK_WARNINGS

BEN, HEDY, GLOBEX, OLD = "U0BEN0001", "U0HEDY001", "T0GLOBEX1", "C0OLDNEWS"


async def make(slack: SlackUnderTest, status: int = 200, **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = await slack.control("POST", "channels", body, status=status)
    return made


async def test_nobody_writes_into_an_archived_channel() -> None:
    async with running_slack() as slack:
        await slack.install()
        assert (await slack.bot.conversations_info(channel=OLD))["channel"]["is_archived"] is True
        assert (await refusal(slack.bot.chat_postMessage(channel=OLD, text="hi")))["error"] == "is_archived"
        ephemeral = slack.bot.chat_postEphemeral(channel=OLD, user=ADA, text="hi")
        assert (await refusal(ephemeral))["error"] == "is_archived"
        by_hand = {"user_id": ADA, "channel_id": OLD, "text": "hi"}
        for path in ("type", "commands"):
            assert (await slack.control("POST", path, by_hand, status=400))["error"] == "is_archived"
        assert (await slack.control("POST", "invite", {"channel_id": OLD}, status=400))["error"] == "is_archived"
        assert await slack.messages(OLD) == []


async def test_what_was_said_before_stays_as_it_is() -> None:
    hand = Hand()
    async with running_slack(clock=hand) as slack:
        await slack.install()
        posted = await slack.bot.chat_postMessage(channel="C0RANDOM1", text="before")
        url = (await slack.command("x", "C0RANDOM1"))["response_url"]
        archived = await slack.control("POST", "channels/C0RANDOM1/archive")
        assert archived["is_archived"] is True
        attempt = slack.bot.chat_update(channel="C0RANDOM1", ts=posted["ts"], text="after")
        assert (await refusal(attempt))["error"] == "is_inactive"
        assert await slack.answer_url(url, {"text": "late"}) == (410, "channel_is_archived")
        assert [m["text"] for m in await slack.messages("C0RANDOM1")] == ["before"]

        await slack.control("POST", "channels/C0RANDOM1/unarchive", {"user_id": GRACE})
        hand.time += 1
        await slack.bot.chat_update(channel="C0RANDOM1", ts=posted["ts"], text="after")
        assert (await slack.answer_url(url, {"text": "at last"}))[0] == 200, "a refused answer uses nothing up"
        assert [m["text"] for m in await slack.messages("C0RANDOM1")] == ["after", "at last"]


async def test_the_app_hears_of_archiving_where_its_scopes_and_eyes_reach() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", f"channels/{OLD}/unarchive", {"user_id": GRACE})
        await slack.control("POST", f"channels/{OLD}/archive")
        told = [(event["type"], event["channel"], event["user"]) for event in slack.heard()]
        assert told == [("channel_unarchive", OLD, GRACE), ("channel_archive", OLD, ADA)]

        await slack.control("POST", "channels/C0SECRET1/archive")
        assert len(slack.heard()) == 2, "a private channel that the app is not in"
        await slack.control("POST", "channels/C0SECRET1/unarchive")
        await slack.control("POST", "invite", {"channel_id": "C0SECRET1"})
        await slack.control("POST", "channels/C0SECRET1/archive")
        assert [event["channel"] for event in slack.heard("group_archive")] == ["C0SECRET1"]
    async with running_slack(scopes="commands,chat:write") as slack:
        await slack.install()
        await slack.control("POST", f"channels/{OLD}/unarchive")
        assert slack.heard() == []


async def test_an_app_hears_only_of_what_it_subscribed_to() -> None:
    async with running_slack(bot_events=("app_home_opened",)) as slack:
        await slack.install()
        await slack.control("POST", f"channels/{OLD}/unarchive")
        await slack.control("POST", "invite", {"channel_id": "C0GENERAL"})
        assert slack.heard() == []
        await slack.control("POST", "home", {"user_id": ADA})
        assert [event["type"] for event in slack.heard()] == ["app_home_opened"]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("C0GENERAL/archive", "cant_archive_general"),
        ("D0ADAGRAC/archive", "method_not_supported_for_channel_type"),
        ("C0MPIM001/archive", "method_not_supported_for_channel_type"),
        ("C0OLDNEWS/archive", "already_archived"),
        ("C0RANDOM1/unarchive", "not_archived"),
        ("C0NOWHERE/archive", "channel_not_found"),
    ],
)
async def test_what_cannot_be_archived(path: str, error: str) -> None:
    async with running_slack() as slack:
        assert (await slack.control("POST", f"channels/{path}", status=400))["error"] == error


@pytest.mark.parametrize("kind", ["public", "private", "mpim"])
async def test_the_app_can_be_in_a_new_channel_from_the_beginning(kind: str) -> None:
    async with running_slack() as slack:
        await slack.install()
        made = await make(slack, kind=kind, members=[ADA, GRACE, LIN], app_is_member=True)
        assert made["app_is_member"] is True
        await slack.bot.chat_postMessage(channel=made["id"], text="hello")
        joined = [event["channel"] for event in slack.heard("member_joined_channel")]
        assert joined == ([] if kind == "mpim" else [made["id"]])


async def test_a_channel_is_shared_with_another_company() -> None:
    async with running_slack() as slack:
        await slack.install()
        await slack.control("POST", "workspaces")
        made = await make(slack, kind="private", name="deal", members=[GRACE, HEDY], shared_with=[GLOBEX])
        assert (made["team_id"], made["shared_with"]) == ("T0ACME001", [GLOBEX])
        await slack.control("POST", "invite", {"channel_id": made["id"]})
        info = (await slack.bot.conversations_info(channel=made["id"]))["channel"]
        assert (info["is_ext_shared"], info["connected_team_ids"]) == (True, [GLOBEX])


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"kind": "public", "members": [ADA], "name": "general"}, "name_taken"),
        ({"kind": "public", "members": [ADA], "name": "No Spaces"}, "invalid_name_specials"),
        ({"kind": "public", "members": [ADA], "name": 5}, "invalid_name_specials"),
        ({"kind": "public", "members": [ADA, "U0NOBODY1"]}, "user_not_found"),
        ({"kind": "public", "members": [ADA, HEDY]}, "invalid_arguments"),
        ({"kind": "public", "members": [ADA], "shared_with": ["T0NOWHERE"]}, "team_not_found"),
        ({"kind": "public", "members": [ADA], "shared_with": ["T0ACME001"]}, "invalid_arguments"),
        ({"kind": "public", "members": [ADA], "topic": "x"}, "invalid_arguments"),
        ({"kind": "im", "members": [ADA, BEN], "app_is_member": True}, "invalid_arguments"),
        ({"kind": "im", "members": [ADA, BEN, GRACE]}, "invalid_arguments"),
        ({"kind": "im", "members": [ADA, ADA]}, "invalid_arguments"),
        ({"kind": "im", "members": [ADA, BEN], "name": {}}, "invalid_name_specials"),
        ({"kind": "public", "members": [ADA], "app_is_member": True}, "app_not_installed"),
        ({"kind": [], "members": [ADA]}, "invalid_arguments"),
        ({"kind": "public", "members": [[ADA]]}, "user_not_found"),
        ({"kind": "public", "members": [ADA], "shared_with": [[]]}, "team_not_found"),
    ],
)
async def test_channels_that_cannot_be(body: dict[str, Any], error: str) -> None:
    async with running_slack() as slack:
        await slack.control("POST", "workspaces")
        before = (await slack.control("GET", "state"))["channels"]
        assert (await make(slack, status=400, **body))["error"] == error
        assert (await slack.control("GET", "state"))["channels"] == before


async def test_somebody_new_comes_with_or_without_an_address() -> None:
    async with running_slack(scopes="commands,users:read,users:read.email") as slack:
        await slack.install()
        made = await slack.control("POST", "users", {"name": "max", "is_restricted": True})
        max_ = (await slack.bot.users_info(user=made["id"]))["user"]
        assert (max_["name"], max_["is_restricted"], "email" in max_["profile"]) == ("max", True, False)
        assert "email" not in (await slack.bot.users_info(user="U0NIA0001"))["user"]["profile"]
        made = await slack.control("POST", "users", {"name": "eva", "email": "eva@acme.example"})
        assert (await slack.bot.users_info(user=made["id"]))["user"]["profile"]["email"] == "eva@acme.example"
        for wrong in ({"name": "ada"}, {"name": "A B"}, {}, {"name": "x", "team_id": "T0NOWHERE"}, {"name": 1}):
            await slack.control("POST", "users", wrong, status=400)
