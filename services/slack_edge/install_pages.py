"""Installing: the choice how, Zoom's consent of an administrator, Slack's consent, and what came of it.

Each step says what comes next. What ties the steps together is bound to the browser that began: nobody goes on with
what somebody else was granted.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from mesh.errors import MeshError, Reason
from mesh.slack_user import from_message
from services.slack_edge import continuations, features
from services.slack_edge.addresses import PATHS
from services.slack_edge.bodies import parse_form, read_body
from services.slack_edge.last_page import LastPage, facts_of
from services.slack_edge.memos import Facts, Memo
from services.slack_edge.pages import SETUP_SECONDS, Link, Pages
from services.slack_edge.problems import TO_INSTALL, OwnPage, Problems, field
from services.slack_edge.resuming import Resuming
from zoomslack.auth.v1 import auth_service_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.slack_edge.limits import TokenBucket
    from services.slack_edge.workspaces import Workspaces
    from zoomslack.auth.v1.auth_service_pb2_grpc import AuthServiceAsyncStub

VENDOR_TIMEOUT = 15.0
"""Seconds for what needs a vendor's answer: a browser waits longer than Slack does."""
_TEAM = re.compile(r"T[A-Z0-9]{1,31}", re.ASCII)
_MAX_SCOPES = 2_000
_ADMINS_ONLY = "Only an administrator of the Zoom account can do that; if you are none, ask your Zoom admin."
_COMPANY_DECLINED = (
    "Nothing was installed: you declined at Zoom, or your Zoom account does not let you install apps for everybody. "
    + _ADMINS_ONLY
)
_PERMISSION_DECLINED = (
    "You declined at Zoom, or your Zoom account does not let you allow this for everybody, so nothing was changed. "
    + _ADMINS_ONLY
)
_SLACK_DECLINED = "You declined at Slack, so nothing was installed."
_SLACK_PERMISSION_DECLINED = "You declined at Slack, so nothing was changed."
_USED = (
    "This page works once, and it was opened before. If you allowed it, Zoom is installed: type `/zoom` in Slack. If "
    "you did not, start again."
)


@dataclass(frozen=True)
class Asked(Facts):
    """What a link asks for that asks for less than everything."""

    scopes: str = ""
    """Separated by spaces."""
    team_id: str = ""


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
        self._last_page = LastPage(pages)
        self._asked_of_zoom = Memo(
            Asked, "zoomslack_asked_zoom", path="/zoom", seconds=SETUP_SECONDS, secure=pages.secure
        )
        self._asked_of_slack = Memo(
            Asked, "zoomslack_asked_slack", path="/slack", seconds=SETUP_SECONDS, secure=pages.secure
        )

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes. `/zoom/oauth/callback` is shared with connecting: see `zoom_installed`."""
        return [
            web.get("/install", self._choice),
            web.post("/install", self._begin_at_zoom),
            web.get("/slack/install", self._begin_at_slack),
            web.post("/slack/install", self._go_on_at_slack),
            web.get("/slack/oauth/callback", self._slack_installed),
            *self._last_page.routes(),
        ]

    async def _choice(self, request: web.Request) -> web.Response:
        scopes = features.zoom_scopes_in(request.query.get("zoom_scopes", "")[:_MAX_SCOPES])
        if scopes and self._company_wide:
            asked = features.in_words(scopes)
            return self._pages.page("allow.html", leads_away=True, zoom_scopes=scopes, asked=asked)
        return self._pages.page("install.html", leads_away=True, company_wide=self._company_wide)

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
            return self._problems.page(error, again=TO_INSTALL)
        response = web.Response(status=303, headers={"Location": link.authorize_url})
        self._pages.set_setup(response, link.state, link.browser_secret)
        if scopes:
            self._asked_of_zoom.write(response, link.state, Asked(" ".join(scopes)))
        return response

    async def zoom_installed(self, request: web.Request, state: str, browser_secret: str) -> web.Response:
        """Stores what the administrator granted, and leads on to Slack. Both are of this browser's cookie."""
        query = request.query
        asked = (self._asked_of_zoom.read(request, state) or Asked()).scopes.split()
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
            return self._not_at_zoom(error, asked)
        granted = done.installation.scopes
        if asked:
            allowed, refused = features.split(asked, granted)
            return self._pages.allowed(allowed, refused, "for everybody in your Zoom account", PATHS.install(refused))
        return self._pages.page(
            "install_slack.html",
            leads_away=True,
            state=state,
            granted=features.in_words(granted),
            missing=features.without_zoom(granted),
        )

    def _not_at_zoom(self, error: MeshError, asked: Sequence[str]) -> web.Response:
        again = Link("Try again", PATHS.install(asked)) if asked else TO_INSTALL
        if error.reason is not Reason.CONSENT_DENIED:
            return self._problems.page(error, again=again)
        title, text = ("Not allowed", _PERMISSION_DECLINED) if asked else ("Not installed", _COMPANY_DECLINED)
        return self._pages.message(title, text, status=409, links=(again,))

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
        browser_secret = self._pages.setup_secret(request, state)
        if not browser_secret:
            return self._problems.other_browser(installing=True)
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
            return self._problems.page(error, again=TO_INSTALL)
        response = web.Response(status=status, headers={"Location": link.authorize_url})
        self._pages.set_state(response, link.state, "/slack")
        if request.slack_scopes:
            asked = Asked(" ".join(request.slack_scopes), request.slack_team_id)
            self._asked_of_slack.write(response, link.state, asked)
        return response

    async def _slack_installed(self, request: web.Request) -> web.Response:
        query = request.query
        state = field(query, "state")
        if (done_before := self._last_page.again(request, state)) is not None:
            return done_before
        if not self._pages.has_state(request, state):
            return self._problems.other_browser(installing=True)
        asked = self._asked_of_slack.read(request, state) or Asked()
        try:
            done = await self._auth.CompleteSlackInstallation(
                auth_service_pb2.CompleteSlackInstallationRequest(
                    state=state,
                    code=field(query, "code"),
                    error=field(query, "error"),
                    browser_secret=self._pages.setup_secret(request),
                ),
                timeout=VENDOR_TIMEOUT,
            )
        except MeshError as error:
            return self._not_at_slack(error, asked)
        installation = done.installation
        self._workspaces.drop_tenant(installation.slack_enterprise_id, installation.slack_team_id)
        resumed = ""
        if done.HasField("user"):
            meeting = continuations.decode(done.continuation).meeting
            resumed = await self._resuming.go_on(from_message(done.user), meeting)
        return self._last_page.lead_to(state, facts_of(done, asked=asked.scopes, resumed=resumed))

    def _not_at_slack(self, error: MeshError, asked: Asked) -> web.Response:
        scopes = asked.scopes.split()
        again = Link("Try again", PATHS.slack_install(asked.team_id, scopes)) if scopes else TO_INSTALL
        if error.reason is Reason.LINK_USED:
            return self._pages.message("Opened before", _USED, status=409, links=(again,))
        if error.reason is not Reason.CONSENT_DENIED:
            return self._problems.page(error, again=again)
        title, text = ("Not allowed", _SLACK_PERMISSION_DECLINED) if scopes else ("Not installed", _SLACK_DECLINED)
        return self._pages.message(title, text, status=409, links=(again,))

    def _too_many(self) -> web.Response | None:
        if (wait := self._installs.take()) <= 0:
            return None
        response = self._pages.message(
            "One moment, please", "Too many people are installing right now. Please try again shortly.", status=429
        )
        response.headers["Retry-After"] = str(math.ceil(wait))
        return response
