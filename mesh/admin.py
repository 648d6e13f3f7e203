"""The listener that `/metrics` has in services whose other doors speak gRPC.

Plain HTTP in threads of its own, so that who scrapes holds up no call. It asks nobody who they are: it is for the
cluster alone. There is nothing secret in its answer, and nothing else on it.
"""

from __future__ import annotations

import logging
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry

from mesh.exposition import render

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds for each part of a request to arrive."""
MOST_AT_ONCE = 8
"""Requests that are answered at a time. What goes beyond is hung up on: a scrape comes again."""


class AdminServer:
    """Serves `/metrics` between `start` and `stop`."""

    def __init__(self, listen: str, registry: CollectorRegistry = REGISTRY) -> None:
        """`listen` is `host:port`; port 0 takes a free one. Raises OSError when the port is taken."""
        host, _, port = listen.rpartition(":")
        self._server = _Server((host.strip("[]"), int(port)), registry)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="admin", daemon=True)

    def start(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Ends at once; answers within half a second."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], registry: CollectorRegistry) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.registry = registry
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a request for metrics broke off")


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE
    server: _Server

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body, content_type = render(self.server.registry, self.headers.get("Accept", ""))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "zoomslack"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name that http.server calls)
        """Says nothing: a line for every scrape would drown the others."""
