"""Pressed buttons: the question whether to join or to start another, and ending meetings."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge import values
from tests.integration.slack_edge.conftest import ADA, DIRECT, GENERAL, GRACE, SECRET, USER, World, until
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2

HEDY = "U0HEDY001"
SHARED = "C0SHARED1"
GRACE_STARTED = pb.RecentMeeting(
    host=slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id=GRACE),
    join_url="https://zoom.example/j/85012345678?pwd=INVENTED.1",
    topic="Lunch <!channel>",
)
PRESS: dict[str, Any] = {
    "type": "block_actions",
    "team": {"id": "T0ACME001", "domain": "acme"},
    "user": {"id": ADA, "username": "ada", "team_id": "T0ACME001"},
    "container": {"type": "message", "message_ts": "1760000000.000100", "channel_id": GENERAL, "is_ephemeral": True},
    "channel": {"id": GENERAL, "name": "general"},
    "trigger_id": "1.2.x",
    "actions": [
        {
            "type": "button",
            "action_id": "zoom_start_another",
            "action_ts": "1760000001.000100",
            "value": values.encode(topic="Weekly", room=False, thread="", team="T0ACME001"),
        }
    ],
}


def pressed(**changes: Any) -> dict[str, Any]:
    """Returns a payload of PRESS with other members; those of the action by their names."""
    action = {**PRESS["actions"][0], **{name: changes.pop(name) for name in ("action_id", "value") if name in changes}}
    return {**PRESS, "actions": [action], **changes}


async def settled(world: World) -> None:
    """Waits until the edge has done everything that was asked of it."""
    await world.edge.drain()


# --- P68 ---------------------------------------------------------------------------------------------------------


async def test_P68_a_second_start_within_seconds_asks_first(world: World) -> None:
    world.meetings.recent = GRACE_STARTED
    answer = (await world.type("meeting Weekly sync"))["answer"]
    assert (answer["response_type"], answer["text"]) == ("ephemeral", f"<@{GRACE}> started a meeting here seconds ago.")
    assert answer["blocks"][1]["text"] == {"type": "plain_text", "text": "Lunch <!channel>", "emoji": False}
    join, another = answer["blocks"][2]["elements"]
    assert (join["text"]["text"], join["url"]) == ("Join it", GRACE_STARTED.join_url)
    assert (another["text"]["text"], "url" in another) == ("Start another", False)
    assert "INVENTED" not in another["value"]
    assert await world.calls() == []


async def test_P68_somebody_is_told_that_it_was_herself(world: World) -> None:
    world.meetings.recent = pb.RecentMeeting(host=USER)
    answer = (await world.type(""))["answer"]
    assert answer["text"] == "You started a meeting here seconds ago."
    [another] = answer["blocks"][1]["elements"]  # it is still being made: there is nothing to join yet
    assert another["action_id"] == "zoom_start_another"


@pytest.mark.parametrize("channel", [GENERAL, SECRET, DIRECT])
async def test_P68_another_is_started_by_its_button(world: World, channel: str) -> None:
    world.meetings.recent = GRACE_STARTED
    await world.type("meeting R&D <3", channel=channel)
    await world.press("zoom_start_another", channel=channel)
    report = await world.meetings.outcome()
    assert report.HasField("delivered")
    first, second = world.meetings.started
    assert (second.topic, second.start_another, second.personal_room) == ("R&D <3", True, False)
    assert second.conversation.slack_channel_id == channel
    assert second.request_id != first.request_id
    [card] = [message for message in await world.seen(channel, GRACE) if message["calls"]]
    assert card["calls"][0]["title"] == "R&D <3 started by ada"
    # The question is gone: it cannot be answered twice.
    await until(lambda: _seen(world, channel, "Starting another meeting…"))
    assert "zoom_start_another" not in str(await world.seen(channel))


async def _seen(world: World, channel: str, text: str) -> bool:
    return text in await world.texts(channel)


async def test_P68_S28_another_is_in_the_own_room_where_that_was_wanted(world: World) -> None:
    world.meetings.recent = GRACE_STARTED
    await world.type("join me")
    await world.press("zoom_start_another")
    await world.meetings.outcome()
    assert world.meetings.started[1].personal_room


async def test_P68_one_press_starts_one_meeting_however_often_it_arrives(world: World) -> None:
    body = urlencode({"payload": json.dumps(PRESS)}).encode()
    headers = world.signed(body)
    assert await world.post("/slack/interactions", body, headers=headers) == (200, "")
    assert await world.post("/slack/interactions", body, headers=headers) == (200, "")
    # The same press, signed anew: another edge, or a later repetition.
    assert await world.interact({**PRESS, "is_enterprise_install": False}) == (200, "")
    await settled(world)
    assert len(world.meetings.started) == 2
    assert len({request.request_id for request in world.meetings.started}) == 1


async def test_P68_a_double_click_is_one_wish_and_another_question_another(world: World) -> None:
    await world.interact(PRESS)
    later = {**PRESS["actions"][0], "action_ts": "1760000001.000200"}
    await world.interact({**PRESS, "trigger_id": "1.3.x", "response_url": "", "actions": [later]})
    container = {**PRESS["container"], "message_ts": "1760000000.000200"}
    await world.interact({**PRESS, "container": container})
    await settled(world)
    first, second, other = (request.request_id for request in world.meetings.started)
    assert first == second != other


async def test_P68_a_start_that_fails_is_told_to_who_pressed(world: World) -> None:
    world.meetings.recent = GRACE_STARTED
    await world.type("")
    world.meetings.failure = MeshError(Reason.ZOOM_DAILY_LIMIT)
    await world.press("zoom_start_another")
    await until(lambda: _told(world, "midnight GMT"))
    assert not any("midnight" in text for text in await world.texts(user=GRACE))


async def test_P68_who_is_not_connected_is_asked_to_and_it_goes_on(world: World) -> None:
    world.meetings.failure = MeshError(Reason.ZOOM_NOT_CONNECTED)
    await world.interact(PRESS)
    await until(lambda: _told(world, "Connect your Zoom account", "app"))
    [link] = world.auth.links.values()
    assert b"Weekly" in link.continuation


async def test_P68_where_meetings_are_not_offered_none_is_started(world: World) -> None:
    world.auth.call_options = auth_service_pb2.CALL_OPTIONS_PHONE
    await world.interact(PRESS)
    await settled(world)
    assert world.meetings.started == []


async def _told(world: World, words: str, channel: str = GENERAL) -> bool:
    return any(words in text for text in await world.texts(channel))


async def a_start_that_fails(world: World) -> None:
    world.meetings.recent = GRACE_STARTED
    await world.type("")
    world.meetings.failure = MeshError(Reason.ZOOM_DAILY_LIMIT)
    await world.press("zoom_start_another")


@pytest.mark.parametrize(("kind", "details"), [("ratelimited", {"retry_after": 1}), ("close", {})])
async def test_what_came_of_a_press_is_told_where_she_pressed_once_slack_listens(
    world: World, kind: str, details: dict[str, Any]
) -> None:
    await world.fault("response_url", kind, **details)
    await a_start_that_fails(world)
    await until(lambda: _told(world, "midnight GMT"))
    assert await world.seen("app") == []


async def test_what_came_of_a_press_is_told_in_her_own_conversation_where_slack_does_not_listen(world: World) -> None:
    await world.fault("response_url", "ratelimited", times=3)
    await a_start_that_fails(world)
    await until(lambda: _told(world, "midnight GMT", "app"))
    assert not await _told(world, "midnight GMT")


async def test_a_press_without_an_address_is_told_of_once_slack_listens(world: World) -> None:
    world.meetings.failure = MeshError(Reason.ZOOM_DAILY_LIMIT)
    await world.fault("chat.postMessage", "status", status=503)
    await world.interact(PRESS)
    await until(lambda: _told(world, "midnight GMT", "app"))


# --- P85 ---------------------------------------------------------------------------------------------------------


async def test_P85_who_started_gets_the_controls_and_nobody_else(world: World) -> None:
    await world.type("")
    await until(lambda: _told(world, "You started the Zoom meeting 850 1234 5678."))
    card, controls = (await world.seen())[1:]
    assert card["calls"]  # still there: the controls stand beside it
    assert (controls["kind"], controls["visible_to"]) == ("ephemeral", [ADA])
    [end] = controls["blocks"][1]["elements"]
    assert end["confirm"]["confirm"]["text"] == "End for everybody"
    assert len(await world.seen(user=GRACE)) == 2


@pytest.mark.parametrize("channel", [GENERAL, DIRECT])
async def test_P76_the_host_key_is_shown_to_who_started_and_to_nobody_else(world: World, channel: str) -> None:
    world.meetings.host_key = "482913"
    await world.type("", channel=channel)
    await until(lambda: _told(world, "You started", channel))
    controls = (await world.seen(channel))[-1]
    assert controls["visible_to"] == [ADA]
    assert controls["blocks"][1]["text"]["text"].startswith("Host key: 482913. ")
    assert "482913" not in controls["text"], "no notification shows it"
    assert "482913" not in str(await world.seen(channel, GRACE))


async def test_P76_the_host_key_comes_where_three_things_are_said_by_one_address(world: World) -> None:
    world.meetings.recent, world.meetings.host_key = GRACE_STARTED, "482913"
    await world.type("", channel=DIRECT)
    await world.press("zoom_start_another", channel=DIRECT)
    await until(lambda: _told(world, "You started", DIRECT))
    assert "Host key: 482913" in str((await world.seen(DIRECT))[-1]["blocks"])
    await until(lambda: _told(world, "Starting another meeting…", DIRECT))


async def test_P85_the_meeting_ends_for_everybody(world: World) -> None:
    await world.type("")
    await until(lambda: _told(world, "You started"))
    await world.press("zoom_end_meeting")
    await until(lambda: _told(world, "The meeting was ended for everybody."))
    [request] = world.meetings.ended
    [meeting] = world.meetings.meetings.values()
    assert (request.meeting_id, request.user.slack_user_id) == (meeting.meeting_id, ADA)
    assert "zoom_end_meeting" not in str(await world.seen())
    assert any(message["calls"] for message in await world.seen())


@pytest.mark.parametrize(
    ("failure", "words"),
    [(None, "This meeting is over already."), (Reason.MEETING_NOT_FOUND, "it may be over")],
)
async def test_P85_a_button_that_stayed_after_the_end_says_so_and_goes(
    world: World, failure: Reason | None, words: str
) -> None:
    await world.type("")
    await until(lambda: _told(world, "You started"))
    assert "Slack keeps this message as it is when the meeting ends" in str((await world.seen())[-1]["blocks"])
    world.meetings.was_over, world.meetings.failure = True, MeshError(failure) if failure else None
    await world.press("zoom_end_meeting")
    await until(lambda: _told(world, words))
    assert "zoom_end_meeting" not in str(await world.seen())


async def test_P85_only_who_started_it_ends_a_meeting(world: World) -> None:
    value = values.encode(meeting="8f14e45f-ceea-467f-a9d5-1b2c3d4e5f60", host=GRACE, team="T0ACME001")
    await world.interact(pressed(action_id="zoom_end_meeting", value=value))
    await until(lambda: _told(world, "Only the person who started", "app"))
    assert world.meetings.ended == []


@pytest.mark.parametrize(
    "value", ["", "nonsense", "{}", '{"v":2,"meeting":"x","host":"y"}', '{"v":1,"meeting":1,"host":"y"}']
)
async def test_P85_a_button_of_another_version_is_out_of_date(world: World, value: str) -> None:
    await world.interact(pressed(action_id="zoom_end_meeting", value=value))
    await until(lambda: _told(world, "out of date", "app"))
    assert world.meetings.ended == []


async def test_P85_what_zoom_refuses_is_told_and_the_button_stays(world: World) -> None:
    await world.type("")
    await until(lambda: _told(world, "You started"))
    world.meetings.failure = MeshError(Reason.ZOOM_UNAVAILABLE)
    await world.press("zoom_end_meeting")
    await until(lambda: _told(world, "Zoom does not answer"))
    assert "zoom_end_meeting" in str(await world.seen())


async def test_P85_a_meeting_that_is_gone_is_told_of_with_where_the_others_are(world: World) -> None:
    world.meetings.failure = MeshError(Reason.MEETING_NOT_FOUND)
    value = values.encode(meeting="8f14e45f-ceea-467f-a9d5-1b2c3d4e5f60", host=ADA, team="T0ACME001")
    await world.interact(pressed(action_id="zoom_end_meeting", value=value))
    await until(lambda: _told(world, "it may be over. The app's Home tab shows which meetings run.", "app"))


async def test_P85_no_controls_where_the_card_never_came(world: World) -> None:
    await world.fault("calls.add", "error", error="missing_scope")
    await world.type("")
    await settled(world)
    assert "zoom_end_meeting" not in str(await world.seen())


# --- who presses, and what arrives -------------------------------------------------------------------------------


@pytest.mark.parametrize("action_id", ["zoom_start_another", "zoom_end_meeting"])
async def test_outsiders_of_a_shared_channel_start_and_end_nothing(world: World, action_id: str) -> None:
    await world.control("POST", "workspaces", seed="globex")
    value = values.encode(topic="x", room=False, thread="", team="T0ACME001")
    if action_id == "zoom_end_meeting":
        value = values.encode(meeting="8f14e45f-ceea-467f-a9d5-1b2c3d4e5f60", host=HEDY, team="T0ACME001")
    button = {"type": "button", "action_id": action_id, "value": value, "text": {"type": "plain_text", "text": "x"}}
    message = {"channel": SHARED, "text": "x", "blocks": [{"type": "actions", "elements": [button]}]}
    token = {"Authorization": f"Bearer {world.auth.bot_token}"}
    async with world.http.post(f"{world.slack_url}/api/chat.postMessage", json=message, headers=token) as response:
        assert (await response.json())["ok"]
    await world.press(action_id, user=HEDY, channel=SHARED)
    await until(lambda: _heard(world, "Only people of the company"))
    assert (world.meetings.started, world.meetings.ended) == ([], [])
    await world.press(action_id, user=GRACE, channel=SHARED)
    await settled(world)
    expected = ([], 0) if action_id == "zoom_end_meeting" else (["x"], 0)
    assert ([request.topic for request in world.meetings.started], len(world.meetings.ended)) == expected


async def _heard(world: World, words: str) -> bool:
    return any(words in text for text in await world.texts(SHARED, HEDY))


@pytest.mark.parametrize("enterprise_id", ["E0UMBRELA", "E0NOTHERS"])
async def test_people_of_a_sister_workspace_are_no_outsiders(world: World, enterprise_id: str) -> None:
    await world.control("POST", "workspaces", seed="umbrella")
    await world.control("POST", "install", user_id="U0RUTH001")
    payload = pressed(
        team={"id": "T0UMBRB01", "domain": "umbrella-south"},
        enterprise={"id": enterprise_id},
        user={"id": "U0OLAF001", "username": "olaf", "team_id": "T0UMBRA01"},
    )
    await world.interact(payload)
    await settled(world)
    assert len(world.meetings.started) == (1 if enterprise_id == "E0UMBRELA" else 0)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "word_of_tomorrow"},
        {**PRESS, "type": "word_of_tomorrow"},
        {**PRESS, "actions": []},
        {**PRESS, "actions": "x"},
        {**PRESS, "actions": [{"action_id": "zoom_nothing"}]},
        {**PRESS, "user": None},
        {**PRESS, "user": {"id": "nobody"}},
        {**PRESS, "team": {"id": "nowhere"}, "user": {"id": ADA}},
        {"type": "view_closed", "view": {"callback_id": "x"}, "team": PRESS["team"], "user": PRESS["user"]},
        {"type": "view_submission", "view": {"callback_id": "x"}, "team": PRESS["team"], "user": PRESS["user"]},
        {"type": "shortcut", "callback_id": "x", "team": PRESS["team"], "user": PRESS["user"]},
        {"type": "message_action", "callback_id": "x", "team": PRESS["team"], "user": PRESS["user"]},
    ],
)
async def test_what_nobody_knows_is_acknowledged_and_does_nothing(world: World, payload: dict[str, Any]) -> None:
    assert await world.interact(payload) == (200, "")
    await settled(world)
    assert (world.meetings.started, world.meetings.ended) == ([], [])
    assert await world.seen("app") == []


async def test_interactions_are_signed(world: World) -> None:
    body = urlencode({"payload": json.dumps(PRESS)}).encode()
    for headers in ({}, world.signed(body, secret="another"), world.signed(body, age=301)):
        assert (await world.post("/slack/interactions", body, headers=headers))[0] == 401
    await settled(world)
    assert world.meetings.started == []


async def test_an_address_that_is_not_slacks_is_never_called(world: World) -> None:
    world.meetings.failure = MeshError(Reason.ZOOM_DAILY_LIMIT)
    await world.interact(pressed(response_url=f"{world.edge_url}/slack/commands"))
    await until(lambda: _told(world, "midnight GMT", "app"))
    assert world.meetings.started[0].slack_response_url == ""


async def test_a_press_is_acknowledged_once_nothing_of_it_can_be_lost(world: World) -> None:
    world.meetings.gate.clear()
    press = asyncio.create_task(world.interact(PRESS))

    async def arrived() -> bool:
        await world.seen()  # gives a hasty acknowledgement the time to arrive
        return bool(world.meetings.started)

    await until(arrived)
    assert not press.done(), "a death of this edge is told by Slack, as nothing was acknowledged"
    world.meetings.gate.set()
    assert await press == (200, "")


async def test_whatever_is_slow_the_acknowledgement_is_in_time(world: World) -> None:
    world.meetings.gate.clear()
    async with asyncio.timeout(2.9):
        assert await world.interact(PRESS) == (200, "")
    world.meetings.gate.set()
    assert (await world.meetings.outcome()).HasField("delivered")


async def test_whoever_is_down_a_press_is_acknowledged_and_told(world: World) -> None:
    await world.stop_service["meetings"]()
    assert await world.interact(PRESS) == (200, "")
    await until(lambda: _told(world, "try again", "app"))
