"""What people read where something is missing: the app, a permission, a connection; and what Slack tells of leaving."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge import features
from services.slack_edge.workspaces import LIFE
from tests.integration.slack_edge.conftest import ADA, GRACE, World
from tests.support.block_kit import markup
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.phone.v1 import phone_service_pb2 as phone_pb

OLDER = ["commands", "chat:write", "users:read"]


async def granted(world: World, scopes: list[str]) -> None:
    """Changes what the workspace granted, as the edge learns within a minute."""
    world.auth.scopes = scopes
    world.clock.jump(LIFE + 1)


def button(answer: dict[str, Any], action_id: str) -> str:
    """Returns where a button leads."""
    for block in answer["blocks"]:
        for element in block.get("elements", []):
            if element.get("action_id") == action_id:
                return str(element["url"])
    raise AssertionError(f"no {action_id} in {answer}")


async def type_as(world: World, user: str, text: str) -> dict[str, Any]:
    body = {"user_id": user, "channel_id": "C0GENERAL", "command": "/zoom", "text": text}
    answer: dict[str, Any] = (await world.control("POST", "commands", **body))["answer"]
    return answer


@pytest.mark.parametrize(
    "text", ["", "meeting Weekly sync", "call +1 202 555 0143", "permissions", "config calls both"]
)
async def test_without_an_installation_people_learn_how_to_add_the_app(world: World, text: str) -> None:
    world.auth.bot_token = ""
    world.clock.jump(LIFE + 1)
    answer = (await world.type(text))["answer"]
    assert answer["response_type"] == "ephemeral"
    assert button(answer, "zoom_install").endswith("/install")
    assert world.meetings.started == []


async def test_an_older_installation_asks_who_is_not_connected_for_the_two_consents(world: World) -> None:
    await granted(world, OLDER)
    answer = (await world.type("meeting Weekly sync"))["answer"]
    assert "then Slack asks you to authorize it" in answer["text"]
    state = button(answer, "zoom_connect").rpartition("=")[2]
    assert b"Weekly sync" in world.auth.links[state].continuation
    assert world.meetings.started == []


async def test_an_older_installation_tells_an_admin_and_a_user_what_each_can_do(world: World) -> None:
    await granted(world, OLDER)
    world.auth.connected |= {ADA, GRACE}
    admin = await type_as(world, ADA, "")
    assert "remove the Zoom app from this workspace and add it again" in admin["text"]
    assert button(admin, "zoom_install").endswith("/install")
    user = await type_as(world, GRACE, "")
    assert user["text"].endswith(
        "Ask a workspace admin to remove the Zoom app from this workspace and add it again; then type `/zoom` and "
        "follow the link."
    )
    assert button(user, "slack_install").endswith("/slack/install?team=T0ACME001")
    await granted(world, ["commands"])  # Slack does not tell who is what
    unknown = await type_as(world, GRACE, "")
    assert "If you are a workspace admin yourself" in unknown["text"]
    assert world.meetings.started == []


async def test_what_mends_an_older_installation_is_told_in_the_same_words_everywhere(world: World) -> None:
    await granted(world, OLDER)
    told = [await type_as(world, GRACE, text) for text in ("help", "", "permissions")]
    world.auth.connected |= {ADA, GRACE}
    told += [await type_as(world, user, "") for user in (ADA, GRACE)]
    assert all("remove the Zoom app from this workspace and add it again" in markup(answer) for answer in told)
    assert all(
        "ype `/zoom` and follow the link" in markup(answer) for answer in told if "zoom_connect" not in str(answer)
    )


async def test_a_missing_scope_of_zoom_is_asked_for_alone_and_the_command_goes_on(world: World) -> None:
    world.meetings.failure = MeshError(Reason.ZOOM_SCOPE_MISSING, {"scopes": "meeting:write:meeting"})
    answer = (await world.type("meeting Weekly sync"))["answer"]
    assert "one more permission in your Zoom account: to start meetings." in answer["text"]
    link = world.auth.links[button(answer, "zoom_connect").rpartition("=")[2]]
    assert list(link.zoom_scopes) == ["meeting:write:meeting"]
    assert b"Weekly sync" in link.continuation


async def test_a_missing_scope_of_the_company_is_for_its_zoom_admin(world: World) -> None:
    world.meetings.failure = MeshError(Reason.ZOOM_SCOPE_MISSING, {"scopes": "meeting:write:meeting:admin"})
    answer = (await world.type(""))["answer"]
    assert "Ask an administrator of that account" in answer["text"]
    assert button(answer, "zoom_install").endswith("/install?zoom_scopes=meeting%3Awrite%3Ameeting%3Aadmin")
    assert world.auth.links == {}


async def test_a_scope_that_zoom_did_not_name_is_told_in_general_words(world: World) -> None:
    world.meetings.failure = MeshError(Reason.ZOOM_SCOPE_MISSING, {"scopes": ""})
    assert "lacks a permission" in (await world.type(""))["answer"]["text"]


async def test_permissions_lists_what_is_missing_with_a_link_for_just_that(world: World) -> None:
    world.auth.connected.add(ADA)
    world.auth.scopes = [*OLDER, "calls:read", "calls:write", "chat:write.public", "channels:read"]
    world.auth.zoom_scopes = ["meeting:write:meeting", "meeting:read:meeting", "user:read:settings"]
    answer = (await world.type("permissions"))["answer"]
    assert button(answer, "slack_install").endswith("?team=T0ACME001&scopes=users%3Aread.email%2Cgroups%3Aread")
    link = world.auth.links[button(answer, "zoom_connect").rpartition("=")[2]]
    assert list(link.zoom_scopes) == [
        "meeting:read:participant",
        "meeting:update:status",
        "meeting:delete:meeting",
        "meeting:read:past_meeting",
        "meeting:read:list_past_participants",
        "meeting:read:list_meetings",
        "cloud_recording:read:recording",
        "cloud_recording:read:list_recording_files",
        "phone:read:user",
        "phone:read:call",
        "phone:read:call_log",
        "phone:read:list_call_logs",
    ]
    shown = json.dumps(answer)
    assert "show who is in a meeting" in shown
    assert "start meetings" not in shown


async def test_permissions_of_a_company_leads_to_the_page_for_its_zoom_admin(world: World) -> None:
    world.auth.connected.add(ADA)
    every = [scope for feature in features.FEATURES for scope in feature.zoom_scopes]
    world.auth.zoom_scopes = [f"{scope}:admin" for scope in every if scope != "user:read:settings"]
    world.auth.app_level = pb.ZOOM_APP_LEVEL_ACCOUNT
    answer = (await world.type("permissions"))["answer"]
    assert button(answer, "zoom_install").endswith("/install?zoom_scopes=user%3Aread%3Asettings%3Aadmin")
    assert "Only an administrator of your company's Zoom account" in markup(answer)
    assert world.auth.links == {}


async def test_permissions_says_when_there_is_nothing_to_allow(world: World) -> None:
    world.auth.connected.add(ADA)
    world.auth.scopes += ["users:read.email", "channels:read", "groups:read"]
    assert "every permission" in (await world.type("permissions"))["answer"]["text"]


async def test_permissions_shows_slacks_part_to_who_is_not_connected_and_how_to_connect(world: World) -> None:
    answer = (await world.type("permissions"))["answer"]
    assert button(answer, "slack_install").endswith("&scopes=users%3Aread.email%2Cchannels%3Aread%2Cgroups%3Aread")
    assert "*Zoom:* you are not connected yet." in markup(answer)
    assert button(answer, "zoom_connect").rpartition("=")[2] in world.auth.links
    await granted(world, [*world.auth.scopes, "users:read.email", "channels:read", "groups:read"])
    answer = (await world.type("permissions"))["answer"]
    assert "*Slack:* nothing is missing." in markup(answer)
    assert "every permission" not in answer["text"]


async def test_permissions_shows_slacks_part_when_zooms_cannot_be_told(world: World) -> None:
    world.auth.connection_failure = MeshError(Reason.ZOOM_UNAVAILABLE)
    answer = (await world.type("permissions"))["answer"]
    assert button(answer, "slack_install")
    assert "*Zoom:* what is missing there cannot be told at the moment." in markup(answer)
    assert "zoom_connect" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("which", "options", "refused"),
    [
        ("video", pb.CALL_OPTIONS_VIDEO, "call +1 202 555 0143"),
        ("phone", pb.CALL_OPTIONS_PHONE, "meeting Weekly sync"),
        ("both", pb.CALL_OPTIONS_VIDEO_AND_PHONE, ""),
    ],
)
async def test_an_owner_chooses_which_calls_are_offered(
    world: World, which: str, options: pb.CallOptions.ValueType, refused: str
) -> None:
    assert (await world.type(f"config calls {which}"))["answer"]["text"].startswith("In this workspace `/zoom` now")
    assert world.auth.call_options == options
    if refused:
        text = (await type_as(world, GRACE, refused))["text"]
        assert text.startswith("The owners of this workspace do not offer")
        assert world.meetings.started == []
        assert world.phone.placed == []


async def test_only_who_administers_the_workspace_chooses(world: World) -> None:
    assert "Only owners and admins" in (await type_as(world, GRACE, "config calls video"))["text"]
    await granted(world, [scope for scope in world.auth.scopes if scope != "users:read"])
    assert "`/zoom permissions`" in (await type_as(world, ADA, "config calls video"))["text"]
    assert "UpdateCallOptions" not in world.auth.asked


async def test_an_admin_is_not_taken_for_a_user_while_slack_does_not_answer(world: World) -> None:
    await world.fault("users.info", "status", status=503)
    text = (await type_as(world, ADA, "config calls video"))["text"]
    assert text == "Slack does not answer at the moment. Please try again in a minute."
    assert (await type_as(world, ADA, "config calls video"))["text"].startswith("In this workspace `/zoom` now")


async def test_an_older_installation_is_told_of_while_slack_does_not_answer(world: World) -> None:
    await granted(world, OLDER)
    world.auth.connected.add(ADA)
    await world.fault("users.info", "status", status=503)
    assert "If you are a workspace admin yourself" in (await type_as(world, ADA, ""))["text"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("config", ""),
        ("config calls", ""),
        ("config calls none", "I don't know `none` there: `/zoom config calls` takes `both`, `video` or `phone`."),
        ("config calls video x", "I don't know `video x` there"),
        ("config my-calls some", "I don't know `some` there: `/zoom config my-calls` takes `all` or `slack`."),
        ("config video", "I don't know `video` there: `/zoom config` takes `calls` or `my-calls`."),
        ("config `<!channel>", "I don't know `'&lt;!channel&gt;` there"),
    ],
)
async def test_other_configurations_are_explained(world: World, text: str, wrong: str) -> None:
    told = (await world.type(text))["answer"]["text"]
    assert "`/zoom config calls video`" in told
    assert told.startswith(wrong or "*What is offered here:*")


async def test_config_and_help_tell_which_calls_she_sees_and_whether_she_has_a_phone(world: World) -> None:
    world.auth.connected.add(ADA)
    assert "*Zoom Phone:* you can call anybody." in (await world.type("help"))["answer"]["text"]
    for choice, words in (("slack", "those that you place from Slack"), ("all", "all of them")):
        await world.type(f"config my-calls {choice}")
        assert f"you see in the Zoom app:* {words}." in (await world.type("config my-calls"))["answer"]["text"]
    world.phone.profile = phone_pb.GetPhoneProfileResponse(access=phone_pb.PHONE_ACCESS_NONE)
    assert "*Zoom Phone:* you have none." in (await world.type("help"))["answer"]["text"]
    assert "no Zoom Phone for you" in (await world.type("config"))["answer"]["text"]
    world.phone.profile = MeshError(Reason.ZOOM_UNAVAILABLE)
    assert "Zoom Phone:" not in (await world.type("help"))["answer"]["text"]
    told = (await world.type("config"))["answer"]["text"]
    assert "you see in the Zoom app:* all of them." in told, "she chose that here, and not at Zoom"
    await world.stop_service["phone"]()
    assert "yours to choose" in (await world.type("config"))["answer"]["text"]
    result = await world.type("help")
    assert "/zoom meeting [topic]" in result["answer"]["text"]
    assert result["elapsed_ms"] < 2800


@pytest.mark.parametrize("text", ["help", "config"])
async def test_zoom_is_not_asked_about_phones_where_no_calls_are_offered(world: World, text: str) -> None:
    world.auth.connected.add(ADA)
    await world.type(text)
    assert len(world.phone.asked_for_profiles) == 1
    await world.type("config calls video")
    told = (await world.type(text))["answer"]["text"]
    assert len(world.phone.asked_for_profiles) == 1
    assert "*Zoom Phone:*" not in told
    assert ("you see in the Zoom app:* those that you place from Slack." in told) == (text == "config")


async def test_config_shows_what_is_offered_now(world: World) -> None:
    assert "here:* meetings and phone calls." in (await world.type("config"))["answer"]["text"]
    await world.type("config calls video")
    assert "here:* meetings only." in (await world.type("config"))["answer"]["text"]
    world.auth.failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    world.clock.jump(LIFE + 1)
    text = (await world.type("config"))["answer"]["text"]
    assert "offers" not in text
    assert "`/zoom config calls video`" in text


@pytest.mark.parametrize(
    "event",
    [
        {"type": "app_uninstalled"},
        {"type": "tokens_revoked", "tokens": {"bot": ["U0BOT"]}},
        {"type": "team_access_revoked", "team_ids": ["T0ACME001"]},
    ],
)
async def test_what_slack_tells_of_leaving_goes_to_auth_as_its_bytes_came(world: World, event: dict[str, Any]) -> None:
    assert (await world.control("POST", "events", event=event))["statuses"] == [200]
    [request] = world.auth.events
    assert isinstance(request, pb.RecordSlackEventRequest)
    assert json.loads(request.body)["event"] == event


async def test_other_events_are_nobodys(world: World) -> None:
    await world.control("POST", "events", event={"type": "app_home_opened", "user": ADA, "tab": "messages"})
    assert world.auth.events == []


async def test_an_event_that_is_not_recorded_is_asked_for_again(world: World) -> None:
    world.auth.failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    answer = await world.control("POST", "events", event={"type": "app_uninstalled"})
    assert answer["statuses"] == [503]


async def test_after_an_uninstallation_the_token_is_not_used_any_more(world: World) -> None:
    assert (await world.type(""))["error"] is None
    before = len(world.auth.asked)
    await world.control("POST", "events", event={"type": "app_uninstalled"})
    world.auth.bot_token = ""
    assert "Add to Slack" in json.dumps((await world.type(""))["answer"])
    assert "GetSlackInstallation" in world.auth.asked[before:]
