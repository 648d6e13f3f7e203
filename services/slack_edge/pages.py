"""Pages for browsers: templates, the headers that go with them, and the cookie that ties a sign-in to one browser."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from services.slack_edge import features

_FOLDER = Path(__file__).parent
_COOKIE, _SETUP_COOKIE = "zoomslack_state", "zoomslack_setup"
_MAX_SECRET = 128
_HOST = "__Host-"
"""With this before its name a cookie is taken from this host alone, over https (RFC 6265bis §4.1.3)."""
_COOKIE_SECONDS = 600
"""As long as the link that the state belongs to."""
SETUP_SECONDS = 4_200
"""The ten minutes of the link, and the hour in which auth lets an administrator go on."""
_BASE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"


@dataclass(frozen=True)
class Link:
    """A way on from a page that cannot go on itself."""

    text: str
    href: str


class Pages:
    """Renders pages. Everything that is put into a template is escaped."""

    def __init__(self, *, public_url: str, help_url: str) -> None:
        self.secure = public_url.startswith("https://")
        """Whether cookies are for https alone."""
        self._setup_cookie = f"{_HOST if self.secure else ''}{_SETUP_COOKIE}"
        self._common = {"help_url": help_url}
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
        )
        self._style = (_FOLDER / "static" / "style.css").read_text(encoding="utf-8")
        self._icon = (_FOLDER / "static" / "icon.svg").read_text(encoding="utf-8")

    def style(self) -> web.Response:
        """Returns the style sheet."""
        return web.Response(text=self._style, content_type="text/css", headers={"Cache-Control": "max-age=3600"})

    def icon(self) -> web.Response:
        """Returns the sign that browsers show with our pages."""
        return web.Response(text=self._icon, content_type="image/svg+xml", headers={"Cache-Control": "max-age=3600"})

    def page(self, template: str, *, status: int = 200, leads_away: bool = False, **values: Any) -> web.Response:
        """Returns a page. `leads_away`: it has a form after which the browser is sent to a vendor."""
        # Browsers apply `form-action` to every redirect that follows, and Zoom may send a person on to her company's
        # sign-in: any https address, then. Without a form nothing may be submitted at all.
        target = f"'self' https:{'' if self.secure else ' http:'}" if leads_away else "'none'"
        response = self._html(template, status, f"{_BASE_POLICY}; form-action {target}", values)
        if leads_away:
            # Under `no-referrer` browsers send the form with `Origin: null`, which says nothing about where it stood.
            response.headers["Referrer-Policy"] = "same-origin"
        return response

    def page_with_script(self, template: str, **values: Any) -> web.Response:
        """Returns a page in which scripts run that carry `nonce`."""
        nonce = secrets.token_urlsafe(16)
        policy = f"{_BASE_POLICY}; form-action 'none'; script-src 'nonce-{nonce}'"
        return self._html(template, 200, policy, {**values, "nonce": nonce})

    def told(self, template: str, text: str, *, status: int = 200, **values: Any) -> web.Response:
        """Returns a page with a paragraph that may hold `code` between backticks, as messages in Slack do."""
        return self.page(template, status=status, parts=text.split("`"), **values)  # odd parts stood between them

    def message(self, title: str, text: str, *, status: int = 200, links: Sequence[Link] = ()) -> web.Response:
        """Returns a page that says one thing, as `told` does, and has `links` on."""
        return self.told("message.html", text, status=status, title=title, links=links)

    def allowed(
        self, allowed: Sequence[str], refused: Sequence[str], where: str, again: str, text: str = ""
    ) -> web.Response:
        """Returns the page after one more permission was asked for `where`: what was given, and what was not.

        `again` asks for the latter anew; without it people ask in Slack. `text` is told instead of "nothing to do".
        """
        title = "Done" if not refused else "Not everything was allowed" if allowed else "Not allowed"
        ending = "" if refused else text or "Nothing else to do. In Slack, type the command again."
        return self.told(
            "allowed.html",
            ending,
            title=title,
            where=where,
            allowed=features.in_words(allowed),
            refused=features.in_words(refused),
            again=again,
        )

    def set_state(self, response: web.StreamResponse, state: str, path: str) -> None:
        """Ties `state` to this browser: somebody else who gets hold of the address cannot complete it."""
        self._tie(response, _COOKIE, state, path, _COOKIE_SECONDS)

    def has_state(self, request: web.Request, state: str) -> bool:
        """Tells whether `state` was tied to this browser."""
        return self._is_tied(request, _COOKIE, state)

    def set_setup(self, response: web.StreamResponse, state: str, browser_secret: str) -> None:
        """Ties a company-wide installation to this browser, for all of its steps.

        The secret is in no address: whoever sees the state in one cannot make this cookie up.
        """
        self._tie(response, self._setup_cookie, f"{state}.{browser_secret}", "/", SETUP_SECONDS)

    def setup_secret(self, request: web.Request, state: str | None = None) -> str:
        """Returns the secret with which this browser began the installation `state`, or any without one.

        Empty where it did not.
        """
        kept, _, browser_secret = request.cookies.get(self._setup_cookie, "").partition(".")
        return browser_secret[:_MAX_SECRET] if state is None or _is_same(kept, state) else ""

    def _tie(self, response: web.StreamResponse, cookie: str, state: str, path: str, seconds: int) -> None:
        response.set_cookie(
            cookie, state, max_age=seconds, path=path, httponly=True, samesite="Lax", secure=self.secure
        )

    @staticmethod
    def _is_tied(request: web.Request, cookie: str, state: str) -> bool:
        return _is_same(request.cookies.get(cookie, ""), state)

    def _html(self, template: str, status: int, policy: str, values: dict[str, Any]) -> web.Response:
        text = self._templates.get_template(template).render(**self._common, **values)
        return web.Response(
            status=status, text=text, content_type="text/html", headers={"Content-Security-Policy": policy}
        )


def _is_same(kept: str, given: str) -> bool:
    # Bytes that are no text arrive as lone surrogates.
    mine, theirs = (text.encode("utf-8", "surrogateescape") for text in (kept, given))
    return bool(given) and hmac.compare_digest(mine, theirs)
