"""Waiting rooms in the Zoom simulator: who waits, who is let in, and what the app hears of it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.simulators.zoom_harness import ADA, GRACE, Zoom, running_zoom

ROOM = "5551234567"


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        await running.access_token()
        yield running


async def _act(zoom: Zoom, action: str, **body: object) -> dict[str, Any]:
    return dict(await zoom.control("POST", f"meetings/{ROOM}/{action}", body))


async def _waiting(zoom: Zoom) -> list[str]:
    meetings = (await zoom.control("GET", "meetings"))["meetings"]
    instance = next(meeting["instance"] for meeting in meetings if meeting["id"] == ROOM)
    return [person["name"] for person in instance["waiting"]]


async def _told(zoom: Zoom) -> list[tuple[str, str]]:
    """Event, without its common beginning, and name; what was told before is forgotten."""
    await zoom.idle()
    told = [(hook.name.removeprefix("meeting.participant_"), hook.object) for hook in zoom.app.received]
    zoom.app.received.clear()
    return [(name, about["participant"]["user_name"]) for name, about in told if "participant" in about]


async def _opened(zoom: Zoom) -> None:
    await zoom.control("POST", f"users/{ADA}", {"waiting_room": True})
    await _act(zoom, "start")
    await _told(zoom)


async def test_who_waits_is_admitted_by_the_host(zoom: Zoom) -> None:
    await _opened(zoom)
    lin = await _act(zoom, "join", name="Lin")
    assert lin["waiting"] is True
    assert await _told(zoom) == [("joined_waiting_room", "Lin")]
    zoom.clock.value += 30
    await _act(zoom, "admit", user_id=lin["user_id"])
    await zoom.idle()
    joined = zoom.app.received[-1].object["participant"]
    assert joined["join_time"] == "2026-10-30T12:00:30Z", "she is in the meeting from then on"
    assert joined["user_id"] == lin["user_id"]
    assert await _told(zoom) == [("admitted", "Lin"), ("left_waiting_room", "Lin"), ("joined", "Lin")]
    assert await _waiting(zoom) == []
    await _act(zoom, "leave", user_id=lin["user_id"])
    assert await _told(zoom) == [("left", "Lin")]


async def test_who_is_refused_or_goes_was_never_in_the_meeting(zoom: Zoom) -> None:
    await _opened(zoom)
    lin, sam = await _act(zoom, "join", name="Lin"), await _act(zoom, "join", name="Sam")
    await _told(zoom)
    zoom.clock.value += 30
    refused = await _act(zoom, "refuse", user_id=lin["user_id"])
    gone = await _act(zoom, "leave", user_id=sam["user_id"])
    assert refused["leave_time"] == gone["leave_time"] == "2026-10-30T12:00:30Z"
    assert await _told(zoom) == [("left_waiting_room", "Lin"), ("left_waiting_room", "Sam")]
    for action in ("admit", "refuse"):
        again = await zoom.request("POST", f"/control/meetings/{ROOM}/{action}", json={"user_id": lin["user_id"]})
        assert again.status == 404


async def test_who_is_signed_in_and_comes_back_to_the_door_is_the_same_person(zoom: Zoom) -> None:
    await _opened(zoom)
    came, guest = await _act(zoom, "join", zoom_user_id=GRACE), await _act(zoom, "join", name="Lin")
    for person, action in ((came, "leave"), (guest, "refuse")):
        await _act(zoom, action, user_id=person["user_id"])
    again, guest_again = await _act(zoom, "join", zoom_user_id=GRACE), await _act(zoom, "join", name="Lin")
    assert again["participant_uuid"] == came["participant_uuid"]
    assert again["user_id"] != came["user_id"]
    assert guest_again["participant_uuid"] != guest["participant_uuid"]
    admitted = await _act(zoom, "admit", user_id=again["user_id"])
    assert (admitted["participant_uuid"], admitted["leave_time"]) == (came["participant_uuid"], None)


async def test_at_the_end_nobody_waits_any_more(zoom: Zoom) -> None:
    await _opened(zoom)
    await _act(zoom, "join", name="Lin")
    await _act(zoom, "end")
    await zoom.idle()
    assert [hook.name for hook in zoom.app.received][1:] == [
        "meeting.participant_left_waiting_room",
        "meeting.participant_left",
        "meeting.ended",
    ]


async def test_the_host_does_not_wait_and_nobody_comes_before_her(zoom: Zoom) -> None:
    await zoom.control("POST", f"users/{ADA}", {"waiting_room": True})
    early = await zoom.request("POST", f"/control/meetings/{ROOM}/join", json={"zoom_user_id": GRACE})
    assert (early.status, early.json["error"]) == (409, "the host has not started this meeting")
    for _ in range(2):
        assert (await _act(zoom, "join", zoom_user_id=ADA))["waiting"] is False
    first, phone = await _act(zoom, "join", zoom_user_id=GRACE), await _act(zoom, "join", zoom_user_id=GRACE)
    assert first["participant_uuid"] == phone["participant_uuid"], "a second device waits, too, and is known as hers"
    assert first["user_id"] != phone["user_id"]
    assert await _waiting(zoom) == ["Grace Hopper", "Grace Hopper"]


@pytest.mark.parametrize(
    ("hers", "of_the_meeting", "status"),
    [
        (False, {}, 409),
        (True, {}, 200),
        (False, {"join_before_host": True}, 200),
        (True, {"join_before_host": False}, 409),
    ],
)
async def test_others_begin_where_they_may_join_before_the_host(
    zoom: Zoom, hers: bool, of_the_meeting: dict[str, bool], status: int
) -> None:
    await zoom.control("POST", f"users/{ADA}", {"join_before_host": hers})
    meeting = await zoom.create(await zoom.access_token(), settings=of_the_meeting, password="Secret1")
    early = await zoom.request("POST", f"/control/meetings/{meeting['id']}/join", json={"name": "Lin"})
    assert early.status == status
    by_link = await zoom.request("POST", f"/j/{meeting['id']}", data={"name": "Sam", "passcode": "Secret1", "pwd": ""})
    assert by_link.status == {200: 303, 409: 409}[status]
    await zoom.control("POST", f"meetings/{meeting['id']}/join", {"zoom_user_id": ADA})
    assert (await zoom.control("POST", f"meetings/{meeting['id']}/join", {"name": "Lin"}))["user_id"]


@pytest.mark.parametrize(("hers", "of_the_meeting", "waits"), [(True, False, False), (False, True, True)])
async def test_what_the_meeting_says_goes_before_what_the_host_wants(
    zoom: Zoom, hers: bool, of_the_meeting: bool, waits: bool
) -> None:
    await zoom.control("POST", f"users/{ADA}", {"waiting_room": hers})
    token = await zoom.access_token()
    meeting = await zoom.create(token, settings={"waiting_room": of_the_meeting})
    path = f"meetings/{meeting['id']}"
    await zoom.control("POST", f"{path}/start")
    assert (await zoom.control("POST", f"{path}/join", {"name": "Lin"}))["waiting"] is waits
    changed = await zoom.control("POST", path, {"waiting_room": not of_the_meeting})
    assert changed["waiting_room"] is not of_the_meeting
    assert (await zoom.api("GET", path, token)).json["settings"]["waiting_room"] is not of_the_meeting


async def test_the_list_of_who_was_there_tells_waits_from_joins(zoom: Zoom) -> None:
    await _opened(zoom)
    lin, sam = await _act(zoom, "join", name="Lin"), await _act(zoom, "join", name="Sam")
    zoom.clock.value += 30
    await _act(zoom, "admit", user_id=lin["user_id"])
    await _act(zoom, "refuse", user_id=sam["user_id"])
    zoom.clock.value += 60
    await _act(zoom, "end")
    listed = await zoom.api("GET", f"past_meetings/{ROOM}/participants", await zoom.access_token())
    assert [(row["name"], row["status"], row["duration"]) for row in listed.json["participants"]] == [
        ("Ada Lovelace", "in_meeting", 90),
        ("Lin", "in_waiting_room", 30),
        ("Sam", "in_waiting_room", 30),
        ("Lin", "in_meeting", 60),
    ]


async def test_the_page_of_who_waits_and_that_of_the_host(zoom: Zoom) -> None:
    await _opened(zoom)
    ada = next(user for user in (await zoom.control("GET", "state"))["users"] if user["id"] == ADA)
    form = {"passcode": ada["settings"]["pmi_password"], "pwd": ""}
    hers = (await zoom.request("POST", f"/j/{ROOM}", data={**form, "zoom_user_id": ADA})).headers["Location"]
    his = (await zoom.request("POST", f"/j/{ROOM}", data={**form, "name": "<i>Lin</i>"})).headers["Location"]
    assert "You are in the waiting room" in (await zoom.request("GET", his)).text
    user_id = his.rpartition("/")[2]
    page = (await zoom.request("GET", hers)).text
    assert "Admit &lt;i&gt;Lin&lt;/i&gt;" in page
    assert (await zoom.request("POST", his, data={"admit": user_id})).status == 403, "he cannot let himself in"
    assert (await zoom.request("POST", hers, data={"admit": user_id})).status == 303
    assert "You are in the meeting" in (await zoom.request("GET", his)).text
    assert (await zoom.request("POST", hers, data={"refuse": user_id})).status == 404
