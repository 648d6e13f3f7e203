"""What the chart renders, run as a kubelet would: all becomes ready, `helm test` passes, and all ends in time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.deploy.rendering import VALUES, Pod, Rendered, load, render
from tests.e2e.node import Node, ended, running, until_up
from tests.support import databases
from tests.support.certificates import Authority

SERVICES = ("slack-edge", "meetings", "phone", "auth")
KEYS = "k1:" + 43 * "A" + "="


def pods(rendered: Rendered, kind: str) -> list[Pod]:
    """Returns the pods that objects of a kind make."""
    return [pod for pod in rendered.pods() if pod.owner["kind"] == kind]


async def passes_helm_test(node: Node) -> None:
    [test] = pods(node.rendered, "Pod")
    code, output = await node.run(test)
    assert code == 0, output
    assert output.count("ok ") == 5


async def test_P89_N15_a_laptop_needs_nothing_else(tmp_path: Path) -> None:
    node = Node(render(load(VALUES["laptop"])), tmp_path)
    async with running(node, pods(node.rendered, "Deployment")) as alive:
        await until_up(node, [one.pod for one in alive.values()])
        await passes_helm_test(node)
        # auth ends within its time. The edge is not ready without it, and nobody restarts the edge for that.
        await ended(alive["auth"])
        edge = alive["slack-edge"].pod
        assert not await node.passes(edge, "readinessProbe")
        assert await node.passes(edge, "livenessProbe")
        await asyncio.gather(*(ended(alive[name]) for name in ("slack-edge", "meetings", "phone", "simulators")))
        written = b"".join([await one.output for one in alive.values()]).decode()
        assert "the app is installed" in written
        assert "simulated-slack-client-secret" not in written
        assert "Traceback" not in written


async def test_P89_N15_postgresql_certificates_and_migrations_work_together(tmp_path: Path) -> None:
    rendered = render(load(VALUES["simulated-postgresql"]))
    secrets, authority = {}, Authority()
    for name in ("auth", "meetings", "phone"):
        url = make_url(await databases.fresh_database_url("postgresql", tmp_path))
        secrets[f"zoomslack-{name}"] = {
            "token-keys": KEYS,
            "database-url": url.render_as_string(hide_password=False),
        }
    for certificate in rendered.of("Certificate"):
        if not certificate["spec"].get("isCA"):
            folder = authority.write(tmp_path / "issued", certificate["spec"]["dnsNames"][0])
            secrets[certificate["spec"]["secretName"]] = {file.name: file.read_text() for file in folder.iterdir()}
    node = Node(rendered, tmp_path / "node", secrets)
    async with running(node, pods(rendered, "Deployment")) as alive:
        # Everything lives and nothing is ready while the schemas are old: job and roll-out may come in any order.
        for name in SERVICES:
            await until_up(node, [alive[name].pod], kinds=("startupProbe", "livenessProbe"))
            assert not await node.passes(alive[name].pod, "readinessProbe")
        for job in pods(rendered, "Job"):
            code, output = await node.run(job)
            assert code == 0, output
        await until_up(node, [one.pod for one in alive.values()])
        await passes_helm_test(node)
        await asyncio.gather(*(ended(one) for one in alive.values()))
        written = b"".join([await one.output for one in alive.values()]).decode()
        assert "Traceback" not in written
        assert KEYS not in written
