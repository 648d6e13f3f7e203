"""The way to another service: one channel per target, made inside the running loop, closed at drain."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from mesh.credentials import channel_credentials, stamp
from mesh.interceptors import MeshClientInterceptor
from mesh.keepalive import KEEPALIVE, Keepalive
from mesh.renewing import RenewingChannel

_RETRY_POLICY = {
    "maxAttempts": 3,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    # Only what the server never began (AIP-194).
    "retryableStatusCodes": ["UNAVAILABLE"],
}


def service_config(service: ServiceDescriptor) -> dict[str, Any]:
    """Returns the client's rules for `service`: retries exactly where its proto says that repeating is safe."""
    safe = [
        {"service": service.full_name, "method": method.name}
        for method in service.methods
        if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    ]
    return {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""},
        "methodConfig": [{"name": safe, "retryPolicy": _RETRY_POLICY}] if safe else [],
        "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.5},
    }


def open_channel(
    target: str,
    service: ServiceDescriptor,
    tls_dir: Path | None = None,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    keepalive: Keepalive = KEEPALIVE,
) -> grpc.aio.Channel:
    """Returns a channel to `target` for `service`. Call within the running loop; close it before the loop ends.

    With `tls_dir` a renewed certificate is used within a second by `monotonic`.
    """
    options: Iterable[tuple[str, Any]] = (
        ("grpc.service_config", json.dumps(service_config(service))),
        ("grpc.service_config_disable_resolution", 1),
        # The defaults (1 s, doubling to 120 s) are too slow for an answer that Slack wants within 3 s.
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.min_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 2000),
        # The default, 30 s, is longer than a quick roll-out takes: it may replace every replica that this channel has
        # heard of before the channel asks again.
        ("grpc.dns_min_time_between_resolutions_ms", 1000),
        *keepalive.of_client(),
    )
    interceptors = [MeshClientInterceptor()]
    if tls_dir is None:
        return grpc.aio.insecure_channel(target, options=tuple(options), interceptors=interceptors)

    def make() -> grpc.aio.Channel:
        credentials = channel_credentials(tls_dir)
        return grpc.aio.secure_channel(target, credentials, options=tuple(options), interceptors=interceptors)

    return RenewingChannel(make, lambda: stamp(tls_dir), monotonic)
