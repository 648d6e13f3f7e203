"""The page behind a Call button: has the person's own Zoom client dial.

Slack's buttons lead to web addresses only, and Zoom has no interface that dials (Zoom, "Zoom Phone URI scheme").
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from aiohttp import web

from mesh.errors import MeshError, Reason
from services.slack_edge import dialling
from services.slack_edge.call_words import MAX_NAME, number_in_words
from services.slack_edge.pages import Pages
from services.slack_edge.problems import Problems
from services.slack_edge.texts import clean
from zoomslack.phone.v1 import phone_service_pb2 as pb

if TYPE_CHECKING:
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

_MAX_SIGNED_ID = 256
_NOT_INDEXED = {"X-Robots-Tag": "noindex, nofollow"}
_AHEAD = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
"""The headers by which browsers tell that they only look ahead: nobody has opened the link yet."""


class CallPages:
    """`/call/…`."""

    def __init__(self, pages: Pages, problems: Problems, phone: PhoneServiceAsyncStub) -> None:
        self._pages = pages
        self._problems = problems
        self._phone = phone

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes."""
        # What asks for the headers alone is a program that looks at the link, and must not count as a person.
        return [
            web.head("/call/{signed_id}", self._look),
            web.get("/call/{signed_id}", self._open, allow_head=False),
        ]

    async def _look(self, _request: web.Request) -> web.Response:
        return web.Response(content_type="text/html", headers=_NOT_INDEXED)

    async def _open(self, request: web.Request) -> web.Response:
        if _is_ahead(request):
            # A browser throws a refusal away, and asks again once the person opens the link.
            return web.Response(status=403, text="This page opens once somebody asks for it.\n", headers=_NOT_INDEXED)
        response = await self._page(
            request.match_info["signed_id"][: _MAX_SIGNED_ID + 1], on_android=_is_android(request)
        )
        response.headers.update(_NOT_INDEXED)
        return response

    async def _page(self, signed_id: str, *, on_android: bool) -> web.Response:
        # Of this request of the browser: whatever is repeated behind it is the same opening of the page.
        opening = pb.ResolveCallLinkRequest(signed_id=signed_id, opening_id=str(uuid.uuid4()))
        try:
            resolved = await self._phone.ResolveCallLink(opening, timeout=3.0)
        except MeshError as error:
            if error.reason is Reason.INVALID_REQUEST:  # only an altered address breaks a rule of the proto
                error = MeshError(Reason.CALL_LINK_INVALID)
            return self._problems.page(error)
        call = resolved.call
        client_url = dialling.client_url(call)
        if not client_url:
            return self._problems.page(MeshError(Reason.CALL_LINK_INVALID))
        shown = number_in_words(call)
        was_opened, is_over = resolved.opened_before, call.state == pb.PHONE_CALL_STATE_ENDED
        return self._pages.page_with_script(
            "call.html",
            client_url=client_url,
            number=dialling.number(call),
            shown=shown,
            whom=clean(call.contact_name, MAX_NAME) or shown,
            on_android=on_android,
            was_opened=was_opened,
            is_over=is_over,
            # A page that is opened again, by a reload or a restored tab, must not ring for anybody by itself.
            dials=not (on_android or was_opened or is_over),
        )


def _is_ahead(request: web.Request) -> bool:
    words = " ".join(request.headers.get(name, "") for name in _AHEAD).lower()
    return "prefetch" in words or "prerender" in words or "preview" in words


def _is_android(request: web.Request) -> bool:
    # There Zoom has no such addresses (Zoom, "Zoom Phone URI scheme").
    return "android" in request.headers.get("User-Agent", "").lower()
