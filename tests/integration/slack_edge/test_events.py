"""Events of people who use the app: it is let into a conversation, a call is declined."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.slack_edge.conftest import ADA, GENERAL, GRACE, SECRET, World, until


async def sent(world: World, event: dict[str, Any]) -> list[int]:
    statuses: list[int] = (await world.control("POST", "events", event=event))["statuses"]
    return statuses


async def bot_user(world: World) -> str:
    [installation] = (await world.control("GET", "state"))["installs"]
    return str(installation["bot_user_id"])


async def joined(world: World, user: str, **more: str) -> list[int]:
    event = {"type": "member_joined_channel", "user": user, "channel": SECRET, "channel_type": "G", **more}
    return await sent(world, event)


async def test_N5_what_waited_is_released_when_the_app_is_invited(world: World) -> None:
    assert await joined(world, await bot_user(world), inviter=GRACE) == [200]
    [request] = world.meetings.released
    assert request.conversation.slack_channel_id == SECRET
    assert (request.user.slack_team_id, request.user.slack_user_id) == ("T0ACME001", GRACE)


async def test_N5_nobody_has_to_have_invited_it(world: World) -> None:
    user = await bot_user(world)
    await joined(world, user)
    assert world.meetings.released[0].user.slack_user_id == user


async def test_N5_other_people_who_join_release_nothing(world: World) -> None:
    assert await joined(world, GRACE, inviter=ADA) == [200]
    assert world.meetings.released == []


async def test_N5_slack_sends_it_again_while_meetings_cannot_be_reached(world: World) -> None:
    user = await bot_user(world)
    await world.stop_service["meetings"]()
    assert await joined(world, user, inviter=GRACE) == [503]


async def test_N5_a_conversation_that_slack_names_differently_is_moved_before_that_is_acknowledged(
    world: World,
) -> None:
    changed = await world.control("POST", f"channels/{SECRET}/rename")
    [request] = world.meetings.moved
    assert request.user.slack_team_id == "T0ACME001"
    assert request.old_conversation.slack_channel_id == SECRET
    assert request.new_conversation.slack_channel_id == changed["id"] != SECRET


async def test_N5_slack_tells_again_of_a_name_that_could_not_be_recorded(world: World) -> None:
    await world.stop_service["meetings"]()
    event = {"type": "channel_id_changed", "old_channel_id": "G0OLDNAME", "new_channel_id": "C0NEWNAME"}
    assert await sent(world, event) == [503]


@pytest.mark.parametrize("names", [{}, {"old_channel_id": "G0OLD"}, {"old_channel_id": "x", "new_channel_id": "C0NEW"}])
async def test_a_change_without_both_names_changes_nothing(world: World, names: dict[str, str]) -> None:
    assert await sent(world, {"type": "channel_id_changed", **names}) == [200]
    assert world.meetings.moved == []


async def test_a_declined_call_is_told_to_who_started_it(world: World) -> None:
    await world.type("")
    [call] = await world.calls()
    event = {"type": "call_rejected", "call_id": call["id"], "user_id": GRACE, "channel_id": GENERAL}
    assert await sent(world, {**event, "external_unique_id": call["external_unique_id"]}) == [200]

    async def told() -> bool:
        return f"<@{GRACE}> declined your Zoom call. The meeting goes on." in await world.texts("app")

    await until(told)
    assert world.meetings.ended == []


async def test_a_declined_call_whose_name_was_taken_is_told_too(world: World) -> None:
    event = {"type": "call_rejected", "call_id": "R1", "user_id": GRACE, "channel_id": GENERAL}
    await sent(world, {**event, "external_unique_id": f"zoomslack:1:T0ACME001:{ADA}:2"})
    await world.edge.drain()
    assert len(await world.seen("app")) == 1


async def test_a_declined_call_is_told_once_however_often_slack_tells_of_it(world: World) -> None:
    await world.type("")
    [call] = await world.calls()
    event = {"type": "call_rejected", "call_id": call["id"], "user_id": GRACE, "channel_id": GENERAL}
    event["external_unique_id"] = call["external_unique_id"]
    assert [await sent(world, event) for _ in range(3)] == [[200]] * 3
    assert await sent(world, {**event, "user_id": "U0LIN0001"}) == [200]
    await world.edge.drain()
    declined = [text for text in await world.texts("app") if "declined" in text]
    assert sorted(text.partition(" ")[0] for text in declined) == [f"<@{GRACE}>", "<@U0LIN0001>"]


@pytest.mark.parametrize(
    "name",
    ["", "zoomslack:1:T0ACME001", "other:1:T0ACME001:U0ADA0001", "zoomslack:1:T:<!here>", "zoomslack:1:T:U1:2:3"],
)
async def test_a_declined_call_that_is_not_ours_is_acknowledged(world: World, name: str) -> None:
    event = {"type": "call_rejected", "call_id": "R1", "user_id": GRACE, "external_unique_id": name}
    assert await sent(world, event) == [200]
    await world.edge.drain()
    assert await world.seen("app") == []


@pytest.mark.parametrize("kind", ["app_home_opened", "member_joined_channel", "call_rejected"])
async def test_events_that_say_nothing_are_acknowledged(world: World, kind: str) -> None:
    assert await sent(world, {"type": kind}) == [200]
    await world.edge.drain()
    assert await world.requests("views.publish") == []
