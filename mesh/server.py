"""One builder for every gRPC server: layers, health, certificates, drain.

Health names: `""` and the service's full name follow readiness (drain and the service's own `ready`); `live` is
SERVING as long as the process answers, so that a database outage or a drain restarts nobody. A second, plaintext port
may answer questions about health and nothing else: a kubelet has no certificate to show.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from mesh.admin import AdminServer
from mesh.callers import BelongsElsewhere, Door, check_caller
from mesh.credentials import server_credentials
from mesh.interceptors import LayeredInterceptor, server_layers
from mesh.keepalive import KEEPALIVE, Keepalive
from mesh.policy import Policy

log = logging.getLogger(__name__)

LIVE = "live"
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_HEALTH_QUESTIONS = 100
"""At a time, on the port of health alone: whoever reaches it needs no certificate."""


@dataclass(frozen=True)
class ServerOptions:
    """How a server listens and stops."""

    listen: str
    """`host:port`; port 0 takes a free one."""
    tls_dir: Path | None = None
    callers: Mapping[str, frozenset[str]] | None = None
    """Per method, or `*`: the certificate names that may call. Needed with `tls_dir`."""
    policy: Policy | None = None
    """What programs of other teams may do. None: nothing."""
    belongs_elsewhere: BelongsElsewhere | None = None
    """For services whose requests name things by id: tells whether such a thing is another workspace's."""
    reflection: bool = False
    health_listen: str | None = None
    """`host:port` that serves health alone, without certificates. None: health is on the main port only."""
    admin_listen: str | None = None
    """`host:port` that serves `/metrics` over plain HTTP. None: nobody does."""
    health_interval: float = 5.0
    """Seconds between two looks at the service's own readiness."""
    drain_delay: float = 0.5
    """Seconds between NOT_SERVING and the end of accepting, in which balancers look away."""
    drain_grace: float = 10.0
    """Seconds that calls in flight get to end."""
    keepalive: Keepalive = KEEPALIVE
    """How clients ping."""


class MeshServer:
    """A gRPC server with health and drain. Make it within the running loop."""

    def __init__(
        self,
        options: ServerOptions,
        service_name: str,
        register: Callable[[grpc.aio.Server], None],
        ready: Callable[[], Awaitable[bool]],
    ) -> None:
        self._options = options
        self._ready = ready
        self._names = ("", service_name)
        gate = check_caller(Door(options.callers, options.policy), options.belongs_elsewhere)
        self._server = grpc.aio.server(
            interceptors=[LayeredInterceptor(server_layers(gate))],
            maximum_concurrent_rpcs=1000,
            options=(
                # How clients learn of new replicas: they look the name up again when a connection ends.
                ("grpc.max_connection_age_ms", 300_000),
                ("grpc.max_connection_age_grace_ms", 60_000),
                ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share the calls
                ("grpc.max_receive_message_length", 2 * 1024 * 1024),
                *options.keepalive.of_server(),
            ),
        )
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        register(self._server)
        if options.reflection:
            reflection.enable_server_reflection(
                (service_name, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
            )
        credentials = server_credentials(options.tls_dir)
        if credentials is None:
            self.port = self._server.add_insecure_port(options.listen)
        else:
            self.port = self._server.add_secure_port(options.listen, credentials)
        self.health_port = 0
        self._health_server = None if options.health_listen is None else self._health_alone(options.health_listen)
        self._admin = None if options.admin_listen is None else AdminServer(options.admin_listen)
        self.admin_port = 0 if self._admin is None else self._admin.port
        self._watcher: asyncio.Task[None] | None = None
        self._known: bool | None = None
        self._was_ready = asyncio.Event()

    async def start(self) -> None:
        """Begins to serve; health follows readiness from now on."""
        await self._set_readiness(False)
        await self._health.set(LIVE, _SERVING)
        await self._server.start()
        if self._health_server is not None:
            await self._health_server.start()
        if self._admin is not None:
            self._admin.start()
        # The first look now: a client that connects before it would be told NOT_SERVING and fail its calls.
        self._known = await self._look(None)
        self._watcher = asyncio.create_task(self._watch_readiness(), name="health")

    async def until_ready(self) -> None:
        """Returns once the service was ready: what works beside RPCs has no use for a schema that is not there yet."""
        await self._was_ready.wait()

    async def drain(self) -> None:
        """Stops without losing a call: NOT_SERVING, wait, refuse new calls, let the others end."""
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        await self._set_readiness(False)
        await asyncio.sleep(self._options.drain_delay)
        await self._server.stop(self._options.drain_grace)
        if self._health_server is not None:  # last: until here somebody may ask whether we live
            await self._health_server.stop(None)
        if self._admin is not None:
            await asyncio.to_thread(self._admin.stop)

    def _health_alone(self, listen: str) -> grpc.aio.Server:
        server = grpc.aio.server(
            maximum_concurrent_rpcs=_HEALTH_QUESTIONS,
            options=(("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 4096)),
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        self.health_port = server.add_insecure_port(listen)
        return server

    async def _watch_readiness(self) -> None:
        while True:
            await asyncio.sleep(self._options.health_interval)
            self._known = await self._look(self._known)

    async def _look(self, known: bool | None) -> bool:
        """Asks the service, tells health what changed against `known`, and returns the answer."""
        try:
            # Not `wait_for`: before Python 3.12 it may swallow the cancellation that `drain` waits for.
            async with asyncio.timeout(self._options.health_interval * 0.9):
                now = await self._ready()
        except Exception as error:  # noqa: BLE001 (whatever is wrong: not ready, and say so once)
            now = False
            if known is not False:
                log.warning("not ready", extra={"cause": type(error).__name__})
        if now != known:
            log.info("serving" if now else "not serving")
            await self._set_readiness(now)
        if now:
            self._was_ready.set()
        return now

    async def _set_readiness(self, ready: bool) -> None:
        for name in self._names:
            await self._health.set(name, _SERVING if ready else _NOT_SERVING)


def stop_signals(signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT)) -> asyncio.Event:
    """Returns an event that is set by the first SIGTERM or SIGINT of this process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    return stop
