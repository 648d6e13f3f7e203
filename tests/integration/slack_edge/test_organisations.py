"""An organisation (Enterprise Grid): what people do counts in the workspace in which they began it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge import values
from tests.integration.slack_edge.conftest import GRACE, World, until
from tests.support.fake_phone import phone_delivery
from zoomslack.meetings.v1 import meetings_service_pb2 as pb
from zoomslack.phone.v1 import phone_service_pb2 as phone_pb
from zoomslack.type.v1 import slack_pb2

RUTH, OLAF = "U0RUTH001", "U0OLAF001"
UMBRELLA, NORTH, SOUTH = "E0UMBRELA", "T0UMBRA01", "T0UMBRB01"
IN_SOUTH = "C0SOUTH01"
MEETING = "8f14e45f-ceea-467f-a9d5-1b2c3d4e5f60"
SOMEBODY_STARTED = pb.RecentMeeting(host=slack_pb2.SlackUser(slack_team_id=SOUTH, slack_user_id=GRACE))


@pytest.fixture
async def org(world: World) -> World:
    """The app is installed for the whole organisation; Olaf's own workspace is North."""
    await world.control("POST", "workspaces", seed="umbrella")
    await world.control("POST", "install", user_id=RUTH, install_for="organisation")
    await world.control("POST", "team_access", team_ids=[NORTH, SOUTH], grant=True)
    return world


async def olaf_types(world: World, text: str) -> None:
    typed = await world.control("POST", "commands", user_id=OLAF, channel_id=IN_SOUTH, command="/zoom", text=text)
    assert typed["status"] == 200


async def shown(world: World, text: str) -> None:
    async def is_shown() -> bool:
        return any(text in found for found in await world.texts(IN_SOUTH, OLAF))

    await until(is_shown)


async def test_P85_a_meeting_is_ended_in_the_workspace_in_which_it_was_started(org: World) -> None:
    await olaf_types(org, "")
    await shown(org, "You started")
    await org.press("zoom_end_meeting", user=OLAF, channel=IN_SOUTH)
    await shown(org, "The meeting was ended for everybody.")
    [request] = org.meetings.ended
    assert request.user == slack_pb2.SlackUser(slack_enterprise_id=UMBRELLA, slack_team_id=SOUTH, slack_user_id=OLAF)


async def test_P68_another_is_started_in_the_workspace_in_which_it_was_asked_for(org: World) -> None:
    org.meetings.recent = SOMEBODY_STARTED
    await olaf_types(org, "")
    await org.press("zoom_start_another", user=OLAF, channel=IN_SOUTH)
    await shown(org, "Starting another meeting")
    assert [request.user.slack_team_id for request in org.meetings.started] == [SOUTH, SOUTH]


async def test_nobody_is_taken_for_an_outsider_while_slack_does_not_answer(org: World) -> None:
    await olaf_types(org, "")
    await shown(org, "You started")
    await org.fault("users.info", "status", status=503)
    await org.press("zoom_end_meeting", user=OLAF, channel=IN_SOUTH)
    await shown(org, "Slack does not answer at the moment. Please try again in a minute.")
    await org.press("zoom_end_meeting", user=OLAF, channel=IN_SOUTH)
    await shown(org, "The meeting was ended for everybody.")


async def test_what_an_organisation_removes_is_forgotten_and_nothing_else(org: World) -> None:
    await org.type("help")
    await olaf_types(org, "help")
    before = len(org.auth.asked)
    await org.control("POST", "uninstall", enterprise_id=UMBRELLA)
    assert "RecordSlackEvent" in org.auth.asked[before:]
    await org.type("help")
    assert "GetSlackInstallation" not in org.auth.asked[before:], "a workspace without organisation is kept"
    await org.control("POST", "install", user_id=RUTH, install_for="organisation")
    await org.control("POST", "team_access", team_ids=[SOUTH], grant=True)
    before = len(org.auth.asked)
    await olaf_types(org, "help")
    assert "GetSlackInstallation" in org.auth.asked[before:]


@pytest.mark.parametrize("asks_slack", [True, False], ids=["Slack is down", "Slack may not be asked"])
async def test_S31_who_presses_call_in_an_organisation_is_not_asked_who_she_is(org: World, asks_slack: bool) -> None:
    if asks_slack:
        await org.fault("users.info", "status", status=503, times=100)
    else:
        org.auth.scopes = [scope for scope in org.auth.scopes if scope != "users:read"]
    await olaf_types(org, "call +1 202 555 0145")
    before = len(await org.requests("users.info"))
    await org.press("zoom_call", user=OLAF, channel=IN_SOUTH)

    async def known() -> bool:
        await org.texts(IN_SOUTH, OLAF)
        return len(org.phone.looked_up) == 1

    await until(known)
    over = phone_pb.PhoneCall()
    over.CopyFrom(org.phone.stored[0])
    over.state, over.result = phone_pb.PHONE_CALL_STATE_ENDED, phone_pb.CALL_RESULT_ANSWERED
    org.phone.offer(phone_delivery(over))
    await shown(org, "Call ended")
    assert "Only people of" not in str(await org.texts(IN_SOUTH, OLAF))
    assert len(await org.requests("users.info")) == before


async def test_S31_a_call_whose_workspace_is_not_known_now_says_nothing_beside_its_page(org: World) -> None:
    await olaf_types(org, "call +1 202 555 0145")
    org.clock.jump(61)  # what is known of a workspace is asked for anew
    org.auth.failure = MeshError(Reason.SERVICE_UNAVAILABLE)
    await org.press("zoom_call", user=OLAF, channel=IN_SOUTH)
    await org.edge.drain()
    assert "GetSlackInstallation" in org.auth.asked[-1:]
    assert [text for text in await org.texts(IN_SOUTH, OLAF) if "Your call is ready" not in text] == []


@pytest.mark.parametrize(
    ("installed_in", "enterprise_id"),
    [(UMBRELLA, ""), ("", UMBRELLA), ("E0ANOTHER", UMBRELLA)],
    ids=["the press names no organisation", "a workspace of its own", "of another organisation"],
)
async def test_no_button_leads_out_of_the_organisation(org: World, installed_in: str, enterprise_id: str) -> None:
    org.auth.enterprise_id = installed_in
    value = values.encode(meeting=MEETING, host=OLAF, team="T0ELSEWHERE")
    press: dict[str, Any] = {
        "type": "block_actions",
        "team": {"id": NORTH},
        "enterprise": {"id": enterprise_id} if enterprise_id else None,
        "user": {"id": OLAF, "team_id": NORTH},
        "container": {"type": "message", "message_ts": "1760000000.000100", "channel_id": IN_SOUTH},
        "actions": [{"action_id": "zoom_end_meeting", "action_ts": "1760000001.000100", "value": value}],
    }
    assert await org.interact(press) == (200, "")
    await org.edge.drain()
    assert [request.user.slack_team_id for request in org.meetings.ended] == [NORTH]


MOVED = {"type": "channel_id_changed", "old_channel_id": "G0OLDNAME", "new_channel_id": "C0NEWNAME"}
MOVED_IN_UMBRELLA = pb.MoveConversationRequest(
    slack_enterprise_id=UMBRELLA,
    old_conversation=slack_pb2.SlackConversation(slack_channel_id="G0OLDNAME"),
    new_conversation=slack_pb2.SlackConversation(slack_channel_id="C0NEWNAME"),
)


@pytest.mark.parametrize("tenant", [UMBRELLA, SOUTH])
async def test_N5_a_conversation_of_an_organisation_is_moved_whether_a_workspace_is_named_or_none(
    org: World, tenant: str
) -> None:
    assert (await org.control("POST", "events", event=MOVED, team_id=tenant))["statuses"] == [200]
    assert list(org.meetings.moved) == [MOVED_IN_UMBRELLA]


async def test_N5_slack_tells_an_organisation_again_of_a_name_that_could_not_be_recorded(org: World) -> None:
    await org.stop_service["meetings"]()
    assert (await org.control("POST", "events", event=MOVED, team_id=UMBRELLA))["statuses"] == [503]


THEIRS = {"team_id": "T0GLOBEX1", "enterprise_id": "E0GLOBEX1"}
"""Where an event of a shared channel may have happened: at another company."""
OF_UMBRELLA = {"enterprise_id": UMBRELLA, "team_id": None, "user_id": "U0BOT0001", "is_enterprise_install": True}
OF_ACME = {"enterprise_id": None, "team_id": "T0ACME001", "user_id": "U0BOT0001", "is_enterprise_install": False}


async def happened_elsewhere(world: World, event: dict[str, Any], authorization: dict[str, Any]) -> None:
    """Has Slack tell an installation of what happened in a channel that is shared with another company."""
    told = {"type": "event_callback", **THEIRS, "event": event, "authorizations": [authorization]}
    body = json.dumps(told).encode()
    answer = await world.post("/slack/events", body, content_type="application/json", headers=world.signed(body))
    assert answer[0] == 200


async def test_N5_a_conversation_shared_with_another_company_is_moved_in_the_own_organisation_alone(org: World) -> None:
    await happened_elsewhere(org, MOVED, OF_UMBRELLA)
    assert list(org.meetings.moved) == [MOVED_IN_UMBRELLA]


async def test_N5_nobody_is_made_of_an_organisation_and_a_workspace_of_two_companies(org: World) -> None:
    joined = {"type": "member_joined_channel", "user": "U0BOT0001", "inviter": OLAF, "channel": IN_SOUTH}
    await happened_elsewhere(org, joined, OF_UMBRELLA)
    assert org.meetings.released == [], "in which workspace it is nobody says"
    await happened_elsewhere(org, joined, OF_ACME)
    [request] = org.meetings.released
    assert request.user == slack_pb2.SlackUser(slack_team_id="T0ACME001", slack_user_id=OLAF)
