"""Pings that notice a peer which is gone without a word: a node that died, a firewall that forgot the connection.

Both sides have to agree: a server closes connections on which pings come faster than it allows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Keepalive:
    """How clients ping, and so what servers have to allow."""

    interval: float = 20.0
    """Seconds between pings of a client, also while it calls nobody: the next call would pay for not knowing."""
    answer_within: float = 10.0
    """Seconds after which a peer that does not answer is gone."""

    def of_client(self) -> tuple[tuple[str, int], ...]:
        """Returns options for a channel."""
        return (
            ("grpc.keepalive_time_ms", int(self.interval * 1000)),
            ("grpc.keepalive_timeout_ms", int(self.answer_within * 1000)),
            # A ping of another kind (gRPC measures the line with some) that is lost holds keepalive's up: for a minute.
            ("grpc.http2.ping_timeout_ms", int(self.answer_within * 1000)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),  # by default two, and then silence
        )

    def of_server(self) -> tuple[tuple[str, int], ...]:
        """Returns options for a server: half of the clients' interval, as pings may arrive closer than they left."""
        return (
            ("grpc.http2.min_ping_interval_without_data_ms", int(self.interval * 500)),
            ("grpc.keepalive_permit_without_calls", 1),
        )


KEEPALIVE = Keepalive()
"""What clients and servers of the mesh agree on."""
