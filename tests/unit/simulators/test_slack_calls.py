"""The Calls API: registering, people coming and going, the end, and the card that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.simulators.slack_harness import ADA, GRACE, NOW, SDK_WARNINGS, SlackUnderTest, refusal, running_slack

pytestmark = SDK_WARNINGS

CALL = {
    "external_unique_id": "zoom:uuid==",
    "external_display_id": "857 4606 5123",
    "join_url": "https://zoom.example/j/85746065123?pwd=abc",
    "title": "Weekly sync",
    "date_start": int(NOW),
    "created_by": ADA,
}
GUEST = {"external_id": "zoom:p:1", "display_name": "Sam Guest"}


async def add(slack: SlackUnderTest, **changes: Any) -> str:
    answer = await slack.bot.api_call("calls.add", json={**CALL, **changes})
    call_id: str = answer["call"]["id"]
    return call_id


async def call(slack: SlackUnderTest, method: str, **arguments: Any) -> Any:
    return (await slack.bot.api_call(f"calls.{method}", json=arguments))["call"]


async def error(slack: SlackUnderTest, method: str, **arguments: Any) -> str:
    answer = await refusal(slack.bot.api_call(f"calls.{method}", json=arguments))
    return str(answer["error"])


async def test_the_posted_card_follows_the_call() -> None:
    async with running_slack() as slack:
        await slack.install()
        call_id = await add(slack)
        await slack.bot.chat_postMessage(
            channel="C0GENERAL", text="Zoom meeting", blocks=[{"type": "call", "call_id": call_id}]
        )
        await call(slack, "participants.add", id=call_id, users=[{"slack_id": ADA}, GUEST])
        await call(slack, "participants.remove", id=call_id, users=[{"slack_id": ADA}])
        await call(slack, "update", id=call_id, title="Monthly sync")
        [message] = await slack.messages("C0GENERAL")
        [card] = message["calls"]
        assert (card["title"], card["users"], card["channels"]) == ("Monthly sync", [GUEST], ["C0GENERAL"])
        assert (card["date_end"], card["duration"]) == (None, None)
        await call(slack, "end", id=call_id, duration=1830)
        [card] = (await slack.messages("C0GENERAL"))[0]["calls"]
        assert (card["date_end"], card["duration"]) == (int(NOW) + 1830, 1830)


async def test_slack_sdks_own_way_to_add_a_call_works_too() -> None:
    async with running_slack() as slack:
        await slack.install()
        answer = await slack.bot.calls_add(
            external_unique_id="zoom:2", join_url="https://zoom.example/j/2", created_by=ADA, users=[{"slack_id": ADA}]
        )
        assert answer["call"]["users"] == [{"slack_id": ADA}]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"created_by": "U0NOBODY1"}, "invalid_created_by"),
        ({"created_by": None}, "invalid_created_by"),
        ({"date_start": int(NOW * 1000)}, "invalid_start_time"),
        ({"users": [{"slack_id": "U0NOBODY1"}]}, "user_not_found"),
        ({"users": [{"slack_id": ADA}, {"slack_id": ADA}]}, "bad_users"),
        ({"users": [{"display_name": "No id"}]}, "invalid_arguments"),
        ({"users": [{"external_id": "x"}]}, "invalid_arguments"),
        ({"users": []}, "invalid_arguments"),
        ({"join_url": "zoom"}, "invalid_arguments"),
    ],
)
async def test_a_wrong_call_is_not_registered(changes: dict[str, Any], expected: str) -> None:
    async with running_slack() as slack:
        await slack.install()
        assert await error(slack, "add", **{**CALL, **changes}) == expected
        assert (await slack.control("GET", "calls"))["calls"] == []


async def test_joining_twice_or_leaving_without_being_in_changes_nothing() -> None:
    async with running_slack() as slack:
        await slack.install()
        call_id = await add(slack, users=[{"slack_id": ADA}])
        both = [{"slack_id": GRACE}, {"slack_id": ADA}]
        assert await error(slack, "participants.add", id=call_id, users=both) == "bad_users"
        assert await error(slack, "participants.remove", id=call_id, users=both) == "bad_users"
        assert (await call(slack, "info", id=call_id))["users"] == [{"slack_id": ADA}]


async def test_an_ended_call_is_inactive_and_an_unknown_one_invalid() -> None:
    async with running_slack() as slack:
        await slack.install()
        call_id = await add(slack)
        await call(slack, "end", id=call_id)
        assert await error(slack, "end", id=call_id) == "inactive_call"
        assert await error(slack, "participants.add", id=call_id, users=[GUEST]) == "inactive_call"
        assert await error(slack, "participants.remove", id=call_id, users=[GUEST]) == "inactive_call"
        assert await error(slack, "end", id="R0UNKNOWN") == "invalid_call_id"
        assert await error(slack, "update", id=call_id) == "invalid_arguments"


async def test_a_repeated_external_id_is_the_same_call_or_an_error() -> None:
    async with running_slack(duplicate_external_id="same") as slack:
        await slack.install()
        assert await add(slack) == await add(slack, title="Other")
    async with running_slack() as slack:
        await slack.install()
        await add(slack)
        assert await error(slack, "add", **CALL) == "invalid_arguments"
