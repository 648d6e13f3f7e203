"""The command line that every service has: `python -m services.<name> serve|migrate|check`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from opentelemetry.sdk.trace import TracerProvider

from mesh.errors import MeshError
from mesh.settings import Settings, SettingsError
from mesh.telemetry import set_up_logging, set_up_tracing

log = logging.getLogger(__name__)

S = TypeVar("S", bound=Settings)
M = TypeVar("M", bound=Settings)

EXIT_FAILED = 1
EXIT_SETTINGS = 2
FLUSH_SECONDS = 3.0
"""For spans to leave at the end."""


def main(
    name: str,
    settings_class: type[S],
    *,
    serve: Callable[[S], Awaitable[None]],
    migrate: tuple[type[M], Callable[[M], Awaitable[None]]] | None = None,
    more: Mapping[str, Callable[[S], Awaitable[None]]] | None = None,
) -> int:
    """Runs one service. Returns the exit code: 2 when the settings are unusable, each problem printed to stderr; 1 when
    a command came to no end.

    `migrate` comes with settings of its own: who migrates needs a database and no other secret. `more` has the commands
    that this service has beyond the common ones; like `migrate`, each runs and ends.
    """
    parser = argparse.ArgumentParser(prog=f"python -m services.{name}")
    errands = more or {}
    parser.add_argument("command", choices=["serve", "check", *(["migrate"] if migrate else []), *errands])
    command = parser.parse_args().command
    if migrate is not None and command == "migrate":
        return _run_errand(name, *migrate)
    if command in errands:
        return _run_errand(name, settings_class, errands[command])
    settings = _load(settings_class)
    if settings is None:
        return EXIT_SETTINGS
    if command == "check":
        print(f"{name}: the settings are complete")  # noqa: T201
        return 0
    set_up_logging(name, level=settings.log_level, log_format=settings.log_format)
    provider = set_up_tracing(name)
    try:
        asyncio.run(_awaited(serve(settings)))
    finally:
        _flush(provider)
    return 0


def _run_errand(name: str, settings_class: type[S], errand: Callable[[S], Awaitable[None]]) -> int:
    settings = _load(settings_class)
    if settings is None:
        return EXIT_SETTINGS
    set_up_logging(name, level=settings.log_level, log_format=settings.log_format)
    try:
        asyncio.run(_awaited(errand(settings)))
    except MeshError as error:  # nothing that a traceback would explain: what was asked for did not serve
        log.error("gave up: run it again", extra={"reason": error.reason.value})  # noqa: TRY400
        return EXIT_FAILED
    return 0


def _load(settings_class: type[S]) -> S | None:
    """Returns the settings, or None after printing what is wrong with them."""
    try:
        return settings_class.load(os.environ)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201 (for the person at the terminal)
        return None


async def _awaited(work: Awaitable[None]) -> None:
    await work


def _flush(provider: TracerProvider) -> None:
    provider.force_flush(int(FLUSH_SECONDS * 1000))
    provider.shutdown()
