"""Zoom's endpoints for meetings, as far as this service uses them.

Type 2 ("scheduled", beginning now) and not type 1 ("instant"): only type 2 appears in the person's meeting list, and
only there Zoom obeys the person's "use my personal meeting id" by itself when `use_pmi` is left out. No setting is
sent, so that all of the person's own apply. Only one for a time to come is kept out of her personal room: by the number
alone nobody could tell it from what else runs there until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.meetings.requests import ZoomMeeting
from services.meetings.schedules import Schedule
from zoom_api.client import ZoomClient
from zoom_api.tokens import AccessToken

_SCHEDULED = 2
_PAGES = 5
_HTTP = ("https://", "http://")
_WITHOUT_MEETINGS = frozenset({4, 99})
"""Kinds of users that host nothing: Unassigned, and None (Zoom, `GET /users/{userId}`, `type`)."""


class ZoomMeetings:
    """Makes, finds, ends and cancels meetings, and finds personal rooms."""

    def __init__(self, client: ZoomClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def host(self, user: SlackUser) -> str:
        """Returns the Zoom user in whose name meetings of `user` are made. Raises MeshError: ZOOM_NOT_CONNECTED."""
        return (await self._client.token(user)).zoom_user_id

    async def create(
        self, user: SlackUser, *, topic: str, reference: str, schedule: Schedule | None = None
    ) -> ZoomMeeting:
        """Makes a meeting, beginning now where there is no `schedule`, that carries `reference` in its description.

        Raises MeshError: ZOOM_OUTCOME_UNKNOWN when it may or may not exist now, and what Zoom refused.
        """
        # Asked for before anything is made: afterwards a hiccup of auth would look as if nothing had been made.
        token = await self._client.token(user)
        begin = self._clock.now() if schedule is None else schedule.scheduled_time
        body: dict[str, Any] = {
            "topic": topic or "Zoom meeting",
            "type": _SCHEDULED,
            "start_time": begin.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "agenda": f"{'Started' if schedule is None else 'Scheduled'} from Slack. Reference: {reference}",
        }
        if schedule is not None:
            minutes = -(-schedule.scheduled_duration // timedelta(minutes=1))  # Zoom takes whole ones
            body |= {"duration": minutes, "settings": {"use_pmi": False}}
        try:
            answer = await self._client.call(user, "POST", "/users/{userId}/meetings", body=body)
        except MeshError as error:
            raise _without_host(error) from None
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

    async def personal_room(self, user: SlackUser, *, since: datetime) -> ZoomMeeting:
        """Returns the room of `user` for a meeting that was asked for at `since`. Changes nothing at Zoom.

        Raises MeshError: PERSONAL_ROOM_DISABLED where her settings forbid it, ZOOM_HOST_NOT_ALLOWED where she may not
        host at all, and what Zoom refused.
        """
        token = await self._client.token(user)
        try:
            profile = await self._client.call(user, "GET", "/users/{userId}")
            settings = await self._client.call(user, "GET", "/users/{userId}/settings")
        except MeshError as error:
            raise _without_host(error) from None
        if profile.get("status", "active") != "active" or profile.get("type") in _WITHOUT_MEETINGS:
            raise MeshError(Reason.ZOOM_HOST_NOT_ALLOWED)
        schedule = settings.get("schedule_meeting")
        schedule = schedule if isinstance(schedule, dict) else {}
        number, join_url = str(profile.get("pmi") or ""), _room_url(profile)
        if schedule.get("personal_meeting") is False or not number.isdecimal():
            raise MeshError(Reason.PERSONAL_ROOM_DISABLED)
        if not join_url:
            raise MeshError(Reason.ZOOM_UNAVAILABLE)
        return ZoomMeeting(
            zoom_meeting_id=number,
            zoom_pmi=number,
            zoom_host_id=str(profile.get("id") or token.zoom_user_id),
            zoom_account_id=token.zoom_account_id,
            join_url=join_url,
            passcode=_room_passcode(schedule),
            create_time=since,
            host_is_basic=token.is_basic,
        )

    async def end(self, user: SlackUser, number: str) -> None:
        """Ends what runs under `number` for everybody in it. Raises MeshError as Zoom refuses.

        What does not run, or exists no more, is over: Zoom answers the first with 204, the second with 404/3001.
        """
        with _gone_is_fine():
            await self._client.call(
                user, "PUT", "/meetings/{meetingId}/status", path={"meetingId": number}, body={"action": "end"}
            )

    async def cancel(self, user: SlackUser, number: str) -> None:
        """Deletes a meeting that has not begun. Raises MeshError as Zoom refuses. One that exists no more is fine."""
        with _gone_is_fine():
            await self._client.call(user, "DELETE", "/meetings/{meetingId}", path={"meetingId": number})

    async def running(self, user: SlackUser, number: str) -> str:
        """Returns the uuid of what runs under `number`; empty where nothing does. Raises MeshError as Zoom refuses."""
        try:
            answer = await self._client.call(user, "GET", "/meetings/{meetingId}", path={"meetingId": number})
        except MeshError as error:
            if error.reason is not Reason.ZOOM_NOT_FOUND:
                raise
            return ""
        return running_in(answer)

    def _meeting(self, token: AccessToken, answer: dict[str, Any], *, lost: Reason) -> ZoomMeeting:
        number, join_url = str(answer.get("id") or ""), str(answer.get("join_url") or "")
        if not number.isdecimal() or not join_url.startswith(_HTTP):
            raise MeshError(lost)
        created = str(answer.get("created_at") or "")
        return ZoomMeeting(
            zoom_meeting_id=number,
            zoom_pmi=str(answer.get("pmi") or ""),
            zoom_host_id=str(answer.get("host_id") or token.zoom_user_id),
            zoom_account_id=token.zoom_account_id,
            join_url=join_url,
            passcode=str(answer.get("password") or ""),
            # Only where the account has a host key for each meeting; that of a person is no answer of this endpoint.
            host_key=str(answer.get("dynamic_host_key") or ""),
            create_time=datetime.fromisoformat(created) if created else self._clock.now(),
            host_is_basic=token.is_basic,
        )


def running_in(answer: dict[str, Any]) -> str:
    """Returns the uuid of what runs, from an answer of `GET /meetings/{meetingId}`; empty where nothing does.

    Each run has a uuid of its own, and `status` never says "ended": what does not run is `waiting`, or gone.
    """
    return str(answer.get("uuid") or "") if answer.get("status") == "started" else ""


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """Takes it for done where Zoom has no such meeting; asked for once more, what is done here does no harm."""
    try:
        yield
    except MeshError as error:
        if error.reason is Reason.ZOOM_OUTCOME_UNKNOWN:
            raise MeshError(Reason.ZOOM_UNAVAILABLE, retry_delay=error.retry_delay) from None
        if error.reason is not Reason.ZOOM_NOT_FOUND:
            raise


def _without_host(error: MeshError) -> MeshError:
    """Returns what a refusal means that was about the host: not to be found is to have left the account (404/1001)."""
    return MeshError(Reason.ZOOM_HOST_NOT_ALLOWED) if error.reason is Reason.ZOOM_NOT_FOUND else error


def _room_url(profile: dict[str, Any]) -> str:
    """Returns the address of a room, with the passcode in it where the settings say so; empty where there is none."""
    for key in ("personal_meeting_url", "vanity_url"):
        url = str(profile.get(key) or "")
        if url.startswith(_HTTP):
            return url
    return ""


def _room_passcode(schedule: dict[str, Any]) -> str:
    """Returns what people type to enter a room; empty where its owner's settings ask for nothing.

    `require_password_for_pmi_meetings` is `all`, `none` or `jbh_only`: only where people may join before the host.
    """
    rule = schedule.get("require_password_for_pmi_meetings")
    if rule == "none" or (rule == "jbh_only" and not schedule.get("join_before_host")):
        return ""
    return str(schedule.get("pmi_password") or "")
