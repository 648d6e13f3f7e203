"""What people open in a browser: the product page, installing, connecting, calling."""

from __future__ import annotations

import logging
import math
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from mesh.errors import Code, MeshError, Reason
from mesh.slack_user import from_message
from services.slack_edge import continuations, replies
from services.slack_edge.bodies import parse_form, read_body
from services.slack_edge.command_handlers import CommandHandlers
from services.slack_edge.limits import TokenBucket
from services.slack_edge.pages import Pages
from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.phone.v1 import phone_service_pb2

if TYPE_CHECKING:
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

log = logging.getLogger(__name__)

VENDOR_TIMEOUT = 15.0
"""Seconds for what needs a vendor's answer: a browser waits longer than Slack does."""
_MAX_STATE = 128
_MAX_CODE = 2048
_MAX_ERROR = 256
_DIALLED = re.compile(r"\+?[0-9]{3,15}", re.ASCII)

_STATUS = {
    Code.INVALID_ARGUMENT: 400,
    Code.NOT_FOUND: 404,
    Code.FAILED_PRECONDITION: 409,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 503,
    Code.RESOURCE_EXHAUSTED: 503,
}


class Browser:
    """The pages and what is behind them."""

    def __init__(
        self,
        pages: Pages,
        auth: AuthServiceAsyncStub,
        phone: PhoneServiceAsyncStub,
        handlers: CommandHandlers,
        *,
        public_url: str,
        installs: TokenBucket,
    ) -> None:
        """`installs` limits how often an installation may be begun: each stores a row, and anybody may begin one."""
        self._pages = pages
        self._installs = installs
        self._auth = auth
        self._phone = phone
        self._handlers = handlers
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes."""
        return [
            web.get("/", self._product),
            web.get("/static/style.css", self._style),
            web.get("/install", self._install_choice),
            web.get("/slack/install", self._install),
            web.get("/slack/oauth/callback", self._installed),
            web.get("/zoom/connect", self._connect_page),
            web.post("/zoom/connect", self._connect),
            web.get("/zoom/oauth/callback", self._connected),
            web.get("/call/{signed_id}", self._call),
        ]

    async def _product(self, _request: web.Request) -> web.Response:
        return self._pages.page("product.html", commands=replies.COMMANDS)

    async def _style(self, _request: web.Request) -> web.Response:
        return self._pages.style()

    async def _install_choice(self, _request: web.Request) -> web.Response:
        return self._pages.page("install.html")

    async def _install(self, _request: web.Request) -> web.Response:
        if (wait := self._installs.take()) > 0:
            response = self._pages.message(
                "One moment, please", "Too many people are installing right now. Please try again shortly.", status=429
            )
            response.headers["Retry-After"] = str(math.ceil(wait))
            return response
        try:
            link = await self._auth.CreateSlackInstallLink(
                auth_service_pb2.CreateSlackInstallLinkRequest(), timeout=3.0
            )
        except MeshError as error:
            return self._problem(error)
        response = web.Response(status=302, headers={"Location": link.authorize_url})
        self._pages.set_state(response, link.state, "/slack")
        return response

    async def _installed(self, request: web.Request) -> web.Response:
        query = request.query
        state = query.get("state", "")[: _MAX_STATE + 1]
        if not self._pages.has_state(request, state):
            return self._other_browser("Open the install page and start again there.")
        try:
            response = await self._auth.CompleteSlackInstallation(
                auth_service_pb2.CompleteSlackInstallationRequest(
                    state=state, code=query.get("code", "")[: _MAX_CODE + 1], error=query.get("error", "")[:_MAX_ERROR]
                ),
                timeout=VENDOR_TIMEOUT,
            )
        except MeshError as error:
            if error.reason is Reason.CONSENT_DENIED:
                text = "You declined at Slack, so nothing was installed. Open the install page to try again."
                return self._pages.message("Not installed", text, status=_STATUS[error.code])
            return self._problem(error, again="Open the install page to try again.")
        where = response.installation.slack_team_name or "your workspace"
        return self._pages.page("installed.html", where=where)

    async def _connect_page(self, request: web.Request) -> web.Response:
        state = request.query.get("link", "")[: _MAX_STATE + 1]
        try:
            link = await self._connect_link(state)
        except MeshError as error:
            return self._problem(error)
        return self._pages.page(
            "connect.html",
            leads_away=True,
            person=link.slack_display_name or link.user.slack_user_id,
            team=link.slack_team_name or link.user.slack_team_id,
            state=state,
        )

    async def _connect(self, request: web.Request) -> web.Response:
        """Sends this browser to Zoom. Only from our own page, where the person saw whose Slack account it is for."""
        if not self._from_own_page(request):
            raise web.HTTPForbidden
        form = parse_form(await read_body(request, "application/x-www-form-urlencoded")) or {}
        state = form.get("link", "")[: _MAX_STATE + 1]
        try:
            link = await self._connect_link(state)
        except MeshError as error:
            return self._problem(error)
        response = web.Response(status=303, headers={"Location": link.authorize_url})
        self._pages.set_state(response, state, "/zoom")
        return response

    def _from_own_page(self, request: web.Request) -> bool:
        # Browsers send the first on every request; the second is for older ones, and no browser lets a page set either.
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        return site == "same-origin" if site is not None else origin in (None, self._origin)

    async def _connect_link(self, state: str) -> auth_service_pb2.GetConnectLinkResponse:
        if not state:
            raise MeshError(Reason.LINK_INVALID)
        return await self._auth.GetConnectLink(auth_service_pb2.GetConnectLinkRequest(state=state), timeout=3.0)

    async def _connected(self, request: web.Request) -> web.Response:
        query = request.query
        state = query.get("state", "")[: _MAX_STATE + 1]
        if not self._pages.has_state(request, state):
            return self._other_browser()
        try:
            done = await self._auth.CompleteConnection(
                auth_service_pb2.CompleteConnectionRequest(
                    state=state, code=query.get("code", "")[: _MAX_CODE + 1], error=query.get("error", "")[:_MAX_ERROR]
                ),
                timeout=VENDOR_TIMEOUT,
            )
        except MeshError as error:
            return self._problem(error)
        return await self._go_on(done)

    async def _go_on(self, done: auth_service_pb2.CompleteConnectionResponse) -> web.Response:
        title = "Zoom is connected"
        continuation = continuations.decode(done.continuation)
        if continuation is None:
            return self._pages.message(title, "You can close this page and type `/zoom` in Slack.")
        try:
            await self._handlers.resume(from_message(done.user), continuation)
        except MeshError as error:
            log.info("a continued command failed", extra={"reason": error.reason.value})
            return self._pages.message(title, f"Your meeting could not be started, though. {replies.sentence(error)}")
        return self._pages.message(title, "Your meeting is starting in Slack; you can close this page.")

    async def _call(self, request: web.Request) -> web.Response:
        signed_id = request.match_info["signed_id"][:257]
        try:
            response = await self._phone.ResolveCallLink(
                phone_service_pb2.ResolveCallLinkRequest(signed_id=signed_id), timeout=3.0
            )
        except MeshError as error:
            return self._problem(error)
        number = response.call.phone_number
        if not _DIALLED.fullmatch(number):  # nothing else gets into an address that a client acts on
            return self._problem(MeshError(Reason.CALL_LINK_INVALID))
        shown = response.call.national_number or number
        return self._pages.page_with_script("call.html", number=number, shown=shown)

    def _other_browser(self, then: str = "Type `/zoom` in Slack for a new link and open it here.") -> web.Response:
        text = f"This sign-in was begun in another browser, or too long ago. {then}"
        return self._pages.message("Please start again", text, status=403)

    def _problem(self, error: MeshError, *, again: str = "") -> web.Response:
        if error.reason is Reason.INVALID_REQUEST:  # only an altered address breaks a rule of the protos
            error = MeshError(Reason.LINK_INVALID)
        log.info("a page shows a problem", extra={"reason": error.reason.value})
        text = f"{replies.sentence(error)} {again}".strip()
        return self._pages.message("That did not work", text, status=_STATUS.get(error.code, 500))
