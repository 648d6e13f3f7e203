"""The Home tab: what it shows, and what its buttons do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge.workspaces import LIFE
from tests.integration.slack_edge.conftest import ADA, DIRECT, GENERAL, GRACE, World, until
from tests.integration.slack_edge.test_browser import connect_link
from tests.integration.slack_edge.test_used_buttons import connect
from tests.support.fake_meetings import new_meeting
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.phone.v1 import phone_service_pb2 as phone_pb
from zoomslack.type.v1 import slack_pb2

GENERAL_TOO = slack_pb2.SlackConversation(slack_channel_id=GENERAL)


def running(user_id: str = ADA, **changes: Any) -> pb.RunningMeeting:
    user = slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id=user_id)
    meeting = new_meeting(user, GENERAL_TOO, state=pb.MEETING_STATE_STARTED, **changes)
    return pb.RunningMeeting(meeting=meeting, present_count=3)


async def open_home(world: World, user: str = ADA) -> dict[str, Any]:
    """Opens the tab and returns what it shows then."""
    before = len(await world.requests("views.publish"))
    assert (await world.control("POST", "home", user_id=user))["status"] == 200
    await until(published(world, before + 1))
    home = await world.home(user)
    assert home is not None
    return home


def published(world: World, times: int) -> Callable[[], Awaitable[bool]]:
    async def probe() -> bool:
        return len(await world.requests("views.publish")) >= times

    return probe


async def press(world: World, action_id: str) -> None:
    pressed = await world.control("POST", "actions", user_id=ADA, view="home", action_id=action_id)
    assert (pressed["status"], pressed["error"]) == (200, None)


def buttons(view: dict[str, Any]) -> list[str]:
    return [e["text"]["text"] for block in view["blocks"] for e in block.get("elements", []) if e["type"] == "button"]


@pytest.mark.parametrize("access", [phone_pb.PHONE_ACCESS_FULL, phone_pb.PHONE_ACCESS_INTERNAL])
async def test_S30_home_says_where_colleagues_cannot_be_called_by_name(
    world: World, access: phone_pb.PhoneAccess.ValueType
) -> None:
    world.auth.connected.add(ADA)
    world.phone.profile = phone_pb.GetPhoneProfileResponse(access=access)
    for company in ("", "zoomAcme"):
        world.auth.company_account = company
        world.clock.jump(LIFE + 1)
        shown = str(await open_home(world))
        assert ("only where Zoom for Slack is installed for your whole company" in shown) == (not company)


async def test_S36_the_tab_follows_a_connection_that_is_made_and_removed_elsewhere(world: World) -> None:
    assert "not connected" in str(await open_home(world))
    link = await connect_link(world)
    assert await connect(world, link) == 200
    await until(lambda: home_says(world, "Your Zoom account is connected."))
    await world.type("logout")
    await until(lambda: home_says(world, "Your Zoom account is not connected."))


async def test_S36_who_signs_out_has_no_meetings_of_her_own_on_the_tab_before_they_are_erased(world: World) -> None:
    world.auth.connected.add(ADA)
    world.meetings.running = [running(topic="Hers"), running(GRACE, topic="Of somebody else")]
    assert {"Hers", "End for everybody"} <= words(await open_home(world))
    await world.type("logout")
    await until(lambda: home_says(world, "Your Zoom account is not connected."))
    shown = words(await world.home() or {})
    assert "Of somebody else" in shown
    assert not {"Hers", "End for everybody"} & shown


def words(view: dict[str, Any]) -> set[str]:
    """Returns the lines and buttons of a tab."""
    lines = [line for block in view["blocks"] for line in block.get("text", {}).get("text", "").split("\n")]
    return {*lines, *buttons(view)}


async def test_a_slack_that_does_not_show_the_tab_keeps_neither_from_happening(world: World) -> None:
    link = await connect_link(world)
    await world.fault("views.publish", "error", error="not_enabled", times=2)
    assert await connect(world, link) == 200
    assert "signed out" in (await world.type("logout"))["answer"]["text"]
    assert world.auth.connected == set()


async def home_says(world: World, words: str) -> bool:
    return words in str(await world.home())


async def test_what_slack_is_slow_to_show_does_not_overtake_what_is_newer(world: World) -> None:
    world.meetings.running = [running(topic="Lunch")]
    await world.fault("views.publish", "delay", delay_seconds=0.5)
    await world.control("POST", "home", user_id=ADA)

    async def is_on_its_way() -> bool:
        return not (await world.control("GET", "faults"))["faults"]

    await until(is_on_its_way)
    world.meetings.running = []
    await world.control("POST", "home", user_id=ADA)
    await until(published(world, 2))
    assert "Lunch" not in str(await world.home())


async def test_the_tab_tells_whether_zoom_is_connected(world: World) -> None:
    home = await open_home(world)
    assert "Your Zoom account is not connected." in str(home)
    assert buttons(home) == ["Connect Zoom", "Start", "Join a meeting"]
    world.auth.connected.add(ADA)
    home = await open_home(world)
    assert "Your Zoom account is connected." in str(home)
    assert buttons(home) == ["Start", "Join a meeting", "Show all my calls"]


async def test_connecting_begins_with_a_fresh_link(world: World) -> None:
    await open_home(world)
    assert world.auth.links == {}
    await press(world, "zoom_home_connect")
    modal = await until(world.modal)
    [state] = world.auth.links
    assert f"/zoom/connect?link={state}" in str(modal)


async def test_P78_the_tab_lists_the_meetings_that_run_and_that_she_may_see(world: World) -> None:
    hers, other = running(topic="Weekly <!channel>"), running(GRACE)
    world.meetings.running = [hers, other]
    home = await open_home(world)
    shown = [block["text"] for block in home["blocks"] if "850 1234 5678" in str(block.get("text"))]
    assert [text["type"] for text in shown] == ["plain_text", "plain_text"]
    assert shown[0]["text"] == "Weekly <!channel>\n850 1234 5678, 3 people are in it"
    rows = [block["elements"] for block in home["blocks"] if "zoom_join" in str(block)]
    assert [[element["text"]["text"] for element in row] for row in rows] == [["Join", "End for everybody"], ["Join"]]
    assert rows[1][0]["url"] == other.meeting.join_url


async def test_P78_a_full_list_keeps_slacks_rules(world: World) -> None:
    world.meetings.running = [running(topic="👍" * 300) for _ in range(25)]
    assert len((await open_home(world))["blocks"]) <= 100
    [answer] = [request["answer"] for request in await world.requests("views.publish")]
    assert answer["ok"] is True


async def test_P85_her_own_meeting_is_ended_from_the_tab_which_then_shows_it(world: World) -> None:
    world.meetings.running = [running()]
    await open_home(world)
    meeting_id = world.meetings.running[0].meeting.meeting_id
    await press(world, "zoom_end_meeting_home")
    await until(published(world, 2))
    assert [request.meeting_id for request in world.meetings.ended] == [meeting_id]
    # Meetings still lists it: Zoom's event is on its way.
    assert "zoom_end_meeting_home" not in str(await world.home())


async def test_P85_what_goes_wrong_is_told_in_her_conversation_with_the_app(world: World) -> None:
    world.meetings.running = [running()]
    await open_home(world)
    world.meetings.failure = MeshError(Reason.ZOOM_UNAVAILABLE)
    await press(world, "zoom_end_meeting_home")

    async def told() -> bool:
        return any("Zoom does not answer" in text for text in await world.texts("app"))

    await until(told)
    assert "zoom_end_meeting_home" in str(await world.home())


async def test_S34_S35_a_meeting_is_started_from_the_tab(world: World) -> None:
    await open_home(world)
    await press(world, "zoom_home_start")
    assert await until(world.modal) is not None
    await world.send(where=DIRECT, topic="Weekly")
    assert (await world.meetings.outcome()).HasField("delivered")
    assert any(message["calls"] for message in await world.seen(DIRECT, GRACE))
    await until(published(world, 2))  # the tab lists it now


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("850 1234 5678", "https://zoom.us/j/85012345678"),
        ("https://acme.zoom.us/j/85012345678?pwd=INVENTED.1", "https://acme.zoom.us/j/85012345678?pwd=INVENTED.1"),
        ("ada.lovelace", "https://zoom.us/my/ada.lovelace"),
    ],
)
async def test_S26_S27_a_meeting_is_joined_from_the_tab(world: World, typed: str, url: str) -> None:
    await open_home(world)
    await press(world, "zoom_home_join")
    await until(world.modal)
    assert (await world.send(target=typed))["response_action"] == "update"
    modal = await world.modal()
    assert modal is not None
    assert modal["blocks"][1]["elements"][0]["url"] == url


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("https://zoom.us.evil.example/j/85012345678", "no meeting number"),
        ("", "no meeting number"),
        ("me", "typing /zoom join me"),
        ("https://zoom.us/s/85012345678?zak=INVENTED", "whoever opens it is the host"),
    ],
)
async def test_S26_what_cannot_be_joined_is_told_in_the_modal(world: World, typed: str, words: str) -> None:
    await open_home(world)
    await press(world, "zoom_home_join")
    await until(world.modal)
    answer = await world.send(target=typed)
    assert answer["response_action"] == "errors"
    assert words in answer["errors"]["target"]
    assert "INVENTED" not in str(answer)


@pytest.mark.parametrize(
    ("options", "words", "first"),
    [
        (auth_service_pb2.CALL_OPTIONS_VIDEO_AND_PHONE, "meetings and phone calls", "Start"),
        (auth_service_pb2.CALL_OPTIONS_VIDEO, "meetings only", "Start"),
        (auth_service_pb2.CALL_OPTIONS_PHONE, "phone calls only", "Call"),
    ],
)
async def test_S37_S59_the_tab_tells_what_is_offered_and_where_help_is(
    world: World, options: auth_service_pb2.CallOptions.ValueType, words: str, first: str
) -> None:
    world.auth.connected.add(ADA)
    world.auth.call_options = options
    home = await open_home(world)
    assert f"Offered in this workspace: {words}." in str(home)
    assert "Help and support" in str(home)
    assert buttons(home)[0] == first


@pytest.mark.parametrize(
    ("access", "words"),
    [
        (phone_pb.PHONE_ACCESS_FULL, "Your number is +12025550101, your extension 1001."),
        (phone_pb.PHONE_ACCESS_INTERNAL, "Your plan has no outside line"),
        (phone_pb.PHONE_ACCESS_NONE, "no Zoom Phone for you"),
        (phone_pb.PHONE_ACCESS_DISABLED, "switched off for your whole Zoom account"),
        (phone_pb.PHONE_ACCESS_UNSPECIFIED, "Zoom does not tell whom you can call"),
    ],
)
async def test_S30_the_tab_tells_what_she_has_of_zoom_phone(
    world: World, access: phone_pb.PhoneAccess.ValueType, words: str
) -> None:
    world.auth.connected.add(ADA)
    world.phone.profile = phone_pb.GetPhoneProfileResponse(
        access=access, phone_number="+12025550101", extension_number="1001"
    )
    home = await open_home(world)
    assert words in str(home)
    hers = access not in (phone_pb.PHONE_ACCESS_NONE, phone_pb.PHONE_ACCESS_DISABLED)
    assert ("Show all my calls" in buttons(home)) is hers


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.ZOOM_SCOPE_MISSING, "`/zoom permissions` has the link"),
        (Reason.ZOOM_UNAVAILABLE, "cannot be told at the moment"),
        (Reason.ZOOM_RATE_LIMITED, "cannot be told at the moment"),
    ],
)
async def test_N9_the_tab_is_whole_where_zoom_does_not_tell_of_phone(world: World, reason: Reason, words: str) -> None:
    world.auth.connected.add(ADA)
    world.phone.profile = MeshError(reason)
    home = await open_home(world)
    assert words in str(home)
    assert buttons(home) == ["Start", "Join a meeting"]


async def test_the_tab_is_shown_while_phone_restarts(world: World) -> None:
    world.auth.connected.add(ADA)
    await world.stop_service["phone"]()
    assert "What you can do with Zoom Phone cannot be told" in str(await open_home(world))


async def test_which_calls_she_sees_is_chosen_on_the_tab(world: World) -> None:
    world.auth.connected.add(ADA)
    assert "Under Messages you see the calls that you place from Slack." in str(await open_home(world))
    await press(world, "zoom_home_shown_calls")
    await until(published(world, 2))
    home = await world.home()
    assert "Under Messages you see all your calls." in str(home)
    await press(world, "zoom_home_shown_calls")
    await until(published(world, 3))
    assert "the calls that you place from Slack" in str(await world.home())


async def test_a_choice_that_was_not_kept_is_told_and_the_tab_stays_true(world: World) -> None:
    world.auth.connected.add(ADA)
    await open_home(world)
    world.phone.failure = MeshError(Reason.ZOOM_UNAVAILABLE)
    await press(world, "zoom_home_shown_calls")

    async def told() -> bool:
        return any("Zoom does not answer" in text for text in await world.texts("app"))

    await until(told)
    assert "the calls that you place from Slack" in str(await world.home())


async def test_S37_the_tab_tells_that_calls_are_not_offered_and_asks_nobody(world: World) -> None:
    world.auth.connected.add(ADA)
    world.auth.call_options = auth_service_pb2.CALL_OPTIONS_VIDEO
    home = await open_home(world)
    assert "do not offer phone calls here" in str(home)
    assert "Show all my calls" not in buttons(home)
    assert world.phone.asked_for_profiles == []


async def test_the_tab_is_shown_while_meetings_restart(world: World) -> None:
    await world.stop_service["meetings"]()
    home = await open_home(world)
    assert "cannot be told at the moment" in str(home)
    assert "Start" in buttons(home)


async def test_an_older_installation_reads_what_to_do(world: World) -> None:
    world.auth.connected.add(ADA)
    world.auth.scopes = ["commands", "chat:write"]
    world.clock.jump(LIFE + 1)
    assert "older installation" in str(await open_home(world))


async def test_the_messages_tab_is_not_the_home_tab(world: World) -> None:
    assert (await world.control("POST", "home", user_id=ADA, tab="messages"))["status"] == 200
    await world.edge.drain()
    assert await world.home() is None


async def test_a_tab_that_slack_refuses_is_no_failure_of_the_event(world: World) -> None:
    await world.fault("views.publish", "error", error="not_enabled")
    await world.control("POST", "home", user_id=ADA)
    await until(published(world, 1))
    assert await world.home() is None
