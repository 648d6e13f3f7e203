"""`python -m services.slack_edge serve|check|manifest|probe`."""

from __future__ import annotations

import json
import os
import sys

from mesh import process
from mesh.clock import SystemClock
from mesh.server import stop_signals
from mesh.settings import SettingsError
from services.slack_edge import probe
from services.slack_edge.edge import Edge
from services.slack_edge.manifest import manifest
from services.slack_edge.settings import EdgeSettings, PublicSettings


async def serve(settings: EdgeSettings) -> None:
    """Serves until SIGTERM or SIGINT."""
    stop = stop_signals()
    edge = Edge(settings, SystemClock())
    try:
        await edge.start()
    except OSError:
        await edge.close()
        raise
    await stop.wait()
    await edge.drain()


def print_manifest() -> int:
    """Prints the manifest. It needs no secrets: they come into being with the app that is made from it."""
    try:
        settings = PublicSettings.load(os.environ)
    except SettingsError as error:
        print(*error.problems, sep="\n", file=sys.stderr)  # noqa: T201 (for the person at the terminal)
        return process.EXIT_SETTINGS
    print(json.dumps(manifest(settings.public_url), indent=2))  # noqa: T201 (this is the output)
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["manifest"]:
        sys.exit(print_manifest())
    if sys.argv[1:2] == ["probe"]:
        sys.exit(probe.run(sys.argv[2:]))
    sys.exit(process.main("slack_edge", EdgeSettings, serve=serve))
