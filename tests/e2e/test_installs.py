"""Coming, changing and going, as people do it: through the pages of the product, of Slack and of Zoom."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from mesh.channel import open_channel
from tests.e2e.people import (
    ADA,
    ADA_AT_ZOOM,
    BEN,
    DM,
    GENERAL,
    GRACE,
    GRACE_AT_ZOOM,
    GUS,
    LIN,
    RANDOM,
    UMA,
    Office,
    browser,
    eventually,
    link_in,
)
from tests.e2e.system import running
from zoomslack.auth.v1 import auth_service_pb2 as pb
from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from zoomslack.type.v1 import slack_pb2

ACME = "T0ACME001"
OLDER_SCOPES = ["commands", "chat:write", "users:read"]


@pytest_asyncio.fixture
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Acme's office, where the app is in Slack and nobody is connected; a fresh one for each test."""
    async with running(tmp_path_factory.mktemp("data")) as system:
        yield Office(system)


async def install_company_wide(office: Office, **consent: str) -> str:
    """Walks the pages; returns the last one's text."""
    async with browser() as admin:
        page = await admin.install_company_wide(office.system.urls["edge"], **consent)
        assert page.status == 200, page.text
        return page.text


async def receipts(office: Office, user_id: str = ADA) -> list[pb.Receipt]:
    """Returns the receipts of Acme, by the API that other services use."""
    service = pb.DESCRIPTOR.services_by_name["AuthService"]
    user = slack_pb2.SlackUser(slack_team_id=ACME, slack_user_id=user_id)
    async with open_channel(office.system.environ["ZOOMSLACK_AUTH_LISTEN"], service) as channel:
        response = await AuthServiceStub(channel).ListReceipts(pb.ListReceiptsRequest(user=user), timeout=5)
    return list(response.receipts)


async def settled_receipt(office: Office, who: str) -> pb.Receipt:
    """Waits until every service has erased what it held of `who` (empty: the workspace); returns the receipt."""

    async def look() -> pb.Receipt | None:
        return next((one for one in await receipts(office) if one.departure.slack_user_id == who), None)

    def settled(receipt: pb.Receipt | None) -> bool:
        return receipt is not None and all(one.HasField("complete_time") for one in receipt.erasures)

    receipt = await eventually(look, settled)
    assert receipt is not None
    return receipt


def buttons(answer: dict[str, Any]) -> set[str]:
    """Returns the action ids of a message's buttons."""
    return {
        element["action_id"]
        for block in answer.get("blocks", [])
        for element in block.get("elements", [])
        if "action_id" in element
    }


async def starts(office: Office, user: str) -> bool:
    """Tells whether a person's `/zoom` starts a meeting at once, without asking her for anything."""
    before = len(await office.meetings())
    answer = (await office.type("", user=user, channel=await office.conversation("private", user)))["answer"]
    return "zoom_connect" not in buttons(answer) and len(await office.meetings()) == before + 1


async def test_S10_the_install_page_offers_both_ways_and_explains_the_steps(office: Office) -> None:
    async with browser() as person:
        page = await person.get(f"{office.system.urls['edge']}/install")
    for words in ("Install Zoom for Slack company wide", "Add Zoom to ONLY my Slack account", "administrator"):
        assert words in page.text


async def test_S11_S48_company_wide_nobody_in_the_workspace_authorizes(office: Office) -> None:
    text = await install_company_wide(office)
    assert "The app is now ready to use in <strong>Acme</strong>" in text
    assert "start meetings" in text  # what was granted is shown at the end
    for user in (ADA, GRACE, BEN):
        assert await starts(office, user)
    hosts = {meeting["host_id"] for meeting in await office.meetings()}
    assert hosts == {ADA_AT_ZOOM, GRACE_AT_ZOOM, "benZoomUserId000000003"}


@pytest.mark.parametrize(("user", "channel"), [(GUS, RANDOM), (UMA, GENERAL), (LIN, "C0MPIM001")])
async def test_S47_who_is_not_surely_matched_connects_once(office: Office, user: str, channel: str) -> None:
    await install_company_wide(office)
    answer = (await office.type("", user=user, channel=channel))["answer"]
    assert "zoom_connect" in buttons(answer)
    async with browser() as person:
        assert (await person.connect_zoom(link_in(answer), "umaZoomUserId000000008")).status == 200
    assert await starts(office, user)


async def test_S12_only_for_myself_the_first_command_answers_with_a_link(office: Office) -> None:
    async with browser() as person:
        consent = await person.get(f"{office.system.urls['edge']}/slack/install")
        installed = await person.answer(consent, user_id=ADA, decision="allow")
        assert "Click the link in the reply" in installed.text
        answer = (await office.type("meeting First", channel=DM))["answer"]
        connected = await person.connect_zoom(link_in(answer), ADA_AT_ZOOM)
    assert "Your meeting is starting in Slack" in connected.text
    await eventually(office.meetings, lambda found: [meeting["topic"] for meeting in found] == ["First"])


async def test_S13_without_admin_rights_the_person_is_told_to_ask_her_zoom_admin(office: Office) -> None:
    async with browser() as person:
        at_zoom = await person.answer(await person.get(f"{office.system.urls['edge']}/install"))
        refused = await person.answer(at_zoom, zoom_user_id=GRACE_AT_ZOOM, decision="allow")
        assert "Contact your Zoom admin" in refused.text  # Zoom's own page
        at_zoom = await person.answer(await person.get(f"{office.system.urls['edge']}/install"))
        declined = await person.answer(at_zoom, zoom_user_id=GRACE_AT_ZOOM, decision="deny")
        assert declined.status == 409
        assert "ask your Zoom admin" in declined.text


async def test_S9_an_app_that_is_not_approved_sends_people_to_their_zoom_admin(office: Office) -> None:
    answer = (await office.type("", channel=DM))["answer"]
    async with browser() as person:
        action, fields = (await person.get(link_in(answer))).form()
        at_zoom = await person.post(action, fields)
        await office.zoom("POST", "approval", {"app": "user", "approved": False})
        page = await person.answer(at_zoom, zoom_user_id=ADA_AT_ZOOM, decision="allow")
        assert page.status == 403  # Zoom's own page says so, and leads nowhere
        assert "admin" in page.text
        await office.zoom("POST", "approval", {"app": "user", "approved": True})
        assert (await person.connect_zoom(link_in(answer), ADA_AT_ZOOM)).status == 200


async def test_S14_S45_S46_after_the_transition_a_person_authorizes_once_at_zoom_and_slack(office: Office) -> None:
    await office.slack("POST", "uninstall", {})
    await office.slack("POST", "install", {"user_id": ADA, "scopes": OLDER_SCOPES})
    answer = (await office.type("meeting After the transition"))["answer"]
    assert answer["blocks"][1]["elements"][0]["text"]["text"] == "Authorize Zoom"
    async with browser() as person:
        at_slack = await person.connect_zoom(link_in(answer), ADA_AT_ZOOM)
        assert "asks for access to your workspace" in at_slack.text  # Slack's page, right after Zoom's
        done = await person.answer(at_slack, user_id=ADA, decision="allow")
    assert "Your meeting is starting in Slack" in done.text
    await eventually(office.meetings, lambda found: len(found) == 1)
    await eventually(office.calls, lambda calls: len(calls) == 1)
    assert await starts(office, ADA)


async def test_S5_S43_S44_an_older_installation_is_recognised_and_mended(office: Office) -> None:
    assert (await office.connect()).status == 200
    assert "newer" in (await office.type("help"))["answer"]["text"]
    await office.slack("POST", "uninstall", {})
    await settled_receipt(office, "")
    await office.slack("POST", "install", {"user_id": ADA, "scopes": OLDER_SCOPES})
    assert "older" in (await office.type("help"))["answer"]["text"]
    assert (await office.connect(channel=GENERAL)).status == 200  # ends at Slack's page, and goes no further
    admin = (await office.type(""))["answer"]
    assert "remove the Zoom app from this workspace and add it again" in admin["text"]
    await office.slack("POST", "uninstall", {})
    await office.slack("POST", "install", {"user_id": ADA})
    await office.connect()
    assert "newer" in (await office.type("help"))["answer"]["text"]
    assert await starts(office, ADA)


async def test_S44_an_installation_that_nobody_knows_is_told_how_to_come_back(office: Office) -> None:
    await office.slack("POST", "uninstall", {})
    await office.slack("POST", "install", {"user_id": ADA, "unknown_to_app": True})
    answer = (await office.type(""))["answer"]
    async with browser() as admin:
        page = await admin.get(link_in(answer, "zoom_install"))
        assert "Add Zoom to ONLY my Slack account" in page.text
        consent = await admin.get(f"{office.system.urls['edge']}/slack/install")
        await admin.answer(consent, user_id=ADA, decision="allow")
    assert "zoom_connect" in buttons((await office.type(""))["answer"])


async def test_S15_N10_from_a_users_installation_to_the_companys_and_back(office: Office) -> None:
    await office.connect(user=GRACE, zoom_user_id=GRACE_AT_ZOOM, channel=GENERAL)
    await office.connect()
    # Ada removes the app at Zoom, as the guide's steps 1 to 4 say, and installs company-wide.
    await office.zoom("POST", "uninstall", {"zoom_user_id": ADA_AT_ZOOM, "app": "user"})
    await settled_receipt(office, ADA)
    await install_company_wide(office)
    for user in (ADA, GRACE, BEN):
        assert await starts(office, user), "nobody is asked again"
    # Back: who has consented herself is not asked; who was only matched is, once.
    await office.zoom("POST", "uninstall", {"zoom_user_id": ADA_AT_ZOOM, "app": "account"})
    await settled_receipt(office, BEN)
    assert await starts(office, GRACE)
    elsewhere = await office.conversation("public", BEN)
    assert "zoom_connect" in buttons((await office.type("", user=BEN, channel=elsewhere))["answer"])


async def test_N9_a_missing_scope_stops_its_feature_alone_and_one_link_asks_for_just_that(office: Office) -> None:
    answer = (await office.type("call +1 202 555 0143", channel=DM))["answer"]
    async with browser() as person:
        action, fields = (await person.get(link_in(answer))).form()
        at_zoom = await person.post(action, fields)
        declined = ("user:read:settings", "phone:read:user")  # either tells who has Zoom Phone
        done = await person.answer(at_zoom, zoom_user_id=ADA_AT_ZOOM, decision="allow", decline=declined)
        assert "place phone calls" in done.text  # among what was not granted
        assert await starts(office, ADA)
        answer = (await office.type("call +1 202 555 0143", channel=DM))["answer"]
        assert "Allow in Zoom" in str(answer)
        action, fields = (await person.get(link_in(answer))).form()
        at_zoom = await person.post(action, fields)
        assert "user:read:settings" in at_zoom.text
        assert "cloud_recording:read:recording" not in at_zoom.text  # granted before, and not asked again
        await person.answer(at_zoom, zoom_user_id=ADA_AT_ZOOM, decision="allow")
    assert "zoom_call" in buttons((await office.type("call +1 202 555 0143", channel=DM))["answer"])
    left = str((await office.type("permissions", channel=DM))["answer"])
    assert "whom your Zoom Phone plan calls" in left
    assert "place phone calls" not in left


async def test_S37_a_workspace_owner_chooses_which_calls_are_offered(office: Office) -> None:
    await office.connect()
    assert "Only owners and admins" in (await office.type("config calls phone", user=GRACE))["answer"]["text"]
    assert "phone calls only" in (await office.type("config calls phone"))["answer"]["text"]
    assert "do not offer meetings" in (await office.type(""))["answer"]["text"]
    await office.type("config calls both")
    assert await starts(office, ADA)


async def started_with_people(office: Office, topic: str) -> str:
    """Starts a meeting in which people are; returns its number."""
    number, _ = await office.fresh_meeting(topic)
    await office.zoom("POST", f"meetings/{number}/start")
    await office.zoom("POST", f"meetings/{number}/join", {"name": "Somebody Else"})
    await eventually(
        office.calls, lambda calls: any(topic in call["title"] and len(call["users"]) == 2 for call in calls)
    )
    return number


async def ended(office: Office, topic: str) -> None:
    await eventually(
        office.calls, lambda calls: any(topic in call["title"] and call["date_end"] is not None for call in calls)
    )


async def test_S36_logout_signs_out_closes_cards_and_leaves_a_receipt(office: Office) -> None:
    await office.connect()
    number = await started_with_people(office, "Before the logout")
    assert "You are signed out of Zoom, in all your channels." in (await office.type("logout"))["answer"]["text"]
    await ended(office, "Before the logout")
    receipt = await settled_receipt(office, ADA)
    assert receipt.cause == pb.DEPARTURE_CAUSE_LOGGED_OUT
    assert {one.eraser: one.erased_rows > 0 for one in receipt.erasures} == {
        pb.ERASER_UNSPECIFIED: True,
        pb.ERASER_MEETINGS: True,
        pb.ERASER_PHONE: False,
    }
    messages = len(await office.messages())
    await office.zoom("POST", f"meetings/{number}/end")  # nothing of it is posted any more
    assert "zoom_connect" in buttons((await office.type(""))["answer"])
    assert len(await office.messages()) == messages + 1


async def test_S36_logout_from_a_companys_installation_is_obeyed_at_once(office: Office) -> None:
    await install_company_wide(office)
    assert await starts(office, BEN)
    await office.type("logout", user=BEN)
    elsewhere = await office.conversation("private", BEN)
    assert "zoom_connect" in buttons((await office.type("", user=BEN, channel=elsewhere))["answer"])
    assert len(await office.meetings()) == 1


async def test_S38_removed_at_zoom_the_persons_tokens_data_and_cards_go(office: Office) -> None:
    await office.connect()
    await started_with_people(office, "Before the removal")
    await office.zoom("POST", "uninstall", {"zoom_user_id": ADA_AT_ZOOM})
    await ended(office, "Before the removal")
    receipt = await settled_receipt(office, ADA)
    assert receipt.cause == pb.DEPARTURE_CAUSE_ZOOM_DEAUTHORIZED
    assert "zoom_connect" in buttons((await office.type(""))["answer"])


async def test_S38_removed_in_slack_everything_of_the_workspace_goes(office: Office) -> None:
    await office.connect()
    await started_with_people(office, "Before the removal")
    await office.slack("POST", "uninstall", {})
    receipt = await settled_receipt(office, "")
    assert receipt.cause == pb.DEPARTURE_CAUSE_SLACK_UNINSTALLED
    assert all(one.erased_rows > 0 for one in receipt.erasures if one.eraser != pb.ERASER_PHONE)
    assert len(await receipts(office)) == 1, "two events tell of one removal"
    tokens = (await office.zoom("GET", "state"))["tokens"]
    await eventually(lambda: office.zoom("GET", "state"), lambda state: state["tokens"] == {"access": 0, "refresh": 0})
    assert tokens["access"] <= 1


async def test_a_removal_that_is_told_late_does_not_touch_what_came_after_it(office: Office) -> None:
    await office.connect()
    a_minute_ago = int(time.time()) - 60
    for event in ({"type": "tokens_revoked", "tokens": {"bot": ["U0BOT0001"]}}, {"type": "app_uninstalled"}):
        sent = await office.slack("POST", "events", {"event": event, "event_time": a_minute_ago})
        assert sent["statuses"] == [200]
    assert await receipts(office) == []
    assert await starts(office, ADA)
