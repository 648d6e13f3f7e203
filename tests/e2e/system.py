"""The whole product as processes: `python -m services` on free ports, with its own data folder."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parent.parent.parent
_VARIABLES = {
    "auth": "ZOOMSLACK_AUTH_LISTEN",
    "meetings": "ZOOMSLACK_MEETINGS_LISTEN",
    "phone": "ZOOMSLACK_PHONE_LISTEN",
    "edge": "ZOOMSLACK_EDGE_LISTEN",
    "slack": "ZOOMSLACK_SIMULATORS_SLACK_LISTEN",
    "zoom": "ZOOMSLACK_SIMULATORS_ZOOM_LISTEN",
}
RUNNING = "Zoom for Slack is running"


def _candidates() -> Iterator[int]:
    """Returns ports below those that Linux gives to outgoing connections, of each test worker its own thousand."""
    first = 20_000 + 1_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    start = os.getpid()  # somebody else may test on this machine
    return itertools.cycle(first + (start + step) % 1_000 for step in range(1_000))


_ports = _candidates()


def free_ports(count: int) -> list[int]:
    """Returns ports of loopback that nobody uses at this moment and that no other test worker takes."""
    found: list[int] = []
    while len(found) < count:
        with contextlib.suppress(OSError), socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            one.bind(("127.0.0.1", port := next(_ports)))
            found.append(port)
    return found


def clean_environ() -> dict[str, str]:
    """Returns this process's environment without settings of the product."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("ZOOMSLACK_", "OTEL_"))}


def programs(pid: int) -> list[tuple[str, int]]:
    """Returns module name and process id of each Python program that a process runs, the oldest first (Linux)."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(ValueError, OSError):  # some other program, or gone meanwhile
            arguments = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            found.append((arguments[arguments.index("-m") + 1], int(child)))
    return found


def children(pid: int) -> dict[str, int]:
    """Returns the process ids of the programs that a launcher runs, by module name (Linux)."""
    return dict(programs(pid))


class Running:
    """Something that runs as processes: what it writes, and its doors."""

    def __init__(self, urls: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self.urls = dict(urls)
        self.environ = dict(environ)
        self.lines: list[str] = []
        self.news = asyncio.Event()

    @property
    def output(self) -> str:
        """Everything written until now."""
        return "\n".join(self.lines)

    @property
    def pid(self) -> int:
        """The id of the process that started all of it."""
        raise NotImplementedError

    def kill(self, service: str) -> None:
        """Ends one process of `service` at once, as a lack of memory would. It is started again by itself."""
        victims = [pid for module, pid in programs(self.pid) if module == f"services.{service}"]
        assert victims, f"no {service} runs"
        os.kill(victims[0], signal.SIGKILL)

    async def until(self, condition: Callable[[str], bool], seconds: float = 30.0) -> None:
        """Waits until the output fulfils `condition`. Raises AssertionError with the output when it does not."""
        try:
            async with asyncio.timeout(seconds):
                while not condition(self.output):
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s:\n{self.output}") from None

    async def get(self, name: str, path: str) -> tuple[int, Any]:
        """Sends GET to one of `urls`; returns status and JSON (None where it is none)."""
        return await self.exchange("GET", name, path, None)

    async def post(self, name: str, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        """Sends a JSON POST to one of `urls`; returns status and JSON."""
        return await self.exchange("POST", name, path, body)

    async def exchange(
        self, method: str, name: str, path: str, body: Mapping[str, Any] | None, *, seconds: float = 15
    ) -> tuple[int, Any]:
        """Sends a request to one of `urls`; returns status and JSON (None where it is none)."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, self.urls[name] + path, json=body) as response,
        ):
            return response.status, await response.json() if response.content_type == "application/json" else None

    async def secrets(self) -> list[str]:
        """Returns everything that Slack and Zoom gave out or know as secret: tokens, codes, passcodes, links."""
        found: list[str] = []
        for name in ("slack", "zoom"):
            _, answer = await self.get(name, "/control/secrets")
            found += answer["secrets"]
        assert len(found) > 20, "the simulators know what they gave out"
        return found

    def leaks(self, secrets: Sequence[str]) -> list[str]:
        """Returns where a secret stands in what the system wrote: the output, or a file of the data folder."""
        folder = Path(self.environ["ZOOMSLACK_DATA_DIR"])
        places = {"output": self.output.encode()}
        places |= {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        return [
            f"{place}: a secret of {len(secret)} characters, beginning with {secret[:3]}"
            for place, content in places.items()
            for secret in secrets
            if secret.encode() in content
        ]


class System(Running):
    """One run of the launcher."""

    def __init__(self, data_dir: Path, environ: Mapping[str, str] | None = None) -> None:
        ports = dict(zip(_VARIABLES, free_ports(len(_VARIABLES)), strict=True))
        super().__init__(
            {name: f"http://127.0.0.1:{port}" for name, port in ports.items()},
            {
                **clean_environ(),
                **{_VARIABLES[name]: f"127.0.0.1:{port}" for name, port in ports.items()},
                "ZOOMSLACK_DATA_DIR": str(data_dir),
                **(environ or {}),
            },
        )
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The launcher's process id."""
        return self._started().pid

    async def start(self, *arguments: str) -> None:
        """Starts the launcher, and does not wait for anything."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services", *arguments),
            cwd=ROOT,
            env=self.environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reader = asyncio.create_task(self._read())

    async def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 20.0) -> int:
        """Asks the launcher to stop and returns its exit code."""
        process = self._started()
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        return await self.ended(seconds)

    async def ended(self, seconds: float = 20.0) -> int:
        """Waits for the launcher's end and returns its exit code."""
        process = self._started()
        try:
            code = await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"did not stop within {seconds} s:\n{self.output}") from None
        if self._reader is not None:
            await self._reader
        return code

    async def _read(self) -> None:
        process = self._started()
        if process.stdout is None:
            raise RuntimeError("a pipe was asked for")
        while line := await process.stdout.readline():
            self.lines.append(line.decode(errors="replace").rstrip("\n"))
            self.news.set()

    def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process


@contextlib.asynccontextmanager
async def running(data_dir: Path, environ: Mapping[str, str] | None = None) -> AsyncIterator[System]:
    """Yields a system that is ready, and stops it.

    Afterwards nothing secret may stand in anything it wrote: logs, spans (where they go to the output), databases.
    """
    system = System(data_dir, {"OTEL_TRACES_EXPORTER": "console", **(environ or {})})
    await system.start("--simulators")
    secrets: list[str] = []
    try:
        await system.until(lambda output: RUNNING in output)
        yield system
        with contextlib.suppress(aiohttp.ClientError):  # a test may have stopped it
            secrets = await system.secrets()
    finally:
        await system.stop()
    leaks = system.leaks(secrets)
    assert leaks == [], f"{len(leaks)} of {len(secrets)} secrets leaked"
