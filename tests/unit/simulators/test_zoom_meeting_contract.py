"""Waiting rooms and AI summaries of the Zoom simulator against Zoom's own specifications, where these are at hand."""

from typing import Any
from urllib.parse import quote

from tests.contract.specifications import AT_HAND, hold, read
from tests.unit.simulators.zoom_harness import ADA, GRACE, Zoom, running_zoom

TOLD = {
    *(f"meeting.participant_{step}" for step in ("joined_waiting_room", "admitted", "left_waiting_room")),
    *(f"meeting.summary_{step}" for step in ("completed", "updated", "shared", "trashed", "recovered", "deleted")),
}

pytestmark = AT_HAND


async def _play(zoom: Zoom, meeting: dict[str, Any], token: str) -> list[dict[str, Any]]:
    """People wait and come in; then the summary has its whole life. Returns what REST said of it meanwhile."""

    async def act(action: str, /, **body: object) -> dict[str, Any]:
        return dict(await zoom.control("POST", f"meetings/{meeting['id']}/{action}", body))

    uuid = (await act("start"))["uuid"]
    for person in ({"zoom_user_id": GRACE}, {"name": "Lin"}):
        for door in ("admit", "refuse"):
            waiting = await act("join", **person)
            await act(door, user_id=waiting["user_id"])
    await act("end")
    said = []
    for body in (
        {},
        {"action": "edit", "content": "Other words."},
        {"action": "share", "emails": ["lin@else.example"]},
    ):
        await act("summary", **body)
        said.append((await zoom.api("GET", f"meetings/{quote(uuid, safe='')}/meeting_summary", token)).json)
    for action in ("trash", "recover", "delete"):
        await act("summary", action=action)
    await zoom.idle()
    return said


async def test_every_event_and_answer_is_as_zoom_specifies_it() -> None:
    described = read("zoom/meetings-events.openapi.json")["webhooks"]
    answer = read("zoom/meetings.openapi.json")["paths"]["/meetings/{meetingId}/meeting_summary"]["get"]
    async with running_zoom() as zoom:
        await zoom.ask_for_summaries()
        token = await zoom.access_token(ADA)
        meeting = await zoom.create(token, settings={"waiting_room": True})
        said = await _play(zoom, meeting, token)
        told = [hook.event for hook in zoom.app.received if hook.name in TOLD]
        assert {event["event"] for event in told} == TOLD
        for event in told:
            body = described[event["event"]]["post"]["requestBody"]["content"]["application/json"]
            hold(event, body["schema"])
        assert len(said) == 3
        for found in said:
            hold(found, answer["responses"]["200"]["content"]["application/json"]["schema"])
