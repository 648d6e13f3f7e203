"""Phone events and answers of the Zoom simulator against Zoom's own specifications, where these are at hand."""

from typing import Any

from tests.contract.specifications import AT_HAND, hold, read
from tests.unit.simulators.zoom_harness import ADA, BEN, GRACE, Zoom, running_zoom

OUTSIDE = "+12025550187"
FORMS = ["history", "element", "call_log"]
ENDINGS = ("decline", "no-answer", "busy", "cancel", "voicemail")
TOLD = {
    *(f"phone.caller_{step}" for step in ("ringing", "connected", "ended")),
    *(f"phone.callee_{step}" for step in ("ringing", "answered", "ended", "missed", "rejected")),
    *(f"phone.{side}_call_{form}_completed" for side in ("caller", "callee") for form in ("history", "element", "log")),
    "phone.blind_transfer_initiated",
}

pytestmark = AT_HAND


async def _play(zoom: Zoom) -> None:
    """One call of every kind: within the account and to and from outside, with every end, and put through."""

    async def act(call: dict[str, Any], action: str, **body: object) -> None:
        await zoom.control("POST", f"phone/calls/{call['call_id']}/{action}", body)

    async def calls() -> list[dict[str, Any]]:
        dialled = [{"caller": ADA, "to": to, "devices": 2} for to in ("1003", OUTSIDE, "+12025550102")]
        made = [await zoom.control("POST", "phone/calls", body) for body in dialled]
        incoming = {"from": OUTSIDE, "to": ADA, "name": "Lin"}
        return [*made, await zoom.control("POST", "phone/calls/incoming", incoming)]

    for ending in ENDINGS:
        for call in await calls():
            await act(call, ending, history=FORMS)
    for call in await calls():
        await act(call, "answer")
        zoom.clock.value += 5
        await act(call, "hang-up", history=FORMS)
    for target in ("1002", OUTSIDE):
        for side in ("caller", "callee"):
            call = (await calls())[0]
            await act(call, "answer")
            if side == "callee" and target == OUTSIDE:
                await zoom.control("POST", f"users/{BEN}", {"outside_calls": True})
            await act(call, "transfer", to=target, by=side, history=FORMS)
            await act(call, "answer")
            await act(call, "hang-up", history=FORMS)


async def test_every_phone_event_is_as_zoom_specifies_it() -> None:
    described = read("zoom/phone-events.openapi.json")["webhooks"]
    async with running_zoom() as zoom:
        await zoom.control("POST", f"users/{GRACE}", {"zoom_phone": True})
        for person in (ADA, BEN, GRACE):
            await zoom.access_token(person)
        await _play(zoom)
        await zoom.idle()
        told = [webhook.event for webhook in zoom.app.received]
        assert {event["event"] for event in told} == TOLD
        for event in told:
            body = described[event["event"]]["post"]["requestBody"]["content"]["application/json"]
            hold(event, body["schema"])


async def test_every_phone_answer_is_as_zoom_specifies_it() -> None:
    described = read("zoom/phone.openapi.json")["paths"]
    async with running_zoom() as zoom:
        await zoom.control("POST", f"users/{GRACE}", {"zoom_phone": True})
        token = await zoom.access_token(ADA)
        await _play(zoom)
        answers = {}
        for path in ("/phone/users/{userId}", "/phone/users/{userId}/call_history"):
            answer = await zoom.api("GET", path.format(userId="me").removeprefix("/"), token)
            assert answer.status == 200
            answers[path] = answer.json
            hold(answer.json, described[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"])
        assert answers["/phone/users/{userId}/call_history"]["total_records"] > len(ENDINGS)
