"""Installing the app without a browser: follows the redirects with cookies and agrees on the consent page."""

from __future__ import annotations

from urllib.parse import parse_qsl, urljoin, urlsplit

import aiohttp

from simulators.slack.model import Json, User
from simulators.slack.simulator import Simulator

MAX_STEPS = 12
TIMEOUT = aiohttp.ClientTimeout(total=30)


async def install(sim: Simulator, user: User) -> Json:
    """Install the app as `user`. Returns `installed`, and the `status` and `final_path` at which the browser ended."""
    redeemed = _redeemed(sim)
    url = f"{sim.config.app_url.rstrip('/')}/slack/install"
    consent = f"{sim.config.public_url}/oauth/v2/authorize"
    status = None
    # `unsafe` lets the jar keep cookies of addresses without a host name, such as 127.0.0.1.
    jar = aiohttp.CookieJar(unsafe=True)
    try:
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=TIMEOUT) as browser:
            for _ in range(MAX_STEPS):
                status, location = await _visit(browser, url)
                if status == 200 and url.partition("?")[0] == consent:
                    form = {**dict(parse_qsl(urlsplit(url).query)), "user_id": user.id, "decision": "allow"}
                    status, location = await _visit(browser, f"{consent}/decide", form)
                if location is None:
                    break
                url = urljoin(url, location)
    except (aiohttp.ClientError, TimeoutError):
        status = None
    return {"installed": _redeemed(sim) > redeemed, "status": status, "final_path": urlsplit(url).path}


async def _visit(
    browser: aiohttp.ClientSession, url: str, form: dict[str, str] | None = None
) -> tuple[int, str | None]:
    method = "GET" if form is None else "POST"
    async with browser.request(method, url, data=form, allow_redirects=False) as response:
        redirected = response.status in (301, 302, 303, 307, 308)
        return response.status, response.headers.get("Location") if redirected else None


def _redeemed(sim: Simulator) -> int:
    return sum(code.used for code in sim.world.codes.values())
