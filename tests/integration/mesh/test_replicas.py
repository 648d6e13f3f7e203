"""Clients follow replicas that come and go: by DNS, and where one is gone without a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from mesh.channel import open_channel
from mesh.keepalive import Keepalive
from mesh.server import MeshServer
from tests.integration.mesh.conftest import SERVICE, Ready, Told, make_server, request
from tests.support.names import naming
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceStub

if TYPE_CHECKING:
    from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceAsyncStub

PATIENCE = 10.0
"""Seconds: less than the 30 after which gRPC by itself would ask for names again."""


async def replica(listen: str, **options: object) -> tuple[Told, MeshServer]:
    """Returns a replica that serves."""
    servicer = Told()  # type: ignore[abstract]  # plays only the one RPC
    server = make_server(servicer, Ready(), listen=listen, drain_delay=0, **options)
    await server.start()
    return servicer, server


async def calls_until(stub: PhoneServiceAsyncStub, condition: Callable[[], bool]) -> None:
    """Calls again and again until something holds. Every single call has to succeed."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            assert (await stub.PlaceCall(request(), timeout=3)).call_url
            await asyncio.sleep(0.01)


async def test_a_quick_roll_out_of_all_replicas_fails_no_call() -> None:
    async with naming() as (names, name_port):
        old_one, first = await replica("127.0.0.2:0")
        old_two, second = await replica(f"127.0.0.3:{first.port}")
        names.addresses = ["127.0.0.2", "127.0.0.3"]
        target = f"dns://127.0.0.1:{name_port}/replicas.example:{first.port}"
        async with open_channel(target, SERVICE) as channel:
            stub = PhoneServiceStub(channel)
            await calls_until(stub, lambda: old_one.calls > 0 and old_two.calls > 0)
            new_one, third = await replica(f"127.0.0.4:{first.port}")
            new_two, fourth = await replica(f"127.0.0.5:{first.port}")
            names.addresses = ["127.0.0.4", "127.0.0.5"]
            # Each goes only once its successor serves, as a roll-out has it; both within a few seconds.
            await first.drain()
            await calls_until(stub, lambda: new_one.calls + new_two.calls > 0)
            await second.drain()
            await calls_until(stub, lambda: new_one.calls > 1 and new_two.calls > 1)
        assert names.asked < 10  # follows, and does not storm
        await third.drain()
        await fourth.drain()


class Line:
    """A connection between client and server that can go dead: it stays open, and nothing comes through."""

    def __init__(self) -> None:
        self.dead = False
        self.ended = asyncio.Event()
        """Set once the client gave a connection up."""

    async def copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            if not self.dead:
                writer.write(chunk)
                await writer.drain()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[tuple[Line, int]]:
    """Yields a line to a server, and the port at which it begins."""
    line = Line()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        answers = asyncio.create_task(line.copy(there, writer))
        try:
            await line.copy(reader, back)
        except ConnectionError:
            pass
        finally:
            line.ended.set()
            answers.cancel()
            await asyncio.gather(answers, return_exceptions=True)
            back.close()
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield line, server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_a_replica_that_is_gone_without_a_word_is_noticed() -> None:
    keepalive = Keepalive(interval=0.5, answer_within=0.5)
    far, one = await replica("127.0.0.1:0", keepalive=keepalive)
    near, other = await replica("127.0.0.1:0", keepalive=keepalive)
    async with line_to(one.port) as (line, port):
        target = f"ipv4:127.0.0.1:{port},127.0.0.1:{other.port}"
        async with open_channel(target, SERVICE, keepalive=keepalive) as channel:
            stub = PhoneServiceStub(channel)
            await calls_until(stub, lambda: far.calls > 0 and near.calls > 0)
            line.dead = True
            await asyncio.wait_for(line.ended.wait(), PATIENCE)
            # Whoever calls now is led to the one that is left.
            answered = near.calls
            await calls_until(stub, lambda: near.calls > answered + 5)
    await one.drain()
    await other.drain()


async def test_pings_are_what_servers_allow() -> None:
    keepalive = Keepalive(interval=0.5, answer_within=2.0)
    served, server = await replica("127.0.0.1:0", keepalive=keepalive)
    async with (
        line_to(server.port) as (line, port),
        open_channel(f"127.0.0.1:{port}", SERVICE, keepalive=keepalive) as channel,
    ):
        await calls_until(PhoneServiceStub(channel), lambda: served.calls > 0)
        # A server that takes pings for abuse closes the connection at the third one or so.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.ended.wait(), 8 * keepalive.interval)
    await server.drain()
