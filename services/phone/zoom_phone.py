"""Zoom's endpoints for phone, as far as this service uses them."""

from __future__ import annotations

from mesh.errors import MeshError, Reason
from mesh.slack_user import SlackUser
from zoom_api.client import ZoomClient

# Zoom has several codes for "no such thing for this user", and does not say which one comes when: none of them leaves
# a way to call.
_NO_PHONE = frozenset({Reason.ZOOM_REFUSED, Reason.ZOOM_NOT_FOUND})


class ZoomPhone:
    """Knows who has Zoom Phone."""

    def __init__(self, client: ZoomClient) -> None:
        self._client = client

    async def has_phone(self, user: SlackUser) -> bool:
        """Tells whether the person's plan has Zoom Phone (`feature.zoom_phone` of her settings).

        Raises MeshError: ZOOM_NOT_CONNECTED, ZOOM_UNAVAILABLE, ZOOM_RATE_LIMITED, ZOOM_SCOPE_MISSING.
        """
        try:
            answer = await self._client.call(user, "GET", "/users/{userId}/settings")
        except MeshError as error:
            if error.reason in _NO_PHONE:
                return False
            raise
        feature = answer.get("feature")
        return isinstance(feature, dict) and feature.get("zoom_phone") is True
