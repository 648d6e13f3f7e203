"""Zoom's endpoints for meetings that may be over, and for their recordings.

Zoom's rules: by uuid they answer of that run, by number of the latest one; a uuid with slashes is encoded twice (the
client does that). All but the status need a paid plan, and refuse others with code 200.
"""

from __future__ import annotations

from typing import Any

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.meetings import zoom_events
from services.meetings.look_ups import PastRecording, PastRun, PastSession
from services.meetings.zoom_meetings import running_in
from zoom_api import bodies
from zoom_api.client import ZoomClient

PAUSE = 0.5
"""Seconds between two calls. The smallest plan allows two of medium weight a second, to all apps together."""
_PAGES = 20
"""Pages of 300 participants: more than take part in the largest meeting."""


class ZoomPast:
    """Asks about meetings, slowly."""

    def __init__(self, client: ZoomClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._next_call = 0.0

    async def running(self, user: SlackUser, number: str) -> str:
        """Returns the uuid of what runs under `number`; empty where nothing does. Raises MeshError."""
        # Scope: meeting:read:meeting.
        answer = await self._ask(user, "/meetings/{meetingId}", number)
        return "" if answer is None else running_in(answer)

    async def past_run(self, user: SlackUser, run: str) -> PastRun | None:
        """Returns the run with this uuid, or the latest with this number, if it is over. Raises MeshError."""
        # Scope: meeting:read:past_meeting.
        answer = await self._ask(user, "/past_meetings/{meetingId}", run)
        if answer is None:
            return None
        start_time, end_time = bodies.time_or_none(answer, "start_time"), bodies.time_or_none(answer, "end_time")
        zoom_uuid = str(answer.get("uuid") or "")
        if start_time is None or end_time is None or not zoom_uuid:
            return None
        return PastRun(zoom_uuid, start_time, end_time)

    async def participants(self, user: SlackUser, zoom_uuid: str) -> list[PastSession]:
        """Returns every joining of a run that is over. Raises MeshError."""
        # Scope: meeting:read:list_past_participants.
        query = {"page_size": "300"}
        found: list[PastSession] = []
        for _ in range(_PAGES):
            page = await self._ask(user, "/past_meetings/{meetingId}/participants", zoom_uuid, query)
            if page is None:
                break
            found += [session for session in map(_session, page.get("participants") or []) if session is not None]
            token = str(page.get("next_page_token") or "")
            if not token:
                break
            query["next_page_token"] = token
        return found

    async def recording(self, user: SlackUser, zoom_uuid: str) -> PastRecording | None:
        """Returns the cloud recording of a run. Raises MeshError."""
        # Scope: cloud_recording:read:list_recording_files.
        answer = await self._ask(user, "/meetings/{meetingId}/recordings", zoom_uuid)
        if answer is None:
            return None
        try:
            play_url = zoom_events.play_url(answer)
        except ValueError:
            return None  # still being made
        passcode = bodies.clean(str(answer.get("password") or ""))[: bodies.ID_LENGTH]
        return PastRecording(play_url, passcode, zoom_events.file_ids(answer))

    async def _ask(
        self, user: SlackUser, route: str, name: str, query: dict[str, str] | None = None
    ) -> dict[str, Any] | None:
        """Calls Zoom when it is time; None where Zoom knows of nothing by that name."""
        now = self._clock.monotonic()
        turn = max(self._next_call, now)
        self._next_call = turn + PAUSE
        if turn > now:
            await self._clock.sleep(turn - now)
        try:
            return await self._client.call(user, "GET", route, path={"meetingId": name}, query=query)
        except MeshError as error:
            if error.reason is Reason.ZOOM_NOT_FOUND:
                return None
            raise


def _session(row: Any) -> PastSession | None:
    """Returns a joining; None for who only waited to be let in, and for what lacks an id."""
    if not isinstance(row, dict) or row.get("status") == "in_waiting_room":
        return None
    session_id = bodies.text(row, "user_id")
    if not session_id:
        return None
    name = bodies.clean(str(row.get("name") or ""))[: zoom_events.NAME_LENGTH]
    attendee_id = bodies.text(row, "id") or zoom_events.unnamed(session_id, name)
    return PastSession(
        session_id, attendee_id, name, bodies.time_or_none(row, "join_time"), bodies.time_or_none(row, "leave_time")
    )
