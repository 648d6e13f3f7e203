"""The page at the end of an installation in Slack: an address of its own, which may be opened again and again."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from services.slack_edge import features, resuming
from services.slack_edge.addresses import PATHS
from services.slack_edge.memos import Facts, Memo
from services.slack_edge.pages import Link, Pages
from services.slack_edge.problems import TO_INSTALL
from services.slack_edge.texts import clean
from zoomslack.auth.v1 import auth_service_pb2

PATH = "/slack/installed"
_SECONDS = 3_600
_MAX_NAME = 80
_GONE = (
    "This page shows for an hour what came of an installation, to the browser that made it. In Slack, type `/zoom` to "
    "use Zoom, and `/zoom permissions` to see what is not allowed."
)

_INCOMPLETE = "It was allowed a part of what every command needs, and does not work with less than all of that."


@dataclass(frozen=True)
class Installed(Facts):
    """What an installation came to. Scopes are separated by spaces."""

    team_id: str = ""
    """Empty for a whole organisation."""
    name: str = ""
    slack_scopes: str = ""
    zoom_scopes: str = ""
    company_wide: bool = False
    """Whether an administrator of Zoom had agreed right before."""
    asked: str = ""
    """The scopes that were asked for; empty where all were."""
    resumed: str = ""
    """What became of the command of a person who came from there, as `resuming` calls it; empty where none did."""


def facts_of(done: auth_service_pb2.CompleteSlackInstallationResponse, *, asked: str, resumed: str) -> Installed:
    """Returns what is told of a completed installation."""
    installation = done.installation
    return Installed(
        team_id=installation.slack_team_id,
        name=clean(installation.slack_team_name, _MAX_NAME),
        slack_scopes=" ".join(installation.scopes),
        zoom_scopes=" ".join(done.zoom_installation.scopes),
        company_wide=done.HasField("zoom_installation"),
        asked=asked,
        resumed=resumed,
    )


class LastPage:
    """Shows it to the browser that installed, and to no other."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._memo = Memo(Installed, "zoomslack_installed", path="/slack", seconds=_SECONDS, secure=pages.secure)

    def routes(self) -> list[web.RouteDef]:
        """Returns the routes."""
        return [web.get(PATH, self._show)]

    def lead_to(self, state: str, facts: Installed) -> web.Response:
        """Sends the browser there, which completed the installation `state`."""
        response = web.Response(status=303, headers={"Location": PATH})
        # What no browser would keep is shown here and now, once.
        return response if self._memo.write(response, state, facts) else self._page(facts)

    def again(self, request: web.Request, state: str) -> web.Response | None:
        """Sends the browser there where it completed `state` before: it was reloaded, or somebody went back."""
        if self._memo.read(request, state) is None:
            return None
        return web.Response(status=303, headers={"Location": PATH})

    async def _show(self, request: web.Request) -> web.Response:
        facts = self._memo.read(request)
        if facts is None:
            return self._pages.message("Nothing to show any more", _GONE, status=404, links=(TO_INSTALL,))
        return self._page(facts)

    def _page(self, facts: Installed) -> web.Response:
        if facts.resumed:
            text = resuming.told(facts.resumed)
            return self._pages.told(
                "connected.html", text, title="Zoom is ready to use", missing=[], zoom_email="", plan=""
            )
        if features.is_older(facts.slack_scopes.split()):
            rest = Link("Allow the rest", PATHS.slack_install(facts.team_id))
            return self._pages.message("Zoom is not ready yet", _INCOMPLETE, links=(rest,))
        if facts.asked:
            return self._allowed(facts)
        return self._installed(facts)

    def _allowed(self, facts: Installed) -> web.Response:
        """One more permission was asked for: nothing else is to be said."""
        asked = facts.asked.split()
        allowed, refused = features.split(asked, facts.slack_scopes.split())
        return self._pages.allowed(allowed, refused, "in Slack", PATHS.slack_install(facts.team_id, refused))

    def _installed(self, facts: Installed) -> web.Response:
        slack, zoom = facts.slack_scopes.split(), facts.zoom_scopes.split()
        lacking = features.lacking_in_zoom(zoom) if facts.company_wide else []
        return self._pages.page(
            "installed.html",
            where=facts.name or "your workspace",
            whole_organisation=not facts.team_id,
            company_wide=facts.company_wide,
            finds_people=features.EMAILS in slack,
            ask_for_addresses=PATHS.slack_install(facts.team_id, [features.EMAILS]),
            slack_granted=features.in_words(slack),
            zoom_granted=features.in_words(zoom),
            slack_missing=features.without_slack(slack),
            ask_slack=PATHS.slack_install(facts.team_id, [scope for scope in features.OPTIONAL if scope not in slack]),
            zoom_missing=features.without_zoom(zoom) if facts.company_wide else [],
            ask_zoom=PATHS.install(scope + features.ACCOUNT_SUFFIX for scope in lacking),
        )
