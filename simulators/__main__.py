"""Both simulators in one process: `python -m simulators`."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web

_INSTALL_PAUSE = 1.0
"""Seconds between two attempts to install the app."""


def main(argv: list[str] | None = None) -> int:
    """Run both simulators until SIGINT or SIGTERM. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m simulators", description="Stand-ins for Slack and Zoom.")
    parser.add_argument("--slack-listen", default="127.0.0.1:8081", metavar="HOST:PORT")
    parser.add_argument("--zoom-listen", default="127.0.0.1:8082", metavar="HOST:PORT")
    parser.add_argument("--app-url", default="http://127.0.0.1:8080", metavar="URL")
    # In containers the address to listen on is not the address to be reached at.
    parser.add_argument("--slack-url", metavar="URL", help="address of the Slack simulator as others see it")
    parser.add_argument("--zoom-url", metavar="URL", help="address of the Zoom simulator as others see it")
    parser.add_argument("--install", action="store_true", help="install the app in the workspace once it answers")
    options = parser.parse_args(argv)
    try:
        with _listen(options.slack_listen) as slack, _listen(options.zoom_listen) as zoom:
            places = {
                "Slack": Place(slack, options.slack_url or _url(slack)),
                "Zoom": Place(zoom, options.zoom_url or _url(zoom)),
            }
            asyncio.run(_serve(places, options.app_url.rstrip("/"), install=options.install))
    except (OSError, ValueError) as fault:
        sys.stderr.write(f"simulators: {fault}\n")
        return 1
    return 0


class Place(NamedTuple):
    """Where one simulator listens, and the address at which others reach it."""

    listening: socket.socket
    url: str


async def _serve(places: Mapping[str, Place], app_url: str, *, install: bool) -> None:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    # Imported here: the simulators do not know each other, only this file knows both.
    from simulators.slack.app import create_app as create_slack
    from simulators.slack.config import SlackConfig
    from simulators.zoom.app import create_app as create_zoom
    from simulators.zoom.config import ZoomConfig

    slack_url, zoom_url = places["Slack"].url, places["Zoom"].url
    slack = SlackConfig(app_url=app_url, public_url=slack_url, zoom_page_url=f"{zoom_url}/")
    # Another seed at each start: an app that kept its data would else meet the ids of its old meetings again.
    zoom = ZoomConfig(app_url=app_url, public_url=zoom_url, seed=secrets.randbits(64))
    apps = {"Slack": create_slack(slack), "Zoom": create_zoom(zoom)}
    runners: list[web.AppRunner] = []
    installing: asyncio.Task[None] | None = None
    try:
        for label, app in apps.items():
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
            runners.append(runner)
            await runner.setup()
            await web.SockSite(runner, places[label].listening).start()
            sys.stdout.write(f"{label} simulator listening on {places[label].url}\n")
            sys.stdout.flush()
        if install:
            installing = asyncio.create_task(_install(apps["Slack"]), name="install")
        await stop.wait()
    finally:
        if installing is not None:
            installing.cancel()
            await asyncio.gather(installing, return_exceptions=True)
        for runner in reversed(runners):
            await runner.cleanup()


async def _install(slack: web.Application) -> None:
    """Installs the app as the workspace's admin would, as often as it takes: it may start later than we do."""
    from simulators.slack import installer, seed
    from simulators.slack.simulator import SIMULATOR

    sim = slack[SIMULATOR]
    admin = sim.world.person(seed.ADA)
    while not (await installer.install(sim, admin, installer.Wish()))["installed"]:  # noqa: ASYNC110 (another process)
        await asyncio.sleep(_INSTALL_PAUSE)
    sys.stdout.write("the app is installed\n")
    sys.stdout.flush()


def _listen(address: str) -> socket.socket:
    """Bind before anything else starts: port 0 is a free one, and the address must be known to build the apps."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"not an address of the form HOST:PORT: {address}")
    return socket.create_server((host or "127.0.0.1", int(port)))


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
