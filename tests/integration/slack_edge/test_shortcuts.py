"""Shortcuts and their modals: what everybody has instead of the Call icon."""

from __future__ import annotations

from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from tests.integration.slack_edge.conftest import ADA, DIRECT, GENERAL, GRACE, GROUP, SECRET, World, until
from tests.support.fake_meetings import leased, new_meeting
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.type.v1 import slack_pb2


async def opened(world: World) -> dict[str, Any]:
    """Uses the global shortcut and returns the modal that comes."""
    await world.use("zoom_start")
    modal = await until(world.modal)
    assert modal is not None
    return modal


def inputs(modal: dict[str, Any]) -> list[str]:
    return [block["block_id"] for block in modal["blocks"] if block["type"] == "input"]


async def said(world: World, channel: str = GENERAL, user: str = ADA) -> str:
    """Returns what the newest message in a conversation says."""
    return str((await world.seen(channel, user))[-1])


async def post(world: World, text: str, channel: str = GENERAL, user: str = GRACE) -> str:
    typed = await world.control("POST", "type", user_id=user, channel_id=channel, text=text)
    return str(typed["ts"])


# --- the global shortcut -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [GENERAL, SECRET, GROUP, DIRECT])
async def test_S33_S34_a_meeting_is_started_from_anywhere_in_any_conversation(world: World, channel: str) -> None:
    assert inputs(await opened(world)) == ["how", "where", "topic", "person", "number"]
    assert await world.send(where=channel, topic="Weekly <!channel>") == {}
    assert await world.modal() is None
    assert (await world.meetings.outcome()).HasField("delivered")
    [card] = [message for message in await world.seen(channel, GRACE) if message["calls"]]
    assert card["calls"][0]["title"] == "Weekly <!channel> started by ada"
    [request] = world.meetings.started
    assert (request.topic, request.conversation.slack_channel_id) == ("Weekly <!channel>", channel)


async def test_S34_in_a_direct_message_phone_is_the_other_choice(world: World) -> None:
    modal = await opened(world)
    options = modal["blocks"][0]["element"]["options"]
    assert [option["text"]["text"] for option in options] == ["Audio & Video: Zoom", "Phone: Zoom"]
    await world.send(how="phone", where=DIRECT, number="(202) 555-0145")
    await until(lambda: _shown(world, "zoom_call", DIRECT))
    [call] = world.phone.placed
    assert (call.phone_number, call.conversation.slack_channel_id) == ("(202) 555-0145", DIRECT)
    assert world.meetings.started == []
    assert await world.seen(DIRECT, GRACE) == []


async def _shown(world: World, word: str, channel: str, user: str = ADA) -> bool:
    return word in str(await world.seen(channel, user))


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        (auth_service_pb2.CALL_OPTIONS_VIDEO, ["where", "topic"]),
        (auth_service_pb2.CALL_OPTIONS_PHONE, ["person", "number"]),
    ],
)
async def test_S37_only_what_is_offered_can_be_chosen(world: World, options: Any, fields: list[str]) -> None:
    world.auth.call_options = options
    modal = await opened(world)
    assert inputs(modal) == fields
    assert ("You get the Call button under Messages in the Zoom app." in str(modal)) == ("number" in fields)
    await world.send(where=DIRECT, number="+1 202 555 0145", topic="x")
    if "number" in fields:
        await until(lambda: _shown(world, "zoom_call", "app"))
        assert not world.phone.placed[0].HasField("conversation")
    else:
        await world.meetings.outcome()
    assert (len(world.meetings.started), len(world.phone.placed)) == ((0, 1) if "number" in fields else (1, 0))


@pytest.mark.parametrize("number", ["", "grace", "1" * 65])
async def test_S34_a_call_needs_a_number_and_says_so_in_the_modal(world: World, number: str) -> None:
    await opened(world)
    answer = await world.send(how="phone", where=DIRECT, number=number)
    assert answer["response_action"] == "errors"
    assert list(answer["errors"]) == ["number"]
    assert await world.modal() is not None
    await world.edge.drain()
    assert world.phone.placed == []


async def test_S34_S35_a_person_is_called_from_the_modal(world: World) -> None:
    await opened(world)
    assert await world.send(how="phone", where=DIRECT, person=GRACE) == {}
    await until(lambda: _shown(world, "zoom_call", DIRECT))
    [call] = world.phone.placed
    assert (call.contact.slack_user_id, call.contact.phone_number) == (GRACE, "+1 (202) 555-0187")
    assert call.conversation.slack_channel_id == DIRECT
    assert await world.seen(DIRECT, GRACE) == []


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({}, "number", "Choose the person to call, or type a number."),
        ({"person": GRACE, "number": "+1 202 555 0145"}, "number", "Either a person or a number"),
        ({"person": ADA}, "person", "That is you."),
        ({"number": "+12025550145 +12025550146"}, "number", "Type a phone number"),
        ({"number": "<@U0GRACE01>"}, "number", "Type a phone number"),
    ],
)
async def test_S34_S35_exactly_one_is_called_and_the_modal_says_so(
    world: World, typed: dict[str, str], field: str, words: str
) -> None:
    await opened(world)
    answer = await world.send(how="phone", where=DIRECT, **typed)
    assert list(answer["errors"]) == [field]
    assert answer["errors"][field].startswith(words)
    await world.edge.drain()
    assert world.phone.placed == []


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"how": "video", "where": DIRECT, "person": GRACE}, "person", "In a meeting nobody is called"),
        ({"how": "video", "where": DIRECT, "number": "1234"}, "number", "In a meeting nobody is called"),
        ({"how": "phone", "person": GRACE, "topic": "Weekly"}, "topic", "A phone call has no topic"),
        ({"how": "video", "topic": "Weekly"}, "where", "Choose where the meeting"),
    ],
)
async def test_S34_what_does_not_apply_is_refused_and_not_ignored(
    world: World, typed: dict[str, str], field: str, words: str
) -> None:
    await opened(world)
    answer = await world.send(**typed)
    assert list(answer["errors"]) == [field]
    assert answer["errors"][field].startswith(words)
    assert await world.modal() is not None
    await world.edge.drain()
    assert (world.phone.placed, world.meetings.started) == ([], [])


async def test_S34_a_call_needs_no_conversation_and_its_button_comes_where_only_she_looks(world: World) -> None:
    modal = await opened(world)
    hints = {block["block_id"]: block.get("hint", {}).get("text", "") for block in modal["blocks"]}
    assert "A phone call needs none: without it, you get the Call button under Messages in" in hints["where"]
    assert (hints["topic"], hints["person"]) == ("For a meeting only.", "For a phone call only.")
    assert await world.send(how="phone", person=GRACE) == {}
    await until(lambda: _shown(world, "zoom_call", "app"))


async def test_S35_a_person_without_a_number_is_told_of_after_the_modal(world: World) -> None:
    world.phone.failure = MeshError(Reason.PHONE_CONTACT_UNREACHABLE)
    await opened(world)
    await world.send(how="phone", where=DIRECT, person=GRACE)
    await until(lambda: _shown(world, "no phone number in that person", DIRECT))


async def test_a_start_needs_a_conversation(world: World) -> None:
    await opened(world)
    assert list((await world.send(topic="x"))["errors"]) == ["where"]


async def test_a_modal_that_arrives_twice_starts_one_meeting(world: World) -> None:
    view = {"id": "V1", "callback_id": "zoom_start_modal", "state": {"values": {"topic": {"typed": {"value": "x"}}}}}
    where = {"channel_id": GENERAL, "response_url": "https://hooks.slack.com/app/T0ACME001/1/a"}
    payload = {
        "type": "view_submission",
        "team": {"id": "T0ACME001"},
        "user": {"id": ADA, "team_id": "T0ACME001"},
        "view": view,
        "response_urls": [where],
    }
    await world.interact(payload)
    await world.interact({**payload, "trigger_id": "another"})
    await world.edge.drain()
    assert len({request.request_id for request in world.meetings.started}) == 1
    assert world.meetings.started[0].slack_response_url == where["response_url"]


async def test_P68_a_start_from_a_modal_is_asked_about_too(world: World) -> None:
    host = slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id=GRACE)
    world.meetings.recent = pb.RecentMeeting(host=host, join_url="https://zoom.example/j/1")
    await opened(world)
    await world.send(where=DIRECT, topic="Weekly")
    await until(lambda: _shown(world, "zoom_start_another", DIRECT))
    await world.press("zoom_start_another", channel=DIRECT)
    await world.meetings.outcome()
    assert world.meetings.started[-1].topic == "Weekly"


async def test_who_is_not_connected_is_asked_to_where_the_meeting_was_to_be(world: World) -> None:
    world.meetings.failure = MeshError(Reason.ZOOM_NOT_CONNECTED)
    await opened(world)
    await world.send(where=SECRET, topic="Weekly")
    await until(lambda: _shown(world, "zoom_connect", SECRET))
    [link] = world.auth.links.values()
    assert b"Weekly" in link.continuation
    assert await world.seen(SECRET, GRACE) == []


async def test_a_shortcut_whose_modal_slack_refuses_is_told_of(world: World) -> None:
    await world.fault("views.open", "error", error="expired_trigger_id")
    await world.use("zoom_start")
    await until(lambda: _shown(world, "too late for Slack", "app"))


# --- the message shortcut ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [GENERAL, SECRET, DIRECT])
async def test_P69_a_meeting_about_a_message_is_in_its_thread(world: World, channel: str) -> None:
    ts = await post(world, "Shall we ship R&D <3 with @ada?", channel)
    await world.use("zoom_meet_about", channel_id=channel, ts=ts)
    report = await world.meetings.outcome()
    assert report.HasField("delivered")
    [request] = world.meetings.started
    assert (request.topic, request.slack_thread_ts) == ("Shall we ship R&D <3 with @ada?", ts)
    [card] = [message for message in await world.seen(channel, GRACE) if message["calls"]]
    assert card["thread_ts"] == ts
    await until(lambda: _shown(world, "zoom_end_meeting", channel))
    controls = (await world.seen(channel))[-1]
    assert (controls["thread_ts"], controls["visible_to"]) == (ts, [ADA])


async def test_P69_a_reply_shares_the_thread_of_its_parent(world: World) -> None:
    ts = await post(world, "The parent")
    message = {"channel": GENERAL, "text": "A reply of " + "x" * 300, "thread_ts": ts}
    token = {"Authorization": f"Bearer {world.auth.bot_token}"}
    async with world.http.post(f"{world.slack_url}/api/chat.postMessage", json=message, headers=token) as response:
        reply = (await response.json())["ts"]
    await world.use("zoom_meet_about", channel_id=GENERAL, ts=reply)
    await world.meetings.outcome()
    [request] = world.meetings.started
    assert (request.slack_thread_ts, len(request.topic)) == (ts, 200)


async def test_P69_results_go_to_the_thread_too(world: World) -> None:
    ts = await post(world, "The parent")
    user = slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id=ADA)
    meeting = new_meeting(user, slack_pb2.SlackConversation(slack_channel_id=GENERAL))
    world.meetings.offer(leased(meeting, summary=pb.MeetingSummary(meeting=meeting), slack_thread_ts=ts))
    assert (await world.meetings.outcome()).HasField("delivered")
    assert (await world.seen())[-1]["thread_ts"] == ts


async def test_P69_a_failure_is_told_to_who_asked(world: World) -> None:
    ts = await post(world, "x")
    world.meetings.failure = MeshError(Reason.ZOOM_HOST_NOT_ALLOWED)
    await world.use("zoom_meet_about", channel_id=GENERAL, ts=ts)
    await until(lambda: _shown(world, "may not host meetings", GENERAL))
    assert "may not host" not in await said(world, GENERAL, GRACE)


@pytest.mark.parametrize("channel", [GENERAL, SECRET, GROUP, DIRECT])
async def test_S35_who_wrote_a_message_is_called(world: World, channel: str) -> None:
    ts = await post(world, "Call me <@U0ADA0001>", channel)
    await world.use("zoom_call_author", channel_id=channel, ts=ts)
    await until(lambda: _shown(world, "zoom_call", channel))
    [call] = world.phone.placed
    assert (call.contact.slack_user_id, call.contact.phone_number) == (GRACE, "+1 (202) 555-0187")
    assert call.conversation.slack_channel_id == channel
    assert not await _shown(world, "zoom_call", channel, GRACE)


@pytest.mark.parametrize(
    ("channel", "words"), [(GENERAL, "You wrote that message yourself"), (DIRECT, "a message of the other person")]
)
async def test_S35_nobody_calls_herself(world: World, channel: str, words: str) -> None:
    ts = await post(world, "Mine", channel, ADA)
    await world.use("zoom_call_author", channel_id=channel, ts=ts)
    await until(lambda: _shown(world, words, channel))
    assert world.phone.placed == []


async def test_S35_an_app_has_no_phone(world: World) -> None:
    token = {"Authorization": f"Bearer {world.auth.bot_token}"}
    message = {"channel": GENERAL, "text": "From an app"}
    async with world.http.post(f"{world.slack_url}/api/chat.postMessage", json=message, headers=token) as response:
        ts = (await response.json())["ts"]
    await world.use("zoom_call_author", channel_id=GENERAL, ts=ts)
    await until(lambda: _shown(world, "An app or a workflow wrote that message", GENERAL))
    assert world.phone.placed == []


async def test_S37_the_author_is_not_called_where_calls_are_not_offered(world: World) -> None:
    world.auth.call_options = auth_service_pb2.CALL_OPTIONS_VIDEO
    ts = await post(world, "Call me")
    await world.use("zoom_call_author", channel_id=GENERAL, ts=ts)
    await until(lambda: _shown(world, "do not offer phone calls", GENERAL))
    assert world.phone.placed == []
