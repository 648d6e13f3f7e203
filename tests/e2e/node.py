"""This machine as a node of a cluster: runs pods as a kubelet would, with their files, commands and probes."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from grpc_health.v1 import health_pb2

from mesh.clock import SystemClock
from services.readiness import exchange, wait_until
from tests.deploy.rendering import Pod, Rendered
from tests.e2e.system import ROOT, clean_environ, free_ports

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
SERVING = health_pb2.HealthCheckResponse.SERVING


class Node:
    """This machine in the place of a cluster: each pod's ports are some of loopback, its folders some of our own."""

    def __init__(
        self, rendered: Rendered, folder: Path, secrets: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """`secrets` are what the namespace has: by name of the Secret its keys with their texts."""
        self.rendered = rendered
        self._secrets = secrets or {}
        self._folder = folder
        pods = [pod for pod in rendered.pods() if pod.owner["kind"] == "Deployment"]
        taken = [(pod.component, port["containerPort"]) for pod in pods for port in pod.spec["containers"][0]["ports"]]
        self.ports = dict(zip(taken, free_ports(len(taken)), strict=True))

    def here(self, pod: Pod, text: str) -> str:
        """Returns a text of a pod with addresses and folders of this machine."""
        for (component, port), own in self.ports.items():
            text = text.replace(f"zoomslack-{component}.zoomslack.svc.cluster.local:{port}", f"127.0.0.1:{own}")
            if component == pod.component:
                text = text.replace(f"0.0.0.0:{port}", f"127.0.0.1:{own}")
        for mount in pod.spec["containers"][0]["volumeMounts"]:
            folder = self._volume(pod, mount["name"])
            text = str(folder) if text == mount["mountPath"] else text.replace(f"{mount['mountPath']}/", f"{folder}/")
        return text

    def _volume(self, pod: Pod, name: str) -> Path:
        folder: Path = self._folder / pod.owner["metadata"]["name"] / name
        if not folder.is_dir():
            folder.mkdir(parents=True)
            [volume] = [one for one in pod.spec["volumes"] if one["name"] == name]
            if "secret" in volume:
                keys = self._secrets[volume["secret"]["secretName"]]
                items = volume["secret"].get("items", [{"key": key, "path": key} for key in keys])
                for item in items:
                    (folder / item["path"]).write_text(keys[item["key"]], encoding="utf-8")
        return folder

    async def start(self, pod: Pod, container: Mapping[str, Any]) -> asyncio.subprocess.Process:
        """Starts a container as a process of this machine."""
        command = [self.here(pod, word) for word in (*container["command"], *container.get("args", []))]
        assert command[0] == "python"
        told = {name: self.here(pod, value) for name, value in self.rendered.environ(container).items()}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, *command[1:]),
            cwd=ROOT,
            env={**clean_environ(), "PYTHONPATH": "gen:.", "PYTHONUNBUFFERED": "1", **told},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def run(self, pod: Pod) -> tuple[int | None, str]:
        """Runs a pod that ends by itself; returns exit code and output of its container."""
        await self.prepare(pod)
        process = await self.start(pod, pod.spec["containers"][0])
        output, _ = await asyncio.wait_for(process.communicate(), 45)
        return process.returncode, output.decode()

    async def prepare(self, pod: Pod) -> None:
        """Runs the containers that come first."""
        for container in pod.spec.get("initContainers", []):
            process = await self.start(pod, container)
            output, _ = await asyncio.wait_for(process.communicate(), 20)
            assert process.returncode == 0, output.decode()

    async def passes(self, pod: Pod, kind: str) -> bool:
        """Asks what a probe of a pod asks."""
        container = pod.spec["containers"][0]
        probe = container[kind]
        if "grpc" in probe:
            port = self.ports[pod.component, probe["grpc"]["port"]]
            return await _grpc_probe(port, probe["grpc"].get("service", ""))
        named = {port["name"]: port["containerPort"] for port in container["ports"]}
        port = self.ports[pod.component, named[probe["httpGet"]["port"]]]
        status, _ = await asyncio.to_thread(exchange, f"http://127.0.0.1:{port}{probe['httpGet']['path']}")
        return 200 <= status < 400


async def _grpc_probe(port: int, service: str) -> bool:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = await check(health_pb2.HealthCheckRequest(service=service), timeout=2)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == SERVING)


class Alive(NamedTuple):
    """A pod that runs, and everything that it writes."""

    pod: Pod
    process: asyncio.subprocess.Process
    output: asyncio.Task[bytes]


@asynccontextmanager
async def running(node: Node, pods: Sequence[Pod]) -> AsyncIterator[dict[str, Alive]]:
    """Runs pods until the end of the block, whatever happens in it. Yields them by component."""
    found: dict[str, Alive] = {}
    try:
        for pod in pods:
            await node.prepare(pod)
            process = await node.start(pod, pod.spec["containers"][0])
            assert process.stdout is not None
            found[pod.component] = Alive(pod, process, asyncio.create_task(process.stdout.read()))
        yield found
    finally:
        for one in found.values():
            if one.process.returncode is None:
                one.process.kill()
                await one.process.wait()
            await one.output


async def until_up(node: Node, pods: Sequence[Pod], kinds: Sequence[str] = PROBES) -> None:
    """Waits until the probes of all pods pass."""
    async with asyncio.timeout(40):
        for kind in kinds:
            for pod in pods:
                await wait_until(functools.partial(node.passes, pod, kind), SystemClock())


async def ended(one: Alive) -> None:
    """Ends a pod; its program has to return 0 within the grace period."""
    one.process.terminate()
    assert await asyncio.wait_for(one.process.wait(), one.pod.spec["terminationGracePeriodSeconds"]) == 0
