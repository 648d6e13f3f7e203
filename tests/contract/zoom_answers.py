"""How each REST operation of Zoom that the services use is asked of the simulator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tests.unit.simulators.zoom_harness import ADA, GRACE, Answer, Zoom

Ask = Callable[[Zoom, str], Awaitable[Answer]]

CREATION = {
    "topic": "Weekly sync",
    "type": 2,
    "start_time": "2026-10-30T13:00:00Z",
    "duration": 30,
    "settings": {"waiting_room": True},
}


async def _created(zoom: Zoom, token: str) -> Answer:
    return await zoom.api("POST", "users/me/meetings", token, CREATION)


async def _met(zoom: Zoom, token: str) -> str:
    """Lets a meeting of two people happen, recorded, and returns its number."""
    number = str((await zoom.create(token))["id"])
    await zoom.control("POST", f"meetings/{number}/start")
    await zoom.control("POST", f"meetings/{number}/join", {"name": "Lin"})
    zoom.clock.value += 120
    await zoom.control("POST", f"meetings/{number}/recording", {"action": "start"})
    zoom.clock.value += 120
    await zoom.control("POST", f"meetings/{number}/end")
    await zoom.control("POST", f"meetings/{number}/recording", {"action": "finish"})
    return number


def _of_me(path: str) -> Ask:
    async def ask(zoom: Zoom, token: str) -> Answer:
        return await zoom.api("GET", path, token)

    return ask


def _of_a_meeting(path: str) -> Ask:
    async def ask(zoom: Zoom, token: str) -> Answer:
        return await zoom.api("GET", path.format(await _met(zoom, token)), token)

    return ask


async def _meetings(zoom: Zoom, token: str) -> Answer:
    await _created(zoom, token)
    answer = await zoom.api("GET", "users/me/meetings?type=scheduled", token)
    assert answer.json["meetings"], "an empty list would show nothing"
    return answer


async def _meeting(zoom: Zoom, token: str) -> Answer:
    return await zoom.api("GET", f"meetings/{(await _created(zoom, token)).json['id']}", token)


async def _ended(zoom: Zoom, token: str) -> Answer:
    number = (await zoom.create(token))["id"]
    await zoom.control("POST", f"meetings/{number}/start")
    return await zoom.api("PUT", f"meetings/{number}/status", token, {"action": "end"})


async def _cancelled(zoom: Zoom, token: str) -> Answer:
    return await zoom.api("DELETE", f"meetings/{(await _created(zoom, token)).json['id']}", token)


async def _called(zoom: Zoom, token: str) -> Answer:
    await zoom.control("POST", f"users/{GRACE}", {"zoom_phone": True})
    call = await zoom.control("POST", "phone/calls", {"caller": ADA, "to": "1002"})
    await zoom.control("POST", f"phone/calls/{call['call_id']}/answer")
    zoom.clock.value += 5
    await zoom.control("POST", f"phone/calls/{call['call_id']}/hang-up")
    answer = await zoom.api("GET", "phone/users/me/call_history", token)
    assert answer.json["call_logs"], "an empty list would show nothing"
    return answer


ASKED: Mapping[tuple[str, str], Ask] = {
    ("GET", "/users/{userId}"): _of_me("users/me"),
    ("GET", "/users/{userId}/settings"): _of_me("users/me/settings"),
    ("POST", "/users/{userId}/meetings"): _created,
    ("GET", "/users/{userId}/meetings"): _meetings,
    ("GET", "/meetings/{meetingId}"): _meeting,
    ("PUT", "/meetings/{meetingId}/status"): _ended,
    ("DELETE", "/meetings/{meetingId}"): _cancelled,
    ("GET", "/past_meetings/{meetingId}"): _of_a_meeting("past_meetings/{}"),
    ("GET", "/past_meetings/{meetingId}/participants"): _of_a_meeting("past_meetings/{}/participants"),
    ("GET", "/meetings/{meetingId}/recordings"): _of_a_meeting("meetings/{}/recordings"),
    ("GET", "/phone/users/{userId}"): _of_me("phone/users/me"),
    ("GET", "/phone/users/{userId}/call_history"): _called,
}
"""By operation. The answer to each is held against Zoom's specification."""
