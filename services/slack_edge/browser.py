"""What people open in a browser beside installing: the product page and connecting."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web

from mesh.errors import MeshError, Reason
from mesh.slack_user import from_message
from services.slack_edge import continuations, features, resuming, usage
from services.slack_edge.bodies import parse_form, read_body
from services.slack_edge.call_pages import CallPages
from services.slack_edge.continuations import Resumed
from services.slack_edge.gate import Who
from services.slack_edge.guide_pages import Guide
from services.slack_edge.install_pages import VENDOR_TIMEOUT, InstallPages
from services.slack_edge.pages import Pages
from services.slack_edge.problems import OwnPage, Problems, field
from services.slack_edge.resuming import Resuming
from zoomslack.auth.v1 import auth_service_pb2

if TYPE_CHECKING:
    from mesh.slack_user import SlackUser
    from services.slack_edge.home import Home
    from services.slack_edge.tasks import Tasks
    from services.slack_edge.used_buttons import UsedButtons
    from services.slack_edge.workspaces import Workspaces
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

log = logging.getLogger(__name__)


_NOTHING_CAME = frozenset(
    {Reason.CONSENT_DENIED, Reason.AUTHORIZATION_FAILED, Reason.ZOOM_APP_NOT_APPROVED, Reason.LINK_EXPIRED}
)
"""After these a link connects nobody any more. After others the page may be loaded again, or somebody is connected."""


class Browser:
    """The pages and what is behind them."""

    def __init__(
        self,
        pages: Pages,
        problems: Problems,
        auth: AuthServiceAsyncStub,
        calls: CallPages,
        installs: InstallPages,
        resuming: Resuming,
        workspaces: Workspaces,
        own_page: OwnPage,
        used_buttons: UsedButtons,
        home: Home,
        tasks: Tasks,
    ) -> None:
        self._pages = pages
        self._guide = Guide(pages)
        self._problems = problems
        self._auth = auth
        self._calls = calls
        self._installs = installs
        self._resuming = resuming
        self._workspaces = workspaces
        self._own_page = own_page
        self._used_buttons = used_buttons
        self._home = home
        self._tasks = tasks

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes."""
        return [
            web.get("/", self._product),
            web.get("/static/style.css", self._style),
            web.get("/static/icon.svg", self._icon),
            web.get("/favicon.ico", self._icon),
            *self._guide.routes(),
            *self._installs.routes(),
            web.get("/zoom/connect", self._connect_page),
            web.post("/zoom/connect", self._connect),
            web.get("/zoom/oauth/callback", self._back_from_zoom),
            *self._calls.routes(),
        ]

    async def _product(self, _request: web.Request) -> web.Response:
        return self._pages.page("product.html", pictures=True, commands=usage.COMMANDS, guide=self._guide.contents)

    async def _style(self, _request: web.Request) -> web.Response:
        return self._pages.style()

    async def _icon(self, _request: web.Request) -> web.Response:
        return self._pages.icon()

    async def _connect_page(self, request: web.Request) -> web.Response:
        state = request.query.get("link", "")[:129]
        try:
            link = await self._connect_link(state)
        except MeshError as error:
            return self._problems.page(error)
        return self._pages.page(
            "connect.html",
            leads_away=True,
            person=link.slack_display_name or link.user.slack_user_id,
            team=link.slack_team_name or link.user.slack_team_id,
            state=state,
        )

    async def _connect(self, request: web.Request) -> web.Response:
        """Sends this browser to Zoom. Only from our own page, where the person saw whose Slack account it is for."""
        self._own_page.check(request)
        form = parse_form(await read_body(request, "application/x-www-form-urlencoded")) or {}
        state = form.get("link", "")[:129]
        try:
            link = await self._connect_link(state)
        except MeshError as error:
            return self._problems.page(error)
        response = web.Response(status=303, headers={"Location": link.authorize_url})
        self._pages.set_state(response, state, "/zoom")
        return response

    async def _connect_link(self, state: str) -> auth_service_pb2.GetConnectLinkResponse:
        if not state:
            raise MeshError(Reason.LINK_INVALID)
        try:
            return await self._auth.GetConnectLink(auth_service_pb2.GetConnectLinkRequest(state=state), timeout=3.0)
        except MeshError as error:
            self._end(state, error)
            raise

    def _end(self, state: str, error: MeshError) -> None:
        """Has the button that led here say so, where nothing comes of its link any more."""
        if error.reason in _NOTHING_CAME:
            self._used_buttons.ended(state, error.reason)

    async def _back_from_zoom(self, request: web.Request) -> web.Response:
        """Takes Zoom's answer for what this browser began: connecting a person, or installing for a company."""
        state = field(request.query, "state")
        if browser_secret := self._pages.setup_secret(request, state):
            return await self._installs.zoom_installed(request, state, browser_secret)
        if self._pages.has_state(request, state):
            return await self._connected(request, state)
        return self._problems.other_browser()

    async def _connected(self, request: web.Request, state: str) -> web.Response:
        query = request.query
        try:
            done = await self._auth.CompleteConnection(
                auth_service_pb2.CompleteConnectionRequest(
                    state=state, code=field(query, "code"), error=field(query, "error")
                ),
                timeout=VENDOR_TIMEOUT,
            )
        except MeshError as error:
            self._end(state, error)
            return self._problems.page(error)
        user, errand = from_message(done.user), continuations.decode(done.continuation)
        if await self._is_older(user):
            return await self._installs.after_connecting(state, user.team_id)
        allowed, refused = features.split(errand.asked, done.connection.scopes)
        # What she did not allow is what the meeting waits for.
        resumed = await self._resuming.go_on(user, None if refused else errand.meeting)
        self._tasks.start(self._home.show(Who(user)), "show home of who connected")
        if not refused:
            self._used_buttons.connected(state, starts=resumed == Resumed.STARTING)
        if errand.asked:
            text = resuming.told(resumed) if errand.meeting else ""
            return self._pages.allowed(allowed, refused, "in your Zoom account", "", text)
        return self._pages.told(
            "connected.html",
            resuming.told(resumed),
            title="Zoom is connected",
            missing=features.without_zoom(done.connection.scopes),
            zoom_email=done.zoom_email,
            plan=usage.plan(done.connection),
        )

    async def _is_older(self, user: SlackUser) -> bool:
        try:
            return (await self._workspaces.get(user)).is_older
        except MeshError as error:
            log.info("a workspace could not be looked up", extra={"reason": error.reason.value})
            return error.reason is Reason.SLACK_NOT_INSTALLED
