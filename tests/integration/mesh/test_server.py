"""Health, drain, certificates."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2

from mesh.channel import open_channel
from mesh.errors import MeshError, Reason
from mesh.renewing import LOOK_INTERVAL
from mesh.server import LIVE
from tests.integration.mesh.conftest import SERVICE, Ready, make_server, pause, request, running
from tests.support.certificates import Authority
from tests.support.clock import FakeClock
from zoomslack.phone.v1 import phone_service_pb2 as pb
from zoomslack.phone.v1.phone_service_pb2_grpc import PhoneServiceStub

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def health(port: int, name: str) -> int:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        return int((await check(health_pb2.HealthCheckRequest(service=name), timeout=5)).status)


async def until_health(port: int, name: str, wanted: int) -> None:
    """Waits until health says so: the look at readiness runs by the server's own interval."""
    for _ in range(200):
        if await health(port, name) == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{name!r} did not become {wanted}")


async def test_readiness_follows_what_the_service_owns_and_liveness_does_not() -> None:
    async with running(drain_delay=0) as service:
        for name in ("", SERVICE.full_name, LIVE):
            assert await health(service.server.port, name) == SERVING
        service.ready.value = False
        await until_health(service.server.port, "", NOT_SERVING)
        assert await health(service.server.port, SERVICE.full_name) == NOT_SERVING
        assert await health(service.server.port, LIVE) == SERVING
        service.ready.value = True
        await until_health(service.server.port, "", SERVING)


async def test_health_has_a_plaintext_port_beside_certificates_and_nothing_else_has(tmp_path: Path) -> None:
    folder = Authority().write(tmp_path / "server", "phone.zoomslack")
    callers = {"*": frozenset({"slack-edge.zoomslack"})}
    async with running(
        client_tls=folder, target="localhost", tls_dir=folder, callers=callers, health_listen="127.0.0.1:0"
    ) as service:
        server = service.server
        for name in ("", SERVICE.full_name, LIVE):
            assert await health(server.health_port, name) == SERVING
        with pytest.raises(grpc.aio.AioRpcError):
            await health(server.port, LIVE)  # without a certificate
        async with open_channel(f"127.0.0.1:{server.health_port}", SERVICE) as channel:
            with pytest.raises(MeshError):
                await PhoneServiceStub(channel).PlaceCall(request(), timeout=5)
        assert service.servicer.calls == 0
        service.ready.value = False
        await until_health(server.health_port, "", NOT_SERVING)
        assert await health(server.health_port, LIVE) == SERVING


async def test_health_is_answered_while_calls_in_flight_end() -> None:
    async with running(drain_delay=0, health_listen="127.0.0.1:0") as service:
        begun, end = asyncio.Event(), asyncio.Event()

        async def slow(_: object) -> pb.PlaceCallResponse:
            begun.set()
            await end.wait()
            return pb.PlaceCallResponse(call_url="https://example.com/call/1")

        service.servicer.behaviour = slow
        call = asyncio.ensure_future(service.stub.PlaceCall(request(), timeout=5))
        await begun.wait()
        drain = asyncio.create_task(service.server.drain())
        await until_health(service.server.health_port, "", NOT_SERVING)
        assert await health(service.server.health_port, LIVE) == SERVING
        end.set()
        assert (await call).call_url
        await drain
        with pytest.raises(grpc.aio.AioRpcError):
            await health(service.server.health_port, LIVE)


async def test_a_drain_loses_no_call() -> None:
    async with running() as service:
        service.servicer.behaviour = lambda _: pause(0.1)
        failures: list[Exception] = []
        stop = asyncio.Event()

        async def caller() -> None:
            while not stop.is_set():
                try:
                    await service.stub.PlaceCall(request(), timeout=5)
                except MeshError as error:
                    # After the drain nobody is left to answer; what counts is that no call that was accepted fails.
                    if error.reason is not Reason.SERVICE_UNAVAILABLE:
                        failures.append(error)
                    return

        callers = [asyncio.create_task(caller()) for _ in range(20)]
        await asyncio.sleep(0.3)
        begun = service.servicer.calls
        await service.server.drain()
        stop.set()
        await asyncio.gather(*callers)
        assert begun > 0
        assert failures == []


async def test_two_servers_do_not_share_a_port() -> None:
    async with running(drain_delay=0) as service:
        with pytest.raises(RuntimeError):
            make_server(service.servicer, Ready(), listen=f"127.0.0.1:{service.server.port}")


async def test_only_callers_on_the_list_get_in(tmp_path: Path) -> None:
    authority = Authority()
    server_dir = authority.write(tmp_path / "server", "phone.zoomslack")
    callers = {"PlaceCall": frozenset({"slack-edge.zoomslack"})}
    friend = authority.write(tmp_path / "friend", "slack-edge.zoomslack")
    async with running(
        client_tls=friend, target="localhost", tls_dir=server_dir, callers=callers, drain_delay=0
    ) as one:
        assert (await one.stub.PlaceCall(request(), timeout=5)).call_url
        stranger = authority.write(tmp_path / "stranger", "meetings.zoomslack")
        async with open_channel(f"localhost:{one.server.port}", SERVICE, stranger) as channel:
            with pytest.raises(MeshError) as failure:
                await PhoneServiceStub(channel).PlaceCall(request(), timeout=5)
            assert failure.value.reason is Reason.CALLER_NOT_ALLOWED
        hostile = [
            Authority("Other CA").write(tmp_path / "other", "slack-edge.zoomslack"),
            authority.write(tmp_path / "expired", "slack-edge.zoomslack", life=-timedelta(minutes=1)),
        ]
        for folder in (*hostile, None):
            async with open_channel(f"localhost:{one.server.port}", SERVICE, folder) as channel:
                with pytest.raises(MeshError) as failure:
                    await PhoneServiceStub(channel).PlaceCall(request(), timeout=3)
                assert failure.value.reason is Reason.SERVICE_UNAVAILABLE
        assert one.servicer.calls == 1


async def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    old, new = Authority("Old CA"), Authority("New CA")
    server_dir = old.write(tmp_path / "server", "phone.zoomslack")
    callers = {"*": frozenset({"slack-edge.zoomslack"})}
    before = old.write(tmp_path / "before", "slack-edge.zoomslack")
    async with running(
        client_tls=before, target="localhost", tls_dir=server_dir, callers=callers, drain_delay=0
    ) as one:
        await one.stub.PlaceCall(request(), timeout=5)
        new.write(server_dir, "phone.zoomslack")
        after = new.write(tmp_path / "after", "slack-edge.zoomslack")
        async with open_channel(f"localhost:{one.server.port}", SERVICE, after) as channel:
            assert (await PhoneServiceStub(channel).PlaceCall(request(), timeout=5)).call_url


async def test_a_whole_authority_is_exchanged_while_calls_go_on(tmp_path: Path) -> None:
    old, new = Authority("Old CA"), Authority("New CA")
    server_dir = old.write(tmp_path / "server", "phone.zoomslack")
    client_dir = old.write(tmp_path / "client", "slack-edge.zoomslack")
    callers = {"*": frozenset({"slack-edge.zoomslack"})}
    clock = FakeClock()
    async with running(tls_dir=server_dir, callers=callers, drain_delay=0) as one:
        target = f"localhost:{one.server.port}"
        async with open_channel(target, SERVICE, client_dir, monotonic=clock.monotonic) as channel:
            stub = PhoneServiceStub(channel)

            async def calls() -> None:
                for _ in range(5):
                    clock.advance(LOOK_INTERVAL)
                    assert (await stub.PlaceCall(request(), timeout=5)).call_url

            await calls()
            # 1. Everybody trusts both authorities. 2. Everybody has a certificate of the new one. 3. The old one goes.
            for authority, trusted in ((old, new.pem), (new, old.pem), (new, b"")):
                authority.write(server_dir, "phone.zoomslack", trusted=trusted)
                await calls()
                authority.write(client_dir, "slack-edge.zoomslack", trusted=trusted)
                await calls()
        async with open_channel(target, SERVICE, old.write(tmp_path / "late", "slack-edge.zoomslack")) as channel:
            with pytest.raises(MeshError) as failure:
                await PhoneServiceStub(channel).PlaceCall(request(), timeout=3)
            assert failure.value.reason is Reason.SERVICE_UNAVAILABLE


async def test_files_that_are_half_replaced_break_nothing(tmp_path: Path) -> None:
    authority = Authority()
    server_dir = authority.write(tmp_path / "server", "phone.zoomslack")
    client_dir = authority.write(tmp_path / "client", "slack-edge.zoomslack")
    callers = {"*": frozenset({"slack-edge.zoomslack"})}
    clock = FakeClock()
    async with running(tls_dir=server_dir, callers=callers, drain_delay=0) as one:
        target = f"localhost:{one.server.port}"
        fresh = authority.write(tmp_path / "fresh", "slack-edge.zoomslack")
        async with open_channel(target, SERVICE, client_dir, monotonic=clock.monotonic) as channel:
            for folder in (client_dir, server_dir):
                (folder / "tls.crt").write_bytes((fresh / "tls.crt").read_bytes())  # without its key
                clock.advance(LOOK_INTERVAL)
                assert (await PhoneServiceStub(channel).PlaceCall(request(), timeout=5)).call_url
            async with open_channel(target, SERVICE, fresh) as another:
                assert (await PhoneServiceStub(another).PlaceCall(request(), timeout=5)).call_url
