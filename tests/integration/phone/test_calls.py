"""Placing calls and following their links, through a real server and a real database."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import AsyncExitStack
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from mesh.channel import open_channel
from mesh.clock import SystemClock
from mesh.database import Database
from mesh.errors import MeshError, Reason
from services.phone.__main__ import PHONE, build, migrate
from services.phone.settings import PhoneSettings
from services.phone.tables import calls
from tests.integration.phone.conftest import ADA, FULL, GENERAL, GRACE, Mesh, running_mesh
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceStub
from zoomslack.type.v1 import slack_pb2


def signed_id(response: pb.PlaceCallResponse) -> str:
    return response.call_url.rpartition("/")[2]


async def stored(database: Database) -> int:
    async with database.snapshot("count calls") as connection:
        return int((await connection.execute(select(func.count()).select_from(calls))).scalar_one())


async def refusal(attempt: Any) -> MeshError:
    with pytest.raises(MeshError) as failure:
        await attempt
    return failure.value


async def test_a_number_becomes_a_call_with_a_link_that_leads_back_to_it(mesh: Mesh) -> None:
    response = await mesh.place("(202) 555-0143")
    assert response.call_url.startswith("https://zoom.example/call/")
    assert response.call.phone_number == "+12025550143"
    assert response.call.national_number == "(202) 555-0143"
    assert response.call.user == ADA
    assert response.call.state == pb.PHONE_CALL_STATE_PREPARED
    assert response.call.create_time.ToDatetime(UTC) == mesh.clock.now()
    for opened_before in (False, True):
        request = pb.ResolveCallLinkRequest(signed_id=signed_id(response))
        resolved = await mesh.stub.ResolveCallLink(request, timeout=5)
        assert (resolved.call, resolved.opened_before) == (response.call, opened_before)


@pytest.mark.parametrize("ids", [("", ""), ("", "one"), ("one", ""), ("one", "another")])
async def test_S31_another_opening_of_a_link_hears_that_it_was_opened_before(mesh: Mesh, ids: tuple[str, str]) -> None:
    link = signed_id(await mesh.place())
    assert [await opened_before(mesh, link, name) for name in ids] == [False, True]


async def test_S31_one_opening_that_is_repeated_is_the_first_as_long_as_it_was(mesh: Mesh) -> None:
    link = signed_id(await mesh.place())
    openings = ("one", "one", "another", "another", "one")
    assert [await opened_before(mesh, link, name) for name in openings] == [False, False, True, True, False]


async def opened_before(mesh: Mesh, link: str, name: str) -> bool:
    """Opens a link by an opening of that name, if any, and returns whether another one was before it."""
    opening_id = str(uuid.uuid5(uuid.NAMESPACE_OID, name)) if name else ""
    request = pb.ResolveCallLinkRequest(signed_id=link, opening_id=opening_id)
    return (await mesh.stub.ResolveCallLink(request, timeout=5)).opened_before


async def test_a_link_ends_after_fifteen_minutes_and_a_repeat_gives_a_fresh_one(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    first = await mesh.place(request_id=request_id)
    mesh.clock.advance(15 * 60)
    assert (await refusal(mesh.resolve(signed_id(first)))).reason is Reason.CALL_LINK_INVALID
    again = await mesh.place(request_id=request_id)
    assert await mesh.resolve(signed_id(again)) == first.call


async def test_links_that_nobody_made_are_refused(mesh: Mesh) -> None:
    made = signed_id(await mesh.place())
    for text in ("x", "A" * 54, made[:-1] + ("A" if made[-1] != "A" else "Q"), made.swapcase()):
        assert (await refusal(mesh.resolve(text))).reason is Reason.CALL_LINK_INVALID


async def test_twenty_at_once_with_one_request_id_make_one_call(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    answers = await asyncio.gather(*(mesh.place(request_id=request_id) for _ in range(20)))
    assert len({answer.call.call_id for answer in answers}) == 1
    assert await stored(mesh.database) == 1


async def test_a_repeat_does_not_need_zoom(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    first = await mesh.place(request_id=request_id.upper())
    mesh.zoom.status = 500
    again = await mesh.place(request_id=request_id)
    assert again.call == first.call
    assert mesh.zoom.requests == 1


async def test_one_request_id_does_not_stand_for_two_calls(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    await mesh.place("+12025550143", request_id=request_id)
    assert (await refusal(mesh.place("+12025550144", request_id=request_id))).reason is Reason.REQUEST_ID_REUSED
    assert await stored(mesh.database) == 1


async def test_two_at_once_with_one_request_id_and_different_numbers_make_one_call(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    outcomes = await asyncio.gather(
        mesh.place("+12025550143", request_id=request_id),
        mesh.place("+12025550144", request_id=request_id),
        return_exceptions=True,
    )
    [refused] = [outcome for outcome in outcomes if isinstance(outcome, MeshError)]
    assert refused.reason is Reason.REQUEST_ID_REUSED
    assert await stored(mesh.database) == 1


async def test_a_request_id_belongs_to_its_tenant(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    elsewhere = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
    first = await mesh.place(request_id=request_id)
    second = await mesh.place(request_id=request_id, user=elsewhere)
    assert first.call.call_id != second.call.call_id
    assert second.call.user == elsewhere


@pytest.mark.parametrize(
    ("number", "reason"),
    [("ring my mother", Reason.PHONE_NUMBER_INVALID), ("911", Reason.PHONE_NUMBER_EMERGENCY)],
)
async def test_what_cannot_be_dialled_is_refused_before_anything_is_asked(
    mesh: Mesh, number: str, reason: Reason
) -> None:
    assert (await refusal(mesh.place(number))).reason is reason
    assert mesh.zoom.requests == 0
    assert await stored(mesh.database) == 0


INTERNAL = {"status": "activate", "extension_number": 1003, "phone_numbers": [], "calling_plans": []}
NO_USER = {"code": 1001, "message": "User does not exist."}
NO_PHONE_SCOPE = {"code": 4711, "message": "Invalid access token, does not contain scopes:[phone:read:user]."}


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (404, NO_USER, Reason.PHONE_NOT_AVAILABLE),
        (404, {"code": 2001, "message": "Account does not exist."}, Reason.PHONE_NOT_AVAILABLE),
        (400, {"code": 300, "message": "Not allowed."}, Reason.PHONE_NOT_AVAILABLE),
        (200, {**FULL, "status": "deactivate"}, Reason.PHONE_NOT_AVAILABLE),
        (403, {"code": 2031, "message": "Zoom Phone has not been enabled."}, Reason.PHONE_DISABLED_FOR_ACCOUNT),
        (200, INTERNAL, Reason.PHONE_NO_OUTSIDE_LINE),
        (200, {**INTERNAL, "phone_numbers": None, "calling_plans": None}, Reason.PHONE_NO_OUTSIDE_LINE),
        (401, {"code": 124, "message": "Invalid access token."}, Reason.ZOOM_NOT_CONNECTED),
        (429, {"code": 429, "message": "You have reached the maximum per-second rate"}, Reason.ZOOM_RATE_LIMITED),
        (500, {"code": 500}, Reason.ZOOM_UNAVAILABLE),
    ],
)
async def test_S30_who_cannot_call_hears_why_and_nothing_is_stored(
    mesh: Mesh, status: int, answer: Any, reason: Reason
) -> None:
    mesh.zoom.status, mesh.zoom.answer = status, answer
    request_id = str(uuid.uuid4())
    assert (await refusal(mesh.place(request_id=request_id))).reason is reason
    assert await stored(mesh.database) == 0
    mesh.zoom.status, mesh.zoom.answer = 200, FULL
    assert (await mesh.place(request_id=request_id)).call.call_id


async def test_S30_who_has_no_outside_line_calls_extensions(mesh: Mesh) -> None:
    mesh.zoom.answer = INTERNAL
    placed = (await mesh.place("1002")).call
    assert (placed.phone_number, placed.extension_number) == ("", "1002")


@pytest.mark.parametrize(
    ("settings_status", "settings", "reason"),
    [
        (200, {"feature": {"zoom_phone": True}}, None),
        (200, {"feature": {"zoom_phone": False}}, Reason.PHONE_NOT_AVAILABLE),
        (200, {"feature": {"zoom_phone": "true"}}, Reason.PHONE_NOT_AVAILABLE),
        (200, {"feature": None}, Reason.PHONE_NOT_AVAILABLE),
        (200, [], Reason.PHONE_NOT_AVAILABLE),
        (404, NO_USER, Reason.PHONE_NOT_AVAILABLE),
        (
            400,
            {"code": 4711, "message": "does not contain scopes:[user:read:settings]."},
            Reason.ZOOM_SCOPE_MISSING,
        ),
    ],
)
async def test_an_older_consent_still_tells_who_has_a_telephone(
    mesh: Mesh, settings_status: int, settings: Any, reason: Reason | None
) -> None:
    mesh.zoom.status, mesh.zoom.answer = 400, NO_PHONE_SCOPE
    mesh.zoom.settings_status, mesh.zoom.settings = settings_status, settings
    if reason is None:
        assert (await mesh.place()).call.phone_number == "+12025550143"
    else:
        assert (await refusal(mesh.place())).reason is reason


async def test_who_has_not_connected_zoom_hears_so(mesh: Mesh) -> None:
    mesh.auth.failure = MeshError(Reason.ZOOM_NOT_CONNECTED)
    assert (await refusal(mesh.place())).reason is Reason.ZOOM_NOT_CONNECTED


@pytest.mark.parametrize(
    "request_",
    [
        pb.PlaceCallRequest(),
        pb.PlaceCallRequest(user=ADA, conversation=GENERAL, request_id="7", phone_number="+12025550143"),
        pb.PlaceCallRequest(user=ADA, conversation=GENERAL, request_id=str(uuid.uuid4()), phone_number="1" * 65),
        pb.PlaceCallRequest(user=ADA, conversation=GENERAL, request_id=str(uuid.uuid4()), phone_number=""),
        pb.PlaceCallRequest(
            user=ADA,
            conversation=GENERAL,
            request_id=str(uuid.uuid4()),
            phone_number="+12025550143",
            contact=pb.Contact(slack_user_id="U0GRACE"),
        ),
        pb.PlaceCallRequest(
            user=ADA, conversation=GENERAL, request_id=str(uuid.uuid4()), contact=pb.Contact(slack_user_id="grace")
        ),
    ],
)
async def test_requests_that_break_the_proto_are_refused(mesh: Mesh, request_: pb.PlaceCallRequest) -> None:
    error = await refusal(mesh.stub.PlaceCall(request_, timeout=5))
    assert error.reason is Reason.INVALID_REQUEST
    assert error.violations


async def test_the_process_as_it_is_wired_migrates_its_file_and_becomes_ready(tmp_path: Path) -> None:
    settings = PhoneSettings.load({"ZOOMSLACK_DATA_DIR": str(tmp_path), "ZOOMSLACK_PHONE_LISTEN": "127.0.0.1:0"})
    await migrate(settings)
    async with AsyncExitStack() as resources:
        server = (await build(settings, resources, SystemClock())).server
        await server.start()
        resources.push_async_callback(server.drain)
        channel = await resources.enter_async_context(open_channel(f"127.0.0.1:{server.port}", PHONE))
        # The channel obeys the server's health: it waits until the database was found to be current.
        resolve = PhoneServiceStub(channel).ResolveCallLink
        error = await refusal(resolve(pb.ResolveCallLinkRequest(signed_id="x"), timeout=10, wait_for_ready=True))
        assert error.reason is Reason.CALL_LINK_INVALID
    assert (tmp_path / "phone.db").is_file()


def grace(phone_number: str = "", name: str = "Grace Hopper") -> pb.Contact:
    return pb.Contact(slack_user_id="U0GRACE", display_name=name, phone_number=phone_number)


async def test_S29_a_contact_is_called_by_the_number_in_her_slack_profile(mesh: Mesh) -> None:
    placed = await mesh.place(contact=grace("(202) 555-0187"))
    assert placed.call.phone_number == "+12025550187"
    assert placed.call.contact_slack_user_id == "U0GRACE"
    assert placed.call.contact_name == "Grace Hopper"
    assert placed.call.user_phone_number == "+12025550101"
    assert (await mesh.resolve(signed_id(placed))).phone_number == "+12025550187"


@pytest.mark.parametrize("in_slack", ["", "ask my assistant", "911", "+1 900 555 1234", "1234"])
async def test_S29_else_by_what_her_company_lets_zoom_tell_of_her(mesh: Mesh, in_slack: str) -> None:
    mesh.auth.by_company = True
    mesh.zoom.telephones["zoomGrace"] = {**FULL, "extension_number": 1002, "phone_numbers": [{"number": "12025550102"}]}
    placed = (await mesh.place(contact=grace(in_slack))).call
    assert (placed.phone_number, placed.extension_number) == ("+12025550102", "1002")


async def test_S29_what_a_companys_directory_says_is_not_told_to_another_company(mesh: Mesh) -> None:
    mesh.auth.by_company = True
    mesh.auth.accounts["U0GRACE"] = "zoomOther"
    assert (await refusal(mesh.place(contact=grace()))).reason is Reason.PHONE_CONTACT_UNREACHABLE


@pytest.mark.parametrize(("telephone", "access"), [(FULL, "full"), (INTERNAL, "internal")])
async def test_what_a_person_let_us_see_of_herself_is_not_told_to_others(
    mesh: Mesh, telephone: dict[str, Any], access: str
) -> None:
    mesh.zoom.telephones = {"me": telephone, "zoomGrace": FULL}
    error = await refusal(mesh.place(contact=grace()))
    assert (error.reason, error.metadata) == (Reason.PHONE_CONTACT_UNREACHABLE, {"access": access})


async def test_a_contact_of_whom_nobody_tells_a_number(mesh: Mesh) -> None:
    mesh.auth.by_company = True
    mesh.auth.unconnected.add("U0GRACE")
    assert (await refusal(mesh.place(contact=grace("none")))).reason is Reason.PHONE_CONTACT_UNREACHABLE
    assert await stored(mesh.database) == 0


async def test_who_has_no_outside_line_reaches_colleagues_by_their_extensions(mesh: Mesh) -> None:
    mesh.auth.by_company = True
    mesh.zoom.telephones["zoomAda"] = INTERNAL
    mesh.zoom.telephones["zoomGrace"] = {**FULL, "extension_number": 1002}
    placed = (await mesh.place(contact=grace("+1 202 555 0187"))).call
    assert (placed.phone_number, placed.extension_number) == ("", "1002")
    mesh.zoom.telephones["zoomGrace"] = {**FULL, "extension_number": ""}
    assert (await refusal(mesh.place(contact=grace("+1 202 555 0187")))).reason is Reason.PHONE_NO_OUTSIDE_LINE


async def test_a_number_without_a_country_code_is_one_of_the_callers_country(mesh: Mesh) -> None:
    mesh.zoom.answer = {**FULL, "phone_numbers": [{"number": "4930901820"}]}
    assert (await mesh.place("030 901820")).call.phone_number == "+4930901820"
    assert (await mesh.place("030 901820")).call.national_number == "030 901820"


async def test_S35_a_call_may_be_asked_for_in_no_conversation(mesh: Mesh) -> None:
    request = pb.PlaceCallRequest(user=ADA, request_id=str(uuid.uuid4()), phone_number="+12025550143")
    placed = await mesh.stub.PlaceCall(request, timeout=5)
    assert placed == await mesh.stub.PlaceCall(request, timeout=5)
    assert (await mesh.call()).phone_number == "+12025550143"


@pytest.mark.parametrize(
    ("own", "typed", "shown"),
    [
        ("12025550101", "+44 20 7183 8750", "+44 20 7183 8750"),
        ("12025550101", "+1 416 555 0143", "(416) 555-0143"),
        ("4930901820", "+1 202 555 0143", "+1 202-555-0143"),
        ("442071838750", "020 7183 8751", "020 7183 8751"),
        ("", "(202) 555-0143", "+1 202-555-0143"),
    ],
)
async def test_S54_a_number_of_another_country_is_told_with_its_country(
    mesh: Mesh, own: str, typed: str, shown: str
) -> None:
    mesh.zoom.answer = {**FULL, "phone_numbers": [{"number": own}] if own else []}
    assert (await mesh.place(typed)).call.national_number == shown


async def test_one_request_does_not_stand_for_two_contacts(mesh: Mesh) -> None:
    request_id = str(uuid.uuid4())
    first = await mesh.place(contact=grace("+12025550187"), request_id=request_id)
    again = await mesh.place(contact=grace("+12025550187"), request_id=request_id)
    assert again.call == first.call
    other = pb.Contact(slack_user_id="U0BEN", phone_number="+12025550187")
    assert (await refusal(mesh.place(contact=other, request_id=request_id))).reason is Reason.REQUEST_ID_REUSED


async def test_warnings_come_with_the_call_also_when_it_is_asked_for_again(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'warn.db'}"
    lenient = {"ZOOMSLACK_PHONE_EMERGENCY_NUMBERS": "warn", "ZOOMSLACK_PHONE_PREMIUM_NUMBERS": "warn"}
    async with AsyncExitStack() as resources:
        mesh = await running_mesh(url, tmp_path, resources, **lenient)
        for number, warning in (
            ("911", pb.CALL_WARNING_EMERGENCY),
            ("+1 900 555 1234", pb.CALL_WARNING_PREMIUM_RATE),
            ("+1 202 555 0143", pb.CALL_WARNING_UNSPECIFIED),
        ):
            request_id = str(uuid.uuid4())
            assert {(await mesh.place(number, request_id=request_id)).warning for _ in range(2)} == {warning}


async def test_N12_a_call_of_another_workspace_is_told_from_one_that_nobody_has(mesh: Mesh) -> None:
    call_id, servicer = (await mesh.place()).call.call_id, mesh.phone.servicer
    stranger = slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")
    assert await servicer.belongs_elsewhere(pb.GetCallRequest(user=stranger, call_id=call_id.upper()))
    assert not await servicer.belongs_elsewhere(pb.GetCallRequest(user=stranger, call_id=str(uuid.uuid4())))
    assert not await servicer.belongs_elsewhere(pb.GetCallRequest(user=GRACE, call_id=call_id))
    assert not await servicer.belongs_elsewhere(pb.ListCallsRequest(user=stranger))


async def test_a_call_is_shown_to_whose_it_is(mesh: Mesh) -> None:
    placed = (await mesh.place()).call
    request = pb.GetCallRequest(user=ADA, call_id=placed.call_id.upper())
    assert (await mesh.stub.GetCall(request, timeout=5)).call == placed
    for stranger in (GRACE, slack_pb2.SlackUser(slack_team_id="T0OTHER", slack_user_id="U0ADA")):
        request = pb.GetCallRequest(user=stranger, call_id=placed.call_id)
        assert (await refusal(mesh.stub.GetCall(request, timeout=5))).reason is Reason.CALL_NOT_FOUND


async def test_calls_are_listed_by_page_time_direction_and_result(mesh: Mesh) -> None:
    placed = []
    for number in range(5):
        mesh.clock.advance(1)
        placed.append((await mesh.place(f"+1 202 555 014{number}")).call)
    newest_first = [call.phone_number for call in reversed(placed)]
    found, token = [], ""
    while True:
        request = pb.ListCallsRequest(user=ADA, page_size=2, page_token=token)
        page = await mesh.stub.ListCalls(request, timeout=5)
        found += [call.phone_number for call in page.calls]
        token = page.next_page_token
        if not token:
            break
    assert found == newest_first
    between = {"begin_time": placed[1].create_time, "end_time": placed[3].create_time}
    assert [call.phone_number for call in await mesh.calls(ADA, **between)] == newest_first[2:4]
    assert await mesh.calls(direction=pb.CALL_DIRECTION_INBOUND) == []
    assert len(await mesh.calls(direction=pb.CALL_DIRECTION_OUTBOUND)) == 5
    assert await mesh.calls(result=pb.CALL_RESULT_ANSWERED) == []
    assert await mesh.calls(GRACE) == []
    first = await mesh.stub.ListCalls(pb.ListCallsRequest(user=ADA, page_size=2), timeout=5)
    for other in (
        pb.ListCallsRequest(user=GRACE, page_token=first.next_page_token),
        pb.ListCallsRequest(user=ADA, direction=pb.CALL_DIRECTION_OUTBOUND, page_token=first.next_page_token),
        pb.ListCallsRequest(user=ADA, page_token="x"),
    ):
        assert (await refusal(mesh.stub.ListCalls(other, timeout=5))).reason is Reason.PAGE_TOKEN_INVALID


@pytest.mark.parametrize(
    ("status", "answer", "access", "number", "extension"),
    [
        (200, FULL, pb.PHONE_ACCESS_FULL, "+12025550101", "1001"),
        (200, INTERNAL, pb.PHONE_ACCESS_INTERNAL, "", "1003"),
        (404, NO_USER, pb.PHONE_ACCESS_NONE, "", ""),
        (403, {"code": 2031}, pb.PHONE_ACCESS_DISABLED, "", ""),
    ],
)
async def test_a_profile_says_whom_she_can_call(
    mesh: Mesh, status: int, answer: Any, access: pb.PhoneAccess.ValueType, number: str, extension: str
) -> None:
    mesh.zoom.status, mesh.zoom.answer = status, answer
    profile = await mesh.stub.GetPhoneProfile(pb.GetPhoneProfileRequest(user=ADA), timeout=5)
    assert profile == pb.GetPhoneProfileResponse(
        access=access, phone_number=number, extension_number=extension, shown_calls=pb.SHOWN_CALLS_FROM_SLACK
    )


async def test_what_she_chose_to_see_is_told_whatever_zoom_does(mesh: Mesh) -> None:
    await mesh.show_all()
    mesh.zoom.status, asked = 500, mesh.zoom.requests
    request = pb.GetPhoneProfileRequest(user=ADA, choice_only=True)
    profile = await mesh.stub.GetPhoneProfile(request, timeout=5)
    assert profile == pb.GetPhoneProfileResponse(shown_calls=pb.SHOWN_CALLS_ALL)
    assert mesh.zoom.requests == asked
