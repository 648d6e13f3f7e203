"""The Slack simulator as an aiohttp application."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web

from simulators.slack import control, pages, response_urls, screen, webapi
from simulators.slack.config import SlackConfig
from simulators.slack.guard import guard
from simulators.slack.simulator import SIMULATOR, Simulator

MAX_REQUEST_BYTES = 1_048_576


def create_app(config: SlackConfig, *, clock: Callable[[], float] = time.time) -> web.Application:
    """Return the simulator of one Slack; `clock` gives epoch seconds. It sends nothing before somebody acts."""
    app = web.Application(middlewares=[guard], client_max_size=MAX_REQUEST_BYTES)
    sim = Simulator(config, clock)
    app[SIMULATOR] = sim
    app.add_routes(
        [
            web.route("*", "/api/{method}", webapi.handle),
            web.post("/{kind:commands|actions}/{team}/{number}/{secret}", response_urls.handle),
            *screen.routes("/ui"),
            *control.routes(),
            *pages.routes(),
        ]
    )

    async def stop_streams(_app: web.Application) -> None:
        # Open streams would hold the server's shutdown up; cleanup comes too late for them.
        sim.stop_watching()

    async def close(_app: web.Application) -> None:
        await sim.close()

    app.on_shutdown.append(stop_streams)
    app.on_cleanup.append(close)
    return app
