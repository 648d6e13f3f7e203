"""What happens around every HTTP request: one span, one log line, one measurement, safe headers, plain errors."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode

from mesh.measuring import histogram

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CANCELLED = 499
"""The status that is noted for a request nobody waits for any more."""
_QUIET = frozenset({"/livez", "/readyz", "/metrics"})
CONTENT_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For every answer that names no other: nothing is loaded, framed or sent anywhere."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": CONTENT_POLICY,
    "Cache-Control": "no-store",
}


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Adds the headers that every answer has, where the handler did not choose them itself."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Opens the root span and logs the request by its route: paths and queries hold secrets.

    A trace that the caller claims to continue is not continued: it comes from the open internet. A defect becomes a
    500 that says nothing.
    """
    route = _route(request)
    if route in _QUIET:
        return await handler(request)
    began, method = time.monotonic(), _method(request)
    status = _CANCELLED
    with trace.get_tracer(__name__).start_as_current_span(
        f"{method} {route}" if route else method,
        context=Context(),
        kind=SpanKind.SERVER,
        attributes={"http.request.method": method, "http.route": route},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        except Exception:
            log.exception("unexpected error", extra={"route": route})
            status = 500
            raise web.HTTPInternalServerError from None
        finally:
            seconds = time.monotonic() - began
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))
            about = {"method": method, "route": route or "unknown", "status": status, "ms": round(seconds * 1000)}
            log.info("request", extra=about)
            histogram("http.server.request.duration", "Time of each HTTP request.").record(
                seconds,
                {
                    "http.request.method": method,
                    "http.route": route or "unknown",
                    "http.response.status_code": status,
                },
            )
    return response


def _route(request: web.Request) -> str:
    """Returns the pattern that the path matched, empty where none did."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


def _method(request: web.Request) -> str:
    # Whatever else somebody sends must not become a name of a span or of a series.
    return request.method if request.method in _METHODS else "OTHER"
