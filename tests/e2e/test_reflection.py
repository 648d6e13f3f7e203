"""A client that knows none of our protos: it asks the services what they offer, and calls them with what it learns."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

from tests.e2e.people import ADA
from tests.e2e.system import Running, running

USER = {"slack_team_id": "T0ACME001", "slack_user_id": ADA}


def call(channel: grpc.Channel, service: str, method: str, request: dict[str, Any]) -> dict[str, Any]:
    """Calls an RPC by its name with JSON, as grpcurl does; returns JSON."""
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    described = pool.FindServiceByName(service).methods_by_name[method]
    ask: grpc.UnaryUnaryMultiCallable[Message, Message] = channel.unary_unary(
        f"/{service}/{method}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(described.output_type).FromString,
    )
    answer = ask(json_format.ParseDict(request, GetMessageClass(described.input_type)()), timeout=10)
    found: dict[str, Any] = json_format.MessageToDict(
        answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return found


def reason(error: Any) -> str:
    """Returns the reason that comes with an error of gRPC, which is a call, too."""
    status = rpc_status.from_call(error)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details)
    return str(info.reason)


def look(system: Running) -> None:
    """Asks all three services."""
    with grpc.insecure_channel(system.environ["ZOOMSLACK_MEETINGS_LISTEN"]) as channel:
        names = ProtoReflectionDescriptorDatabase(channel).get_services()
        assert set(names) >= {"zoomslack.meetings.v1.MeetingsService", "grpc.health.v1.Health"}
        listed = call(channel, "zoomslack.meetings.v1.MeetingsService", "ListMeetings", {"user": USER})
        assert listed == {"meetings": [], "next_page_token": ""}
        with pytest.raises(grpc.RpcError) as refused:
            call(channel, "zoomslack.meetings.v1.MeetingsService", "ListMeetings", {"user": USER, "page_size": 101})
        assert reason(refused.value) == "INVALID_REQUEST"
    with grpc.insecure_channel(system.environ["ZOOMSLACK_AUTH_LISTEN"]) as channel:
        link = call(channel, "zoomslack.auth.v1.AuthService", "CreateConnectLink", {"user": USER})
        assert link["connect_url"].startswith(system.urls["edge"])
        with pytest.raises(grpc.RpcError) as refused:
            call(channel, "zoomslack.auth.v1.AuthService", "GetConnection", {"user": USER})
        assert reason(refused.value) == "ZOOM_NOT_CONNECTED"
    with grpc.insecure_channel(system.environ["ZOOMSLACK_PHONE_LISTEN"]) as channel:
        assert call(channel, "zoomslack.phone.v1.PhoneService", "ListCalls", {"user": USER})["calls"] == []


def healthy(system: Running) -> list[int]:
    """Returns what each service's standard health check says."""
    found = []
    for name in ("AUTH", "MEETINGS", "PHONE"):
        with grpc.insecure_channel(system.environ[f"ZOOMSLACK_{name}_LISTEN"]) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
            found.append(answer.status)
    return found


async def test_a_client_without_our_protos_calls_every_service(tmp_path: Path) -> None:
    async with running(tmp_path, {"ZOOMSLACK_GRPC_REFLECTION": "1"}) as system:
        await asyncio.to_thread(look, system)
        serving = health_pb2.HealthCheckResponse.SERVING
        assert await asyncio.to_thread(healthy, system) == [serving] * 3
