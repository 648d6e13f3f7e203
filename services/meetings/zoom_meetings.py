"""Zoom's endpoints for meetings, as far as this service uses them.

Type 2 ("scheduled", beginning now) and not type 1 ("instant"): only type 2 appears in the person's meeting list, and
only there Zoom obeys the person's "use my personal meeting id" by itself when `use_pmi` is left out. No setting is
sent, so that all of the person's own apply.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.meetings.meetings import ZoomMeeting
from zoom_api.client import ZoomClient
from zoom_api.tokens import AccessToken

_SCHEDULED = 2
_PAGES = 5


class ZoomMeetings:
    """Makes and finds meetings."""

    def __init__(self, client: ZoomClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def create(self, user: SlackUser, *, topic: str, reference: str) -> ZoomMeeting:
        """Makes a meeting that carries `reference` in its description.

        Raises MeshError: ZOOM_OUTCOME_UNKNOWN when it may or may not exist now, and what Zoom refused.
        """
        # Asked for before anything is made: afterwards a hiccup of auth would look as if nothing had been made.
        token = await self._client.token(user)
        begin = self._clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = await self._client.call(
            user,
            "POST",
            "/users/{userId}/meetings",
            body={
                "topic": topic or "Zoom meeting",
                "type": _SCHEDULED,
                "start_time": begin,
                "agenda": f"Started from Slack. Reference: {reference}",
            },
        )
        return self._meeting(token, answer, lost=Reason.ZOOM_OUTCOME_UNKNOWN)

    async def find(self, user: SlackUser, *, reference: str) -> ZoomMeeting | None:
        """Returns the meeting that carries `reference`, or None. Raises MeshError as Zoom refuses."""
        token = await self._client.token(user)
        query = {"type": "scheduled", "page_size": "300"}
        for _ in range(_PAGES):
            page = await self._client.call(user, "GET", "/users/{userId}/meetings", query=query)
            for item in page.get("meetings") or []:
                if isinstance(item, dict) and reference in str(item.get("agenda") or ""):
                    # The list leaves the passcode out.
                    answer = await self._client.call(
                        user, "GET", "/meetings/{meetingId}", path={"meetingId": str(item.get("id"))}
                    )
                    return self._meeting(token, answer, lost=Reason.ZOOM_UNAVAILABLE)
            if not page.get("next_page_token"):
                return None
            query["next_page_token"] = str(page["next_page_token"])
        return None

    def _meeting(self, token: AccessToken, answer: dict[str, Any], *, lost: Reason) -> ZoomMeeting:
        number, join_url = str(answer.get("id") or ""), str(answer.get("join_url") or "")
        if not number.isdecimal() or not join_url.startswith(("https://", "http://")):
            raise MeshError(lost)
        created = str(answer.get("created_at") or "")
        return ZoomMeeting(
            zoom_meeting_id=number,
            zoom_pmi=str(answer.get("pmi") or ""),
            zoom_host_id=str(answer.get("host_id") or token.zoom_user_id),
            zoom_account_id=token.zoom_account_id,
            join_url=join_url,
            passcode=str(answer.get("password") or ""),
            create_time=datetime.fromisoformat(created) if created else self._clock.now(),
        )
