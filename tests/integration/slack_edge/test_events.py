"""Events of people who use the app: it is let into a conversation, a call is declined."""

from __future__ import annotations

from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from tests.integration.slack_edge.conftest import ADA, GENERAL, GRACE, SECRET, World


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


MEETING = "0b6f6a52-6b0e-4b53-9d2e-6a1d5c1f0a11"


async def declined(world: World, name: str) -> list[int]:
    event = {"type": "call_rejected", "call_id": "R1", "user_id": GRACE, "channel_id": GENERAL}
    return await sent(world, {**event, "external_unique_id": name})


@pytest.mark.parametrize("attempt", ["", ":2"])
async def test_that_somebody_declined_a_call_is_recorded_before_it_is_acknowledged(world: World, attempt: str) -> None:
    assert await declined(world, f"zoomslack:{MEETING}:T0ACME001:{ADA}{attempt}") == [200]
    [request] = world.meetings.declined
    assert (request.meeting_id, request.guest_slack_user_id) == (MEETING, GRACE)
    assert (request.user.slack_team_id, request.user.slack_user_id) == ("T0ACME001", ADA)


@pytest.mark.parametrize(("reason", "status"), [(Reason.MEETING_NOT_FOUND, 200), (Reason.SERVICE_UNAVAILABLE, 503)])
async def test_slack_tells_again_of_a_declined_call_unless_its_meeting_is_gone(
    world: World, reason: Reason, status: int
) -> None:
    world.meetings.failure = MeshError(reason)
    assert await declined(world, f"zoomslack:{MEETING}:T0ACME001:{ADA}") == [status]


@pytest.mark.parametrize(
    "name",
    [
        "",
        f"zoomslack:{MEETING}:T0ACME001",
        f"other:{MEETING}:T0ACME001:U0ADA0001",
        f"zoomslack:{MEETING}:T:<!here>",
        f"zoomslack:{MEETING}:T:U1:2:3",
        "zoomslack:1:T0ACME001:U0ADA0001",
    ],
)
async def test_a_declined_call_that_is_not_ours_is_acknowledged(world: World, name: str) -> None:
    assert await declined(world, name) == [200]
    assert world.meetings.declined == []


@pytest.mark.parametrize("kind", ["app_home_opened", "member_joined_channel", "call_rejected"])
async def test_events_that_say_nothing_are_acknowledged(world: World, kind: str) -> None:
    assert await sent(world, {"type": kind}) == [200]
    await world.edge.drain()
    assert await world.requests("views.publish") == []
