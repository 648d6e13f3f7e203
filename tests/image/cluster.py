"""A cluster of containers: runs the chart's pods from the image as a kubelet would, on one network with DNS.

What podman has not: endpoints that leave a headless Service when their pod is to end. Here a name leads to a pod until
its container is gone, which is harder on the clients.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2

from mesh.clock import SystemClock
from services.readiness import exchange, wait_until
from tests.deploy.rendering import Pod, Rendered
from tests.e2e import balancer
from tests.image.engine import Ended, Engine, options, words

SECRETS_MODE, EMPTY_MODE = 0o440, 0o2777
_GROUP = 10001
_STARTING = 60.0


@dataclass(frozen=True)
class Running:
    """A pod that runs."""

    pod: Pod
    name: str
    address: str


class Cluster:
    """Pods as containers, the volumes of each in folders of the engine's."""

    def __init__(self, engine: Engine, network: str, rendered: Rendered) -> None:
        self.rendered = rendered
        self.secrets: dict[str, dict[str, str]] = {}
        """What the namespace has: by name of the Secret its keys with their texts."""
        self.addresses: dict[str, str] = {}
        """By component, where a pod has an address that is known before it runs: by it, and not by its name, others are
        told of it, so that browsers on this machine can follow."""
        self.alive: dict[str, list[Running]] = defaultdict(list)
        self._engine = engine
        self._network = network
        self._made = 0

    def pods(self, kind: str) -> list[Pod]:
        """Returns the pods that objects of a kind make."""
        return [pod for pod in self.rendered.pods() if pod.owner["kind"] == kind]

    def deployed(self, component: str) -> Pod:
        """Returns the pod of a Deployment."""
        [found] = [pod for pod in self.pods("Deployment") if pod.component == component]
        return found

    async def run(self, pod: Pod, *, seconds: float = 60) -> Ended:
        """Runs a pod that ends by itself."""
        name, folders = self._fresh(pod)
        await self._prepare(pod, folders)
        told = ["--rm", "--name", name, "--network", self._network]
        return await self._run(pod, pod.spec["containers"][0], folders, *told, seconds=seconds)

    async def start(self, pod: Pod) -> Running:
        """Starts a pod that stays; it is not ready yet."""
        name, folders = self._fresh(pod)
        await self._prepare(pod, folders)
        told = ["--detach", "--name", name, "--network", self._network, "--network-alias", _host(pod.component)]
        if address := self.addresses.get(pod.component):
            told += ["--ip", address]
        code, output = await self._run(pod, pod.spec["containers"][0], folders, *told)
        assert code == 0, output
        networks = self._engine.inspect(name)["NetworkSettings"]["Networks"]
        running = Running(pod, name, networks[self._network]["IPAddress"])
        self.alive[pod.component].append(running)
        return running

    async def until_up(self, *pods: Running, kind: str = "readinessProbe") -> None:
        """Waits until a probe of all pods passes. Raises AssertionError with what they wrote where it never does."""

        async def passes(one: Running) -> bool:
            return await self.passes(one, kind)

        for one in pods:
            try:
                async with asyncio.timeout(_STARTING):
                    await wait_until(lambda one=one: passes(one), SystemClock())  # type: ignore[misc]
            except TimeoutError:
                raise AssertionError(f"{one.name} fails its {kind}:\n{await self.written(one)}") from None

    async def passes(self, one: Running, kind: str) -> bool:
        """Asks what a probe of a pod asks."""
        container = one.pod.spec["containers"][0]
        probe = container[kind]
        if "grpc" in probe:
            return await _serves(f"{one.address}:{probe['grpc']['port']}", probe["grpc"].get("service", ""))
        named = {port["name"]: port["containerPort"] for port in container["ports"]}
        asked = probe["httpGet"]
        status, _ = await asyncio.to_thread(exchange, f"http://{one.address}:{named[asked['port']]}{asked['path']}")
        return 200 <= status < 400

    async def end(self, one: Running) -> int:
        """Ends a pod: preStop, SIGTERM, and SIGKILL after the grace period. Returns the exit code; 137 is SIGKILL's."""
        self.alive[one.pod.component].remove(one)
        hook = one.pod.spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
        if hook:
            code, output = await self._engine.podman("exec", one.name, *hook)
            assert code == 0, output
        grace = one.pod.spec["terminationGracePeriodSeconds"]
        await self._engine.podman("stop", "--time", str(grace), one.name, seconds=grace + 30)
        state = self._engine.inspect(one.name)["State"]
        assert not state["OOMKilled"], f"{one.name} was given too little memory"
        return int(state["ExitCode"])

    async def forward(self, one: Running, ports: Mapping[int, int]) -> None:
        """Makes ports of a pod's loopback reachable at its address, as `kubectl port-forward` does elsewhere.

        `ports` are by those to listen on.
        """
        lines = "; ".join(
            f"await asyncio.start_server(balancer.Balancer([('127.0.0.1', {port})]).handle, '0.0.0.0', {listen})"
            for listen, port in ports.items()
        )
        program = (
            f"import asyncio, balancer\nasync def run(): {lines}; await asyncio.Event().wait()\nasyncio.run(run())"
        )
        code, output = await self._engine.podman(
            *("run", "--detach", "--network", f"container:{one.name}", "--env", "PYTHONPATH=/forward"),
            *(
                "--volume",
                f"{Path(balancer.__file__).parent}:/forward:ro",
                "--entrypoint",
                words(["python", "-c", program]),
            ),
            one.pod.spec["containers"][0]["image"],
        )
        assert code == 0, output

    async def written(self, one: Running) -> str:
        """Returns everything that a pod wrote, also after its end."""
        return (await self._engine.podman("logs", one.name)).output

    async def _prepare(self, pod: Pod, folders: Mapping[str, Path]) -> None:
        for container in pod.spec.get("initContainers", []):
            code, output = await self._run(pod, container, folders, "--rm", "--network", "none")
            assert code == 0, output

    async def _run(
        self, pod: Pod, container: Mapping[str, Any], folders: Mapping[str, Path], *more: str, seconds: float = 60
    ) -> Ended:
        told = [*options(container, pod.spec), "--pull", "never"]
        for name, value in self.rendered.environ(container).items():
            told += ["--env", f"{name}={self._here(value)}"]
        for mount in container.get("volumeMounts", []):
            how = "ro" if mount.get("readOnly") else "rw"
            told += ["--volume", f"{folders[mount['name']]}:{mount['mountPath']}:{how}"]
        command = ["--entrypoint", words(container["command"]), container["image"]]
        command += [self._here(word) for word in container.get("args", [])]
        return await self._engine.podman("run", *told, *more, *command, seconds=seconds)

    def _here(self, text: str) -> str:
        for component, address in self.addresses.items():
            text = text.replace(_host(component), address)
        return text

    def _fresh(self, pod: Pod) -> tuple[str, dict[str, Path]]:
        """Returns a name for a container, and the pod's volumes as its group may use them (`fsGroup`)."""
        self._made += 1
        name = f"{pod.component}-{self._made}"
        return name, {volume["name"]: self._volume(name, volume) for volume in pod.spec["volumes"]}

    def _volume(self, pod: str, volume: Mapping[str, Any]) -> Path:
        folder: Path = self._engine.folder / "volumes" / pod / volume["name"]
        folder.mkdir(parents=True)
        if "secret" in volume:
            keys = self.secrets[volume["secret"]["secretName"]]
            for item in volume["secret"].get("items", [{"key": key, "path": key} for key in keys]):
                file = folder / item["path"]
                file.write_text(keys[item["key"]], encoding="utf-8")
                os.chown(file, 0, _GROUP)
                file.chmod(SECRETS_MODE)
        else:
            assert "emptyDir" in volume, volume
            folder.chmod(EMPTY_MODE)
        os.chown(folder, 0, _GROUP)
        return folder


def _host(component: str) -> str:
    return f"zoomslack-{component}.zoomslack.svc.cluster.local"


async def _serves(target: str, service: str) -> bool:
    async with grpc.aio.insecure_channel(target) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = await check(health_pb2.HealthCheckRequest(service=service), timeout=2)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def shell(*commands: str) -> list[str]:
    """Returns a command that runs others one after the other, for what is not our image."""
    return ["sh", "-ec", "; ".join(commands)]


def quoted(*arguments: str) -> str:
    """Returns a command as a shell reads it."""
    return shlex.join(arguments)
