"""AI summaries in the Zoom simulator: the event, what REST says, and what the host does with them."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from simulators.zoom.config import ZoomConfig
from tests.unit.simulators.zoom_harness import ADA, BEN, GRACE, Answer, Zoom, running_zoom


@pytest.fixture
async def zoom() -> AsyncIterator[Zoom]:
    async with running_zoom() as running:
        await running.ask_for_summaries()
        yield running


async def _over(zoom: Zoom, token: str) -> tuple[dict[str, Any], str]:
    """A meeting that has ended, and the path of its summary."""
    meeting = await zoom.create(token)
    path = f"meetings/{meeting['id']}"
    started = await zoom.control("POST", f"{path}/start")
    await zoom.control("POST", f"{path}/join", {"name": "Lin"})
    zoom.clock.value += 60
    await zoom.control("POST", f"{path}/end")
    await zoom.idle()
    zoom.app.received.clear()
    uuid = quote(started["uuid"], safe="")
    if started["uuid"].startswith("/") or "//" in started["uuid"]:
        uuid = quote(uuid, safe="")
    return meeting, f"meetings/{uuid}/meeting_summary"


async def _summarize(zoom: Zoom, meeting: dict[str, Any], **body: object) -> Answer:
    return await zoom.request("POST", f"/control/meetings/{meeting['id']}/summary", json=body)


async def test_the_summary_comes_after_the_meeting_and_is_read_by_its_uuid(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting, path = await _over(zoom, token)
    absent = await zoom.api("GET", path, token)
    assert (absent.status, absent.json["code"]) == (404, 3001)
    assert (await _summarize(zoom, meeting, content="## Overview\nAll is well.")).json["summary"] == "there"
    await zoom.idle()
    [event] = zoom.app.received
    assert event.name == "meeting.summary_completed"
    assert event.object["meeting_id"] == meeting["id"]  # an integer, as with recordings
    assert event.object["summary_content"] == "## Overview\nAll is well."
    assert event.object["meeting_end_time"] == "2026-10-30T12:01:00Z"
    answer = await zoom.api("GET", path, token)
    assert answer.status == 200
    assert event.object.items() <= answer.json.items()
    by_number = await zoom.api("GET", f"meetings/{meeting['id']}/meeting_summary", token)
    assert (by_number.status, by_number.json["code"]) == (400, 300)
    past = await zoom.api("GET", f"past_meetings/{meeting['id']}", token)
    assert past.json["has_meeting_summary"] is True
    assert (await _summarize(zoom, meeting)).status == 409, "there is one for each instance"


async def test_a_uuid_with_slashes_is_encoded_twice() -> None:
    async with running_zoom(ZoomConfig(enforce_rate_limits=False, uuid_style="slashes")) as zoom:
        await zoom.ask_for_summaries()
        token = await zoom.access_token()
        meeting, path = await _over(zoom, token)
        await _summarize(zoom, meeting)
        assert "%252F" in path
        assert (await zoom.api("GET", path, token)).status == 200
        assert (await zoom.api("GET", path.replace("%25", "%"), token)).status == 404


async def test_the_words_of_the_simulator_name_who_was_there(zoom: Zoom) -> None:
    meeting, _ = await _over(zoom, await zoom.access_token())
    await _summarize(zoom, meeting)
    await zoom.idle()
    assert "Ada Lovelace, Lin met." in zoom.app.received[0].object["summary_content"]


async def test_what_the_host_does_with_it_is_told(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting, path = await _over(zoom, token)
    await _summarize(zoom, meeting)
    zoom.clock.value += 60
    await _summarize(zoom, meeting, action="edit", content="In other words.")
    await _summarize(zoom, meeting, action="share", emails=["lin@else.example"])
    read = (await zoom.api("GET", path, token)).json
    assert (read["summary_content"], read["edited_summary"]["summary_details"]) == ("In other words.",) * 2
    assert (read["summary_created_time"], read["summary_last_modified_time"]) == (
        "2026-10-30T12:01:00Z",
        "2026-10-30T12:02:00Z",
    )
    await _summarize(zoom, meeting, action="trash")
    trashed = await zoom.api("GET", path, token)
    assert (trashed.status, trashed.json["code"]) == (403, 2305)
    assert (await _summarize(zoom, meeting, action="edit", content="Too late.")).status == 409
    await _summarize(zoom, meeting, action="recover")
    assert (await zoom.api("GET", path, token)).status == 200
    await _summarize(zoom, meeting, action="delete")
    assert (await zoom.api("GET", path, token)).json["code"] == 3001
    assert (await _summarize(zoom, meeting, action="recover")).status == 409
    await zoom.idle()
    steps = ["completed", "updated", "shared", "trashed", "recovered", "deleted"]
    assert zoom.app.names() == [f"meeting.summary_{step}" for step in steps]
    assert all(hook.event["payload"]["operator_id"] == ADA for hook in zoom.app.received[1:])
    assert zoom.app.received[2].object["share_with_users"] == [{"user_email": "lin@else.example"}]
    assert "summary_content" not in zoom.app.received[2].object


async def test_without_the_scope_there_is_neither_event_nor_answer(zoom: Zoom) -> None:
    declined = await zoom.consent(ADA, zoom.config.user_app, decline="meeting:read:summary")
    code = declined.headers["Location"].partition("code=")[2].partition("&")[0]
    token = (await zoom.redeem(code)).json["access_token"]
    assert (await zoom.api("GET", "users/me", token)).status == 200, "the rest was granted"
    meeting, path = await _over(zoom, token)
    await _summarize(zoom, meeting)
    await zoom.idle()
    assert zoom.app.received == []
    refused = await zoom.api("GET", path, token)
    assert (refused.status, refused.json["code"]) == (400, 4711)
    assert "meeting:read:summary" in refused.json["message"]


async def test_other_people_do_not_see_it(zoom: Zoom) -> None:
    token = await zoom.access_token()
    meeting, path = await _over(zoom, token)
    await _summarize(zoom, meeting)
    assert (await zoom.api("GET", path, await zoom.access_token(GRACE))).json["code"] == 3001


async def test_neither_on_basic_nor_where_it_is_switched_off_nor_too_early(zoom: Zoom) -> None:
    token = await zoom.access_token(BEN)
    meeting, path = await _over(zoom, token)
    assert (await _summarize(zoom, meeting)).status == 409
    unpaid = await zoom.api("GET", path, token)
    assert (unpaid.status, unpaid.json["code"]) == (400, 200)
    token = await zoom.access_token()
    await zoom.control("POST", f"users/{ADA}", {"meeting_summary": False})
    settings = (await zoom.api("GET", "users/me/settings", token)).json
    assert settings["in_meeting"]["meeting_summary_with_ai_companion"]["enable"] is False
    meeting, _ = await _over(zoom, token)
    assert (await _summarize(zoom, meeting)).status == 409
    await zoom.control("POST", f"users/{ADA}", {"meeting_summary": True})
    running = await zoom.control("POST", "meetings/5551234567/start")
    assert (await _summarize(zoom, running)).status == 409


@pytest.mark.parametrize(
    "body", [{"action": "burn"}, {"action": "edit"}, {"action": "share"}, {"action": "share", "emails": [1]}]
)
async def test_nonsense_is_refused(zoom: Zoom, body: dict[str, object]) -> None:
    meeting, _ = await _over(zoom, await zoom.access_token())
    await _summarize(zoom, meeting)
    assert (await _summarize(zoom, meeting, **body)).status == 400
