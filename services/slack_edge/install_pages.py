"""Installing: the choice how, Zoom's consent of an administrator, Slack's consent, and what came of it.

Each step says what comes next. What ties the steps together is bound to the browser that began: nobody goes on with
what somebody else was granted.
"""

from __future__ import annotations

import logging
import math
import re
from typing import TYPE_CHECKING

from aiohttp import web

from mesh.errors import MeshError, Reason
from mesh.slack_user import from_message
from services.slack_edge import features
from services.slack_edge.bodies import parse_form, read_body
from services.slack_edge.pages import Pages
from services.slack_edge.problems import OwnPage, Problems, field
from services.slack_edge.resuming import Resuming
from zoomslack.auth.v1 import auth_service_pb2

if TYPE_CHECKING:
    from services.slack_edge.limits import TokenBucket
    from services.slack_edge.workspaces import Workspaces
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

log = logging.getLogger(__name__)

VENDOR_TIMEOUT = 15.0
"""Seconds for what needs a vendor's answer: a browser waits longer than Slack does."""
AGAIN = "Open the install page to try again."
_TEAM = re.compile(r"T[A-Z0-9]{1,31}", re.ASCII)
_MAX_SCOPES = 2_000
_COMPANY_DECLINED = (
    "Nothing was installed: you declined at Zoom, or your Zoom account does not let you install apps for everybody. "
    "Only an administrator of the Zoom account can do that; if you are none, ask your Zoom admin."
)
_SLACK_DECLINED = "You declined at Slack, so nothing was installed. Open the install page to try again."


class InstallPages:
    """`/install` and what it leads to."""

    def __init__(
        self,
        pages: Pages,
        problems: Problems,
        auth: AuthServiceAsyncStub,
        resuming: Resuming,
        workspaces: Workspaces,
        own_page: OwnPage,
        *,
        installs: TokenBucket,
        company_wide: bool,
    ) -> None:
        """`installs` limits how often an installation may be begun: each stores a row, and anybody may begin one.

        `company_wide` tells whether this deployment has an admin-managed Zoom app.
        """
        self._pages = pages
        self._problems = problems
        self._auth = auth
        self._resuming = resuming
        self._workspaces = workspaces
        self._own_page = own_page
        self._installs = installs
        self._company_wide = company_wide

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes. `/zoom/oauth/callback` is shared with connecting: see `zoom_installed`."""
        return [
            web.get("/install", self._choice),
            web.post("/install", self._begin_at_zoom),
            web.get("/slack/install", self._begin_at_slack),
            web.post("/slack/install", self._go_on_at_slack),
            web.get("/slack/oauth/callback", self._slack_installed),
        ]

    async def _choice(self, request: web.Request) -> web.Response:
        return self._pages.page(
            "install.html",
            leads_away=True,
            company_wide=self._company_wide,
            zoom_scopes=features.zoom_scopes_in(request.query.get("zoom_scopes", "")[:_MAX_SCOPES]),
            in_words=features.in_words,
        )

    async def _begin_at_zoom(self, request: web.Request) -> web.Response:
        """Sends an administrator to Zoom's consent for her whole account."""
        self._own_page.check(request)
        if (refusal := self._too_many()) is not None:
            return refusal
        form = parse_form(await read_body(request, "application/x-www-form-urlencoded")) or {}
        scopes = features.zoom_scopes_in(form.get("zoom_scopes", "")[:_MAX_SCOPES])
        try:
            link = await self._auth.CreateZoomInstallLink(
                auth_service_pb2.CreateZoomInstallLinkRequest(zoom_scopes=scopes), timeout=3.0
            )
        except MeshError as error:
            return self._problems.page(error)
        response = web.Response(status=303, headers={"Location": link.authorize_url})
        self._pages.set_setup(response, link.state, link.browser_secret)
        return response

    async def zoom_installed(self, request: web.Request, state: str, browser_secret: str) -> web.Response:
        """Stores what the administrator granted, and leads on to Slack. Both are of this browser's cookie."""
        query = request.query
        try:
            done = await self._auth.CompleteZoomInstallation(
                auth_service_pb2.CompleteZoomInstallationRequest(
                    state=state,
                    code=field(query, "code"),
                    error=field(query, "error"),
                    browser_secret=browser_secret,
                ),
                timeout=VENDOR_TIMEOUT,
            )
        except MeshError as error:
            if error.reason is Reason.CONSENT_DENIED:
                return self._pages.message("Not installed", _COMPANY_DECLINED, status=409)
            return self._problems.page(error, again=AGAIN)
        return self._pages.page(
            "install_slack.html",
            leads_away=True,
            state=state,
            granted=features.in_words(done.installation.scopes),
            missing=features.without_zoom(done.installation.scopes),
        )

    async def _begin_at_slack(self, request: web.Request) -> web.Response:
        """Leads to Slack's consent at once, as Slack wants of an address in its directory."""
        if (refusal := self._too_many()) is not None:
            return refusal
        team_id = request.query.get("team", "")
        return await self._to_slack(
            auth_service_pb2.CreateSlackInstallLinkRequest(
                slack_team_id=team_id if _TEAM.fullmatch(team_id) else "",
                slack_scopes=features.slack_scopes_in(request.query.get("scopes", "")[:_MAX_SCOPES]),
            ),
            status=302,
        )

    async def _go_on_at_slack(self, request: web.Request) -> web.Response:
        """Leads the administrator on to Slack's consent, after Zoom's."""
        self._own_page.check(request)
        form = parse_form(await read_body(request, "application/x-www-form-urlencoded")) or {}
        state = form.get("zoom_state", "")[:129]
        browser_secret = self._pages.setup_secret(request, state)[:129]
        if not browser_secret:
            return self._problems.other_browser(AGAIN)
        return await self._to_slack(
            auth_service_pb2.CreateSlackInstallLinkRequest(zoom_state=state, browser_secret=browser_secret), status=303
        )

    async def after_connecting(self, state: str, team_id: str) -> web.Response:
        """Leads a person of an older installation on to Slack's consent, after she connected with `state`."""
        request = auth_service_pb2.CreateSlackInstallLinkRequest(zoom_state=state, slack_team_id=team_id)
        return await self._to_slack(request, status=302)

    async def _to_slack(self, request: auth_service_pb2.CreateSlackInstallLinkRequest, *, status: int) -> web.Response:
        try:
            link = await self._auth.CreateSlackInstallLink(request, timeout=3.0)
        except MeshError as error:
            return self._problems.page(error, again=AGAIN)
        response = web.Response(status=status, headers={"Location": link.authorize_url})
        self._pages.set_state(response, link.state, "/slack")
        return response

    async def _slack_installed(self, request: web.Request) -> web.Response:
        query = request.query
        state = field(query, "state")
        if not self._pages.has_state(request, state):
            return self._problems.other_browser("Open the install page and start again there.")
        try:
            done = await self._auth.CompleteSlackInstallation(
                auth_service_pb2.CompleteSlackInstallationRequest(
                    state=state, code=field(query, "code"), error=field(query, "error")
                ),
                timeout=VENDOR_TIMEOUT,
            )
        except MeshError as error:
            if error.reason is Reason.CONSENT_DENIED:
                return self._pages.message("Not installed", _SLACK_DECLINED, status=409)
            return self._problems.page(error, again=AGAIN)
        installation = done.installation
        self._workspaces.drop_tenant(installation.slack_enterprise_id, installation.slack_team_id)
        if done.HasField("user"):
            return await self._resuming.page(from_message(done.user), done.continuation, "Zoom is ready to use")
        return self._ready(done)

    def _ready(self, done: auth_service_pb2.CompleteSlackInstallationResponse) -> web.Response:
        installation = done.installation
        company_wide = done.HasField("zoom_installation")
        return self._pages.page(
            "installed.html",
            where=installation.slack_team_name or "your workspace",
            whole_organisation=not installation.slack_team_id,
            company_wide=company_wide or bool(installation.zoom_account_id),
            slack_granted=features.in_words(installation.scopes),
            zoom_granted=features.in_words(done.zoom_installation.scopes) if company_wide else [],
            missing=features.without_slack(installation.scopes),
            ask_again=self._problems.addresses.slack_install(
                installation.slack_team_id, [scope for scope in features.OPTIONAL if scope not in installation.scopes]
            ),
        )

    def _too_many(self) -> web.Response | None:
        if (wait := self._installs.take()) <= 0:
            return None
        response = self._pages.message(
            "One moment, please", "Too many people are installing right now. Please try again shortly.", status=429
        )
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response
