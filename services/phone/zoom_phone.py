"""Zoom's endpoints for phone, as far as this service uses them.

Zoom has several codes for "no such thing for this user", and does not say which one comes when (Zoom's API reference):
any refusal for good is taken as "no Zoom Phone", but for the one that is about the whole account.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from mesh.clock import Clock
from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from services.phone import zoom_fields as fields
from services.phone import zoom_history
from services.phone.facts import CallFact
from services.phone.lines import Access, Line, Profile
from services.phone.phone_numbers import region_of
from zoom_api import bodies
from zoom_api.client import ZoomClient

PAUSE = 0.5
"""Seconds between two pages of history. The smallest plan with Zoom Phone allows ten a second, to all apps together."""
_PAGES = 5
"""Pages of history that are looked at: 1,500 calls of one person in a few days."""
_REFUSED = frozenset({Reason.ZOOM_REFUSED, Reason.ZOOM_NOT_FOUND, Reason.ZOOM_HOST_NOT_ALLOWED})
_ACCOUNT_OFF = frozenset({"2031", "2013"})


class ZoomPhone:
    """Asks Zoom about people's telephones and their calls."""

    def __init__(self, client: ZoomClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def profile(self, user: SlackUser) -> Profile:
        """Returns what Zoom says of the telephone of `user`.

        Raises MeshError: ZOOM_NOT_CONNECTED, ZOOM_UNAVAILABLE, ZOOM_RATE_LIMITED, ZOOM_SCOPE_MISSING.
        """
        token = await self._client.token(user)
        access, line = await self._access(user)
        return Profile(
            zoom_user_id=token.zoom_user_id,
            zoom_account_id=token.zoom_account_id,
            access=access,
            line=line,
            region=region_of(line.e164),
            by_company=token.path_user_id != "me",
        )

    async def identity(self, user: SlackUser) -> tuple[str, str]:
        """Returns the Zoom user that `user` is, and her account. Raises MeshError as `IssueZoomAccessToken` does."""
        token = await self._client.token(user)
        return token.zoom_user_id, token.zoom_account_id

    async def _access(self, user: SlackUser) -> tuple[Access, Line]:
        try:
            # Scope: phone:read:user.
            answer = await self._client.call(user, "GET", "/phone/users/{userId}")
        except MeshError as error:
            if error.reason is Reason.ZOOM_SCOPE_MISSING:
                return await self._by_settings(user), Line()
            if error.reason not in _REFUSED:
                raise
            return (Access.DISABLED if error.metadata.get("zoom_code") in _ACCOUNT_OFF else Access.NONE), Line()
        if answer.get("status") == "deactivate":
            return Access.NONE, Line()
        line = fields.line(_first_number(answer), bodies.text(answer, "extension_number"))
        # Numbers of other carriers come without a plan of Zoom's.
        outside = bool(line.e164 or answer.get("calling_plans"))
        return (Access.FULL if outside else Access.INTERNAL), line

    async def _by_settings(self, user: SlackUser) -> Access:
        """Returns as much as older consents let us see: whether there is a telephone, not whom it reaches."""
        try:
            # Scope: user:read:settings.
            answer = await self._client.call(user, "GET", "/users/{userId}/settings")
        except MeshError as error:
            if error.reason in _REFUSED:
                return Access.NONE
            raise
        feature = answer.get("feature")
        has_phone = isinstance(feature, dict) and feature.get("zoom_phone") is True
        return Access.FULL if has_phone else Access.NONE

    async def history(
        self, user: SlackUser, zoom_account_id: str, zoom_user_id: str, first: date, last: date
    ) -> tuple[CallFact, ...]:
        """Returns the calls of `user` from one day to another, both included, as Zoom's history has them.

        Zoom keeps six months and gives at most one of them at once. Raises MeshError as Zoom refuses, and
        ZOOM_NOT_CONNECTED where `user` is somebody else at Zoom by now.
        """
        if await self.identity(user) != (zoom_user_id, zoom_account_id):
            raise MeshError(Reason.ZOOM_NOT_CONNECTED)
        # Scope: phone:read:list_call_logs.
        query = {"from": first.isoformat(), "to": last.isoformat(), "page_size": "300"}
        found: list[dict[str, Any]] = []
        for page in range(_PAGES):
            if page:
                await self._clock.sleep(PAUSE)
            answer = await self._client.call(user, "GET", "/phone/users/{userId}/call_history", query=query)
            # The newer name; Zoom ends the older one in November 2026.
            entries = answer.get("call_elements") or answer.get("call_logs")
            found += [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
            token = bodies.text(answer, "next_page_token")
            if not token:
                break
            query["next_page_token"] = token
        return zoom_history.history(zoom_account_id, zoom_user_id, found)


def _first_number(answer: dict[str, Any]) -> str:
    numbers = answer.get("phone_numbers")
    for number in numbers if isinstance(numbers, list) else []:
        if isinstance(number, dict) and bodies.text(number, "number"):
            return bodies.text(number, "number")
    return ""
