"""The door for Zoom: events are handed to the service that owns them, and answered when they are stored.

Sources: Zoom, "Using webhooks": 200 or 204 within three seconds; 5xx or silence is sent again after 5, 20 and 60
minutes, 4xx never.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mesh import deadline
from mesh.errors import MeshError, Reason
from services.slack_edge.bodies import parse_object, read_body
from services.slack_edge.measures import count_event
from services.slack_edge.refusals import count_refusal
from services.slack_edge.signatures import ZOOM, SignatureError, Verifier, hex_hmac
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2
from zoomslack.phone.v1 import phone_service_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub
    from zoomslack.meetings.v1.meetings_service_pb2_grpc import MeetingsServiceAsyncStub
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

log = logging.getLogger(__name__)

BUDGET = 2.5
"""Seconds to read an event and store it: an answer after three counts as none."""
_OF_MEETINGS = ("meeting.", "recording.")
_OF_PHONE = "phone."
_OF_AUTH = ("app_deauthorized", "user.")
_MAX_TOKEN = 1_000


class ZoomWebhooks:
    """`POST /zoom/webhooks`."""

    def __init__(
        self,
        verifier: Verifier,
        account_secrets: Sequence[str],
        auth: AuthServiceAsyncStub,
        meetings: MeetingsServiceAsyncStub,
        phone: PhoneServiceAsyncStub,
        *,
        budget_seconds: float = BUDGET,
    ) -> None:
        """`account_secrets` are those of the admin-managed app, among all that `verifier` knows."""
        self._verifier = verifier
        self._account_secrets = frozenset(account_secrets)
        self._auth = auth
        self._meetings = meetings
        self._phone = phone
        self._budget_seconds = budget_seconds

    async def handle(self, request: web.Request) -> web.Response:
        """Answers one event, in time."""
        with deadline.budget(self._budget_seconds):
            return await self._handle(request)

    async def _handle(self, request: web.Request) -> web.Response:
        """Verifies first; looks into the body only then."""
        try:
            body = await read_body(request, "application/json", self._budget_seconds)
        except web.HTTPRequestTimeout:
            log.warning("a webhook arrived too slowly")
            raise web.HTTPServiceUnavailable from None  # a 408 would be Zoom's last word on this event
        try:
            secret = self._verifier.verify(request.headers, body)
        except SignatureError as error:
            log.warning("a request in Zoom's name was refused", extra={"cause": error.cause})
            return web.json_response({"error": "invalid request"}, status=401)
        event = parse_object(body)
        if event is None or not isinstance(event.get("event"), str):
            log.warning("a signed webhook is no event")
            count_refusal(ZOOM.vendor, "no_event")
            raise web.HTTPBadRequest
        name: str = event["event"]
        if name == "endpoint.url_validation":
            count_event(ZOOM.vendor, "url_validation", "stored")
            return _validated(event, secret)
        if name.startswith(_OF_MEETINGS):
            return await self._record(name, name.partition(".")[0], self._record_meeting(body))
        if name.startswith(_OF_PHONE):
            return await self._record(name, "phone", self._record_call(body))
        if name.startswith(_OF_AUTH):
            return await self._record(name, "person", self._record_person(body, secret))
        log.debug("an event of no interest", extra={"event": name[:100]})
        count_event(ZOOM.vendor, "other", "ignored")
        return web.Response()

    async def _record_meeting(self, body: bytes) -> str:
        request = meetings_service_pb2.RecordZoomEventRequest(body=body)
        response = await self._meetings.RecordZoomEvent(request, timeout=self._budget_seconds)
        return meetings_service_pb2.EventDisposition.Name(response.disposition)

    async def _record_call(self, body: bytes) -> str:
        request = phone_service_pb2.RecordZoomEventRequest(body=body)
        response = await self._phone.RecordZoomEvent(request, timeout=self._budget_seconds)
        return phone_service_pb2.EventDisposition.Name(response.disposition)

    async def _record_person(self, body: bytes, secret: str) -> str:
        # Each app has a secret of its own: what one signed is not taken for the other's word.
        of_account = secret in self._account_secrets
        level = auth_service_pb2.ZOOM_APP_LEVEL_ACCOUNT if of_account else auth_service_pb2.ZOOM_APP_LEVEL_USER
        request = auth_service_pb2.RecordZoomEventRequest(body=body, app_level=level)
        response = await self._auth.RecordZoomEvent(request, timeout=self._budget_seconds)
        return f"{response.departures} departures"

    async def _record(self, name: str, kind: str, recording: Coroutine[Any, Any, str]) -> web.Response:
        """Waits until an event is recorded; `kind` is ours, for measurements."""
        try:
            disposition = await recording
        except MeshError as error:
            log.warning("an event was not stored", extra={"event": name[:100], "reason": error.reason.value})
            if error.reason is Reason.INVALID_REQUEST:
                count_refusal(ZOOM.vendor, "invalid_event")
                count_event(ZOOM.vendor, kind, "refused")
                raise web.HTTPBadRequest from None  # the same bytes would be refused again
            count_event(ZOOM.vendor, kind, "failed")
            raise web.HTTPServiceUnavailable from None
        log.info("event", extra={"event": name[:100], "disposition": disposition})
        count_event(ZOOM.vendor, kind, "ignored" if disposition == "EVENT_DISPOSITION_IGNORED" else "stored")
        return web.Response()


def _validated(event: dict[str, object], secret: str) -> web.Response:
    """Answers Zoom's check of the address: proves that we hold the secret with which this request was signed."""
    payload = event.get("payload")
    token = payload.get("plainToken") if isinstance(payload, dict) else None
    if not isinstance(token, str) or not 0 < len(token) <= _MAX_TOKEN:
        raise web.HTTPBadRequest
    return web.json_response({"plainToken": token, "encryptedToken": hex_hmac(secret, token.encode())})
