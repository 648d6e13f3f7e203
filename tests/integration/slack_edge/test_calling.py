"""`/zoom call`, through the real door, to what the phone service is asked and what the person sees."""

from __future__ import annotations

from typing import Any

import pytest

from mesh.errors import MeshError, Reason
from services.slack_edge.workspaces import LIFE
from tests.integration.slack_edge.conftest import ADA, DIRECT, GENERAL, GRACE, GROUP, SECRET, World
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.phone.v1 import phone_service_pb2 as pb

LIN = "U0LIN0001"


async def told(world: World, text: str, channel: str = GENERAL) -> str:
    """Types a command that comes to nothing, and returns why."""
    result = await world.type(text, channel=channel)
    assert (result["status"], result["error"], result["answer"]["response_type"]) == (200, None, "ephemeral")
    assert "zoom_call" not in str(result["answer"])
    return str(result["answer"]["text"])


def parties(answer: dict[str, Any]) -> list[str]:
    return [text["text"] for block in answer["blocks"] for text in block.get("fields", [])]


@pytest.mark.parametrize("channel", [GENERAL, SECRET, GROUP, DIRECT])
async def test_S3_S29_S31_S54_a_number_has_a_button_everywhere_that_only_she_sees(world: World, channel: str) -> None:
    answer = (await world.type("call (202) 555-0187", channel=channel))["answer"]
    assert parties(answer) == [f"Caller: <@{ADA}>", "Number: (202) 555-0145"]
    assert f"{world.edge_url}/call/signed.id" in str(answer)
    [request] = world.phone.placed
    assert (request.phone_number, request.HasField("contact")) == ("(202) 555-0187", False)
    assert (request.user.slack_user_id, request.conversation.slack_channel_id) == (ADA, channel)
    assert await world.seen(channel, GRACE) == []
    await world.press("zoom_call", channel=channel)


@pytest.mark.parametrize("channel", [GENERAL, DIRECT])
async def test_S29_S54_a_person_is_called_by_the_number_in_her_profile(world: World, channel: str) -> None:
    answer = (await world.type("call @grace", channel=channel))["answer"]
    assert parties(answer)[:2] == [f"Caller: <@{ADA}>", f"Callee: <@{GRACE}>"]
    [request] = world.phone.placed
    assert request.contact == pb.Contact(slack_user_id=GRACE, display_name="grace", phone_number="+1 (202) 555-0187")
    assert request.phone_number == ""


async def test_S29_a_mention_without_a_name_is_a_person_too(world: World) -> None:
    who = {"team_id": "T0ACME001", "user_id": ADA, "channel_id": GENERAL, "trigger_id": "1.2.3"}
    await world.command({"command": "/zoom", "text": f"call <@{GRACE}>", **who})
    assert [request.contact.slack_user_id for request in world.phone.placed] == [GRACE]


async def test_S29_who_has_no_number_is_left_to_zoom_which_may_know_one(world: World) -> None:
    assert "zoom_call" in str((await world.type("call @lin"))["answer"])
    assert world.phone.placed[0].contact == pb.Contact(slack_user_id=LIN, display_name="lin")


@pytest.mark.parametrize("company", ["", "zoomAcme"])
@pytest.mark.parametrize("access", ["full", "internal"])
async def test_S29_who_has_no_number_anywhere_cannot_be_called(world: World, company: str, access: str) -> None:
    world.auth.company_account = company
    world.clock.jump(LIFE + 1)
    world.phone.failure = MeshError(Reason.PHONE_CONTACT_UNREACHABLE, {"access": access})
    text = await told(world, "call @lin")
    assert "no phone number in that person's Slack profile" in text
    assert ("only where Zoom for Slack is installed for your whole company" in text) == (not company)
    assert ("`/zoom call +1 202 555 0145`" in text) == (access == "full"), "who has no outside line cannot dial it"
    assert "the extension: `/zoom call 1234`" in text


@pytest.mark.parametrize(
    ("typed", "change", "words"),
    [
        ("call @ada", {}, "That is you."),
        ("call @grace", {"is_bot": True}, "apps have no phone"),
        ("call @grace", {"deleted": True}, "account was closed"),
        ("call @nobody", {}, "did not turn that name into a person"),
        ("call @lin @grace", {}, "Only one person or one number"),
        ("call @grace +1 202 555 0187", {}, "Only one person or one number"),
        ("call +12025550187 +12025550143", {}, "Only one person or one number"),
        ("call", {}, "Whom shall I call?"),
    ],
)
async def test_S29_who_cannot_be_called_is_told_and_nothing_is_placed(
    world: World, typed: str, change: dict[str, bool], words: str
) -> None:
    if change:
        await world.control("POST", f"users/{GRACE}", **change)
    assert words in await told(world, typed)
    assert world.phone.placed == []


async def test_S29_an_outsider_whom_slack_does_not_show(world: World) -> None:
    await world.fault("users.info", "error", error="user_not_visible")
    assert "Slack does not tell who that is" in await told(world, "call @grace")


async def test_N9_without_the_scope_for_profiles_zoom_is_asked_and_the_scope_is_named(world: World) -> None:
    world.auth.scopes = [scope for scope in world.auth.scopes if scope != "users:read"]
    world.clock.jump(LIFE + 1)
    assert "zoom_call" in str((await world.type("call @grace"))["answer"])
    assert world.phone.placed[0].contact == pb.Contact(slack_user_id=GRACE)
    assert await world.requests("users.info") == []
    world.phone.failure = MeshError(Reason.PHONE_CONTACT_UNREACHABLE)
    text = await told(world, "call @grace")
    assert "may not see phone numbers in Slack profiles" in text
    assert "`/zoom permissions`" in text


@pytest.mark.parametrize(
    ("kind", "details"),
    [("delay", {"delay_seconds": 2.7}), ("status", {"status": 503}), ("ratelimited", {"retry_after": 9})],
)
async def test_a_slack_that_does_not_tell_in_time_does_not_keep_the_call(
    world: World, kind: str, details: dict[str, Any]
) -> None:
    await world.fault("users.info", kind, **details)
    result = await world.type("call @grace")
    assert "zoom_call" in str(result["answer"])
    assert result["elapsed_ms"] < 2800
    assert world.phone.placed[0].contact == pb.Contact(slack_user_id=GRACE)
    await world.fault("users.info", "status", status=503)
    world.phone.failure = MeshError(Reason.PHONE_CONTACT_UNREACHABLE)
    assert "did not tell that person's phone number in time" in await told(world, "call @grace")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.PHONE_NOT_AVAILABLE, "no Zoom Phone for you"),
        (Reason.PHONE_NO_OUTSIDE_LINE, "extensions of your company only"),
        (Reason.PHONE_DISABLED_FOR_ACCOUNT, "switched off for your whole Zoom account"),
        (Reason.PHONE_NUMBER_PREMIUM, "cost more than others"),
        (Reason.PHONE_NUMBER_INVALID, "neither a phone number nor an extension"),
        (Reason.ZOOM_UNAVAILABLE, "Zoom does not answer"),
    ],
)
async def test_S30_why_nothing_can_be_placed_is_told_in_its_own_words(world: World, reason: Reason, words: str) -> None:
    world.phone.failure = MeshError(reason)
    assert words in await told(world, "call +1 202 555 0187")
    assert words in await told(world, "call @grace")


@pytest.mark.parametrize("text", ["call +1 202 555 0187", "call @grace", "call", "config my-calls all"])
async def test_S37_a_workspace_that_does_not_offer_calls_says_so(world: World, text: str) -> None:
    world.auth.call_options = auth_service_pb2.CALL_OPTIONS_VIDEO
    world.clock.jump(LIFE + 1)
    assert "do not offer phone calls" in await told(world, text)
    assert world.phone.placed == []


async def test_a_warning_stands_in_the_reply(world: World) -> None:
    world.phone.warning = pb.CALL_WARNING_EMERGENCY
    world.phone.call = {"phone_number": "", "national_number": "", "extension_number": "112"}
    answer = (await world.type("call 112"))["answer"]
    assert "Number: 112" in parties(answer)
    assert "may not see where you are" in str(answer)
    assert "zoom_call" in str(answer)


async def test_an_extension_is_shown_as_one(world: World) -> None:
    world.phone.call = {"phone_number": "", "national_number": "", "extension_number": "1234"}
    answer = (await world.type("call 1234"))["answer"]
    assert "Number: extension 1234" in parties(answer)
    assert "has this extension Zoom does not tell beforehand" in str(answer)
    assert "does not tell beforehand" not in str((await world.type("call @grace"))["answer"]), "hers Zoom has told"


async def test_a_name_that_rings_for_everybody_is_text(world: World) -> None:
    world.phone.call = {"contact_name": "<!channel> *b*"}
    answer = (await world.type("call 1234"))["answer"]
    [callee] = [text for block in answer["blocks"] for text in block.get("fields", []) if "Callee" in text["text"]]
    assert (callee["type"], callee["text"]) == ("plain_text", "Callee: <!channel> *b*")


async def test_which_calls_she_sees_is_hers_to_choose(world: World) -> None:
    assert "all your Zoom Phone calls" in await told(world, "config my-calls all")
    assert isinstance(world.phone.profile, pb.GetPhoneProfileResponse)
    assert world.phone.profile.shown_calls == pb.SHOWN_CALLS_ALL
    assert "only the calls that you place from Slack" in await told(world, "config my-calls slack")
    assert world.phone.profile.shown_calls == pb.SHOWN_CALLS_FROM_SLACK
    assert "`/zoom config my-calls all`" in await told(world, "config my-calls")


@pytest.mark.parametrize("text", ["call @grace", "config my-calls all"])
async def test_who_is_not_connected_is_asked_to(world: World, text: str) -> None:
    world.phone.failure = MeshError(Reason.ZOOM_NOT_CONNECTED)
    answer = (await world.type(text))["answer"]
    assert "/zoom/connect?link=state-" in str(answer)


async def test_a_phone_service_that_is_down_is_told_in_time(world: World) -> None:
    await world.stop_service["phone"]()
    result = await world.type("call @grace")
    assert "try again" in result["answer"]["text"]
    assert result["elapsed_ms"] < 2800
