"""Installing the app without a browser: follows the redirects with cookies and agrees on the consent page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

import aiohttp
from yarl import URL

from simulators.slack import oauth
from simulators.slack.consent import WORKSPACE, check_consent, tenant_for
from simulators.slack.model import Json, User
from simulators.slack.simulator import Simulator

MAX_STEPS = 12
TIMEOUT = aiohttp.ClientTimeout(total=30)

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Wish:
    """What the person does on the consent page.

    `scopes` replaces what the app asks for, so that the installation is like one of the days when it asked for less.
    """

    scopes: Sequence[str] | None = None
    declined: Sequence[str] = ()
    install_for: str = WORKSPACE
    team_id: str = ""

    def form(self, url: str, user: User) -> list[tuple[str, str]]:
        """Return the page's form, filled in."""
        asked = dict(parse_qsl(urlsplit(url).query))
        if self.scopes is not None:
            asked["scope"] = ",".join(self.scopes)
        chosen = {"user_id": user.id, "decision": "allow", "install_for": self.install_for, "team_id": self.team_id}
        return [*asked.items(), *chosen.items(), *(("decline", scope) for scope in self.declined)]


def install_unheard(sim: Simulator, user: User, wish: Wish, asked: frozenset[str]) -> Json:
    """Install the app in Slack's world only; without `scopes` it has asked for `asked`."""
    scope = ",".join(asked if wish.scopes is None else wish.scopes)
    consent = check_consent(sim.config, {"client_id": sim.config.client_id, "scope": scope, "state": "unheard"})
    tenant_id = tenant_for(sim.world, consent, user, {"install_for": wish.install_for, "team_id": wish.team_id})
    oauth.install_unheard(sim, user, tenant_id, consent.without(wish.declined))
    return {"installed": True, "status": None, "final_path": None}


async def install(sim: Simulator, user: User, wish: Wish) -> Json:
    """Install the app as `user`. Returns `installed`, and the `status` and `final_path` at which the browser ended."""
    redeemed = _redeemed(sim)
    url = f"{sim.config.app_url.rstrip('/')}/slack/install"
    consent = f"{sim.config.public_url}/oauth/v2/authorize"
    status = None
    # `unsafe` lets the jar keep cookies of addresses without a host name, such as 127.0.0.1. Browsers send the loopback
    # address, without https, also those cookies that are for https only.
    loopback = [URL(url).origin()] if URL(url).host in _LOOPBACK else []
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=loopback)
    try:
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=TIMEOUT) as browser:
            for _ in range(MAX_STEPS):
                status, location = await _visit(browser, url)
                if status == 200 and url.partition("?")[0] == consent:
                    status, location = await _visit(browser, f"{consent}/decide", wish.form(url, user))
                if location is None:
                    break
                url = urljoin(url, location)
    except (aiohttp.ClientError, TimeoutError):
        status = None
    return {"installed": _redeemed(sim) > redeemed, "status": status, "final_path": urlsplit(url).path}


async def _visit(
    browser: aiohttp.ClientSession, url: str, form: list[tuple[str, str]] | None = None
) -> tuple[int, str | None]:
    method = "GET" if form is None else "POST"
    async with browser.request(method, url, data=form, allow_redirects=False) as response:
        redirected = response.status in (301, 302, 303, 307, 308)
        return response.status, response.headers.get("Location") if redirected else None


def _redeemed(sim: Simulator) -> int:
    return sum(code.used for code in sim.world.codes.values())
