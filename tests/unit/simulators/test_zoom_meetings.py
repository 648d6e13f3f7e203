"""The life of meetings in the Zoom simulator and the events it raises."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.simulators.zoom_harness import ADA, BEN, GRACE, OTHERS_MAY_BEGIN, Zoom, running_zoom

ADAS_PMI = "5551234567"


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        yield running


async def _act(zoom: Zoom, meeting: dict[str, object], action: str, /, **body: object) -> dict[str, object]:
    return dict(await zoom.control("POST", f"meetings/{meeting['id']}/{action}", body))


async def test_a_meeting_from_start_to_recording(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token())
    await _act(zoom, meeting, "start")
    grace = await _act(zoom, meeting, "join", name="Grace", zoom_user_id=GRACE)
    await _act(zoom, meeting, "leave", user_id=grace["user_id"])
    zoom.clock.value += 60
    await _act(zoom, meeting, "end")
    await _act(zoom, meeting, "recording", share_url="https://zoom.example/rec/share/x", password="pw#1")
    await zoom.idle()
    assert zoom.app.names() == [
        "meeting.started",
        "meeting.participant_joined",
        "meeting.participant_joined",
        "meeting.participant_left",
        "meeting.participant_left",
        "meeting.ended",
        "recording.completed",
    ]
    started, ended, recorded = (zoom.app.received[index].object for index in (0, 5, 6))
    assert started["id"] == str(meeting["id"])
    assert started["uuid"] == meeting["uuid"]
    assert (ended["start_time"], ended["end_time"]) == ("2026-10-30T12:00:00Z", "2026-10-30T12:01:00Z")
    assert recorded["id"] == meeting["id"]  # an integer here, a string above
    assert (recorded["share_url"], recorded["password"]) == ("https://zoom.example/rec/share/x", "pw#1")
    assert zoom.app.received[6].event["download_token"]
    assert zoom.app.received[0].event["event_ts"] == 1_793_361_600_000


async def test_what_is_scheduled_in_zoom_itself_is_like_what_an_app_makes(zoom: Zoom) -> None:
    made = await zoom.control("POST", "meetings", {"zoom_user_id": BEN, "topic": "By hand"})
    assert (made["topic"], made["type"], made["state"], made["listed"]) == ("By hand", 2, "waiting", True)
    assert made["password"]
    await _act(zoom, made, "start")
    await zoom.idle()
    assert zoom.app.received == [], "no app of his hears of it"
    room = await zoom.control("POST", f"meetings/{ADAS_PMI}/start")
    assert not room["listed"]
    await zoom.control("POST", f"users/{BEN}", {"status": "inactive"})
    assert (await zoom.request("POST", "/control/meetings", json={"zoom_user_id": BEN})).status == 409
    assert (await zoom.request("POST", "/control/meetings", json={"zoom_user_id": "nobody"})).status == 404


async def test_participants_signed_in_and_guests(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token())
    await _act(zoom, meeting, "start", host_joins=False)
    first = await _act(zoom, meeting, "join", name="Grace", email="Grace@acme.example")
    second = await _act(zoom, meeting, "join", name="Grace's phone", zoom_user_id=GRACE)
    guest = await _act(zoom, meeting, "join", name="Lin", email="lin@else.example")
    await zoom.idle()
    people = [webhook.object["participant"] for webhook in zoom.app.received[1:]]
    assert [(p["participant_user_id"], p["email"]) for p in people] == [
        (GRACE, "grace@acme.example"),
        (GRACE, "grace@acme.example"),
        ("", ""),
    ]
    assert len({first["user_id"], second["user_id"], guest["user_id"]}) == 3
    assert people[0]["participant_uuid"] == people[1]["participant_uuid"] != people[2]["participant_uuid"]


async def test_rejoin_has_a_new_user_id(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token(), settings=OTHERS_MAY_BEGIN)
    before = await _act(zoom, meeting, "join", name="Lin")
    await _act(zoom, meeting, "leave", user_id=before["user_id"])
    after = await _act(zoom, meeting, "join", name="Lin", participant_uuid=before["participant_uuid"])
    assert before["user_id"] != after["user_id"]
    assert before["participant_uuid"] == after["participant_uuid"]


async def test_join_opens_the_meeting_unless_told_not_to(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token(), settings=OTHERS_MAY_BEGIN)
    path = f"/control/meetings/{meeting['id']}/join"
    assert (await zoom.request("POST", path, json={"name": "Lin", "start": False})).status == 409
    await _act(zoom, meeting, "join", name="Lin")
    await zoom.idle()
    assert zoom.app.names() == ["meeting.started", "meeting.participant_joined"]


async def test_instant_meeting_dies_at_its_end(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await zoom.create(token)
    path = f"meetings/{meeting['id']}"
    await _act(zoom, meeting, "start")
    assert (await zoom.api("GET", path, token)).json["status"] == "started"
    assert (await zoom.api("PUT", f"{path}/status", token, {"action": "end"})).status == 204
    gone = await zoom.api("GET", path, token)
    assert (gone.status, gone.json["code"]) == (404, 3001)
    assert (await zoom.request("POST", f"/control/{path}/start")).status == 409
    await zoom.idle()
    assert zoom.app.names()[-1] == "meeting.ended"


async def test_ending_what_does_not_run_changes_nothing(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await zoom.create(token)
    path = f"meetings/{meeting['id']}/status"
    assert (await zoom.api("PUT", path, token, {"action": "stop"})).json["code"] == 300
    assert (await zoom.api("PUT", path, token, {"action": "end"})).status == 204
    assert (await zoom.api("GET", f"meetings/{meeting['id']}", token)).json["status"] == "waiting"


async def test_scheduled_meeting_runs_again_as_a_new_instance(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await zoom.create(token, type=2)
    for _ in range(2):
        await _act(zoom, meeting, "start", host_joins=False)
        await _act(zoom, meeting, "end")
    await zoom.idle()
    uuids = [webhook.object["uuid"] for webhook in zoom.app.received]
    assert uuids[0] == uuids[1] == meeting["uuid"]
    assert uuids[2] == uuids[3] != meeting["uuid"]
    assert (await zoom.api("GET", f"past_meetings/{meeting['id']}", token)).json["uuid"] == uuids[3]


async def test_meeting_in_the_personal_room_goes_by_the_room_number(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await zoom.create(token, type=2, settings={"use_pmi": True})
    await _act(zoom, meeting, "start", host_joins=False)
    assert (await zoom.api("GET", f"meetings/{meeting['id']}", token)).json["status"] == "started"
    assert (await zoom.request("POST", f"/control/meetings/{ADAS_PMI}/start")).status == 409  # one at a time
    await zoom.control("POST", f"meetings/{ADAS_PMI}/join", {"name": "Lin"})
    await _act(zoom, meeting, "end")
    await _act(zoom, meeting, "recording")
    await zoom.idle()
    objects = [webhook.object for webhook in zoom.app.received]
    assert {str(thing["id"]) for thing in objects} == {ADAS_PMI}
    assert {thing["topic"] for thing in objects} == {"Weekly sync"}
    assert objects[0]["uuid"] != meeting["uuid"]


async def test_recording_start_and_stop(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token())
    await _act(zoom, meeting, "start", host_joins=False)
    await _act(zoom, meeting, "recording", action="start")
    await _act(zoom, meeting, "recording", action="stop")
    await zoom.idle()
    assert zoom.app.names()[1:] == ["recording.started", "recording.stopped"]
    files = [webhook.object["recording_file"] for webhook in zoom.app.received[1:]]
    assert [bool(file["recording_end"]) for file in files] == [False, True]


async def test_no_cloud_recording_on_basic_or_when_switched_off(zoom: Zoom) -> None:
    basic = await zoom.create(await zoom.access_token(BEN))
    await zoom.control("POST", f"users/{ADA}", {"cloud_recording": False})
    switched_off = await zoom.create(await zoom.access_token(ADA))
    for meeting in (basic, switched_off):
        await _act(zoom, meeting, "start")
        assert (await zoom.request("POST", f"/control/meetings/{meeting['id']}/recording")).status == 409


async def test_events_go_to_those_who_added_the_app(zoom: Zoom) -> None:
    ada = await zoom.access_token(ADA)
    account = await zoom.access_token(ADA, zoom.config.account_app)
    of_ada = await zoom.create(ada)
    of_grace = (await zoom.api("POST", f"users/{GRACE}/meetings", account, {"type": 1})).json
    for meeting in (of_ada, of_grace):
        await _act(zoom, meeting, "start", host_joins=False)
    await zoom.idle()
    heard = {(webhook.headers["clientid"], webhook.object["host_id"]) for webhook in zoom.app.received}
    user_id, account_id = zoom.config.user_app.client_id, zoom.config.account_app.client_id
    assert heard == {(user_id, ADA), (account_id, ADA), (account_id, GRACE)}


async def test_uninstall_tells_the_app_and_stops_everything(zoom: Zoom) -> None:
    tokens = await zoom.authorize(ADA)
    meeting = await zoom.create(tokens["access_token"])
    assert await zoom.control("POST", "uninstall", {"zoom_user_id": ADA}) == {"removed": ["user"]}
    await _act(zoom, meeting, "start")
    await zoom.idle()
    assert zoom.app.names() == ["app_deauthorized"]
    payload = zoom.app.received[0].event["payload"]
    assert (payload["user_id"], payload["client_id"]) == (ADA, zoom.config.user_app.client_id)
    assert (await zoom.api("GET", "users/me", tokens["access_token"])).status == 401
    assert (await zoom.refresh(tokens["refresh_token"])).json["error"] == "invalid_grant"


async def test_state_shows_who_is_in(zoom: Zoom) -> None:
    meeting = await zoom.create(await zoom.access_token(), settings=OTHERS_MAY_BEGIN)
    await _act(zoom, meeting, "join", name="Lin")
    state = await zoom.control("GET", "state")
    shown = next(item for item in state["meetings"] if item["id"] == str(meeting["id"]))
    assert (shown["state"], [p["name"] for p in shown["instance"]["participants"]]) == ("started", ["Lin"])
    assert state["tokens"] == {"access": 1, "refresh": 1}
    await zoom.control("POST", "reset")
    state = await zoom.control("GET", "state")
    assert (state["grants"], len(state["meetings"])) == ([], len(state["users"]))


async def test_apps_hear_what_was_changed_of_a_meeting_and_what_it_was_before(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await zoom.create(token, type=2, start_time="2026-11-06T12:00:00Z", duration=30)
    path = f"meetings/{meeting['id']}"
    change = {"start_time": "2026-11-06T18:30:00Z", "duration": 30, "settings": {"waiting_room": True}}
    await zoom.api("PATCH", path, token, change)
    await zoom.api("PATCH", path, token, change)
    await zoom.idle()
    [updated] = zoom.app.received
    payload = updated.event["payload"]
    assert (updated.name, payload["operator_id"]) == ("meeting.updated", ADA)
    start_time = {"start_time": "2026-11-06T18:30:00Z"}
    assert payload["object"] == {"id": meeting["id"], **start_time, "settings": {"waiting_room": True}}
    assert payload["old_object"] == {"id": meeting["id"], "start_time": "2026-11-06T12:00:00Z", "settings": {}}
    assert payload["time_stamp"] == 1_793_361_600_000


async def test_apps_hear_that_a_meeting_was_deleted_by_the_uuid_of_its_creation(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await zoom.create(token, type=2)
    assert (await zoom.api("DELETE", f"meetings/{meeting['id']}", token)).status == 204
    assert (await zoom.api("DELETE", f"meetings/{meeting['id']}", token)).status == 404
    await zoom.idle()
    [deleted] = zoom.app.received
    assert deleted.name == "meeting.deleted"
    named = {name: deleted.object[name] for name in ("id", "uuid", "host_id", "type")}
    assert named == {name: meeting[name] for name in named}
    assert "operation" not in deleted.event["payload"]


async def test_a_meeting_is_moved_and_deleted_in_zoom_itself(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting = await zoom.create(token, type=2)
    path = f"/control/meetings/{meeting['id']}"
    for body, status in (
        ({"start_time": "2026-11-06T18:30:00Z", "duration": 45}, 200),
        ({"start_time": "2026-13-06T18:30:00Z"}, 400),
        ({"duration": 0}, 400),
    ):
        assert (await zoom.request("POST", path, json=body)).status == status
    moved = (await zoom.api("GET", f"meetings/{meeting['id']}", token)).json
    assert (moved["start_time"], moved["duration"]) == ("2026-11-06T18:30:00Z", 45)
    assert await zoom.control("POST", f"meetings/{meeting['id']}/delete") == {"ok": True}
    assert (await zoom.request("POST", f"{path}/delete")).status == 404
    assert (await zoom.request("POST", f"/control/meetings/{ADAS_PMI}/delete")).status == 409
    await zoom.idle()
    assert zoom.app.names() == ["meeting.updated", "meeting.deleted"]
