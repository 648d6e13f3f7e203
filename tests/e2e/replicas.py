"""The product as a cluster runs it: PostgreSQL, three meetings, two edges behind a balancer. All are processes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp

from mesh.clock import SystemClock
from services import simulated
from services.console import Console
from services.plan import ROOT, Program
from services.readiness import answers, serves, wait_until
from services.supervisor import Supervisor
from tests.e2e.balancer import balancing
from tests.e2e.system import Running, clean_environ, free_ports
from tests.support.databases import Cluster, shared_cluster
from tests.support.roles import Roles, make_roles

MEETINGS, EDGES = 3, 2
OWNERS = ("auth", "meetings", "phone")
"""Services that have a database."""
_STARTING = 60.0
"""Seconds in which all of it has to be ready."""


class _Lines(io.StringIO):
    """A stream that hands the lines of all processes on."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self._running = running

    def write(self, text: str) -> int:
        self._running.lines.append(text.rstrip("\n"))
        self._running.news.set()
        return len(text)


class Replicas(Running):
    """One run of the services, some of them several times."""

    def __init__(self, data_dir: Path, databases: Mapping[str, Roles], environ: Mapping[str, str]) -> None:
        ports = free_ports(5 + MEETINGS + EDGES)
        auth, phone, self.balanced, slack, zoom = ports[:5]
        self.meetings, self.edges = ports[5 : 5 + MEETINGS], ports[5 + MEETINGS :]
        urls = {"edge": self.balanced, "slack": slack, "zoom": zoom}
        addresses = {name: f"http://127.0.0.1:{port}" for name, port in urls.items()}
        settings = {
            "ZOOMSLACK_DATA_DIR": str(data_dir),
            "ZOOMSLACK_TOKEN_KEYS": f"k1:{base64.b64encode(os.urandom(32)).decode()}",
            "ZOOMSLACK_LOG_FORMAT": "text",
            "ZOOMSLACK_AUTH_LISTEN": f"127.0.0.1:{auth}",
            "ZOOMSLACK_AUTH_TARGET": f"127.0.0.1:{auth}",
            "ZOOMSLACK_PHONE_LISTEN": f"127.0.0.1:{phone}",
            "ZOOMSLACK_PHONE_TARGET": f"127.0.0.1:{phone}",
            "ZOOMSLACK_MEETINGS_TARGET": "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in self.meetings),
            **{_database_variable(name): databases[name].run_url for name in OWNERS},
            **simulated.settings(
                environ, slack_url=addresses["slack"], zoom_url=addresses["zoom"], edge_url=addresses["edge"]
            ),
        }
        path = os.pathsep.join((str(ROOT / "gen"), str(ROOT)))
        super().__init__(addresses, {**clean_environ(), "PYTHONPATH": path, **settings, **environ})
        self._databases = databases
        self._console = Console(_Lines(self), colours=False)
        self._clock = SystemClock()
        self._supervisor = Supervisor(self._programs(slack, zoom), self.environ, self._console, self._clock)

    @property
    def pid(self) -> int:
        return os.getpid()

    def _programs(self, slack: int, zoom: int) -> list[Program]:
        simulators = (
            *("--slack-listen", f"127.0.0.1:{slack}", "--zoom-listen", f"127.0.0.1:{zoom}"),
            *("--app-url", self.urls["edge"]),
        )
        return [
            *(_program("slack_edge", 0, "EDGE", port) for port in self.edges),
            *(_program("meetings", 1, "MEETINGS", port) for port in self.meetings),
            Program("phone", (sys.executable, "-m", "services.phone", "serve"), 1),
            Program("auth", (sys.executable, "-m", "services.auth", "serve"), 2),
            Program("simulators", (sys.executable, "-m", "simulators", *simulators), 3),
        ]

    async def migrate(self) -> None:
        """Makes the tables, as a roll-out does before it starts anything."""
        for name in OWNERS:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"services.{name}", "migrate"),
                env={**self.environ, _database_variable(name): self._databases[name].owner_url},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output, _ = await process.communicate()
            assert process.returncode == 0, output.decode()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Runs everything, with the app installed in Slack."""
        run = asyncio.create_task(self._supervisor.run())
        try:
            edges = [("127.0.0.1", port) for port in self.edges]
            async with balancing(("127.0.0.1", self.balanced), edges):
                async with asyncio.timeout(_STARTING):
                    await self._ready()
                _, answer = await self.post("slack", "/control/install", {"user_id": simulated.SLACK_ADMIN})
                assert answer["installed"], self.output
                yield
        finally:
            self._supervisor.stop()
            await run

    async def _ready(self) -> None:
        for name in ("slack", "zoom"):
            await wait_until(answers(f"{self.urls[name]}/control/state"), self._clock)
        for port in self.meetings:
            await wait_until(serves(f"127.0.0.1:{port}", None), self._clock)
        for port in self.edges:
            await wait_until(answers(f"http://127.0.0.1:{port}/readyz"), self._clock)


def _database_variable(service: str) -> str:
    return f"ZOOMSLACK_{service.upper()}_DATABASE_URL"


def _program(service: str, stage: int, variable: str, port: int) -> Program:
    return Program(
        f"{service}-{port}",
        (sys.executable, "-m", f"services.{service}", "serve"),
        stage,
        {f"ZOOMSLACK_{variable}_LISTEN": f"127.0.0.1:{port}"},
    )


@contextlib.asynccontextmanager
async def replicated(
    data_dir: Path, environ: Mapping[str, str] | None = None, cluster: Cluster | None = None
) -> AsyncIterator[Replicas]:
    """Yields replicas that are ready, and stops them. Nothing secret may stand in what they wrote, as in `running`.

    They serve by the role that only reads and writes rows; the one that owns the schema migrates. In a `cluster` of its
    own the databases have the names of the services.
    """
    databases = {
        name: await (make_roles(cluster, name) if cluster else make_roles(shared_cluster())) for name in OWNERS
    }
    system = Replicas(data_dir, databases, {"OTEL_TRACES_EXPORTER": "console", **(environ or {})})
    secrets: list[str] = []
    await system.migrate()
    async with system.serving():
        yield system
        with contextlib.suppress(aiohttp.ClientError):
            secrets = await system.secrets()
    leaks = system.leaks(secrets)
    assert leaks == [], f"{len(leaks)} of {len(secrets)} secrets leaked"
