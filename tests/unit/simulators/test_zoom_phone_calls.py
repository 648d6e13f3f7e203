"""Phone calls in the Zoom simulator: what each step tells to whom, and what cannot be done."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.simulators.zoom_harness import ADA, BEN, GRACE, HEDY, Zoom, running_zoom

OUTSIDE = "+12025550187"
ADAS_NUMBER = "+12025550101"
BENS_EXTENSION = "1003"


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _dial(zoom: Zoom, to: str, caller: str = ADA, **more: object) -> dict[str, Any]:
    return dict(await zoom.control("POST", "phone/calls", {"caller": caller, "to": to, **more}))


async def _ring_in(zoom: Zoom, to: str = ADA, **more: object) -> dict[str, Any]:
    return dict(await zoom.control("POST", "phone/calls/incoming", {"from": OUTSIDE, "to": to, **more}))


async def _act(zoom: Zoom, call: dict[str, Any], action: str, **body: object) -> dict[str, Any]:
    return dict(await zoom.control("POST", f"phone/calls/{call['call_id']}/{action}", body))


async def _refused(zoom: Zoom, path: str, body: object) -> int:
    answer = await zoom.request("POST", f"/control/phone/calls{path}", json=body)
    assert answer.json["error"]
    return answer.status


async def _live(zoom: Zoom) -> list[tuple[str, dict[str, Any]]]:
    """What was told while calls went on, in order, without the histories."""
    await zoom.idle()
    return [(w.name.removeprefix("phone."), w.object) for w in zoom.app.received if not w.name.endswith("_completed")]


async def test_a_call_to_outside_is_told_to_the_caller(zoom: Zoom) -> None:
    await zoom.access_token(ADA)
    call = await _dial(zoom, OUTSIDE)
    assert (call["state"], call["result"], call["answer_time"]) == ("ringing", None, None)
    zoom.clock.value += 7
    assert (await _act(zoom, call, "answer"))["state"] == "connected"
    zoom.clock.value += 123
    ended = await _act(zoom, call, "hang-up")
    assert (ended["state"], ended["result"], ended["ring_time"], ended["answer_time"], ended["end_time"]) == (
        "ended",
        "answered",
        "2026-10-30T12:00:00Z",
        "2026-10-30T12:00:07Z",
        "2026-10-30T12:02:10Z",
    )
    told = await _live(zoom)
    assert [name for name, _ in told] == ["caller_ringing", "caller_connected", "caller_ended"]
    assert {thing["call_id"] for _, thing in told} == {call["call_id"]}
    ringing, connected, over = (thing for _, thing in told)
    assert ringing["callee"] == {
        "extension_type": "pstn",
        "phone_number": OUTSIDE,
        "connection_type": "pstn_off_net",
    }
    assert ringing["caller"]["user_id"] == ADA
    assert ringing["caller"]["name"] == "Ada Lovelace"
    assert (ringing["caller"]["phone_number"], ringing["caller"]["extension_number"]) == (ADAS_NUMBER, 1001)
    assert connected["connected_start_time"] == over["answer_start_time"] == "2026-10-30T12:00:07Z"
    assert (over["call_end_time"], over["handup_result"]) == ("2026-10-30T12:02:10Z", "Call connected")
    assert "name" not in connected["caller"]
    assert "name" not in over["caller"]


async def test_a_call_within_the_account_is_told_to_both_sides_by_extension(zoom: Zoom) -> None:
    await zoom.control("POST", f"users/{BEN}", {"phone_number": "+12025550103"})  # which is not what Ada dials
    for person in (ADA, BEN):
        await zoom.access_token(person)
    call = await _dial(zoom, BENS_EXTENSION)
    await _act(zoom, call, "answer")
    await _act(zoom, call, "hang-up")
    told = await _live(zoom)
    assert [name for name, _ in told] == [
        "caller_ringing",
        "callee_ringing",
        "callee_answered",
        "caller_connected",
        "callee_ended",
        "caller_ended",
    ]
    assert {thing["call_id"] for _, thing in told} == {call["call_id"]}
    assert {(t["callee"]["phone_number"], t["callee"]["extension_number"]) for _, t in told} == {("", 1003)}
    things = dict(told)
    assert "user_id" not in things["caller_ringing"]["callee"]
    assert "user_id" not in things["callee_ringing"]["caller"]
    assert things["callee_ringing"]["callee"]["user_id"] == things["caller_ended"]["callee"]["user_id"] == BEN
    assert things["callee_ended"]["caller"]["user_id"] == ADA
    assert "handup_result" not in things["callee_ended"]


async def test_a_colleague_can_be_reached_by_her_number_too(zoom: Zoom) -> None:
    await zoom.access_token(ADA)
    call = await _dial(zoom, ADAS_NUMBER, caller=BEN)  # who has no calling plan
    assert (call["callee"]["user_id"], call["callee"]["number"]) == (ADA, ADAS_NUMBER)
    [(name, thing)] = await _live(zoom)
    assert (name, thing["caller"]["phone_number"], thing["caller"]["extension_number"]) == ("callee_ringing", "", 1003)


@pytest.mark.parametrize(
    ("action", "result", "caller_told", "callee_event", "callee_told"),
    [
        ("decline", "rejected", None, "callee_rejected", "Rejected"),
        ("no-answer", "no_answer", None, "callee_missed", "No Answer"),
        ("busy", "busy", None, "callee_missed", "Busy"),
        ("cancel", "canceled", "Call Cancel", "callee_missed", "Call Cancel"),
        ("voicemail", "voicemail", "Voicemail", "callee_missed", "No Answer"),
    ],
)
async def test_a_call_that_nobody_answers_has_no_answer_time(
    zoom: Zoom, action: str, result: str, caller_told: str | None, callee_event: str, callee_told: str
) -> None:
    for person in (ADA, BEN):
        await zoom.access_token(person)
    call = await _dial(zoom, BENS_EXTENSION)
    zoom.clock.value += 20
    ended = await _act(zoom, call, action)
    assert (ended["state"], ended["result"], ended["answer_time"]) == ("ended", result, None)
    told = dict((await _live(zoom))[2:])
    assert set(told) == {"caller_ended", callee_event}
    assert told["caller_ended"].get("handup_result") == caller_told
    assert told[callee_event]["handup_result"] == callee_told
    for thing in told.values():
        assert "answer_start_time" not in thing
        assert thing["call_end_time"] == "2026-10-30T12:00:20Z"


async def test_every_device_rings_and_one_answers(zoom: Zoom) -> None:
    await zoom.access_token(BEN)
    call = await _dial(zoom, BENS_EXTENSION, devices=3)
    await _act(zoom, call, "answer")
    told = await _live(zoom)
    assert [name for name, _ in told] == [*["callee_ringing"] * 3, "callee_answered"]
    devices = [thing["callee"]["device_id"] for _, thing in told]
    assert len(set(devices[:3])) == 3
    assert devices[3] == devices[0]


async def test_a_call_from_outside_is_told_to_the_callee(zoom: Zoom) -> None:
    await zoom.access_token(ADA)
    first = await _ring_in(zoom, name="Lin")
    second = await _ring_in(zoom)
    await _act(zoom, first, "answer")
    await _act(zoom, second, "busy")
    assert [call["state"] for call in (await zoom.control("GET", "phone/calls"))["calls"]] == ["ended", "connected"]
    told = await _live(zoom)
    by_call = [[name for name, thing in told if thing["call_id"] == call["call_id"]] for call in (first, second)]
    assert by_call == [["callee_ringing", "callee_answered"], ["callee_ringing", "callee_missed"]]
    rings = {thing["call_id"]: thing for name, thing in told if name == "callee_ringing"}
    assert rings[first["call_id"]]["caller"] == {
        "extension_type": "pstn",
        "phone_number": OUTSIDE,
        "connection_type": "pstn_off_net",
        "name": "Lin",
    }
    assert "name" not in rings[second["call_id"]]["caller"]
    assert rings[first["call_id"]]["callee"]["phone_number"] == ADAS_NUMBER


async def test_the_callee_puts_the_caller_through(zoom: Zoom) -> None:
    for person in (ADA, BEN, GRACE):
        await zoom.control("POST", f"users/{person}", {"zoom_phone": True})
        await zoom.access_token(person)
    call = await _dial(zoom, BENS_EXTENSION)
    await _act(zoom, call, "answer")
    moved = await _act(zoom, call, "transfer", to="1002")
    assert (moved["call_id"], moved["state"]) == (call["call_id"], "ringing")
    assert (moved["caller"]["user_id"], moved["callee"]["user_id"]) == (ADA, GRACE)
    zoom.clock.value += 5
    await _act(zoom, call, "answer")
    await _act(zoom, call, "hang-up")
    told = (await _live(zoom))[4:]
    assert [name for name, _ in told] == [
        "blind_transfer_initiated",
        "callee_ended",
        "callee_ringing",
        "callee_answered",
        "callee_ended",
        "caller_ended",
    ]
    assert (told[0][1]["owner"]["id"], told[0][1]["transfer_phone_number"]) == (BEN, "1002")
    assert [thing["callee"]["user_id"] for _, thing in told[1:5]] == [BEN, GRACE, GRACE, GRACE]
    assert told[2][1]["caller"]["extension_number"] == 1001
    assert told[5][1]["answer_start_time"] == "2026-10-30T12:00:00Z", "Ada was answered by Ben"


async def test_the_caller_puts_the_callee_through_and_nobody_answers(zoom: Zoom) -> None:
    for person in (ADA, BEN):
        await zoom.access_token(person)
    call = await _dial(zoom, BENS_EXTENSION)
    await _act(zoom, call, "answer")
    moved = await _act(zoom, call, "transfer", to=OUTSIDE, by="caller")
    assert (moved["caller"]["user_id"], moved["callee"]["number"]) == (BEN, OUTSIDE)
    ended = await _act(zoom, call, "no-answer")
    assert (ended["state"], ended["result"]) == ("ended", "no_answer")
    told = (await _live(zoom))[4:]
    assert [name for name, _ in told] == ["blind_transfer_initiated", "caller_ended", "callee_ended"]
    assert told[2][1]["answer_start_time"], "Ben was in the call"
    assert "handup_result" not in told[2][1]


async def test_who_was_answered_before_was_connected_whatever_comes_after(zoom: Zoom) -> None:
    await zoom.control("POST", f"users/{BEN}", {"outside_calls": True})
    await zoom.access_token(ADA)
    call = await _dial(zoom, BENS_EXTENSION)
    await _act(zoom, call, "answer")
    await _act(zoom, call, "transfer", to=OUTSIDE)
    zoom.clock.value += 9
    await _act(zoom, call, "cancel")
    name, over = (await _live(zoom))[-1]
    assert (name, over["handup_result"], over["answer_start_time"], over["call_end_time"]) == (
        "caller_ended",
        "Call connected",
        "2026-10-30T12:00:00Z",
        "2026-10-30T12:00:09Z",
    )


@pytest.mark.parametrize(
    ("before", "body", "status"),
    [
        (("answer",), {"to": "1999"}, 404),
        (("answer",), {"to": "1001"}, 409),  # Ada is in the call
        (("answer",), {"to": OUTSIDE}, 409),  # Ben has no calling plan
        (("answer",), {"to": BENS_EXTENSION}, 409),  # himself
        (("answer",), {}, 400),
        (("answer",), {"to": "1002", "by": "operator"}, 400),
        ((), {"to": "1002"}, 409),
    ],
)
async def test_what_cannot_be_put_through(zoom: Zoom, before: tuple[str, ...], body: object, status: int) -> None:
    call = await _dial(zoom, BENS_EXTENSION)
    for action in before:
        await _act(zoom, call, action)
    assert await _refused(zoom, f"/{call['call_id']}/transfer", body) == status
    [kept] = (await zoom.control("GET", "phone/calls"))["calls"]
    assert kept["callee"]["user_id"] == BEN


async def test_outside_puts_nobody_through(zoom: Zoom) -> None:
    call = await _ring_in(zoom)
    await _act(zoom, call, "answer")
    assert await _refused(zoom, f"/{call['call_id']}/transfer", {"to": BENS_EXTENSION, "by": "caller"}) == 409


@pytest.mark.parametrize(
    ("done", "refused"),
    [
        ((), ("hang-up",)),
        (("answer",), ("answer", "decline", "no-answer", "busy", "cancel", "voicemail")),
        (("cancel",), ("answer", "cancel", "hang-up", "transfer")),
    ],
)
async def test_steps_in_the_wrong_state_are_refused(
    zoom: Zoom, done: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    await zoom.access_token(ADA)
    call = await _dial(zoom, OUTSIDE)
    for action in done:
        await _act(zoom, call, action)
    before = await _live(zoom)
    for action in refused:
        body = {"to": BENS_EXTENSION} if action == "transfer" else {}
        assert await _refused(zoom, f"/{call['call_id']}/{action}", body) == 409
    assert await _live(zoom) == before


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {"caller": GRACE, "to": OUTSIDE}, 409),  # no licence
        ("", {"caller": BEN, "to": OUTSIDE}, 409),  # no calling plan
        ("", {"caller": ADA, "to": "1001"}, 409),  # herself
        ("", {"caller": ADA, "to": "1002"}, 404),  # Grace's, who has no licence
        ("", {"caller": ADA, "to": "1999"}, 404),
        ("", {"caller": "nobody", "to": OUTSIDE}, 404),
        ("", {"caller": ADA}, 400),
        ("", {"to": OUTSIDE}, 400),
        ("", {"caller": ADA, "to": "+1 202 555 0187"}, 400),
        ("", {"caller": ADA, "to": "tel:+12025550187"}, 400),
        ("", {"caller": ADA, "to": "+0"}, 400),
        ("", {"caller": ADA, "to": ""}, 400),
        ("", {"caller": ADA, "to": OUTSIDE, "devices": 6}, 400),
        ("/incoming", {"from": OUTSIDE, "to": BEN}, 409),  # no number
        ("/incoming", {"from": OUTSIDE, "to": GRACE}, 409),
        ("/incoming", {"from": ADAS_NUMBER, "to": ADA}, 409),
        ("/incoming", {"from": "1002", "to": ADA}, 400),
        ("/incoming", {"to": ADA}, 400),
        ("/7000000000000000000/answer", {}, 404),
    ],
)
async def test_calls_that_cannot_be_made(zoom: Zoom, path: str, body: object, status: int) -> None:
    assert await _refused(zoom, path, body) == status
    assert (await zoom.control("GET", "phone/calls"))["calls"] == []


async def test_actions_are_checked(zoom: Zoom) -> None:
    call = await _dial(zoom, OUTSIDE)
    path = f"/{call['call_id']}"
    assert await _refused(zoom, f"{path}/sing", {}) == 404
    assert await _refused(zoom, f"{path}/answer", {"history": []}) == 400
    for history in (["letters"], "history", ["element", "element"]):
        assert await _refused(zoom, f"{path}/cancel", {"history": history}) == 400
    assert (await zoom.control("GET", "phone/calls"))["calls"][0]["state"] == "ringing"


async def test_an_account_without_zoom_phone_has_no_calls(zoom: Zoom) -> None:
    account = await zoom.control("POST", "accounts/AcmeZoomAccount0000001", {"phone_enabled": False})
    assert (account["id"], account["name"], account["phone_enabled"]) == ("AcmeZoomAccount0000001", "Acme", False)
    assert await _refused(zoom, "", {"caller": ADA, "to": BENS_EXTENSION}) == 409
    assert await _refused(zoom, "/incoming", {"from": OUTSIDE, "to": ADA}) == 409
    settings = (await zoom.api("GET", "users/me/settings", await zoom.access_token(ADA))).json
    assert settings["feature"]["zoom_phone"] is False
    await zoom.control("POST", "accounts/AcmeZoomAccount0000001", {"phone_enabled": True})
    await _dial(zoom, BENS_EXTENSION)
    assert (await zoom.request("POST", "/control/accounts/nobody", json={})).status == 404


async def test_extensions_are_of_one_account(zoom: Zoom) -> None:
    await zoom.control("POST", f"users/{HEDY}", {"zoom_phone": True, "extension_number": "2001"})
    assert await _refused(zoom, "", {"caller": ADA, "to": "2001"}) == 404
    call = await _dial(zoom, "+12025550104")  # Hedy's, who is outside for Ada
    assert (call["callee"]["user_id"], call["callee"]["number"]) == ("", "+12025550104")


async def test_lines_are_given_and_taken(zoom: Zoom) -> None:
    await zoom.access_token(GRACE)
    line = {"zoom_phone": True, "extension_number": "2345", "phone_number": "", "outside_calls": False}
    changed = await zoom.control("POST", f"users/{GRACE}", line)
    assert (changed["extension_number"], changed["phone_number"], changed["has_phone"]) == ("2345", "", True)
    await _dial(zoom, "2345")
    assert await _refused(zoom, "", {"caller": GRACE, "to": OUTSIDE}) == 409
    await zoom.idle()
    [updated, _] = zoom.app.received
    assert updated.object == {"id": GRACE, "settings": {"zoom_phone": True}}, "of a line nobody is told"
    for taken in ({"extension_number": "1001"}, {"phone_number": ADAS_NUMBER}):
        assert (await zoom.request("POST", f"/control/users/{GRACE}", json=taken)).status == 409
    for wrong in ({"extension_number": "x1"}, {"phone_number": "2025550187"}, {"outside_calls": "yes"}):
        assert (await zoom.request("POST", f"/control/users/{GRACE}", json=wrong)).status == 400


async def test_events_need_the_scope_and_the_person(zoom: Zoom) -> None:
    user_app, account_app = zoom.config.user_app, zoom.config.account_app
    declined = await zoom.code(ADA, user_app, decline="phone:read:call")
    await zoom.redeem(declined, user_app)
    call = await _dial(zoom, BENS_EXTENSION)
    await _act(zoom, call, "decline")
    await zoom.idle()
    assert {webhook.name.rpartition("_")[2] for webhook in zoom.app.received} == {"completed"}, "Ben added no app"
    assert all(webhook.name.startswith("phone.caller") for webhook in zoom.app.received)
    zoom.app.received.clear()
    await zoom.access_token(ADA, account_app)
    await zoom.control("POST", "uninstall", {"zoom_user_id": ADA, "app": "user"})
    call = await _dial(zoom, BENS_EXTENSION)
    await zoom.idle()
    heard = [(webhook.headers["clientid"], webhook.name) for webhook in zoom.app.received[1:]]
    assert heard == [(account_app.client_id, f"phone.{side}_ringing") for side in ("caller", "callee")]


async def test_faults_of_webhooks_count_for_calls(zoom: Zoom) -> None:
    await zoom.access_token(ADA)
    await zoom.control("POST", "webhooks/faults", {"copies": 2, "hold": True})
    call = await _dial(zoom, OUTSIDE)
    await _act(zoom, call, "cancel", history=[])
    assert await _live(zoom) == []
    assert (await zoom.control("POST", "webhooks/release"))["released"] == 2
    assert [name for name, _ in await _live(zoom)] == [*["caller_ringing"] * 2, *["caller_ended"] * 2]


async def test_the_page_is_told_of_calls_and_lines(zoom: Zoom) -> None:
    call = await _dial(zoom, OUTSIDE)
    state = await zoom.control("GET", "state")
    assert state["calls"] == [call]
    assert [(u["extension_number"], u["has_phone"]) for u in state["users"][:3]] == [
        ("1001", True),
        ("1002", False),
        ("1003", True),
    ]
    page = await zoom.request("GET", "/")
    assert 'src="/static/phone.js"' in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    script = await zoom.request("GET", "/static/phone.js")
    assert script.status == 200
    assert "innerHTML" not in script.text
    await zoom.control("POST", "reset")
    assert (await zoom.control("GET", "state"))["calls"] == []
