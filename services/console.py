"""One terminal for many processes: every line says whose it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TextIO

_COLOURS = {"auth": 36, "meetings": 32, "phone": 33, "slack_edge": 35, "simulators": 34}
_WIDTH = max(map(len, _COLOURS))
_MAX_LINE = 16 * 1024
"""Bytes after which a line is broken: a child that never ends its line must not fill our memory."""


def colours_wanted(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Tells whether `stream` is a terminal of somebody who did not ask for plain text (https://no-color.org)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


class Console:
    """Writes lines to one stream."""

    def __init__(self, stream: TextIO, *, colours: bool) -> None:
        self._stream = stream
        self._colours = colours

    def say(self, text: str) -> None:
        """Writes what the launcher itself has to tell."""
        for line in text.splitlines():
            self._write(self._painted("launcher".ljust(_WIDTH), 1) + " │ " + line)

    def banner(self, text: str) -> None:
        """Writes lines as they are."""
        self._write(text)

    async def relay(self, name: str, output: asyncio.StreamReader) -> None:
        """Writes every line of a child, marked with its name, until its output ends."""
        mark = self._painted(name.ljust(_WIDTH), _COLOURS.get(name, 37)) + " │ "
        rest = b""
        while chunk := await output.read(_MAX_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _MAX_LINE:
                lines.append(rest)
                rest = b""
            for line in lines:
                self._write(mark + line.decode(errors="replace").rstrip("\r"))
        if rest:
            self._write(mark + rest.decode(errors="replace"))

    def _painted(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text

    def _write(self, line: str) -> None:
        # The terminal may be gone (`make run | head`): the services go on and are stopped in order all the same.
        with contextlib.suppress(OSError):
            self._stream.write(line + "\n")
            self._stream.flush()
