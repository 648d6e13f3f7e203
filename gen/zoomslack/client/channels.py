# Copied from client/channels.py by tools/generate.py. DO NOT EDIT.
"""What both clients set on their channels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from zoomslack.auth.v1 import auth_service_pb2
from zoomslack.meetings.v1 import meetings_service_pb2
from zoomslack.phone.v1 import phone_service_pb2

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that a call may take where its caller names none."""
_LANGUAGE: Final = "accept-language"
"""What asks a service for a sentence for people where it refuses."""

AUTH: Final = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]
MEETINGS: Final = meetings_service_pb2.DESCRIPTOR.services_by_name["MeetingsService"]
PHONE: Final = phone_service_pb2.DESCRIPTOR.services_by_name["PhoneService"]


@dataclass(frozen=True)
class Tls:
    """Who the program is, and whom it trusts; everything is PEM."""

    authority: bytes
    certificate: bytes
    key: bytes = field(repr=False)

    @classmethod
    def from_folder(cls, folder: str | Path) -> Tls:
        """Reads `ca.crt`, `tls.crt` and `tls.key`, as a Kubernetes secret holds them. Raises OSError."""
        return cls(*(Path(folder, name).read_bytes() for name in ("ca.crt", "tls.crt", "tls.key")))

    def credentials(self) -> grpc.ChannelCredentials:
        """Returns what a channel shows to the services."""
        return grpc.ssl_channel_credentials(self.authority, self.key, self.certificate)


def options(service: ServiceDescriptor) -> Sequence[tuple[str, Any]]:
    """Returns the options of a channel to `service`.

    A call is repeated where its proto says that repeating is safe, and only while no service has begun it: a service
    that did begin pushes the repetition back (gRFC A6). Replicas behind one name take turns.
    """
    repeatable = [
        {"service": service.full_name, "method": method.name}
        for method in service.methods
        if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN and not method.server_streaming
    ]
    retry = {
        "maxAttempts": 4,
        "initialBackoff": "0.2s",
        "maxBackoff": "2s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    config = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [{"name": repeatable, "retryPolicy": retry}],
        "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.5},
    }
    return (
        ("grpc.service_config", json.dumps(config)),
        ("grpc.service_config_disable_resolution", 1),
        ("grpc.dns_min_time_between_resolutions_ms", 1000),
        ("grpc.max_reconnect_backoff_ms", 5000),
    )


class Details(Protocol):
    """What an interceptor is told of a call, by both of gRPC's libraries."""

    @property
    def timeout(self) -> float | None: ...


def timeout_of(details: Details, timeout: float) -> float:
    """Returns how many seconds a call may take: what its caller named, else the client's own."""
    return timeout if details.timeout is None else details.timeout


def metadata_of(metadata: Iterable[tuple[str, Any]] | None, language: str) -> tuple[tuple[str, Any], ...]:
    """Returns a call's metadata with the language of its client, where it names none itself."""
    named = tuple(metadata or ())
    if not language or any(key.lower() == _LANGUAGE for key, _ in named):
        return named
    return (*named, (_LANGUAGE, language))


def target_of(targets: Mapping[str, str | None], name: str) -> str:
    """Returns where a service is. Raises ValueError where the client was made without it."""
    target = targets.get(name)
    if not target:
        raise ValueError(f'this client knows no target of {name}: make it with {name}="host:port"')
    return target
