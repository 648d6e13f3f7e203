"""The phone profile and the call history of the Zoom simulator, over REST and as webhooks."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulators.zoom.config import ZoomConfig
from tests.unit.simulators.zoom_harness import ADA, BEN, GRACE, Answer, Zoom, running_zoom

OUTSIDE = "+12025550187"
BENS_EXTENSION = "1003"
DAY = 86_400


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _call(zoom: Zoom, to: str, *steps: str, last: dict[str, object] | None = None) -> str:
    """Ada calls; ten seconds pass before each step."""
    call_id = (await zoom.control("POST", "phone/calls", {"caller": ADA, "to": to}))["call_id"]
    for step in steps:
        zoom.clock.value += 10
        body = last if last is not None and step == steps[-1] else {}
        await zoom.control("POST", f"phone/calls/{call_id}/{step}", body)
    return str(call_id)


async def _histories(zoom: Zoom) -> dict[str, dict[str, Any]]:
    """What was told of calls that are over, by event; each event came once."""
    await zoom.idle()
    told = [webhook for webhook in zoom.app.received if webhook.name.endswith("_completed")]
    found = {webhook.name.removeprefix("phone."): webhook.object for webhook in told}
    assert len(found) == len(told)
    return found


async def _history(zoom: Zoom, token: str, query: str = "") -> Answer:
    return await zoom.api("GET", f"phone/users/me/call_history{query}", token)


async def test_the_profile_of_who_has_a_line(zoom: Zoom) -> None:
    profile = (await zoom.api("GET", "phone/users/me", await zoom.access_token(ADA))).json
    assert (profile["id"], profile["email"], profile["status"]) == (ADA, "ada@acme.example", "activate")
    assert profile["extension_number"] == 1001
    assert [number["number"] for number in profile["phone_numbers"]] == ["12025550101"], "without a plus"
    assert profile["calling_plans"] == [{"type": 100}]
    bens = (await zoom.api("GET", "phone/users/me", await zoom.access_token(BEN))).json
    assert (bens["extension_number"], bens["phone_numbers"], bens["calling_plans"]) == (1003, [], [])


@pytest.mark.parametrize(("path", "code"), [("", 1001), ("/call_history", 300)])
async def test_who_has_no_line_does_not_exist(zoom: Zoom, path: str, code: int) -> None:
    token = await zoom.access_token(GRACE)
    answer = await zoom.api("GET", f"phone/users/me{path}", token)
    assert (answer.status, answer.json["code"]) == (404, code)
    admin = await zoom.access_token(ADA, zoom.config.account_app)
    unknown = await zoom.api("GET", f"phone/users/nobody{path}", admin)
    assert (unknown.status, unknown.json["code"]) == (404, code)
    assert (await zoom.api("GET", f"phone/users/{BEN}{path}", admin)).status == 200
    await zoom.control("POST", "accounts/AcmeZoomAccount0000001", {"phone_enabled": False})
    off = await zoom.api("GET", f"phone/users/{BEN}{path}", admin)
    assert (off.status, off.json["code"]) == (403, 2031)


@pytest.mark.parametrize(
    ("path", "scope"), [("", "phone:read:user"), ("/call_history", "phone:read:list_call_logs:admin")]
)
async def test_phone_operations_need_their_scope(zoom: Zoom, path: str, scope: str) -> None:
    declined = await zoom.code(ADA, decline="phone:read:user")
    token = (await zoom.redeem(declined)).json["access_token"]
    asked = "me" if path == "" else ADA  # a person's token cannot name anybody, herself neither
    refused = await zoom.api("GET", f"phone/users/{asked}{path}", token)
    assert (refused.status, refused.json["code"]) == (400, 4711)
    assert f"[{scope}]" in refused.json["message"]


async def test_an_answered_call_in_the_history_of_both(zoom: Zoom) -> None:
    for person in (ADA, BEN):
        await zoom.access_token(person)
    call_id = await _call(zoom, BENS_EXTENSION, "answer", "hang-up")
    told = await _histories(zoom)
    assert set(told) == {
        f"{side}_call_{form}_completed" for side in ("caller", "callee") for form in ("history", "element")
    }
    [adas] = told["caller_call_element_completed"]["call_elements"]
    [bens] = told["callee_call_history_completed"]["call_logs"]
    assert (told["caller_call_element_completed"]["user_id"], told["callee_call_history_completed"]["user_id"]) == (
        ADA,
        BEN,
    )
    assert (adas["call_id"], adas["direction"], adas["event"], adas["result"]) == (
        call_id,
        "outbound",
        "outgoing",
        "connected",
    )
    assert (bens["call_id"], bens["direction"], bens["event"], bens["result"]) == (
        call_id,
        "inbound",
        "incoming",
        "answered",
    )
    for record in (adas, bens):
        assert (record["connect_type"], record["talk_time"], record["wait_time"]) == ("internal", 10, 10)
        assert (record["start_time"], record["answer_time"], record["end_time"]) == (
            "2026-10-30T12:00:00Z",
            "2026-10-30T12:00:10Z",
            "2026-10-30T12:00:20Z",
        )
        assert (record["caller_ext_number"], record["callee_ext_number"]) == ("1001", "1003"), "strings here"
        assert "callee_did_number" not in record
    [adas_log] = told["caller_call_history_completed"]["call_logs"]
    assert adas["call_history_uuid"] == adas_log["id"] != bens["id"]
    assert adas_log["call_path_id"] == bens["call_path_id"]


@pytest.mark.parametrize(
    ("action", "result"),
    [
        ("decline", "rejected"),
        ("no-answer", "no_answer"),
        ("busy", "busy"),
        ("cancel", "canceled"),
        ("voicemail", "voicemail"),
    ],
)
async def test_an_unanswered_call_in_the_history(zoom: Zoom, action: str, result: str) -> None:
    await zoom.access_token(ADA)
    await _call(zoom, OUTSIDE, action)
    [record] = (await _histories(zoom))["caller_call_element_completed"]["call_elements"]
    assert (record["result"], record["talk_time"], record["wait_time"]) == (result, 0, 10)
    assert "answer_time" not in record
    assert (record["connect_type"], record["callee_did_number"], record["callee_number_type"]) == (
        "external",
        OUTSIDE,
        "external_pstn",
    )


async def test_forms_of_the_history_are_chosen(zoom: Zoom) -> None:
    token = await zoom.access_token(ADA)
    call_id = await _call(zoom, OUTSIDE, "answer", "hang-up", last={"history": ["call_log"]})
    told = await _histories(zoom)
    assert list(told) == ["caller_call_log_completed"]
    [log] = told["caller_call_log_completed"]["call_logs"]
    assert (log["call_id"], log["duration"], log["result"], log["path"]) == (call_id, 10, "Call connected", "pstn")
    assert (log["caller_number"], log["caller_number_type"], log["callee_number"], log["callee_number_type"]) == (
        "1001",
        1,
        OUTSIDE,
        2,
    )
    zoom.app.received.clear()
    await _call(zoom, OUTSIDE, "cancel", last={"history": []})
    assert await _histories(zoom) == {}
    assert (await _history(zoom, token)).json["total_records"] == 2, "whatever was told"


async def test_who_was_put_through_names_the_operator(zoom: Zoom) -> None:
    await zoom.control("POST", f"users/{GRACE}", {"zoom_phone": True})
    for person in (BEN, GRACE):
        await zoom.access_token(person)
    call_id = await _call(zoom, BENS_EXTENSION, "answer")
    zoom.clock.value += 30
    await zoom.control("POST", f"phone/calls/{call_id}/transfer", {"to": "1002", "history": ["element"]})
    [bens] = (await _histories(zoom))["callee_call_element_completed"]["call_elements"]
    assert (bens["result"], bens["talk_time"]) == ("answered", 30), "it is over for him"
    zoom.app.received.clear()
    await zoom.control("POST", f"phone/calls/{call_id}/no-answer", {"history": ["element"]})
    [graces] = (await _histories(zoom))["callee_call_element_completed"]["call_elements"]
    assert (graces["call_id"], graces["event"], graces["result"], graces["operator_ext_number"]) == (
        call_id,
        "direct_transfer",
        "no_answer",
        BENS_EXTENSION,
    )
    assert graces["call_element_id"] != bens["call_element_id"]


async def test_the_history_has_what_is_over_the_newest_first_in_pages(zoom: Zoom) -> None:
    token = await zoom.access_token(ADA)
    made = [await _call(zoom, OUTSIDE, "cancel") for _ in range(3)]
    await _call(zoom, OUTSIDE, "answer")
    first = (await _history(zoom, token, "?page_size=2")).json
    assert [record["call_id"] for record in first["call_logs"]] == [made[2], made[1]]
    assert [record["call_id"] for record in first["call_elements"]] == [made[2], made[1]]
    assert (first["total_records"], first["page_count"], first["page_size"]) == (3, 2, 2)
    assert (first["from"], first["to"]) == ("2026-10-29", "2026-10-30")
    second = (await _history(zoom, token, f"?page_size=2&next_page_token={first['next_page_token']}")).json
    assert ([record["call_id"] for record in second["call_logs"]], second["next_page_token"]) == ([made[0]], "")
    assert (await _history(zoom, await zoom.access_token(BEN))).json["call_logs"] == []


async def test_dates_choose_calls_and_without_them_it_is_a_day(zoom: Zoom) -> None:
    await zoom.access_token(ADA)
    old = await _call(zoom, OUTSIDE, "cancel")  # at noon of October 30th
    zoom.clock.value += 2 * DAY
    new = await _call(zoom, OUTSIDE, "cancel")
    token = await zoom.access_token(ADA)

    async def found(query: str) -> list[str]:
        return [record["call_id"] for record in (await _history(zoom, token, query)).json["call_logs"]]

    assert await found("") == [new]
    assert await found("?from=2026-10-30&to=2026-11-01") == [new, old]
    assert await found("?from=2026-10-30&to=2026-10-30") == [old]
    assert await found("?from=2026-10-30T12:00:01Z&to=2026-11-01T11:59:59Z") == []
    assert await found("?from=2026-10-30T12:00:01Z&to=2026-11-01T11:59:59Z&time_type=end_time") == [old]


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("from=2026-10-01", "to"),
        ("to=2026-10-30", "from"),
        ("from=2026-09-29&to=2026-10-30", "to"),
        ("from=2026-10-30&to=2026-10-29", "to"),
        ("from=2026-04-29&to=2026-05-01", "from"),
        ("from=2026-10-01&to=2026-10-30T12:00:00Z", "to"),
        ("from=2026-1-1&to=2026-10-30", "from"),
        ("from=2026-02-30&to=2026-10-30", "from"),
        ("from=yesterday&to=today", "from"),
        ("page_size=301", "page_size"),
        ("page_size=0", "page_size"),
        ("time_type=ring_time", "time_type"),
        ("page_number=2", "page_number"),
    ],
)
async def test_wrong_parameters_are_named(zoom: Zoom, query: str, wrong: str) -> None:
    answer = await _history(zoom, await zoom.access_token(ADA), f"?{query}")
    assert (answer.status, answer.json["code"]) == (400, 301)
    assert answer.json["message"] == f"Invalid request param: {wrong}."


async def test_a_month_and_six_months_are_the_limit(zoom: Zoom) -> None:
    token = await zoom.access_token(ADA)
    for query in ("?from=2026-09-30&to=2026-10-30", "?from=2026-04-30&to=2026-05-30", "?page_size=300"):
        assert (await _history(zoom, token, query)).status == 200


async def test_zoom_phone_has_rate_limits_of_its_own() -> None:
    async with running_zoom(ZoomConfig()) as zoom:
        token = await zoom.access_token(ADA)
        profiles = [await zoom.api("GET", "phone/users/me", token) for _ in range(21)]
        histories = [await _history(zoom, token) for _ in range(11)]
        assert [answer.status for answer in profiles] == [*[200] * 20, 429]
        assert [answer.status for answer in histories] == [*[200] * 10, 429]
        assert histories[0].headers["x-ratelimit-category"] == "Medium"
        assert histories[-1].headers["X-RateLimit-Category"] == "Medium"
        assert (await zoom.api("GET", "users/me", token)).status == 200
