"""The REST API of the Zoom simulator: users, meetings, past meetings, recordings, limits."""

import io
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from simulators.zoom.config import ZoomConfig
from tests.unit.simulators.zoom_harness import ADA, BEN, GRACE, Zoom, running_zoom

ADAS_PMI = "5551234567"


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def test_requests_without_a_good_token_are_401_124(zoom: Zoom) -> None:
    token = await zoom.access_token()
    none = await zoom.request("GET", "/v2/users/me")
    wrong = await zoom.api("GET", "users/me", "nonsense")
    in_query = await zoom.request("GET", f"/v2/users/me?access_token={token}")
    assert [(a.status, a.json["code"]) for a in (none, wrong, in_query)] == [(401, 124)] * 3
    assert "query parameter" in in_query.json["message"]


async def test_user_token_must_say_me(zoom: Zoom) -> None:
    token = await zoom.access_token()
    assert (await zoom.api("GET", "users/me", token)).json["email"] == "ada@acme.example"
    for other in (ADA, GRACE, "grace@acme.example"):
        answer = await zoom.api("GET", f"users/{other}", token)
        assert (answer.status, answer.json["code"]) == (400, 4711)


async def test_admin_token_may_name_anybody(zoom: Zoom) -> None:
    token = await zoom.access_token(ADA, zoom.config.account_app)
    assert (await zoom.api("GET", "users/me", token)).json["id"] == ADA
    assert (await zoom.api("GET", "users/grace%40acme.example", token)).json["id"] == GRACE
    assert (await zoom.api("GET", f"users/{BEN}", token)).json["type"] == 1
    unknown = await zoom.api("GET", "users/nobody", token)
    assert (unknown.status, unknown.json["code"]) == (404, 1001)


async def test_settings_follow_the_control_api(zoom: Zoom) -> None:
    token = await zoom.access_token()
    await zoom.control("POST", f"users/{ADA}", {"use_pmi_for_scheduled_meetings": True, "zoom_phone": False})
    settings = (await zoom.api("GET", "users/me/settings", token)).json
    assert settings["schedule_meeting"]["use_pmi_for_scheduled_meetings"] is True
    assert settings["feature"]["zoom_phone"] is False


async def test_instant_meeting_answer(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token(), topic="Café ☕", type=1)
    assert isinstance(meeting["id"], int)
    assert len(str(meeting["id"])) == 11
    assert (meeting["topic"], meeting["status"], meeting["type"]) == ("Café ☕", "waiting", 1)
    assert "start_time" not in meeting
    assert "pmi" not in meeting
    assert meeting["join_url"] == f"{zoom.base}/j/{meeting['id']}?pwd={meeting['encrypted_password']}"
    assert meeting["password"] not in meeting["join_url"]
    assert "zak=" in meeting["start_url"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"topic": "x" * 201}, "topic"),
        ({"topic": 5}, "topic"),
        ({"type": 4}, "type"),
        ({"type": True}, "type"),
        ({"agenda": "x" * 2001}, "agenda"),
        ({"password": "12345678901"}, "password"),
        ({"password": "semi;colon"}, "password"),
        ({"start_time": "tomorrow"}, "start_time"),
        ({"start_time": "2026-13-01T10:00:00Z"}, "start_time"),
        ({"duration": 0}, "duration"),
        ({"timezone": "Moon/Base"}, "timezone"),
        ({"type": 8}, "recurrence"),
        ({"subject": "x"}, "subject"),
        ({"settings": {"use_pmi": "yes"}}, "settings.use_pmi"),
        ({"settings": {"usePmi": True}}, "settings.usePmi"),
        ({"settings": {"auto_recording": "always"}}, "settings.auto_recording"),
    ],
)
async def test_create_refuses_what_zoom_refuses(zoom: Zoom, body: dict[str, object], field: str) -> None:
    answer = await zoom.api("POST", "users/me/meetings", await zoom.access_token(), body)
    assert (answer.status, answer.json["code"]) == (400, 300)
    assert [error["field"] for error in answer.json["errors"]] == [field]


async def test_write_needs_a_json_object(zoom: Zoom) -> None:
    headers = {"Authorization": f"Bearer {await zoom.access_token()}"}
    form = await zoom.request("POST", "/v2/users/me/meetings", headers=headers, data={"topic": "x"})
    assert (form.status, form.json["message"]) == (415, "Unsupported Content Type")
    headers["Content-Type"] = "application/json"
    for raw in (b"", b"[]", b"{", b"\xff", b"[" * 100_000):
        broken = await zoom.request("POST", "/v2/users/me/meetings", headers=headers, data=raw)
        assert (broken.status, broken.json["code"]) == (400, 300)
    huge = await zoom.request("POST", "/v2/users/me/meetings", headers=headers, data=io.BytesIO(b" " * 2_000_000))
    assert huge.status == 413


@pytest.mark.parametrize(
    ("setting", "kind", "has_passcode"),
    [
        ({"require_password_for_instant_meetings": False}, 1, False),
        ({"require_password_for_instant_meetings": False}, 2, True),
        ({"require_password_for_scheduling_new_meetings": False}, 2, False),
    ],
)
async def test_passcode_follows_the_persons_settings(
    zoom: Zoom, setting: dict[str, object], kind: int, has_passcode: bool
) -> None:
    await zoom.control("POST", f"users/{ADA}", setting)
    meeting = await zoom.create(await zoom.access_token(), type=kind)
    assert ("password" in meeting) is has_passcode
    assert ("pwd=" in meeting["join_url"]) is has_passcode


async def test_own_passcode_is_kept(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token(), password="Ab@-_*1")
    assert meeting["password"] == "Ab@-_*1"


@pytest.mark.parametrize(
    ("own_setting", "body", "in_room"),
    [
        (True, {"type": 2}, True),
        (True, {"type": 3}, True),
        (True, {"type": 2, "settings": {"use_pmi": False}}, False),
        (False, {"type": 2}, False),
        (False, {"type": 2, "settings": {"use_pmi": True}}, True),
        (True, {"type": 1, "settings": {"use_pmi": True}}, False),
    ],
)
async def test_personal_room_is_used_as_asked_or_as_set(
    zoom: Zoom, own_setting: bool, body: dict[str, object], in_room: bool
) -> None:
    token = await zoom.access_token()
    await zoom.control("POST", f"users/{ADA}", {"use_pmi_for_scheduled_meetings": own_setting, "pmi_password": "room1"})
    meeting = await zoom.create(token, **body)
    assert str(meeting["id"]) != ADAS_PMI
    assert (meeting.get("pmi") == ADAS_PMI) is in_room
    assert (f"/j/{ADAS_PMI}?" in meeting["join_url"]) is in_room
    assert (meeting["password"] == "room1") is in_room


async def test_list_holds_scheduled_meetings_in_pages_and_no_instant_ones(zoom: Zoom) -> None:
    token = await zoom.access_token()
    await zoom.create(token, type=1)
    for hour in range(3):
        await zoom.create(token, type=2, topic=f"m{hour}", agenda="a" * 300, start_time=f"2026-11-01T1{hour}:00:00Z")
    first = (await zoom.api("GET", "users/me/meetings?page_size=2", token)).json
    assert [item["topic"] for item in first["meetings"]] == ["m0", "m1"]
    assert (first["total_records"], len(first["meetings"][0]["agenda"])) == (3, 250)
    follow = f"users/me/meetings?page_size=2&next_page_token={first['next_page_token']}"
    second = (await zoom.api("GET", follow, token)).json
    assert ([item["topic"] for item in second["meetings"]], second["next_page_token"]) == (["m2"], "")
    other_size = await zoom.api("GET", follow.replace("size=2", "size=3"), token)
    zoom.clock.value += 15 * 60
    expired = await zoom.api("GET", follow, token)
    too_big = await zoom.api("GET", "users/me/meetings?page_size=301", token)
    assert [a.status for a in (other_size, expired, too_big)] == [400, 400, 400]


async def test_list_types(zoom: Zoom) -> None:
    token = await zoom.access_token()
    past = await zoom.create(token, type=2, topic="past", start_time="2026-10-29T10:00:00Z")
    live = await zoom.create(token, type=2, topic="live", start_time="2026-10-30T12:00:00Z")
    await zoom.create(token, type=2, topic="next", start_time="2026-11-02T10:00:00Z")
    for action in ("start", "end"):
        await zoom.control("POST", f"meetings/{past['id']}/{action}", {})
    await zoom.control("POST", f"meetings/{live['id']}/start", {})
    found = {}
    for kind in ("scheduled", "live", "upcoming", "previous_meetings"):
        answer = await zoom.api("GET", f"users/me/meetings?type={kind}", token)
        found[kind] = [item["topic"] for item in answer.json["meetings"]]
    assert found == {
        "scheduled": ["past", "live", "next"],
        "live": ["live"],
        "upcoming": ["live", "next"],
        "previous_meetings": ["past"],
    }
    assert (await zoom.api("GET", "users/me/meetings?type=all", token)).status == 400


async def test_change_and_delete(zoom: Zoom) -> None:
    token = await zoom.access_token()
    path = f"meetings/{(await zoom.create(token, type=2))['id']}"
    assert (await zoom.api("PATCH", path, token, {"topic": "New", "settings": {"use_pmi": True}})).status == 204
    changed = (await zoom.api("GET", path, token)).json
    assert (changed["topic"], changed["pmi"]) == ("New", ADAS_PMI)
    assert (await zoom.api("PATCH", path, token, {"title": "x"})).status == 400
    assert (await zoom.api("DELETE", path, token)).status == 204
    gone = await zoom.api("GET", path, token)
    assert (gone.status, gone.json["code"]) == (404, 3001)
    assert (await zoom.api("DELETE", f"meetings/{ADAS_PMI}", token)).json["code"] == 3018


async def test_meetings_of_others_do_not_exist(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token(ADA))
    path = f"meetings/{meeting['id']}"
    assert (await zoom.api("GET", path, await zoom.access_token(GRACE))).json["code"] == 3001
    assert (await zoom.api("GET", path, await zoom.access_token(ADA, zoom.config.account_app))).status == 200


async def test_unknown_paths_and_methods_are_not_recognized(zoom: Zoom) -> None:
    token = await zoom.access_token()
    for method, path in (("GET", "meeting/1"), ("POST", "users/me"), ("GET", "users//meetings"), ("GET", "")):
        assert (await zoom.api(method, path, token)).json["code"] == 2300


async def _finished(zoom: Zoom, token: str, **body: object) -> dict[str, object]:
    """A meeting that Ada and a guest attended for 90 seconds."""
    meeting = await zoom.create(token, **body)
    await zoom.control("POST", f"meetings/{meeting['id']}/start", {})
    await zoom.control("POST", f"meetings/{meeting['id']}/join", {"name": "Guest", "email": "guest@else.example"})
    zoom.clock.value += 90
    await zoom.control("POST", f"meetings/{meeting['id']}/end", {})
    return meeting


async def test_past_meeting_and_participants(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await _finished(zoom, token)
    path = f"past_meetings/{meeting['id']}"
    past = (await zoom.api("GET", path, token)).json
    assert (past["uuid"], past["start_time"], past["end_time"], past["duration"], past["participants_count"]) == (
        meeting["uuid"],
        "2026-10-30T12:00:00Z",
        "2026-10-30T12:01:30Z",
        2,
        2,
    )
    people = (await zoom.api("GET", f"{path}/participants", token)).json["participants"]
    assert [(p["id"], p["name"], p["user_email"], p["duration"], p["internal_user"]) for p in people] == [
        (ADA, "Ada Lovelace", "ada@acme.example", 90, True),
        ("", "Guest", "", 90, False),
    ]


async def test_running_meeting_is_not_past(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await zoom.create(token)
    await zoom.control("POST", f"meetings/{meeting['id']}/start", {})
    assert (await zoom.api("GET", f"past_meetings/{meeting['id']}", token)).json["code"] == 3001


async def test_recordings(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await _finished(zoom, token)
    path = f"meetings/{meeting['id']}/recordings"
    assert (await zoom.api("GET", path, token)).json["code"] == 3301
    await zoom.control("POST", f"meetings/{meeting['id']}/recording", {"password": "k8#Rm2Vt"})
    answer = (await zoom.api("GET", path, token)).json
    assert (answer["id"], answer["type"], answer["password"]) == (meeting["id"], "1", "k8#Rm2Vt")
    assert [file["file_type"] for file in answer["recording_files"]] == ["MP4", "M4A"]
    assert "share_url" not in answer
    assert (await zoom.api("GET", "meetings/81234567890/recordings", token)).json["code"] == 3001


async def test_basic_hosts_have_no_past(zoom: Zoom) -> None:
    token = await zoom.access_token(BEN)
    number = (await _finished(zoom, token))["id"]
    for path in (f"past_meetings/{number}", f"past_meetings/{number}/participants", f"meetings/{number}/recordings"):
        answer = await zoom.api("GET", path, token)
        assert (answer.status, answer.json["code"]) == (400, 200)


async def test_uuid_with_slashes_has_to_be_encoded_twice() -> None:
    async with running_zoom(ZoomConfig(enforce_rate_limits=False, uuid_style="slashes")) as zoom:
        token = await zoom.access_token()
        kinds = set()
        for _ in range(8):
            uuid = str((await _finished(zoom, token))["uuid"])
            kinds.add(uuid.startswith("/"))
            once = quote(uuid, safe="")
            assert (await zoom.api("GET", f"past_meetings/{once}", token)).json["code"] == 3001
            assert (await zoom.api("GET", f"past_meetings/{quote(once, safe='')}", token)).json["uuid"] == uuid
        assert kinds == {True, False}  # some begin with a slash, some have two inside


async def test_plain_uuid_is_encoded_once(zoom: Zoom) -> None:
    token = await zoom.access_token()
    once = quote(str((await _finished(zoom, token))["uuid"]), safe="")
    assert (await zoom.api("GET", f"past_meetings/{once}", token)).status == 200
    assert (await zoom.api("GET", f"past_meetings/{quote(once, safe='')}", token)).status == 404


async def test_per_second_limit_counts_for_the_whole_account() -> None:
    async with running_zoom(ZoomConfig()) as zoom:
        ada, grace = await zoom.access_token(ADA), await zoom.access_token(GRACE)
        first = [(await zoom.api("GET", "users/me", token)).status for token in [ada, grace] * 15]
        refused = await zoom.api("GET", "users/me", ada)
        assert first == [200] * 30
        assert (refused.status, refused.json["code"], refused.headers["X-RateLimit-Type"]) == (429, 429, "QPS")
        assert "per-second" in refused.json["message"]
        assert (await zoom.api("GET", "users/me/settings", ada)).status == 200  # another category
        zoom.clock.value += 1
        assert (await zoom.api("GET", "users/me", ada)).status == 200


async def test_hundred_meetings_a_day_and_host() -> None:
    async with running_zoom(ZoomConfig()) as zoom:
        ada, grace = await zoom.access_token(ADA), await zoom.access_token(GRACE)
        for _ in range(100):
            zoom.clock.value += 1
            await zoom.create(ada)
        zoom.clock.value += 1
        refused = await zoom.api("POST", "users/me/meetings", ada, {"type": 1})
        assert (refused.status, refused.json["code"]) == (429, 429)
        assert "daily rate limit (100)" in refused.json["message"]
        assert refused.headers["Retry-After"] == "2026-10-31T00:00:00Z"
        await zoom.create(grace)
        zoom.clock.value += 12 * 3600
        ada = await zoom.access_token(ADA)
        await zoom.create(ada)
