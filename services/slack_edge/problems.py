"""What the pages have in common: fields of a vendor's answer, forms of our own, and pages that say what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

from mesh.errors import Code, MeshError, Reason
from services.slack_edge import replies
from services.slack_edge.addresses import PATHS
from services.slack_edge.middleware import Handler
from services.slack_edge.pages import Link, Pages

log = logging.getLogger(__name__)

_LIMITS = {"state": 128, "code": 2048, "error": 256}
_STATUS = {
    Code.INVALID_ARGUMENT: 400,
    Code.NOT_FOUND: 404,
    Code.FAILED_PRECONDITION: 409,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 503,
    Code.RESOURCE_EXHAUSTED: 503,
}
TO_START = Link("What Zoom for Slack is", "/")
TO_INSTALL = Link("Open the install page", PATHS.install())


def field(query: Mapping[str, str], name: str) -> str:
    """Returns one field of what a vendor sent a browser back with; one that is too long stays too long, not cut."""
    return query.get(name, "")[: _LIMITS[name] + 1]


class OwnPage:
    """Tells forms of our own pages from those that somebody else put up."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def check(self, request: web.Request) -> None:
        """Raises aiohttp's 403 for a form that did not stand on a page of ours."""
        # Browsers send the first on every request; the second is for older ones, and no browser lets a page set either.
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        ours = site == "same-origin" if site is not None else origin in (None, self._origin)
        if not ours:
            raise web.HTTPForbidden


class Problems:
    """Pages that say what went wrong and what to do."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def page(self, error: MeshError, *, again: Link | None = None) -> web.Response:
        """Returns the page for an error; `again` is the way to try again, where that is not in Slack."""
        if error.reason is Reason.INVALID_REQUEST:  # only an altered address breaks a rule of the protos
            error = MeshError(Reason.LINK_INVALID)
        log.info("a page shows a problem", extra={"reason": error.reason.value})
        text = replies.sentence_for_page(error) if again else replies.sentence(error)
        status, links = _STATUS.get(error.code, 500), (again,) if again else ()
        return self._pages.message("That did not work", text, status=status, links=links)

    def other_browser(self, *, installing: bool = False) -> web.Response:
        """Returns the page for a state that is not bound to this browser; `installing` where that is sure."""
        text = "This sign-in was begun in another browser, or too long ago."
        if not installing:
            text += (
                " Type `/zoom` in Slack for a new link and open it here. If you were installing Zoom for your company, "
                "begin again on the install page."
            )
        return self._pages.message("Please start again", text, status=403, links=(TO_INSTALL,))

    @web.middleware
    async def told(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answers people by a page where aiohttp itself would answer by a status alone."""
        try:
            return await handler(request)
        except web.HTTPNotFound:
            if request.method not in ("GET", "HEAD"):  # programs
                raise
            text = "Perhaps something is missing at the end of the address. In Slack, type `/zoom help`."
            return self._pages.message("There is no such page", text, status=404, links=(TO_START, TO_INSTALL))
        except web.HTTPForbidden:
            text = (
                "This form did not come from a page of Zoom for Slack, so nothing was done. Open the page again: by "
                "the link that `/zoom` answers with in Slack, or to install, here."
            )
            return self._pages.message("Please start again", text, status=403, links=(TO_INSTALL,))
