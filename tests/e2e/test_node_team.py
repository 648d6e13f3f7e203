"""A team that writes Node does what `test_other_team` does, with a client that this test generates from the protos."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.node_program import Team, generated, installed, team
from tests.e2e.partners import BOT, GLOBEX, READER, Partners, running_partners
from tests.e2e.people import ADA, ADA_AT_ZOOM, GENERAL, ended, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.needs_node, pytest.mark.timeout(300)]

PERSON = {"slackTeamId": "T0ACME001", "slackUserId": ADA}
STRANGER = {"slackTeamId": "T0GLOBEX1", "slackUserId": ADA}


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """Returns what a stream said, without the meeting as it was known when it said so."""
    return {name: value for name, value in answer.get("response", answer).items() if name != "meeting"}


class Teams:
    """The system, and the program with each certificate."""

    def __init__(self, partners: Partners, programs: dict[str, Team]) -> None:
        self.partners = partners
        self.programs = programs


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def teams(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Teams]:
    folder = tmp_path_factory.mktemp("node")
    packages = await asyncio.to_thread(installed)
    client = await asyncio.to_thread(generated, packages, folder / "client")
    async with (
        running_partners(folder) as partners,
        team(client, packages, partners.targets, partners.certificates / BOT) as bot,
        team(client, packages, partners.targets, partners.certificates / READER) as reader,
        team(client, packages, partners.targets, partners.certificates / GLOBEX) as globex,
    ):
        yield Teams(partners, {BOT: bot, READER: reader, GLOBEX: globex})


def start(topic: str, user: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "user": user or PERSON,
        "requestId": str(uuid.uuid4()),
        "conversation": {"slackChannelId": GENERAL},
        "topic": topic,
        "startAnother": True,
    }


async def test_N12_a_generated_client_in_node_starts_watches_and_ends_a_meeting(teams: Teams) -> None:
    office, bot = teams.partners.office, teams.programs[BOT]
    meeting = (await bot.call("meetings", "startMeeting", start("Node standup")))["response"]["meeting"]
    card = await office.card_when(lambda card: "Node standup" in card.get("title", ""), GENERAL)
    assert not ended(card)
    named = {"user": PERSON, "meetingId": meeting["meetingId"]}
    changes = bot.begin("meetings", "watchMeeting", named)
    async with asyncio.timeout(30):
        snapshot = (await changes.get())["response"]
        assert (snapshot["meeting"]["topic"], "snapshot" in snapshot) == ("Node standup", True)
        await office.zoom("POST", f"meetings/{meeting['zoomMeetingId']}/join", {"zoom_user_id": ADA_AT_ZOOM})
        assert "started" in (await changes.get())["response"]
        joined = (await changes.get())["response"]
        assert joined["joined"]["attendee"]["slackUserId"] == ADA
        assert not (await bot.call("meetings", "endMeeting", named))["response"].get("wasOver")
        rest = [await changes.get()]
        while "response" in rest[-1]:
            rest.append(await changes.get())
        assert rest[-1] == {"end": True}
        assert "ended" in rest[-2]["response"]
        resumed = bot.begin("meetings", "watchMeeting", {**named, "resumeToken": joined["resumeToken"]})
        assert [told(await resumed.get()) for _ in rest] == [told(one) for one in rest]
    await office.card_when(ended, GENERAL)


async def test_N12_repeated_by_node_after_a_lost_reply_it_is_the_same_meeting(teams: Teams) -> None:
    office, bot = teams.partners.office, teams.programs[BOT]
    request = start("Lost in Node")
    slow = {"kind": "delay", "delay_seconds": 1, "after": True, "times": 1}
    await office.zoom("POST", "faults", {"method": "POST", "path": "/v2/users/me/meetings", **slow})
    lost = await bot.call("meetings", "startMeeting", request, cancelAfterMs=400)
    assert lost["code"] == "CANCELLED"

    async def again() -> dict[str, Any]:
        answer = await bot.call("meetings", "startMeeting", request)
        meeting: dict[str, Any] = answer.get("response", {}).get("meeting", {})
        return meeting

    meeting = await eventually(again, bool)
    assert await again() == meeting
    assert [one["topic"] for one in await office.meetings()].count("Lost in Node") == 1


async def test_N12_node_reaches_no_other_workspace_and_the_attempts_are_logged(teams: Teams) -> None:
    bot, globex = teams.programs[BOT], teams.programs[GLOBEX]
    meeting = (await bot.call("meetings", "startMeeting", start("Private to Acme")))["response"]["meeting"]
    number = {"phoneNumber": "+12025550143", "requestId": str(uuid.uuid4())}
    call = (await bot.call("phone", "placeCall", {"user": PERSON, **number}))["response"]["call"]
    theirs = {"meetingId": meeting["meetingId"]}
    outside: list[tuple[str, str, dict[str, Any]]] = [
        ("auth", "getConnection", {}),
        ("auth", "createConnectLink", {}),
        ("meetings", "startMeeting", start("Elsewhere", STRANGER)),
        ("meetings", "getMeeting", theirs),
        ("meetings", "listMeetings", {}),
        ("meetings", "listRunningMeetings", {}),
        ("meetings", "endMeeting", theirs),
        ("meetings", "watchMeeting", theirs),
        ("phone", "placeCall", number),
        ("phone", "getCall", {"callId": call["callId"]}),
        ("phone", "listCalls", {}),
    ]
    foreign = [one for one in outside if "meetingId" in one[2] or "callId" in one[2]]
    assert len(foreign) == 4
    for caller, program, attempts in ((BOT, bot, outside), (GLOBEX, globex, foreign)):
        for service, rpc, request in attempts:
            answer = await program.call(service, rpc, {**request, "user": STRANGER})
            method = rpc[0].upper() + rpc[1:]
            assert answer == {
                "code": "PERMISSION_DENIED",
                "reason": "WORKSPACE_NOT_ALLOWED",
                "metadata": {"caller": caller, "method": method, "slack_team_id": "T0GLOBEX1"},
            }, method
            await teams.partners.until_logged("refused", caller, method, "T0GLOBEX1")
    assert all(one["topic"] != "Elsewhere" for one in await teams.partners.office.meetings())


async def test_N12_node_is_told_which_rpc_its_policy_lacks(teams: Teams) -> None:
    answer = await teams.programs[READER].call("meetings", "startMeeting", start("Not mine"))
    assert (answer["code"], answer["reason"]) == ("PERMISSION_DENIED", "CALLER_NOT_ALLOWED")
    assert answer["metadata"] == {"caller": READER, "method": "StartMeeting"}
    unknown = {"user": PERSON, "meetingId": str(uuid.uuid4())}
    answer = await teams.programs[READER].call("meetings", "getMeeting", unknown)
    assert (answer["code"], answer["reason"]) == ("NOT_FOUND", "MEETING_NOT_FOUND")
